import { abilities } from "../../src/bridge/commands.ts";
import { bridgeDriverConformance } from "../conformance/bridge-driver.ts";
import { simulatedBridgeOnTest } from "./simulated-bridge-on-test.ts";

bridgeDriverConformance("generic, with the simulated bridge", () => simulatedBridgeOnTest());
bridgeDriverConformance("generic, with a bridge that can do the least", () => simulatedBridgeOnTest(abilities));
