import type { Call } from "../../simulators/bridge/world.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import type { AgentProcess } from "./agent-process.ts";
import { type Bridge, type Execution, foreignKey } from "./bridge.ts";
import type { WorldContext } from "./context.ts";

/** So long nothing was wrong, and no command was carried out for the call: whatever was under way is over. */
const calmMs = 5_000;
/** So long a press may take. */
const switchMs = 3_000;
/** A key that is pressed just when one agent hands over to the other may have no effect: neither acts then. */
const handOverMs = 500;
/** The agent looks at the bridge each minute. */
const seenMs = 75_000;
const lookEveryMs = 500;

/** A call whose mute key was pressed: how the bridge is to hold it, and what calls off the look at that. */
interface Pressed {
  readonly isMuted: boolean;
  /** The first press. */
  readonly at: number;
  readonly cancel: () => void;
}

/** Judges by what the bridge itself holds whether a mute key that is pressed in calm times does what it is for. */
export class MuteKeyJudge {
  readonly #context: WorldContext;
  readonly #bridge: Bridge;
  readonly #agents: readonly AgentProcess[];
  /** When something was last wrong with the bridge or its active agent. */
  #troubleAt = 0;
  /** From when on nothing is under way for a call, and the agent knows whether it is muted. */
  readonly #settledAt = new Map<CallId, number>();
  readonly #pressed = new Map<CallId, Pressed>();

  /** `agents`: those of this bridge. */
  constructor(context: WorldContext, bridge: Bridge, agents: readonly AgentProcess[]) {
    this.#context = context;
    this.#bridge = bridge;
    this.#agents = agents;
    this.#look();
  }

  happened(event: BridgeEvent): void {
    if (event.type !== "keys") return;
    const call = this.#bridge.machine.world.calls.get(event.call);
    if (call?.stage !== "entered" || call.conference === foreignKey) return;
    const presses = event.keys.split("*6").length - 1;
    if (presses > 0) this.#press(call, presses);
  }

  acted({ commandId, command }: Execution): void {
    if (!("call" in command)) return;
    const { call } = command;
    this.#settle(call, calmMs);
    if (!commandId.startsWith("keypad-")) return this.#forget(call);
    const { stage, joinTone } = this.#bridge.machine.world.calls.get(call) ?? {};
    if (stage === "entered" && joinTone === false && (command.type === "mute" || command.type === "unmute"))
      this.#context.violated("a silent monitor is silent", `${call}: ${command.type} by its key`);
  }

  mutedByConsole({ id }: Call): void {
    this.#settle(id, seenMs);
    this.#forget(id);
  }

  #press(call: Call, presses: number): void {
    const before = this.#pressed.get(call.id);
    if (!before && !this.#isCalmFor(call)) return this.#settle(call.id, calmMs);
    before?.cancel();
    const { clock } = this.#context;
    const isMuted = (before?.isMuted ?? call.muted) !== (presses % 2 === 1);
    const at = before?.at ?? clock.now;
    const cancel = clock.after(switchMs, () => this.#judge(call, isMuted, at));
    this.#pressed.set(call.id, { isMuted, at, cancel });
  }

  /** `from`: the first of the presses. */
  #judge(call: Call, isMuted: boolean, from: number): void {
    this.#pressed.delete(call.id);
    if (call.stage !== "entered" || call.muted === isMuted || !this.#isCalm()) return;
    const last = this.#context.clock.now - switchMs;
    if (this.#bridge.agentCameAt.some((at) => from - handOverMs <= at && at <= last + handOverMs)) return;
    this.#context.violated("a mute key switches", `${call.number} is ${call.muted ? "muted" : "unmuted"}`);
  }

  /** What else was done for the call meanwhile may have been first or last. */
  #forget(call: CallId): void {
    this.#pressed.get(call)?.cancel();
    this.#pressed.delete(call);
  }

  #settle(call: CallId, ms: number): void {
    const at = this.#context.clock.now + ms;
    this.#settledAt.set(call, Math.max(at, this.#settledAt.get(call) ?? 0));
  }

  /** The keys of a silent monitor mean nothing. */
  #isCalmFor({ id, joinTone }: Call): boolean {
    return joinTone !== false && this.#isCalm() && this.#context.clock.now >= (this.#settledAt.get(id) ?? 0);
  }

  #isCalm(): boolean {
    if (this.#isTroubled()) this.#troubleAt = this.#context.clock.now;
    const { clock, faults } = this.#context;
    const clockSetAt = Math.max(...this.#agents.map((agent) => agent.clockSetAt));
    return clock.now - Math.max(this.#troubleAt, faults.lastAt, clockSetAt) >= calmMs;
  }

  #look(): void {
    if (this.#isTroubled()) this.#troubleAt = this.#context.clock.now;
    this.#context.clock.after(lookEveryMs, () => this.#look());
  }

  #isTroubled(): boolean {
    return this.#bridge.down || this.#bridge.isSlow || this.#agents.filter(({ isActing }) => isActing).length !== 1;
  }
}
