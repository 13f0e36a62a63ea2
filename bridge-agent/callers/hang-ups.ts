import type { Announcement } from "../../src/bridge/announcements.ts";
import type { ExecutionResult, RefusalReason } from "../../src/bridge/commands.ts";
import type { KeypadAction } from "../../src/bridge/keypad.ts";
import type { CallId, CommandId, EpochMs } from "../../src/foundation/ids.ts";
import type { Execution } from "../drivers/driver.ts";
import type { Leg, Legs } from "./legs.ts";

/** A bridge that does not hang up on a caller at the prompt is asked again after this time. */
const HANG_UP_AGAIN_MS = 2_000;

export interface HangUpReason {
  readonly announcement: Announcement;
  readonly text: string;
}

export const hangUpReasons: Readonly<
  Record<Extract<KeypadAction, { type: "hang-up" }>["why"] | "no-edge", HangUpReason>
> = {
  silent: { announcement: "goodbye", text: "it keyed nothing for too long" },
  "unknown-keys": { announcement: "unknown-conference", text: "no conference has the keys that it keyed" },
  "unclear-keys": { announcement: "goodbye", text: "each time it was unclear what it keyed" },
  locked: { announcement: "locked", text: "the conference is locked" },
  full: { announcement: "full", text: "the conference takes no more callers" },
  "no-edge": { announcement: "goodbye", text: "the edge was away for as long as a caller waits, 5 minutes" },
};

export function refusedAs(reason: RefusalReason): HangUpReason {
  return { announcement: heardFor[reason] ?? "goodbye", text: `the bridge refused to admit it (${reason})` };
}

const heardFor: Partial<Record<RefusalReason, Announcement>> = {
  locked: "locked",
  capacity: "full",
  "no-such-conference": "unknown-conference",
};

/** Hangs up on callers at the prompt. Not journaled: after a crash, a caller at the prompt begins anew. */
export class HangUps {
  readonly #legs: Legs;
  readonly #newId: () => CommandId;
  readonly #asked = new Map<CommandId, CallId>();
  /** When to ask again. */
  readonly #again = new Map<CallId, EpochMs>();
  #executions: Execution[] = [];

  constructor(legs: Legs, newId: () => CommandId) {
    this.#legs = legs;
    this.#newId = newId;
  }

  get wait(): boolean {
    return this.#again.size > 0;
  }

  /** What the bridge is to do, each once. */
  begin(): readonly Execution[] {
    const executions = this.#executions;
    this.#executions = [];
    return executions;
  }

  hangUp(leg: Leg): void {
    const id = this.#newId();
    leg.keypad = { at: "over" };
    this.#asked.set(id, leg.call);
    this.#executions.push({ id, conference: null, command: { type: "expel", call: leg.call } });
  }

  timePassed(now: EpochMs): void {
    for (const [call, at] of this.#again) {
      if (now < at) continue;
      this.#again.delete(call);
      const leg = this.#legs.find(call);
      if (leg) this.hangUp(leg);
    }
  }

  finished(id: CommandId, result: ExecutionResult, now: EpochMs): void {
    const call = this.#asked.get(id);
    this.#asked.delete(id);
    if (call === undefined || !this.#legs.find(call)) return;
    const isOver = result.done === true || (result.done === false && result.reason === "no-such-call");
    if (isOver) this.#legs.ended(call);
    else this.#again.set(call, now + HANG_UP_AGAIN_MS);
  }

  clear(): void {
    this.#asked.clear();
    this.#again.clear();
    this.#executions = [];
  }
}
