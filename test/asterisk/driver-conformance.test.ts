import { bridgeDriverConformance } from "../conformance/bridge-driver.ts";
import { asteriskBridgeOnTest } from "./asterisk-bridge-on-test.ts";

bridgeDriverConformance("asterisk", () => asteriskBridgeOnTest());
