import { expect } from "vitest";
import type { DriverReport } from "../../bridge-agent/drivers/driver.ts";
import { needsOf } from "../../src/bridge/command-rules.ts";
import type { Ability, BridgeCommand, Command, ExecutionResult } from "../../src/bridge/commands.ts";
import type { BridgeCall, BridgeState } from "../../src/bridge/state.ts";
import type { CallId, CommandId, ConfKey, PhoneNumber, RoomId } from "../../src/foundation/ids.ts";
import type { RecordedBridge } from "./recorded-bridge.ts";

export const conference = "987654321" as ConfKey;
export const side = "r7" as RoomId;
export const dialled = "leg-1" as CallId;
const number: PhoneNumber = { country: "1", area: "408", local: "5551234", extension: "12" };

export const create: Command<"create-conference"> = { type: "create-conference", maxCallers: null, anonymousId: null };
export const dial = (waitMs = 30_000): BridgeCommand => ({ type: "dial", call: dialled, number, waitMs });
export const admit = (call: CallId): BridgeCommand => ({ type: "admit", call, muted: false, joinTone: true });

/** The driver of the present test with its bridge, and what it has reported. */
export class DriverOnTest {
  reports: DriverReport[] = [];
  bridge!: RecordedBridge;
  /** Ends the test, with the reason. */
  skip!: (why: string) => never;
  #heard = () => {};
  #commands = 0;
  /** What the driver says that its bridge cannot do. */
  #cannot: readonly Ability[] = [];

  /** Another test begins, with this bridge. */
  async start(bridge: RecordedBridge, skip: (why: string) => never): Promise<void> {
    Object.assign(this, { bridge, skip, reports: [] });
    this.#heard = () => {};
    this.#commands = 0;
    await bridge.driver.connect((report) => {
      this.reports.push(report);
      this.#heard();
    });
    this.#cannot = this.reports.find((report) => report.type === "connected")?.cannot ?? [];
    bridge.driver.activate(1);
    await bridge.driver.state(); // As an agent does: who is there already is in the state, and not reported.
    this.reports = [];
  }

  /** Waits for a report of one of these kinds, among those that came since the last `nextReports`. */
  async reported(...types: DriverReport["type"][]): Promise<void> {
    const isThere = () => this.reports.some(({ type }) => types.includes(type));
    if (isThere()) return;
    const came = new Promise<void>((resolve) => {
      this.#heard = () => isThere() && resolve();
    });
    await this.bridge.driver.inTime(`report of ${types.join(" or ")}`, came);
  }

  ask(command: BridgeCommand, of: ConfKey | null = conference): Promise<ExecutionResult> {
    this.#commands += 1;
    return this.bridge.driver.execute(`command-${this.#commands}` as CommandId, of, command);
  }

  /** Ends a test that needs what the bridge cannot do. */
  async carryOut(command: BridgeCommand, of: ConfKey | null = conference): Promise<ExecutionResult> {
    if (!this.can(command)) this.skip(`the bridge cannot do this: ${needsOf(command)}`);
    return await this.ask(command, of);
  }

  can = (command: BridgeCommand): boolean => !this.#cannot.some((ability) => ability === needsOf(command));

  async done(...list: BridgeCommand[]): Promise<void> {
    for (const command of list) expect(await this.carryOut(command), command.type).toEqual({ done: true });
  }

  async state(): Promise<BridgeState> {
    const held = await this.bridge.driver.state();
    if (held === null) throw new Error(`the driver gave no state${this.bridge.driver.whyLost}`);
    return held;
  }

  async callInState(id: CallId): Promise<BridgeCall | undefined> {
    return (await this.state()).calls.find(({ call }) => call === id);
  }

  /** Where the bridge can be asked. */
  async mustBeTrue(call: CallId, muted: boolean, room: string): Promise<void> {
    if (this.bridge.truth) expect(await this.bridge.truth(call), "what the bridge does").toEqual({ muted, room });
  }

  /** All reports so far: whatever the bridge said before its state is there when the state is. */
  async nextReports(): Promise<DriverReport[]> {
    await this.state();
    return this.reports.splice(0);
  }

  /** A caller who has entered; nothing of it is left among the reports. */
  async entered(): Promise<CallId> {
    const call = await this.bridge.dialIn("14085550001");
    await this.done(admit(call));
    await this.nextReports();
    return call;
  }
}
