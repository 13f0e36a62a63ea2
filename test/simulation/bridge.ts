import { Machine } from "../../simulators/bridge/machine.ts";
import type { Call } from "../../simulators/bridge/world.ts";
import type { BridgeCommand, CommandResult } from "../../src/bridge/commands.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { BridgeState } from "../../src/bridge/state.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { FaultSource } from "./faults.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Wire } from "./wire.ts";

export type ToBridge =
  | {
      readonly type: "act";
      readonly id: number;
      readonly commandId: CommandId;
      readonly conference: ConfKey | null;
      readonly command: BridgeCommand;
    }
  | { readonly type: "state"; readonly id: number };

export type FromBridge =
  | { readonly type: "hello"; readonly bootId: string }
  | { readonly type: "result"; readonly id: number; readonly result: CommandResult }
  | { readonly type: "state"; readonly id: number; readonly state: BridgeState }
  | { readonly type: "happening"; readonly event: BridgeEvent };

export type BridgeWire = Wire<FromBridge, ToBridge>;

/** One act as the bridge carried it out. */
export interface Execution {
  readonly at: number;
  readonly commandId: CommandId;
  readonly conference: ConfKey | null;
  readonly command: BridgeCommand;
  readonly done: boolean;
}

const slowAfterMs = 15_000;

/** The simulated bridge, behind wires instead of sockets. */
export class Bridge {
  machine: Machine;
  down = false;
  readonly acts: Execution[] = [];
  /** Hears of each act at once. */
  onAct: (command: Execution) => void = () => {};
  /** The numbers whose calls a restart has ended. */
  readonly lost = new Set<string>();
  readonly faults: FaultSource;
  readonly #around: Surroundings;
  readonly #wires = new Set<BridgeWire>();
  #boots = 0;
  #delayMs = 0;
  #slowUntil = Number.NEGATIVE_INFINITY;

  constructor(around: Surroundings) {
    this.#around = around;
    this.faults = around.faults.source("bridge");
    this.machine = this.#boot();
  }

  /** `null`: there is nothing that answers. */
  connect(wire: BridgeWire): boolean {
    if (this.down) return false;
    this.#wires.add(wire);
    const { machine } = this;
    wire.far = {
      heard: (message) => {
        if (machine === this.machine && !this.down) this.#hear(wire, message);
      },
      closed: () => this.#wires.delete(wire),
    };
    wire.toNear({ type: "hello", bootId: machine.bootId });
    return true;
  }

  /** All calls are gone, and after a while it is there again. */
  restart(downMs: number): void {
    this.down = true;
    for (const wire of this.#wires) wire.close("far", 1006);
    this.#wires.clear();
    for (const { number } of this.machine.world.calls.values()) this.lost.add(number);
    this.machine = this.#boot();
    this.#around.clock.after(downMs, () => {
      this.down = false;
    });
  }

  /** Acts wait so long for their turn; 0: not at all. What a closed connection has asked for is not begun any more. */
  slow(delayMs: number): void {
    this.#slowUntil = this.#around.clock.now + this.#delayMs;
    this.#delayMs = delayMs;
  }

  /**
   * Whether acts may have been held up. An agent that takes over finds no trace of such an act and must take it for lost:
   * it may then happen twice, and later than it should.
   */
  get slowLately(): boolean {
    return this.#delayMs > 0 || this.#around.clock.now < this.#slowUntil + slowAfterMs;
  }

  callsOf(key: ConfKey): Call[] {
    return this.machine.world.callsOf(key);
  }

  #boot(): Machine {
    this.#boots += 1;
    const machine: Machine = new Machine(
      `b${this.#boots}`,
      this.#around.clock,
      (event) => {
        if (machine !== this.machine) return;
        this.#around.tell(() => `bridge: ${JSON.stringify(event)}`);
        for (const wire of this.#wires) wire.toNear({ type: "happening", event });
      },
      () => {},
    );
    return machine;
  }

  #hear(wire: BridgeWire, message: ToBridge): void {
    const { machine } = this;
    if (message.type === "state") return wire.toNear({ type: "state", id: message.id, state: machine.state() });
    if (this.#delayMs === 0) return this.#act(wire, message);
    this.#around.clock.after(this.#delayMs, () => {
      if (machine === this.machine && this.#wires.has(wire)) this.#act(wire, message);
    });
  }

  #act(wire: BridgeWire, { id, commandId, conference, command }: Extract<ToBridge, { type: "act" }>): void {
    this.machine.execute(commandId, conference, command, (result) => {
      const { clock } = this.#around;
      const made: Execution = { at: clock.now, commandId, conference, command, done: result.done };
      this.#around.tell(() => `bridge: ${commandId} ${JSON.stringify(command)} ${JSON.stringify(result)}`);
      this.acts.push(made);
      this.onAct(made);
      if (this.faults.hits("act done, answer lost")) wire.cut(false);
      else wire.toNear({ type: "result", id, result });
    });
  }
}
