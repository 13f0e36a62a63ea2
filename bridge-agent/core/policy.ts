import type { Command } from "../../src/bridge/commands.ts";
import { mayDial, type WrongNumber, wrongNumber } from "../../src/foundation/dial-rules.ts";
import type { CallId, CommandId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import type { Leg, Legs } from "../callers/legs.ts";
import type { Execution } from "../drivers/driver.ts";
import type { AgentSettings } from "../service/settings.ts";
import { type AgentJournal, ENTERED, INSIDE, type JournalContents, type JournaledDial } from "./journal.ts";
import type { PendingCommands } from "./pending-commands.ts";

/** What an agent lets its edge bring about, whatever the edge asks for. */
export type PolicySettings = AgentSettings["policy"];

type DialRefusal = WrongNumber | "number-denied" | "calls-at-once" | "calls-per-minute";
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
  "prompt-calls":
    "more callers are in the prompt than `policy.promptCalls` allows; the agent disconnects the one that has waited longest without a digit",
} as const satisfies Record<DialRefusal | "longest-call" | "longest-conference" | "prompt-calls", string>;
export type PolicyReason = keyof typeof policyReasons;

declare const isPermitted: unique symbol;
/** Nothing else reaches a driver, and nobody but the policy makes it. */
export type Permitted = Execution & { readonly [isPermitted]: true };

const MINUTE_MS = 60_000;
/** Default of `policy.promptCalls`. */
const PROMPT_CALLS = 100;

interface PolicyParts {
  readonly journal: Pick<AgentJournal, "saveDials">;
  readonly pending: Pick<PendingCommands, "find">;
  readonly legs: Pick<Legs, "dialledCount" | "views">;
  readonly durations: Durations;
}

/** The one way of a command to the driver, and what lasts longer than the policy lets it. */
export class Policy {
  readonly settings: PolicySettings;
  readonly #parts: PolicyParts;
  /** Recently dialled calls. */
  #dials: readonly JournaledDial[];
  /** Permitted dials whose result was not known when this was last looked at. */
  readonly #dialling = new Map<string, { readonly conference: ConfKey; readonly id: CommandId }>();

  /** `dials`: what an earlier life had there. */
  constructor(settings: PolicySettings, dials: readonly JournaledDial[], parts: PolicyParts) {
    this.settings = settings;
    this.#dials = dials;
    this.#parts = parts;
  }

  /** What is permitted counts as carried out. */
  permit(execution: Execution, now: EpochMs): Result<Permitted, DialRefusal> {
    const { id, conference, command } = execution;
    if (command.type === "dial" && conference !== null) {
      const name = `${conference} ${id}`;
      const refusal = this.#refusalOfDial(command, name, now);
      if (refusal !== null) return err(refusal);
      this.#dials = [...this.#dialsBut(name), { name, at: now }];
      this.#dialling.set(name, { conference, id });
      this.#parts.journal.saveDials(this.#dials);
    }
    return ok(execution as Permitted);
  }

  /** Returns why a dial is refused. A repeated dial counts once. */
  #refusalOfDial({ number }: Command<"dial">, name: string, now: EpochMs): DialRefusal | null {
    const { callsAtOnce = Number.POSITIVE_INFINITY, callsPerMinute = Number.POSITIVE_INFINITY } = this.settings;
    // An earlier life may have had a clock that was ahead.
    this.#dials = this.#dials
      .map((dial) => ({ ...dial, at: Math.min(dial.at, now) }))
      .filter(({ at }) => now - at < MINUTE_MS);
    const wrong = wrongNumber(number);
    if (wrong !== null) return wrong;
    if (!mayDial(this.settings, number)) return "number-denied";
    if (this.#dialledBut(name) >= callsAtOnce) return "calls-at-once";
    return this.#dialsBut(name).length >= callsPerMinute ? "calls-per-minute" : null;
  }

  #dialsBut(name: string): readonly JournaledDial[] {
    return this.#dials.filter((dial) => dial.name !== name);
  }

  /** How many dialled calls ring or are up beside that of this dial, with those that the bridge is about to dial. */
  #dialledBut(name: string): number {
    const { pending, legs } = this.#parts;
    for (const [other, { conference, id }] of this.#dialling) {
      if (pending.find(conference, id) === null) this.#dialling.delete(other);
    }
    return legs.dialledCount + this.#dialling.size - (this.#dialling.has(name) ? 1 : 0);
  }

  /** Returns the callers beyond the limit: the longest waiting of those who have entered no digit. */
  crowd(inPrompt: readonly Leg[]): readonly Leg[] {
    const { promptCalls = PROMPT_CALLS } = this.settings;
    const surplus = Math.max(0, inPrompt.length - promptCalls);
    const silent = inPrompt.filter(({ hasKeyed }) => !hasKeyed);
    return silent.toSorted((one, other) => one.since - other.since).slice(0, surplus);
  }

  overdue(conferences: Iterable<ConfKey>, now: EpochMs): readonly Overdue[] {
    const { durations, legs } = this.#parts;
    if (!durations.isDue(now)) return [];
    const calls = legs.views.flatMap(({ call, conference, since, stage }) =>
      conference === null || stage === "prompted" ? [] : [{ call, conference, since }],
    );
    return durations.overdue(this.settings, calls, conferences, now);
  }
}

/** One that lasts longer than the policy lets it; without `call` it is the whole conference. */
interface Overdue {
  readonly conference: ConfKey;
  readonly call?: CallId;
}

/** A limit is in minutes. */
const LOOK_EVERY_MS = 5_000;
/** How often the journal gets the time, while anything lasts. */
const KEPT_EVERY_MS = 5 * MINUTE_MS;
/** The name of that. */
const LOOKED = "looked";
/** Until the bridge is asked again to end what it did not end. */
const ASK_AGAIN_MS = 30_000;

interface RunningSpan {
  since: EpochMs;
  askedAt: EpochMs | null;
}

/**
 * Finds calls and conferences that last too long, for the agent that acts. What passes while no agent runs
 * does not count: one clock alone says how long that was.
 */
export class Durations {
  readonly #starts: Pick<AgentJournal, "saveStart" | "deleteStart">;
  readonly #running = new Map<string, RunningSpan>();
  #lookAt: EpochMs = 0;
  /** The time, as the journal has it. */
  #lookedAt: EpochMs | null = null;
  #hasBegun = false;

  constructor(starts: Pick<AgentJournal, "saveStart" | "deleteStart">, known: JournalContents["starts"]) {
    this.#starts = starts;
    for (const { name, at } of known) {
      if (name === LOOKED) this.#lookedAt = at;
      else if (![INSIDE, ENTERED].some((begin) => name.startsWith(begin)))
        this.#running.set(name, { since: at, askedAt: null });
    }
  }

  /** Its key may be another conference's soon. */
  conferenceEnded(conference: ConfKey): void {
    this.#forget(`conference ${conference}`);
  }

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
    this.#keepLook(now);
    return overdue;
  }

  /**
   * Called with the time of each turn, whether the agent acts or stands by: that of the first one says how long
   * no agent ran.
   */
  passed(now: EpochMs): void {
    if (!this.#hasBegun) this.#leaveOutStop(now);
    this.#hasBegun = true;
    this.#keepLook(now);
  }

  #leaveOutStop(now: EpochMs): void {
    const stoodMs = this.#lookedAt === null ? 0 : now - this.#lookedAt;
    if (stoodMs <= 2 * KEPT_EVERY_MS) return;
    for (const [name, running] of this.#running) {
      running.since += stoodMs;
      this.#starts.saveStart(name, running.since);
    }
  }

  #keepLook(now: EpochMs): void {
    if (this.#running.size === 0) {
      if (this.#lookedAt !== null) this.#starts.deleteStart(LOOKED);
      this.#lookedAt = null;
    } else if (this.#lookedAt === null || Math.abs(now - this.#lookedAt) >= KEPT_EVERY_MS) {
      this.#lookedAt = now;
      this.#starts.saveStart(LOOKED, now);
    }
  }

  #forget(name: string): void {
    if (this.#running.delete(name)) this.#starts.deleteStart(name);
  }

  #isOverdue(name: string, firstSeen: EpochMs, limitMinutes: number, now: EpochMs): boolean {
    let running = this.#running.get(name);
    if (!running) {
      running = { since: firstSeen, askedAt: null };
      this.#running.set(name, running);
      this.#starts.saveStart(name, firstSeen);
    }
    running.since = Math.min(running.since, now); // An earlier life may have had a clock that was ahead.
    if (now - running.since < limitMinutes * MINUTE_MS) return false;
    if (running.askedAt !== null && now - running.askedAt < ASK_AGAIN_MS) return false;
    running.askedAt = now;
    return true;
  }
}
