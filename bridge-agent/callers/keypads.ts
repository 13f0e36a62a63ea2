import type { Announcement } from "../../src/bridge/announcements.ts";
import type { BridgeCommand, RefusalReason } from "../../src/bridge/commands.ts";
import { type DialSequence, parseDialSequence } from "../../src/bridge/dial-sequences.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import {
  type AtPrompt,
  type Entrance,
  isAskedNow,
  isAtPrompt,
  KEY_TRIES,
  type Keypad,
  type KeypadAction,
  type KeypadInput,
  type KeypadRules,
  press,
  promptAfter,
  prompted,
  resume,
  unknownKeys,
} from "../../src/bridge/keypad.ts";
import { inside, type KeypadCodes } from "../../src/bridge/keypad-codes.ts";
import type { BridgeCall } from "../../src/bridge/state.ts";
import type { CallId, CommandId, ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { assertNever } from "../../src/foundation/result.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { Assignment } from "../core/journal.ts";
import type { Identify, OpenCommand, PendingCommands } from "../core/pending-commands.ts";
import type { Reports } from "../core/reports.ts";
import type { Note } from "../service/log.ts";
import { type HangUpReason, type HangUps, hangUpReason, refusedAs } from "./hang-ups.ts";
import type { Arrival, KeysEvent, Leg, Legs } from "./legs.ts";
import type { PromptCalls } from "./prompt-calls.ts";

/** How long a caller who waits for the edge hears nothing: as long as in the sample dialplan of Asterisk, where no agent is. */
const PLEASE_WAIT_AGAIN_MS = 16_000;

/** How long a caller is at the prompt at most, and waits for the edge: as long as in that dialplan. */
const LONGEST_WAIT_MS = 5 * 60_000;

/** Longest wait of a picked-up call-out for the edge. */
const LONGEST_WAIT_PICKED_UP_MS = 60_000;

/** A pause after which the edge hears what a caller has keyed without a #; and the longest time that somebody keys a key in. */
const PAUSE_MS = 5_000;
const LONGEST_ENTRY_MS = 15_000;

export interface AnnouncementToCall {
  readonly call: CallId;
  readonly announcement: Announcement;
}

interface KeypadParts {
  readonly legs: Legs;
  readonly hangUps: HangUps;
  readonly pending: PendingCommands;
  readonly reports: Reports;
  readonly promptCalls: PromptCalls;
  newId(): CommandId;
  log(note: Note): void;
}

/** The keypads of callers: what they bring about, what callers hear, and on whom the agent hangs up. */
export class Keypads {
  #codes: KeypadCodes = { merge: "*1", mute: "*6", askAttendeeId: true };
  #sequences: readonly DialSequence[] = [];
  readonly #parts: KeypadParts;
  /** Legs whose keypad may change when time passes. */
  readonly #timed = new Set<Leg>();
  /** Times of calls that were picked up while no edge could admit them. */
  readonly #pickedUp = new Map<CallId, EpochMs>();
  #announcements: AnnouncementToCall[] = [];
  /** True if callers have arrived since `arrivedAtPrompt` was last called. */
  #hasArrivals = false;
  /** `null`: the edge is there. */
  #edgeLostAt: EpochMs | null = 0;
  /** What passes from then on until the edge is back counts for nobody's time at the prompt. */
  #uncountedFrom: EpochMs = 0;

  constructor(parts: KeypadParts) {
    this.#parts = parts;
  }

  assigned({ keypad: codes }: Pick<Assignment, "keypad">): void {
    this.#codes = codes;
    this.#sequences = (codes.sequences ?? []).flatMap((template) => parseDialSequence(template) ?? []);
  }

  get waitForTime(): boolean {
    return this.#parts.hangUps.wait || this.#pickedUp.size > 0 || this.#timedLegs().next().done !== true;
  }

  *#timedLegs(): Generator<Leg> {
    for (const leg of this.#timed) {
      const { call, keypad } = leg;
      const waits = isAtPrompt(keypad) || (keypad?.at === "inside" && keypad.typed === this.#codes.mute);
      if (waits && this.#parts.legs.find(call) === leg) yield leg;
      else this.#timed.delete(leg);
    }
  }

  /** The link to the bridge broke, or another agent was active meanwhile: only a new state shows what is there. */
  clear(): void {
    this.#parts.legs.clear();
    this.#parts.hangUps.clear();
    this.#timed.clear();
    this.#pickedUp.clear();
    this.#announcements = [];
  }

  /** What callers are to hear, each once, before they are hung up on. Not journaled: it is of this moment. */
  announcements(): readonly AnnouncementToCall[] {
    const announcements = this.#announcements;
    this.#announcements = [];
    return announcements;
  }

  /** `before`: the time of the turn before; where the process stood still since, it has heard nobody. */
  edgeLost(now: EpochMs, before = now): void {
    if (this.#edgeLostAt === null) {
      this.#uncountedFrom = before;
      for (const call of this.#pickedUp.keys()) this.#pickedUp.set(call, now);
    }
    this.#edgeLostAt = now;
    this.#parts.promptCalls.edgeLost();
  }

  edgeBack(now: EpochMs): void {
    this.#edgeLostAt = null;
    for (const leg of this.#timedLegs()) leg.countsFrom += now - Math.max(leg.since, this.#uncountedFrom);
  }

  /** Then no conference can be new, so callers at the prompt hear to wait, and none is hung up on for what it keys. */
  get #isWithoutEdge(): boolean {
    return this.#edgeLostAt !== null;
  }

  prompted(arrival: Arrival, announcement: Announcement = "welcome"): void {
    const leg = this.#parts.legs.prompted(arrival);
    this.#parts.promptCalls.arrived(leg.call, leg.since);
    this.#timed.add(leg);
    this.#hasArrivals = true;
    this.announce(leg, announcement);
  }

  pickedUp(call: CallId, now: EpochMs): void {
    if (!this.#isWithoutEdge) return;
    this.#pickedUp.set(call, now);
    this.#announcements.push({ call, announcement: "please-wait" });
  }

  #dropPickedUp(now: EpochMs): void {
    for (const [call, at] of this.#pickedUp) {
      const leg = this.#parts.legs.find(call);
      const isWaiting = leg !== undefined && !leg.entered;
      if (isWaiting && (!this.#isWithoutEdge || now - at < LONGEST_WAIT_PICKED_UP_MS)) continue;
      this.#pickedUp.delete(call);
      if (isWaiting) this.#enqueue(leg, { type: "expel", call }, now, "policy");
    }
  }

  /** Returns all callers in the prompt if some have arrived since the last call, else none. */
  arrivedAtPrompt(): readonly Leg[] {
    if (!this.#hasArrivals) return [];
    this.#hasArrivals = false;
    return [...this.#timedLegs()].filter(({ keypad }) => isAtPrompt(keypad));
  }

  /** Frees the port at once, without an announcement. */
  hangUpOnCrowded(leg: Leg): void {
    this.#hush(leg);
    this.#endAtPrompt(leg, { why: "crowded", announcement: null }, leg.keypad);
  }

  /** A caller who gives up at the prompt is worth a line if its keys were of no conference. */
  hungUp(call: CallId, now: EpochMs): void {
    const leg = this.#parts.legs.find(call);
    if (leg) this.#parts.promptCalls.hungUp(leg, now);
    const unknown = leg ? unknownKeys(leg.keypad) : 0;
    if (leg && unknown > 0)
      this.#note(leg, "wrong-keys", `a caller hung up after ${counted(unknown, "key")} of no conference`, { unknown });
  }

  keys({ call, keys, inDoubt = false }: Omit<KeysEvent, "type">, now: EpochMs): void {
    const leg = this.#parts.legs.find(call);
    if (!leg || this.#hasTriedAll(leg)) return;
    this.#hush(leg);
    leg.hasKeyed = true;
    const before = leg.keypad;
    // One by one, so that each step of the menu is seen.
    for (const key of keys)
      if (!this.#hasTriedAll(leg)) this.#press(leg, { type: "keys", keys: key, at: now, inDoubt });
    this.announce(leg, promptAfter(before, leg.keypad));
  }

  /** Hangs up on callers who key nothing; codes that waited for more keys count as they are. */
  timePassed(now: EpochMs): void {
    this.#parts.hangUps.timePassed(now);
    this.#dropPickedUp(now);
    for (const leg of this.#timedLegs()) {
      const before = leg.keypad;
      this.#press(leg, { type: "time", at: now });
      if (this.#isThereTooLong(leg, now)) {
        this.#hangUpOnCaller(leg, hangUpReason(this.#isWithoutEdge ? "no-edge" : "silent", leg.hasKeyed), leg.keypad);
        continue;
      }
      this.announce(leg, promptAfter(before, leg.keypad));
      if (!this.#isWithoutEdge && isStuck(leg, now)) this.#parts.promptCalls.unfinished(leg, now);
      if (this.#isWithoutEdge && leg.keypad?.at === "conference-key")
        this.#announceAgain(leg, leg.keypad.unknown > 0 ? "key-again" : "welcome", now);
    }
  }

  /** Else a key now and then would keep a port for ever. */
  #isThereTooLong({ keypad, since, countsFrom }: Leg, now: EpochMs): boolean {
    const from = this.#edgeLostAt === null ? countsFrom : Math.max(since, this.#edgeLostAt);
    return isAtPrompt(keypad) && now - from >= LONGEST_WAIT_MS;
  }

  /** Nobody may be led in: what callers key counts later. */
  heldEvent(event: BridgeEvent, now: EpochMs): void {
    if (event.type === "prompted") return this.prompted(event, "please-wait");
    if (event.type === "ended") {
      this.hungUp(event.call, now);
      return this.#parts.legs.ended(event.call);
    }
    if (event.type === "conference-ended")
      for (const call of this.#parts.legs.callsInside(event.conference)) this.#parts.legs.ended(call);
    const leg = event.type === "keys" && this.#parts.legs.find(event.call);
    if (!leg || leg.keypad === null || leg.keypad.at === "over") return;
    // A caller who is inside may key its code again; long after, nobody wants it to have an effect.
    if (leg.keypad.at === "inside") leg.keypad = inside(leg.keypad.silent);
    else {
      this.#hush(leg);
      leg.hasKeyed = true;
      leg.keypad = { ...leg.keypad, since: now };
      leg.heldKeys = [...leg.heldKeys, event];
    }
  }

  heldTimePassed(now: EpochMs): void {
    this.#parts.hangUps.timePassed(now);
    for (const leg of this.#timedLegs()) this.#announceAgain(leg, "please-wait", now);
  }

  /** Nobody may be led in; `calls` are all that the bridge has. */
  reconcileHeld(calls: readonly BridgeCall[], now: EpochMs): void {
    const found = this.#parts.legs.reconcile(calls);
    this.#hasArrivals ||= found.length > 0;
    this.#parts.promptCalls.reconcile(calls, now);
    this.#letInAdmitted();
    for (const { leg, keys } of this.#atPrompt(found)) {
      this.#timed.add(leg);
      if (keys === "") {
        this.announce(leg, "please-wait");
        continue;
      }
      // Who is keying has begun with keys that are not held: what follows them counts for nothing, and the caller is asked anew.
      const { at } = resume(keys, now, this.#rules).keypad;
      leg.keypad = { ...prompted(now), at: at === "sequence" ? at : "conference-key", inDoubt: true };
    }
  }

  /** Goes on with the keys that callers at the prompt have keyed so far; `found` are the calls that are new to this agent. */
  resumePrompts(found: readonly BridgeCall[], now: EpochMs): void {
    this.#hasArrivals ||= found.length > 0;
    this.#letInAdmitted();
    this.#resumeHeld(now);
    for (const { leg, keys } of this.#atPrompt(found)) {
      this.#apply(leg, resume(keys, now, this.#rules), now);
      this.announce(leg, promptAfter(null, leg.keypad));
    }
  }

  /** Not who was admitted, or has just been refused, so that the agent hangs up on it: its keys must not lead it in. */
  *#atPrompt(found: readonly BridgeCall[]): Generator<{ readonly leg: Leg; readonly keys: string }> {
    for (const call of found) {
      const leg = this.#parts.legs.find(call.call);
      if (call.stage === "prompted" && leg && isAtPrompt(leg.keypad)) yield { leg, keys: call.keys };
    }
  }

  /** Callers who led themselves in, though the bridge still shows them at the prompt: what became of that is in doubt. */
  #letInAdmitted(): void {
    for (const { command, conference } of this.#parts.pending.unfinished()) {
      if (command.type !== "admit") continue;
      const leg = this.#parts.legs.find(command.call);
      if (leg && isAtPrompt(leg.keypad)) this.#parts.legs.letIn(leg, conference, !command.joinTone);
    }
  }

  /** Callers may be led in again: what they have keyed counts, and who waits is asked anew. */
  #resumeHeld(now: EpochMs): void {
    for (const leg of this.#timedLegs()) {
      if (!isAtPrompt(leg.keypad)) continue;
      const { heldKeys } = leg;
      leg.heldKeys = [];
      if (!this.#isWithoutEdge && leg.isWaiting) {
        leg.isWaiting = false;
        leg.keypad = begunAnew(leg.keypad, now);
        this.announce(leg, promptAfter(null, leg.keypad));
      } else {
        // What follows the keys that lead in is of some time ago: nobody wants it to have an effect in the conference.
        for (const event of heldKeys)
          for (const key of event.keys) if (isAtPrompt(leg.keypad)) this.keys({ ...event, keys: key }, now);
      }
    }
  }

  refused({ command, origin }: OpenCommand, reason: RefusalReason): void {
    const leg = "call" in command ? this.#parts.legs.find(command.call) : undefined;
    if (origin !== "keypad" || !leg || command.type !== "admit") return;
    this.#hangUpOnCaller(leg, refusedAs(reason), leg.keypad, leg.conference);
  }

  announce(leg: Leg, announcement: Announcement | null): void {
    if (announcement === null) return;
    // There is a key to ask for only where a conference runs already.
    const mayWait = announcement === "key-again" || (announcement === "welcome" && this.#parts.reports.live.size === 0);
    const heard = this.#isWithoutEdge && mayWait ? "please-wait" : announcement;
    if (heard === "please-wait") leg.isWaiting = true;
    this.#announcements.push({ call: leg.call, announcement: heard });
  }

  /** Without the edge, to a caller who has keyed nothing for some time. */
  #announceAgain(leg: Leg, announcement: Announcement, now: EpochMs): void {
    if (!isAtPrompt(leg.keypad)) return;
    if (now - Math.max(leg.since, this.#edgeLostAt ?? 0) >= LONGEST_WAIT_MS)
      return this.#hangUpOnCaller(leg, hangUpReason("no-edge", leg.hasKeyed), leg.keypad);
    if (!isAskedNow(leg.keypad, now) && now - leg.keypad.since < PLEASE_WAIT_AGAIN_MS) return;
    leg.keypad = { ...begunAnew(leg.keypad, now), unknown: leg.keypad.unknown };
    leg.heldKeys = [];
    this.announce(leg, announcement);
  }

  /** Its caller has keyed something. */
  #hush(leg: Leg): void {
    this.#announcements = this.#announcements.filter(({ call }) => call !== leg.call);
    leg.isWaiting = false;
  }

  /** No key of its caller counts until the edge is back: else it could try any number of keys meanwhile. */
  #hasTriedAll({ keypad }: Leg): boolean {
    return this.#isWithoutEdge && unknownKeys(keypad) >= KEY_TRIES;
  }

  #press(leg: Leg, input: KeypadInput): void {
    if (leg.keypad !== null) this.#apply(leg, press(leg.keypad, input, this.#rules), input.at);
  }

  #apply(leg: Leg, { keypad, actions }: ReturnType<typeof press>, now: EpochMs): void {
    const before = leg.keypad;
    const unknown = unknownKeys(before);
    leg.keypad = keypad;
    leg.typingSince = isAtPrompt(keypad) && keypad.typed !== "" ? (leg.typingSince ?? now) : null;
    for (const action of actions) this.#follow(leg, action, before, now);
    if (unknown > 0 && keypad.at === "inside")
      this.#note(leg, "wrong-keys", `a caller found its conference after ${counted(unknown, "key")} of no conference`, {
        unknown,
      });
    this.#timed.add(leg);
  }

  get #rules(): KeypadRules {
    return { codes: this.#codes, sequences: this.#sequences, find: (keyed) => entranceOf(keyed, this.#parts) };
  }

  /** `before`: where in the menu the caller was. */
  #follow(leg: Leg, action: KeypadAction, before: Keypad | null, now: EpochMs): void {
    const { call } = leg;
    switch (action.type) {
      case "wrong-key":
      case "unclear-keys":
        return this.#parts.promptCalls.step(leg, { ...action, at: now });
      case "hang-up": {
        if (this.#isWithoutEdge && action.why !== "locked" && action.why !== "full") {
          leg.keypad = prompted(now, { unknown: action.why === "unknown-keys" ? KEY_TRIES : unknownKeys(before) });
          return;
        }
        const refuses = "conference" in action ? action.conference : null;
        return this.#hangUpOnCaller(leg, hangUpReason(action.why, leg.hasKeyed), before, refuses);
      }
      case "admit": {
        const { conference, attendeeId, silent, host } = action;
        this.#parts.legs.move(leg, conference);
        const as = { muted: silent, joinTone: !silent, attendeeId, ...(host && ({ host } as const)) };
        return this.#enqueue(leg, { type: "admit", call, ...as }, now);
      }
      case "toggle-mute": {
        if (leg.conference === null) return;
        const willBeMuted = this.#parts.pending.willMute(leg.conference, call, now) ?? leg.muted;
        return this.#enqueue(leg, { type: willBeMuted ? "unmute" : "mute", call }, now);
      }
      case "identify":
        return this.#enqueue(leg, { type: "identify", call, attendeeId: action.attendeeId }, now);
      case "ask-again":
        this.#announcements.push({ call, announcement: "key-again" });
        return;
      default:
        return assertNever(action);
    }
  }

  #enqueue(
    { conference }: Leg,
    command: BridgeCommand | Identify,
    now: EpochMs,
    origin: OpenCommand["origin"] = "keypad",
  ): void {
    if (conference !== null) this.#parts.pending.add({ conference, id: this.#parts.newId(), origin, command }, now);
  }

  /** `before`: where in the menu it was; `refuses`: the conference that does not take it. */
  #hangUpOnCaller(leg: Leg, reason: HangUpReason, before: Keypad | null, refuses: ConfKey | null = null): void {
    this.#note(leg, "caller-hung-up-on", `the agent hangs up on a caller at the prompt: ${reason.text}`);
    this.#endAtPrompt(leg, reason, before, refuses);
  }

  #endAtPrompt(
    leg: Leg,
    reason: Omit<HangUpReason, "text">,
    before: Keypad | null,
    refuses: ConfKey | null = null,
  ): void {
    const { legs, promptCalls, hangUps } = this.#parts;
    this.announce(leg, reason.announcement);
    promptCalls.hungUpOn(leg, reason, before, refuses, legs.now);
    hangUps.hangUp(leg);
  }

  #note({ call, number, conference }: Leg, event: Note["event"], text: string, more: Partial<Note> = {}): void {
    this.#parts.log({ level: "info", event, text, call, number, ...(conference !== null && { conference }), ...more });
  }
}

/** What this key leads into now, and whether there is room. */
function entranceOf(keyed: string, { reports, legs }: Pick<KeypadParts, "reports" | "legs">): Entrance | null {
  const entrance = reports.live.entrance(keyed);
  const limit = (entrance && reports.live.find(entrance.conference)?.maxCallers) || Number.POSITIVE_INFINITY;
  return entrance && { ...entrance, full: legs.placesIn(entrance.conference) >= limit };
}

/** Whether its caller should be through by now, and a # is missing, as far as the agent can tell. */
function isStuck({ keypad, typingSince }: Leg, now: EpochMs): boolean {
  if (!isAtPrompt(keypad)) return false;
  return now - keypad.since >= PAUSE_MS || (typingSince !== null && now - typingSince >= LONGEST_ENTRY_MS);
}

/** The place in the menu of a caller who is asked once more. */
function begunAnew(keypad: AtPrompt, now: EpochMs): AtPrompt {
  return keypad.at === "attendee-id" ? { ...keypad, typed: "", inDoubt: false, since: now } : prompted(now);
}
