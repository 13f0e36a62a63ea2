import { isAtPrompt, type Keypad } from "../../src/bridge/keypad.ts";
import { MAX_PROMPT_STEPS, type PromptCall, wrongKeysOf } from "../../src/bridge/prompt-call.ts";
import type { BridgeCall } from "../../src/bridge/state.ts";
import type { CallId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { type AgentToEdge, MAX_PROMPT_CALLS } from "../../src/link/messages.ts";
import type { AgentJournal, JournalContents } from "../core/journal.ts";
import type { Reports } from "../core/reports.ts";
import type { HangUpReason } from "./hang-ups.ts";
import type { Leg } from "./legs.ts";

type Step = PromptCall["steps"][number];
type End = NonNullable<PromptCall["end"]>;
type Journal = Pick<AgentJournal, "savePromptCall" | "deletePromptCall">;

/** No absence of the edge fills the disk: beyond so many the oldest are dropped. */
const MAX_KEPT = 1_000;
/** Of a caller who keys on and on, what stands there is said so often. */
const UNFINISHED_AGAIN_MS = 5_000;
/** A message without an ack is sent again after this time. */
const RESEND_AFTER_MS = 1_000;

/** The stories of calls at the prompt that were not led in at once, until each is over and the edge has it on disk. Of others nothing is kept. */
export class PromptCalls {
  readonly #journal: Journal;
  readonly #reports: Reports;
  /** By their numbers, which rise with each change. */
  readonly #stories = new Map<number, PromptCall>();
  /** Those whose call is at the prompt, as far as this agent knows. */
  readonly #open = new Map<CallId, number>();
  #last = 0;
  #acknowledged = 0;
  #sent: { readonly upTo: number; readonly at: EpochMs } | null = null;

  constructor(journal: Journal, { promptCalls }: JournalContents, reports: Reports) {
    this.#journal = journal;
    this.#reports = reports;
    for (const { number, call } of promptCalls) {
      this.#last = Math.max(this.#last, number);
      this.#stories.set(number, call);
      if (call.end === null) this.#open.set(call.call, number);
    }
  }

  /** A new call has come to the prompt: should another one have had its id, nobody saw how that ended. */
  arrived(call: CallId, now: EpochMs): void {
    this.#end(call, { at: now, why: "lost" });
  }

  step(leg: Leg, step: Step): void {
    const story = this.#storyOf(leg);
    const { digits = 0 } = story.unfinished ?? {};
    // The keypad has dropped what was unclear.
    const seen = step.type === "unclear-keys" && digits > 0 ? { ...step, digits } : step;
    this.#change(story, { steps: [...story.steps, seen].slice(-MAX_PROMPT_STEPS) });
  }

  /** Its caller has keyed something that leads nowhere without a #, and pauses, or goes on for long. */
  unfinished(leg: Leg, now: EpochMs): void {
    const { digits = 0, ...place } = placeOf(leg, leg.keypad);
    const story = this.#storyOf(leg);
    const known = story.unfinished;
    // Silence after a known key soon admits the caller.
    if (digits === 0 && !known) return;
    const isKnown = known?.digits === digits && known.conference === place.conference;
    if (!isKnown && (!known || now - known.at >= UNFINISHED_AGAIN_MS))
      this.#change(story, { unfinished: { at: now, digits, ...place } });
  }

  /** Its caller hung up. A dialled call has no keypad before it enters, and whoever was hung up on has its end already. */
  hungUp(leg: Leg, now: EpochMs): void {
    if (leg.entered || leg.keypad === null || leg.keypad.at === "over") return;
    this.#change(this.#storyOf(leg), { end: { at: now, why: "hung-up", ...placeOf(leg, leg.keypad) } });
  }

  /** The agent hangs up on it. `before`: where in the menu it was; `refuses`: the conference that does not take it, which hears of it, too. */
  hungUpOn(
    leg: Leg,
    { why, reason }: Pick<HangUpReason, "why" | "reason">,
    before: Keypad | null,
    refuses: ConfKey | null,
    now: EpochMs,
  ): void {
    const { digits, conference = refuses } = placeOf(leg, before);
    const because = { why, ...(reason && { reason }) };
    const { call, number, dialled } = leg;
    // The limit of the prompt belongs to no conference.
    if (why !== "crowded" && conference !== null && this.#reports.live.find(conference)) {
      const about = { wrongKeys: this.wrongKeys(call), waitedMs: now - leg.since };
      this.#reports.addEvent(conference, { type: "caller-turned-away", call, number, dialled, ...because, ...about });
    }
    // Who stopped keying may lack the # alone; other digits were judged with one.
    const unfinished = why === "stopped-keying" && digits !== undefined && { digits };
    const end = { at: now, ...because, ...(conference !== null && { conference }), ...unfinished };
    this.#change(this.#storyOf(leg), { end });
  }

  /** It got in, as most calls do without a story. Returns how many wrong keys it had keyed. */
  entered({ call }: Leg, conference: ConfKey, now: EpochMs): number {
    const wrongKeys = this.wrongKeys(call);
    this.#end(call, { at: now, why: "entered", conference });
    return wrongKeys;
  }

  wrongKeys(call: CallId): number {
    const story = this.#stories.get(this.#open.get(call) ?? 0);
    return story ? wrongKeysOf(story) : 0;
  }

  /** `calls` are all that the bridge has: what became of others while nobody looked. */
  reconcile(calls: readonly BridgeCall[], now: EpochMs): void {
    if (this.#open.size === 0) return;
    const found = new Map(calls.map((call) => [call.call, call]));
    for (const id of [...this.#open.keys()]) {
      const call = found.get(id);
      if (call?.stage === "prompted") continue;
      if (call?.stage === "entered") this.#end(id, { at: now, why: "entered", conference: call.conference });
      else this.#end(id, { at: now, why: call?.stage === "ended" && call.reason === "hung-up" ? "hung-up" : "lost" });
    }
  }

  #end(call: CallId, end: End): void {
    const story = this.#stories.get(this.#open.get(call) ?? 0);
    if (story) this.#change(story, { end });
  }

  #storyOf({ call, number, dialled, since }: Leg): PromptCall {
    const known = this.#stories.get(this.#open.get(call) ?? 0);
    return known ?? { call, number, dialled, at: since, steps: [], end: null };
  }

  #change(
    { unfinished: _, ...story }: PromptCall,
    change: Partial<Pick<PromptCall, "steps" | "end" | "unfinished">>,
  ): void {
    const before = this.#open.get(story.call);
    if (before !== undefined) this.#stories.delete(before);
    this.#last += 1;
    const changed = { ...story, ...change };
    this.#stories.set(this.#last, changed);
    if (changed.end === null) this.#open.set(changed.call, this.#last);
    else this.#open.delete(changed.call);
    this.#journal.savePromptCall(this.#last, changed);
    for (const number of this.#stories.keys()) {
      if (this.#stories.size <= MAX_KEPT) break;
      this.#delete(number);
    }
  }

  #delete(number: number): void {
    const story = this.#stories.get(number);
    if (!story) return;
    this.#stories.delete(number);
    if (this.#open.get(story.call) === number) this.#open.delete(story.call);
    this.#journal.deletePromptCall(story);
  }

  get isWaiting(): boolean {
    return this.#last > this.#acknowledged;
  }

  edgeLost(): void {
    this.#sent = null;
  }

  /** The next message, if none is under way or that one has had no ack for too long. */
  due(now: EpochMs): readonly AgentToEdge[] {
    if (!this.isWaiting || (this.#sent !== null && now - this.#sent.at < RESEND_AFTER_MS)) return [];
    const next = [...this.#stories].filter(([number]) => number > this.#acknowledged).slice(0, MAX_PROMPT_CALLS);
    const upTo = next.at(-1)?.[0] ?? this.#last;
    this.#sent = { upTo, at: now };
    const calls = next.map(([, call]) => call);
    return [{ type: "prompt-calls", upTo, calls, at: now }];
  }

  /** The edge has them on disk: what is over is over. */
  acknowledge(upTo: number): void {
    if (this.#sent?.upTo !== upTo) return;
    this.#acknowledged = upTo;
    this.#sent = null;
    for (const [number, { end }] of this.#stories) if (number <= upTo && end !== null) this.#delete(number);
  }
}

/** Whose key it has keyed, and how many digits stood there without a #. */
function placeOf({ conference }: Leg, keypad: Keypad | null): { conference?: ConfKey; digits?: number } {
  if (!isAtPrompt(keypad)) return conference === null ? {} : { conference };
  // Of a dial sequence, neither its opening nor what has its # already.
  const digits = /\d*$/.exec(keypad.typed)?.[0].length ?? 0;
  return { ...(keypad.at === "attendee-id" && { conference: keypad.conference }), ...(digits > 0 && { digits }) };
}
