import { afterAll, inject } from "vitest";
import { bridgeDriverConformance } from "../conformance/bridge-driver.ts";
import { asteriskBridgeOnTest, stopSpares } from "./asterisk-bridge-on-test.ts";

for (const home of inject("asterisks")) bridgeDriverConformance(home.version, () => asteriskBridgeOnTest(home));
afterAll(stopSpares);
