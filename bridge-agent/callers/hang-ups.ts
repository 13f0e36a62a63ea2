import type { Announcement } from "../../src/bridge/announcements.ts";
import type { ExecutionResult, RefusalReason } from "../../src/bridge/commands.ts";
import type { KeypadAction } from "../../src/bridge/keypad.ts";
import type { PromptEnd } from "../../src/bridge/prompt-call.ts";
import type { CallId, CommandId, EpochMs } from "../../src/foundation/ids.ts";
import type { Execution } from "../drivers/driver.ts";
import type { Leg, Legs } from "./legs.ts";

/** A bridge that does not hang up on a caller at the prompt is asked again after this time. */
const HANG_UP_AGAIN_MS = 2_000;

export interface HangUpReason {
  readonly why: PromptEnd;
  /** Why the bridge refused to admit it. */
  readonly reason?: RefusalReason;
  /** `null`: its port is needed at once. */
  readonly announcement: Announcement | null;
  readonly text: string;
}

const reasons = {
  "keyed-nothing": { announcement: "goodbye", text: "it keyed nothing for too long" },
  "stopped-keying": { announcement: "goodbye", text: "it keyed no more for too long, though something was missing" },
  "unknown-keys": { announcement: "unknown-conference", text: "no conference has the keys that it keyed" },
  "unclear-keys": { announcement: "goodbye", text: "each time it was unclear what it keyed" },
  locked: { announcement: "locked", text: "the conference is locked" },
  full: { announcement: "full", text: "the conference takes no more callers" },
  "no-edge": { announcement: "goodbye", text: "the edge was away for as long as a caller waits, 5 minutes" },
} as const satisfies Partial<Record<PromptEnd, Omit<HangUpReason, "why">>>;

/** `hasKeyed`: whether its caller has keyed anything at the prompt. */
export function hangUpReason(
  why: Extract<KeypadAction, { type: "hang-up" }>["why"] | "no-edge",
  hasKeyed: boolean,
): HangUpReason {
  const end = why !== "silent" ? why : hasKeyed ? "stopped-keying" : "keyed-nothing";
  return { why: end, ...reasons[end] };
}

export function refusedAs(reason: RefusalReason): HangUpReason {
  const why = reason === "locked" ? "locked" : reason === "capacity" ? "full" : "refused";
  const announcement = heardFor[reason] ?? "goodbye";
  return { why, reason, announcement, text: `the bridge refused to admit it (${reason})` };
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
