/*
 * What `bridgehead/driver-suite` has for those who write a bridge program or a driver: docs/writing-a-driver.md.
 */
import { randomBytes } from "node:crypto";
import { timers } from "../../bridge-agent/node-ports.ts";
import { startSimulatedBridge } from "../../simulators/bridge/server.ts";
import type { BridgeOnTest } from "./bridge-on-test.ts";
import { controlledBridge } from "./controlled-bridge.ts";

export type { BridgeDriver, DriverReport, DriverState } from "../../bridge-agent/drivers/driver.ts";
export type { Announcement } from "../../src/bridge/announcements.ts";
export type { Ability, BridgeCommand, ExecutionResult } from "../../src/bridge/commands.ts";
export type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
export { bridgeDriverConformance } from "./bridge-driver.ts";
export type { BridgeOnTest } from "./bridge-on-test.ts";
export { agentsOf, controlledBridge, programOnTest, type RunningBridge } from "./controlled-bridge.ts";

/** The simulated bridge, which passes the suite. */
export function simulatedBridge(): Promise<BridgeOnTest> {
  return controlledBridge(async (port) => {
    const bridge = await startSimulatedBridge(port, randomBytes(4).toString("hex"), timers);
    return { stop: () => bridge.close() };
  });
}
