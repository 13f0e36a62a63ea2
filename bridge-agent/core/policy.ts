import type { Command } from "../../src/bridge/commands.ts";
import { type DialRules, mayDial, type WrongNumber, wrongNumber } from "../../src/foundation/dial-rules.ts";
import type { CallId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import type { Execution } from "../drivers/driver.ts";

/** What an agent lets its edge bring about, whatever the edge asks for. */
export interface PolicySettings extends DialRules {
  /** Calls that may be dialled within any 60 seconds; absent: any number of them. */
  readonly callsPerMinute?: number | undefined;
  /** Dialled calls that may ring or be up at once; absent: any number of them. */
  readonly callsAtOnce?: number | undefined;
  /** How long a call may last, whoever dialled; absent: for ever. */
  readonly longestCallMinutes?: number | undefined;
  readonly longestConferenceMinutes?: number | undefined;
}

/** Why the policy refuses to dial. */
type DialRefusal = WrongNumber | "number-denied" | "calls-at-once" | "calls-per-minute";
/** Why it refuses a command, or ends what lasts too long; the value is what the log says. */
export const policyReasons = {
  "malformed-number":
    "the edge asks to dial what is no number: refused. An edge of ours does not do that: see who has its place or its settings",
  "long-number":
    "the edge asks to dial a number of more than 15 digits: refused, since no telephone has one, and the digits behind it could be dialled on",
  "long-extension":
    "the edge asks to dial an extension of more than 10 digits: refused, since the telephone that answers could take them for a number to dial",
  "number-denied": "the edge asks to dial a number that `policy` in this agent's settings does not allow: refused",
  "calls-at-once": "the edge asks to dial while as many dialled calls are up as `policy.callsAtOnce` allows: refused",
  "calls-per-minute":
    "the edge asks to dial, and as many calls as `policy.callsPerMinute` allows were dialled within the last minute: refused",
  "longest-call": "a call has lasted as long as `policy.longestCallMinutes` allows: the agent ends it",
  "longest-conference":
    "a conference has lasted as long as `policy.longestConferenceMinutes` allows: the agent ends it",
} as const satisfies Record<DialRefusal | "longest-call" | "longest-conference", string>;
export type PolicyReason = keyof typeof policyReasons;

declare const isPermitted: unique symbol;
/** Nothing else reaches a driver, and nobody but the policy makes it. */
export type Permitted = Execution & { readonly [isPermitted]: true };

const MINUTE_MS = 60_000;

/** Decides on each command on its way to the driver. What it allows counts as carried out. */
export class Policy {
  settings: PolicySettings;
  /** When calls were dialled within the last minute. */
  #dials: readonly EpochMs[];

  /** `dials`: what an earlier life had there. */
  constructor(settings: PolicySettings, dials: readonly EpochMs[]) {
    this.settings = settings;
    this.#dials = dials;
  }

  get dials(): readonly EpochMs[] {
    return this.#dials;
  }

  /** `dialled`: how many dialled calls ring or are up, or may be, without this one. */
  permit(execution: Execution, dialled: number, now: EpochMs): Result<Permitted, DialRefusal> {
    const { command } = execution;
    if (command.type === "dial") {
      const refusal = this.#refusalOfDial(command, dialled, now);
      if (refusal !== null) return err(refusal);
      this.#dials = [...this.#dials, now];
    }
    return ok(execution as Permitted);
  }

  #refusalOfDial({ number }: Command<"dial">, dialled: number, now: EpochMs): DialRefusal | null {
    const { callsAtOnce = Number.POSITIVE_INFINITY, callsPerMinute = Number.POSITIVE_INFINITY } = this.settings;
    // An earlier life may have had a clock that was ahead.
    this.#dials = this.#dials.map((at) => Math.min(at, now)).filter((at) => now - at < MINUTE_MS);
    const wrong = wrongNumber(number);
    if (wrong !== null) return wrong;
    if (!mayDial(this.settings, number)) return "number-denied";
    if (dialled >= callsAtOnce) return "calls-at-once";
    return this.#dials.length >= callsPerMinute ? "calls-per-minute" : null;
  }
}

/** Since when calls and conferences last; outlives the process. */
export interface Begins {
  saveBegin(name: string, at: EpochMs): void;
  deleteBegin(name: string): void;
}

/** One that lasts longer than the policy lets it; without `call` it is the whole conference. */
export interface Overdue {
  readonly conference: ConfKey;
  readonly call?: CallId;
}

/** A limit is in minutes. */
const LOOK_EVERY_MS = 5_000;
/** Until the bridge is asked again to end what it did not end. */
const ASK_AGAIN_MS = 30_000;

interface RunningSpan {
  since: EpochMs;
  askedAt: EpochMs | null;
}

/** Finds calls and conferences that last too long, for the agent that acts. */
export class Durations {
  readonly #begins: Begins;
  readonly #running = new Map<string, RunningSpan>();
  #lookAt: EpochMs = 0;

  constructor(begins: Begins, known: readonly { readonly name: string; readonly at: EpochMs }[]) {
    this.#begins = begins;
    for (const { name, at } of known) this.#running.set(name, { since: at, askedAt: null });
  }

  /** Its key may be another conference's soon. */
  conferenceEnded(conference: ConfKey): void {
    this.#forget(`conference ${conference}`);
  }

  /** Whether it is time to look again. */
  isDue(now: EpochMs): boolean {
    return now >= this.#lookAt;
  }

  /** `calls` and `conferences` are all that there are now, each since when this agent has known of it. */
  overdue(
    { longestCallMinutes, longestConferenceMinutes }: PolicySettings,
    calls: Iterable<{ readonly call: CallId; readonly conference: ConfKey; readonly since: EpochMs }>,
    conferences: Iterable<ConfKey>,
    now: EpochMs,
  ): Overdue[] {
    this.#lookAt = now + LOOK_EVERY_MS;
    const found = new Set<string>();
    const overdue: Overdue[] = [];
    const look = (name: string, since: EpochMs, limit: number, what: Overdue) => {
      found.add(name);
      if (this.#isOverdue(name, since, limit, now)) overdue.push(what);
    };
    if (longestConferenceMinutes !== undefined)
      for (const conference of conferences)
        look(`conference ${conference}`, now, longestConferenceMinutes, { conference });
    if (longestCallMinutes !== undefined)
      for (const { call, conference, since } of calls)
        look(`call ${call}`, since, longestCallMinutes, { conference, call });
    for (const name of this.#running.keys()) if (!found.has(name)) this.#forget(name);
    return overdue;
  }

  #forget(name: string): void {
    if (this.#running.delete(name)) this.#begins.deleteBegin(name);
  }

  #isOverdue(name: string, firstSeen: EpochMs, limitMinutes: number, now: EpochMs): boolean {
    let running = this.#running.get(name);
    if (!running) {
      running = { since: firstSeen, askedAt: null };
      this.#running.set(name, running);
      this.#begins.saveBegin(name, firstSeen);
    }
    running.since = Math.min(running.since, now); // An earlier life may have had a clock that was ahead.
    if (now - running.since < limitMinutes * MINUTE_MS) return false;
    if (running.askedAt !== null && now - running.askedAt < ASK_AGAIN_MS) return false;
    running.askedAt = now;
    return true;
  }
}
