import { bridgeDriverConformance } from "../conformance/bridge-driver.ts";
import { simulatedBridgeOnTest } from "./simulated-bridge-on-test.ts";

bridgeDriverConformance("generic, with the simulated bridge", simulatedBridgeOnTest);
