import { effectOf, isEndedByCommand } from "../../src/bridge/command-rules.ts";
import type { CommandResult } from "../../src/bridge/commands.ts";
import type { BridgeEvent, ConferenceEvent, ConferenceSnapshot, EndReason } from "../../src/bridge/events.ts";
import { isSameCodes } from "../../src/bridge/schemas.ts";
import {
  type BridgeCall,
  type BridgeState,
  type BridgeView,
  digestOf,
  snapshotOf,
  viewOf,
} from "../../src/bridge/state.ts";
import { type CallId, type ConfKey, type EpochMs, MAIN_ROOM } from "../../src/foundation/ids.ts";
import { assertNever } from "../../src/foundation/result.ts";
import type { ConferenceDigest } from "../../src/link/messages.ts";
import type { Keypads } from "../callers/keypads.ts";
import type { Legs } from "../callers/legs.ts";
import type { PromptCalls } from "../callers/prompt-calls.ts";
import { Digests, type FoundDigest } from "./digests.ts";
import type { JournaledConference } from "./journal.ts";
import type { OpenCommand, PendingCommands } from "./pending-commands.ts";
import type { Durations } from "./policy.ts";
import type { Reports } from "./reports.ts";

/** No more calls that end together are measured: others go by the edge's clock. */
const MOST_MEASURED = 1_000;

/** Reports to the edge what becomes of its conferences: by themselves, by commands, and as a state of the bridge shows. */
export class ConferenceEvents {
  readonly #reports: Reports;
  readonly #pending: PendingCommands;
  readonly #legs: Legs;
  readonly #keypads: Keypads;
  readonly #promptCalls: PromptCalls;
  readonly #durations: Durations;
  readonly #speaking = new Set<CallId>();
  /** Calls that began or ceased to speak since the last tick: callers who begin together are reported together, a cough is not. */
  readonly #unreportedSpeech = new Map<CallId, ConfKey>();
  readonly digests = new Digests();

  /** Calls whose end the bridge's last state has shown: a command in doubt does not report it again. */
  #missed: ReadonlySet<CallId> = new Set();

  constructor(parts: {
    readonly reports: Reports;
    readonly pending: PendingCommands;
    readonly legs: Legs;
    readonly keypads: Keypads;
    readonly promptCalls: PromptCalls;
    readonly durations: Durations;
  }) {
    this.#durations = parts.durations;
    this.#reports = parts.reports;
    this.#pending = parts.pending;
    this.#legs = parts.legs;
    this.#keypads = parts.keypads;
    this.#promptCalls = parts.promptCalls;
  }

  bridgeEvent(event: BridgeEvent, now: EpochMs): void {
    switch (event.type) {
      case "prompted":
        return this.#keypads.prompted(event);
      case "keys":
        return this.#keypads.keys(event, now);
      case "answered":
        this.#pending.stopWatching(event.call);
        this.#keypads.pickedUp(event.call, now);
        return this.#reports.addEvent(event.conference, { type: "call-answered", call: event.call });
      case "ended": {
        const { call, conference, reason } = event;
        this.#keypads.hungUp(call, now);
        if (conference !== null) this.#reportLeft(conference, call, reason);
        return this.#callEnded(call);
      }
      case "talking": {
        const { conference, call, talking } = event;
        if (talking === this.#speaking.has(call)) return;
        if (talking) this.#speaking.add(call);
        else this.#speaking.delete(call);
        if (!this.#unreportedSpeech.delete(call)) this.#unreportedSpeech.set(call, conference);
        return;
      }
      case "held":
        return this.#reports.addEvent(event.conference, { type: "caller-held", call: event.call, on: event.on });
      case "lock-changed":
        this.#reports.change(event.conference, { locked: event.locked });
        return this.#reports.addEvent(event.conference, { type: "lock-changed", locked: event.locked });
      case "conference-ended":
        this.#reportEnded(event.conference);
        return this.#conferenceEnded(event.conference);
      default:
        return assertNever(event);
    }
  }

  settle(pending: OpenCommand, result: CommandResult): void {
    const { conference, id, origin, command } = pending;
    this.#pending.finish(pending, command.type === "dial" && result.done);
    if (origin === "edge") {
      const ended = result.done ? this.#endedBy(conference, command) : [];
      this.#reports.add(conference, { type: "result", id, result, ...this.#legs.measured(ended) });
    }
    if (result.done) this.#applySuccess(pending);
    else this.#keypads.refused(pending, result.reason);
    const isMissing =
      !result.done && result.reason === "no-such-conference" && this.#reports.live.find(conference) !== null;
    if (isMissing) this.#reports.wantSnapshot(conference);
  }

  /** The calls that a command ends. */
  #endedBy(conference: ConfKey, command: OpenCommand["command"]): readonly CallId[] {
    if (command.type === "end-conference") return this.#legs.callsInside(conference).slice(0, MOST_MEASURED);
    return command.type === "expel" ? [command.call] : [];
  }

  /** Notes what a command changed, and reports it if the edge did not ask for it. */
  #applySuccess({ id, command, conference, origin }: OpenCommand): void {
    if (command.type === "identify") {
      const { call, attendeeId } = command;
      if (!this.#legs.find(call)?.entered) return;
      return this.#reports.addEvent(conference, { type: "attendee-identified", id, call, attendeeId });
    }
    const effect = effectOf(command);
    const leg = "call" in effect ? this.#legs.find(effect.call) : undefined;
    switch (effect.type) {
      case "conference-changed":
        // A conference with callers was on the bridge before its create: the edge may not know of them.
        if (effect.change.live && this.#legs.callsInside(conference).length > 0) {
          this.#reports.wantSnapshot(conference);
        }
        return this.#changed(conference, effect.change);
      case "conference-ended":
        if (origin === "policy") this.#reportEnded(conference);
        return this.#conferenceEnded(conference);
      case "call-dialled":
        if (!leg) this.#legs.dialled(effect.call, effect.number, conference);
        return;
      case "call-entered": {
        if (!leg) return;
        const wrongKeys = this.#promptCalls.entered(leg, conference, this.#legs.now);
        this.#legs.entered(leg, conference, effect.room, effect.as?.silent ?? false);
        if (effect.as === null) return;
        leg.muted = effect.as.muted;
        if (origin === "edge") return;
        this.#keypads.announce(leg, this.#legs.isAlone(leg) ? "alone" : "joined");
        const { call, number, dialled } = leg;
        const caller = { call, number, room: MAIN_ROOM, ...effect.as, ...(dialled !== "" && { dialled }) };
        const prompt = { waitedMs: this.#legs.now - leg.since, wrongKeys };
        return this.#reports.addEvent(conference, { type: "caller-entered", caller, prompt });
      }
      case "mute-changed": {
        const { call, muted } = effect;
        if (leg) leg.muted = muted;
        // By this result the edge takes it for silent. That it talks on, once it is unmuted, is news to the edge.
        if (muted && origin === "edge") this.#silenced(call);
        if (leg && origin === "keypad") this.#keypads.announce(leg, muted ? "muted" : "unmuted");
        if (origin === "keypad") this.#reports.addEvent(conference, { type: "caller-muted", call, muted });
        return;
      }
      case "call-ended":
        if (origin === "policy") this.#reportLeft(conference, effect.call, "expelled");
        return this.#callEnded(effect.call);
      case "speakers-reported":
        return this.#reportAllSpeaking(conference);
      case "speakers-no-longer-reported":
        return this.#forgetSpeaking(conference);
      case "none":
        return;
      default:
        return assertNever(effect);
    }
  }

  /** The edge knows nothing of those who speak already. */
  #reportAllSpeaking(conference: ConfKey): void {
    for (const call of this.#speaking) {
      if (this.#legs.find(call)?.conference !== conference) continue;
      this.#unreportedSpeech.delete(call);
      this.#reports.addEvent(conference, { type: "speaking-changed", call, speaking: true });
    }
  }

  /** No event says when they fall silent from now on. */
  #forgetSpeaking(conference: ConfKey): void {
    for (const call of this.#speaking)
      if (this.#legs.find(call)?.conference === conference) this.#speaking.delete(call);
    for (const [call, place] of this.#unreportedSpeech) if (place === conference) this.#unreportedSpeech.delete(call);
  }

  /**
   * Another agent has acted: a conference in which nobody is whom this one knew may be another one of its key. Where
   * somebody is, the edge's word alone makes it no younger.
   */
  forgetStarts({ calls }: BridgeState): void {
    const stayed = calls.flatMap((one) => (one.stage === "entered" && this.#legs.entryOf(one.call) ? [one] : []));
    const known = new Set(stayed.map(({ conference }) => conference));
    for (const key of this.#reports.live.keys()) {
      if (known.has(key)) continue;
      this.#durations.conferenceEnded(key);
      this.#reports.change(key, { since: null });
    }
  }

  /** Finds what was missed, and what became of the commands in doubt. The edge gets reports of all conferences, or of those it waits for. */
  reconcile(state: BridgeState, { gap, all }: { readonly gap: boolean; readonly all: boolean }, now: EpochMs): void {
    const view = viewOf(state);
    for (const held of state.conferences) this.#updateRecord(held);
    this.#missed = new Set(state.calls.filter((call) => this.#reportMissedEnd(call)).map(({ call }) => call));
    const found = this.#legs.reconcile(state.calls);
    this.#promptCalls.reconcile(state.calls, now);
    this.#pending.readDoubts(view, now, (pending, result) => {
      const { conference, command } = pending;
      if (command.type === "expel" || command.type === "cancel-dial")
        this.#reportOwnEnd(conference, view.calls.get(command.call));
      this.settle(pending, result);
    });
    this.#legs.showEntered(state.calls);
    for (const [call, dial] of this.#pending.ringing()) this.#checkDialled(call, dial, view);
    const { snapshotsWanted } = this.#reports;
    const wanted: ConfKey[] = [];
    for (const [key, unless] of snapshotsWanted) {
      // Pending work changes the conference, so a later state answers.
      if (unless !== null && !this.#isQuiet(key)) continue;
      snapshotsWanted.delete(key);
      if (unless === null || unless !== digestIn(view, key)) wanted.push(key);
    }
    this.#reports.isSnapshotDue = false;
    const keys = all ? new Set([...this.#reports.live.keys(), ...view.conferences.keys(), ...wanted]) : wanted;
    this.#addSnapshots(view, keys, gap);
    this.#speaking.clear();
    for (const call of state.calls) if (call.stage === "entered" && call.talking) this.#speaking.add(call.call);
    this.#keypads.resumePrompts(found, now);
  }

  /** Reports a call that ended by itself. The result reports one that a command ended; the snapshot, one that went with its conference. */
  #reportOwnEnd(conference: ConfKey, call: BridgeCall | undefined): void {
    if (call?.stage !== "ended" || isEndedByCommand(call) || call.reason === "conference-ended") return;
    if (!this.#missed.has(call.call)) this.#reportLeft(conference, call.call, call.reason);
    this.#callEnded(call.call);
  }

  /** It was inside when this agent last knew of it, and has left by itself since. */
  #reportMissedEnd(call: BridgeCall): boolean {
    if (call.stage !== "ended" || call.conference === null || !this.#legs.entryOf(call.call)) return false;
    if (isEndedByCommand(call) || call.reason === "conference-ended") return false;
    this.#reportLeft(call.conference, call.call, call.reason, call.number);
    return true;
  }

  /** With what the journal knows of the call, should the edge not know it. */
  #reportLeft(
    conference: ConfKey,
    call: CallId,
    reason: EndReason,
    number = this.#legs.find(call)?.number ?? "",
  ): void {
    const entry = this.#legs.entryOf(call);
    const was = entry && { was: { number, ...entry, leftAt: this.#legs.now } };
    this.#reportEnd(conference, { type: "caller-left", call, reason, ...was }, [call]);
  }

  /** With all who are in it, should the edge not know it. */
  #reportEnded(conference: ConfKey): void {
    const { since } = this.#reports.live.find(conference) ?? {};
    const callers = this.#legs.callsInside(conference).flatMap((call) => this.#legs.insideOf(call) ?? []);
    const was = { ...(since != null && { since }), endedAt: this.#legs.now, callers };
    const calls = callers.map(({ call }) => call).slice(0, MOST_MEASURED);
    this.#reportEnd(conference, { type: "conference-ended", was }, calls);
  }

  #reportEnd(conference: ConfKey, event: ConferenceEvent, calls: readonly CallId[]): void {
    this.#reports.add(conference, { type: "event", event, ...this.#legs.measured(calls) });
  }

  #changed(conference: ConfKey, change: Partial<JournaledConference>): void {
    const isNew = change.live === true && this.#reports.live.find(conference) === null;
    this.#reports.change(conference, { ...change, ...(isNew && { since: this.#legs.now }) });
  }

  /** A conference that another agent made is taken over with all that its create said, as far as the bridge shows it. */
  #updateRecord({ conference, locked, ...shown }: BridgeState["conferences"][number]): void {
    const known = this.#reports.live.find(conference);
    const anonymousId = shown.anonymousId ?? known?.anonymousId ?? null;
    const { maxCallers = known?.maxCallers ?? null, accessCodes = known?.accessCodes ?? null } = shown;
    const isAlike = known?.locked === locked && known.anonymousId === anonymousId;
    if (isAlike && (known.maxCallers ?? null) === maxCallers && isSameCodes(known.accessCodes, accessCodes)) return;
    this.#changed(conference, { live: true, locked, anonymousId, maxCallers, accessCodes });
  }

  get hasSpeech(): boolean {
    return this.#unreportedSpeech.size > 0;
  }

  reportSpeech(): void {
    for (const [call, conference] of this.#unreportedSpeech) {
      this.#reports.addEvent(conference, { type: "speaking-changed", call, speaking: this.#speaking.has(call) });
    }
    this.#unreportedSpeech.clear();
  }

  /** Of each conference in this state that is quiet: the edge has acknowledged all, and nothing is under way. */
  beginDigests(state: BridgeState): void {
    const view = viewOf(state);
    const isQuiet = (key: ConfKey) => this.#isQuiet(key);
    // The bridge dropped these without a word.
    const gone = this.#reports.live.keys().filter((key) => isQuiet(key) && !view.conferences.has(key));
    this.#addSnapshots(view, gone, false);
    const found = [...view.conferences.keys()].filter(isQuiet).flatMap((conference): FoundDigest[] => {
      const digest = digestIn(view, conference);
      return digest === null ? [] : [{ conference, digest, position: this.#reports.position(conference) }];
    });
    this.digests.beginRound(found);
  }

  /** The next digests to send; those of conferences in which something happened meanwhile are left out. */
  nextDigests(): ConferenceDigest[] {
    return this.digests.next(
      ({ conference, position }) => this.#isQuiet(conference) && position === this.#reports.position(conference),
    );
  }

  #isQuiet(key: ConfKey): boolean {
    return !this.#pending.isBusy(key) && this.#reports.isAcknowledged(key);
  }

  /** A dialled call that was neither answered nor over when the bridge last reported it. */
  #checkDialled(id: CallId, { conference }: OpenCommand, view: BridgeView): void {
    const call = view.calls.get(id);
    if (call?.stage === "ringing") return;
    this.#pending.stopWatching(id);
    if (call?.stage === "answered") this.#reports.addEvent(conference, { type: "call-answered", call: id });
    if (call?.stage !== "ended") return;
    this.#legs.ended(id);
    this.#reportOwnEnd(conference, call);
  }

  #addSnapshots(view: BridgeView, keys: Iterable<ConfKey>, gap: boolean): void {
    for (const key of keys) {
      const conference = this.#withTimes(key, snapshotOf(view, key));
      // Without a gap, a snapshot right behind one that the edge has not acknowledged would say the same, but for speech.
      if (gap || !this.#reports.endsWithSnapshot(key)) {
        this.#reports.addEvent(key, { type: "snapshot", conference });
        for (const [call, place] of this.#unreportedSpeech) if (place === key) this.#unreportedSpeech.delete(call);
      }
      if (conference === null) this.#conferenceEnded(key);
    }
  }

  /** With what the journal alone knows. */
  #withTimes(key: ConfKey, held: ConferenceSnapshot | null): ConferenceSnapshot | null {
    const { since } = this.#reports.live.find(key) ?? {};
    const callers = held?.callers.map((caller) => ({ ...caller, ...this.#legs.entryOf(caller.call) })) ?? [];
    return held && { ...held, ...(since != null && { since }), callers };
  }

  /** The edge knows that it does not speak. */
  #silenced(call: CallId): void {
    this.#speaking.delete(call);
    this.#unreportedSpeech.delete(call);
  }

  #callEnded(call: CallId): void {
    this.#legs.ended(call);
    this.#silenced(call);
    this.#pending.stopWatching(call);
  }

  #conferenceEnded(conference: ConfKey): void {
    this.#durations.conferenceEnded(conference);
    const over = { since: null, live: false, locked: false, anonymousId: null, maxCallers: null, accessCodes: null };
    this.#reports.change(conference, over);
    for (const call of this.#legs.callsInside(conference)) this.#callEnded(call);
    for (const [call, dial] of this.#pending.ringing()) if (dial.conference === conference) this.#callEnded(call);
  }
}

/** `null`: the bridge has no such conference. */
function digestIn(view: BridgeView, key: ConfKey): string | null {
  const snapshot = snapshotOf(view, key);
  return snapshot && digestOf(snapshot);
}
