import type { Announcement } from "../../src/bridge/announcements.ts";
import type { BridgeCommand, ExecutionResult, RefusalReason } from "../../src/bridge/commands.ts";
import { type DialSequence, parseDialSequence } from "../../src/bridge/dial-sequences.ts";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import type { KeypadCodes } from "../../src/bridge/keypad.ts";
import {
  type AtPrompt,
  inside,
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
import { type BridgeCall, callerOf } from "../../src/bridge/state.ts";
import type { CallId, CommandId, ConfKey, EpochMs, RoomId } from "../../src/foundation/ids.ts";
import { assertNever } from "../../src/foundation/result.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import type { Execution } from "../drivers/driver.ts";
import type { Note } from "../service/log.ts";
import type { Identify, OpenCommand, PendingCommands } from "./pending-commands.ts";
import type { Reports } from "./reports.ts";

/** A bridge that does not hang up on a caller at the prompt is asked again after this time. */
const HANG_UP_AGAIN_MS = 2_000;

/** How long a caller who waits for the edge hears nothing: as long as in the sample dialplan of Asterisk, where no agent is. */
const PLEASE_WAIT_AGAIN_MS = 16_000;

/** How long a caller waits for the edge at most: as long as in that dialplan. */
const LONGEST_WAIT_MS = 5 * 60_000;

type KeysEvent = Extract<BridgeEvent, { readonly type: "keys" }>;

/** A phone leg as far as the agent must know it between two events. */
interface Leg {
  readonly call: CallId;
  readonly number: string;
  /** The number that its caller called; empty where that is not known. */
  readonly dialled: string;
  /** By the bridge, for the edge; else its caller dialled in. */
  readonly isDialled: boolean;
  conference: ConfKey | null;
  room: RoomId | null;
  /** When this agent first saw the call. */
  readonly since: EpochMs;
  /** As the bridge last showed or confirmed it. */
  muted: boolean;
  entered: boolean;
  /** `null` for a dialled call before it enters: its keys mean nothing. */
  keypad: Keypad | null;
  /** What its caller has keyed at the prompt while nobody could be led in. */
  heldKeys: readonly KeysEvent[];
  /** Its caller was told so, has keyed nothing since, and is to be asked when the edge is back. */
  toldToWait: boolean;
  /** When to hang up once more. */
  hangUpAt?: EpochMs;
}

/** A phone leg, as operations staff are shown it. */
export type LegView = Pick<Leg, "call" | "number" | "conference" | "room" | "muted" | "since"> & {
  readonly stage: "prompted" | "dialled" | "entered";
};

/** A caller who dialled in. */
type Arrival = Pick<Extract<BridgeEvent, { type: "prompted" }>, "call" | "number" | "dialled">;

/** Something that a caller is to hear. */
export interface AnnouncementToCall {
  readonly call: CallId;
  readonly announcement: Announcement;
}

interface HangUpReason {
  /** As the caller hears it. */
  readonly announcement: Announcement;
  /** As operations staff read it. */
  readonly text: string;
}

const hangUpReasons: Readonly<Record<Extract<KeypadAction, { type: "hang-up" }>["why"] | "no-edge", HangUpReason>> = {
  silent: { announcement: "goodbye", text: "it keyed nothing for too long" },
  "unknown-keys": { announcement: "unknown-conference", text: "no conference has the keys that it keyed" },
  "unclear-keys": { announcement: "goodbye", text: "each time it was unclear what it keyed" },
  locked: { announcement: "locked", text: "the conference is locked" },
  full: { announcement: "full", text: "the conference takes no more callers" },
  "no-edge": { announcement: "goodbye", text: "the edge was away for as long as a caller waits, 5 minutes" },
};

/** The phone legs of the bridge, and what their callers bring about by their keys. */
export class Legs {
  #codes: KeypadCodes = { merge: "*1", mute: "*6" };
  #sequences: readonly DialSequence[] = [];
  /** The time of this turn. */
  now: EpochMs = 0;
  readonly #pending: PendingCommands;
  readonly #reports: Reports;
  readonly #newId: () => CommandId;
  readonly #legs = new Map<CallId, Leg>();
  /** Legs whose keypad changes when time passes. */
  readonly #timed = new Set<Leg>();
  readonly #hangUps = new Map<CommandId, CallId>();
  #executions: Execution[] = [];
  #announcements: AnnouncementToCall[] = [];
  /** No conference can be new, so callers at the prompt are told to wait, and none is hung up on for what it keys. */
  #isWithoutEdge = true;
  #edgeLostAt: EpochMs = 0;
  /** What became of callers at the prompt. */
  #notes: Note[] = [];

  constructor(pending: PendingCommands, reports: Reports, newId: () => CommandId) {
    this.#pending = pending;
    this.#reports = reports;
    this.#newId = newId;
  }

  set codes(codes: KeypadCodes) {
    this.#codes = codes;
    this.#sequences = (codes.sequences ?? []).flatMap((template) => parseDialSequence(template) ?? []);
  }

  get count(): number {
    return this.#legs.size;
  }

  /** How many of them the bridge has dialled. */
  get dialledCount(): number {
    let count = 0;
    for (const { isDialled } of this.#legs.values()) if (isDialled) count += 1;
    return count;
  }

  get waitForTime(): boolean {
    return this.#timed.size > 0;
  }

  get views(): LegView[] {
    return Array.from(this.#legs.values(), ({ call, number, conference, room, muted, since, entered, keypad }) => {
      const stage = entered ? "entered" : keypad === null ? "dialled" : "prompted";
      return { call, number, conference, room, muted, since, stage };
    });
  }

  find(call: CallId): Leg | undefined {
    return this.#legs.get(call);
  }

  /** The link to the bridge broke, or another agent was active meanwhile: only a new state shows what is there. */
  clear(): void {
    this.#legs.clear();
    this.#timed.clear();
    this.#hangUps.clear();
    this.#executions = [];
    this.#announcements = [];
  }

  /** Callers to hang up on. Not journaled: after a crash, a caller at the prompt begins anew. */
  begin(): readonly Execution[] {
    const executions = this.#executions;
    this.#executions = [];
    return executions;
  }

  /** What callers are to hear, each once, before they are hung up on. Not journaled: it is of this moment. */
  announcements(): readonly AnnouncementToCall[] {
    const announcements = this.#announcements;
    this.#announcements = [];
    return announcements;
  }

  /** Lines for operations staff about callers at the prompt, each once. */
  notes(): readonly Note[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }

  edgeLost(now: EpochMs): void {
    if (this.#isWithoutEdge) return;
    this.#isWithoutEdge = true;
    this.#edgeLostAt = now;
  }

  edgeBack(): void {
    this.#isWithoutEdge = false;
  }

  prompted(arrival: Arrival, now: EpochMs): void {
    const leg = this.#addPrompted(arrival, now);
    this.#announce(leg, "welcome");
  }

  dialled(call: CallId, number: string, conference: ConfKey): void {
    this.#add(newLeg(call, number, conference, this.now, true));
  }

  entered(leg: Leg, conference: ConfKey, room: RoomId, silent: boolean): void {
    leg.entered = true;
    leg.room = room;
    if (leg.keypad === null) leg.keypad = inside(silent);
    if (isAtPrompt(leg.keypad)) this.#letIn(leg, conference, silent);
    leg.conference = conference;
  }

  /** A caller who was at the prompt has a place in the conference, or is on the way: what it keyed until now counts no more. */
  #letIn(leg: Leg, conference: ConfKey, silent: boolean): void {
    leg.conference = conference;
    leg.keypad = inside(silent);
    leg.heldKeys = [];
    leg.toldToWait = false;
    this.#watchTime(leg);
  }

  /** A caller has come in from the prompt. Who listens in silence is nobody that it could talk to. */
  cameIn(leg: Leg): void {
    const isHeard = ({ keypad }: Leg) => keypad?.at === "inside" && !keypad.silent;
    const others = [...this.#legs.values()].filter(
      (other) => other !== leg && other.entered && other.conference === leg.conference && other.room === leg.room,
    );
    this.#announce(leg, others.some(isHeard) ? "joined" : "alone");
  }

  /** A caller has muted or unmuted itself. */
  mutedItself(leg: Leg, muted: boolean): void {
    this.#announce(leg, muted ? "muted" : "unmuted");
  }

  ended(call: CallId): void {
    const leg = this.#legs.get(call);
    if (!leg) return;
    this.#legs.delete(call);
    this.#timed.delete(leg);
  }

  /** A caller who gives up at the prompt is worth a line if its keys were of no conference. */
  hungUp(call: CallId): void {
    const leg = this.#legs.get(call);
    const unknown = leg ? unknownKeys(leg.keypad) : 0;
    if (leg && unknown > 0)
      this.#note(leg, "wrong-keys", `a caller hung up after ${counted(unknown, "key")} of no conference`, { unknown });
  }

  /** Callers on their way in are still at the prompt: the bridge will refuse to admit them. */
  callsInside(conference: ConfKey): CallId[] {
    return [...this.#legs.values()]
      .filter((leg) => leg.conference === conference && (leg.entered || leg.keypad === null))
      .map(({ call }) => call);
  }

  keys({ call, keys, inDoubt = false }: Omit<KeysEvent, "type">, now: EpochMs): void {
    const leg = this.#legs.get(call);
    if (!leg || this.#hasTriedAll(leg)) return;
    this.#hush(leg);
    const before = leg.keypad;
    // One by one, so that each step of the menu is seen.
    for (const key of keys)
      if (!this.#hasTriedAll(leg)) this.#press(leg, { type: "keys", keys: key, at: now, inDoubt });
    this.#announce(leg, promptAfter(before, leg.keypad));
  }

  /** Hangs up on callers who key nothing; codes that waited for more keys count as they are. */
  timePassed(now: EpochMs): void {
    for (const leg of this.#timed) {
      this.#hangUpAgain(leg, now);
      const before = leg.keypad;
      this.#press(leg, { type: "time", at: now });
      this.#announce(leg, promptAfter(before, leg.keypad));
      if (this.#isWithoutEdge && leg.keypad?.at === "conference-key")
        this.#tellAgain(leg, leg.keypad.unknown > 0 ? "key-again" : "welcome", now);
    }
  }

  /** Nobody may be led in: what callers key counts later. */
  heldEvent(event: BridgeEvent, now: EpochMs): void {
    if (event.type === "prompted") return this.#announce(this.#addPrompted(event, now), "please-wait");
    if (event.type === "ended") return this.ended(event.call);
    if (event.type === "conference-ended") for (const call of this.callsInside(event.conference)) this.ended(call);
    const leg = event.type === "keys" && this.#legs.get(event.call);
    if (!leg || leg.keypad === null || leg.keypad.at === "over") return;
    // A caller who is inside may key its code again; long after, nobody wants it to have an effect.
    if (leg.keypad.at === "inside") leg.keypad = inside(leg.keypad.silent);
    else {
      this.#hush(leg);
      leg.keypad = { ...leg.keypad, since: now };
      leg.heldKeys = [...leg.heldKeys, event];
    }
  }

  heldTimePassed(now: EpochMs): void {
    for (const leg of this.#timed) {
      this.#hangUpAgain(leg, now);
      this.#tellAgain(leg, "please-wait", now);
    }
  }

  /** The calls that the bridge has, of which no event told. */
  adoptHeld(calls: readonly BridgeCall[], now: EpochMs): void {
    const found = this.adopt(calls, now);
    this.#letInAdmitted();
    for (const call of found) {
      const leg = this.#legs.get(call.call);
      if (call.stage !== "prompted" || !leg || !isAtPrompt(leg.keypad)) continue;
      if (call.keys === "") {
        this.#announce(leg, "please-wait");
        continue;
      }
      // Who is keying has begun with keys that are not held: what follows them counts for nothing, and the caller is asked anew.
      const { at } = resume(call.keys, now, this.#rules).keypad;
      leg.keypad = { ...prompted(now), at: at === "sequence" ? at : "conference-key", inDoubt: true };
    }
  }

  /** Adds the calls that are not known yet, and returns them; forgets those that are gone, should no event have told. */
  adopt(calls: readonly BridgeCall[], now: EpochMs): BridgeCall[] {
    const held = calls.filter(({ stage }) => stage !== "ended");
    const ids = new Set(held.map(({ call }) => call));
    for (const call of this.#legs.keys()) if (!ids.has(call)) this.ended(call);
    const found = held.filter(({ call }) => !this.#legs.has(call));
    for (const call of found) {
      if (call.stage === "prompted") this.#addPrompted(call, now);
      else if (call.stage === "entered") {
        const { conference, number, muted, direction } = call;
        const leg = newLeg(call.call, number, conference, this.now, direction === "out");
        this.#add({ ...leg, room: call.room, muted, entered: true, keypad: inside(callerOf(call).silent) });
      } else if (call.stage !== "ended") this.dialled(call.call, call.number, call.conference);
    }
    return found;
  }

  /** The bridge is right, whatever a command in doubt was to bring. */
  showEntered(calls: readonly BridgeCall[]): void {
    for (const call of calls) {
      const leg = call.stage === "entered" && this.#legs.get(call.call);
      if (!leg) continue;
      // Somebody at the bridge has let it in.
      if (isAtPrompt(leg.keypad)) this.entered(leg, call.conference, call.room, callerOf(call).silent);
      leg.muted = call.muted;
      leg.room = call.room;
    }
  }

  /** Goes on with the keys that callers at the prompt have keyed so far; `found` are the calls that were just adopted. */
  resumePrompts(found: readonly BridgeCall[], now: EpochMs): void {
    this.#letInAdmitted();
    this.#resumeHeld(now);
    for (const call of found) {
      const leg = this.#legs.get(call.call);
      // Who was admitted, or has just been refused, so that the agent hangs up on it: its keys must not lead it in.
      if (call.stage !== "prompted" || !leg || !isAtPrompt(leg.keypad)) continue;
      this.#apply(leg, resume(call.keys, now, this.#rules), now);
      this.#announce(leg, promptAfter(null, leg.keypad));
    }
  }

  /** Callers who led themselves in, though the bridge still shows them at the prompt: what became of that is in doubt. */
  #letInAdmitted(): void {
    for (const { command, origin, conference } of this.#pending.unfinished()) {
      if (origin !== "keypad" || command.type !== "admit") continue;
      const leg = this.#legs.get(command.call);
      if (leg && isAtPrompt(leg.keypad)) this.#letIn(leg, conference, !command.joinTone);
    }
  }

  /** Callers may be led in again: what they have keyed counts, and who was told to wait since is asked anew. */
  #resumeHeld(now: EpochMs): void {
    for (const leg of this.#timed) {
      if (!isAtPrompt(leg.keypad)) continue;
      const { heldKeys } = leg;
      leg.heldKeys = [];
      if (!this.#isWithoutEdge && leg.toldToWait) {
        leg.toldToWait = false;
        leg.keypad = begunAnew(leg.keypad, now);
        this.#announce(leg, promptAfter(null, leg.keypad));
      } else for (const event of heldKeys) this.#keysAtPrompt(leg, event, now);
    }
  }

  /** What follows the keys that lead in is of some time ago: nobody wants it to have an effect in the conference. */
  #keysAtPrompt(leg: Leg, event: KeysEvent, now: EpochMs): void {
    for (const key of event.keys) if (isAtPrompt(leg.keypad)) this.keys({ ...event, keys: key }, now);
  }

  /** A command of a keypad was refused. */
  refused({ command, origin }: OpenCommand, reason: RefusalReason): void {
    const leg = "call" in command ? this.#legs.get(command.call) : undefined;
    if (origin !== "keypad" || !leg || command.type !== "admit") return;
    this.#hangUpOnCaller(leg, refusedAs(reason));
  }

  hangUpFinished(id: CommandId, result: ExecutionResult, now: EpochMs): void {
    const call = this.#hangUps.get(id);
    const leg = call && this.#legs.get(call);
    this.#hangUps.delete(id);
    if (!leg) return;
    if (result.done === true || (result.done === false && result.reason === "no-such-call"))
      return this.ended(leg.call);
    leg.hangUpAt = now + HANG_UP_AGAIN_MS;
    this.#watchTime(leg);
  }

  #addPrompted({ call, number, dialled }: Arrival, now: EpochMs): Leg {
    return this.#add({ ...newLeg(call, number, null, this.now, false), dialled, keypad: prompted(now) });
  }

  #add(leg: Leg): Leg {
    this.#legs.set(leg.call, leg);
    this.#watchTime(leg);
    return leg;
  }

  #announce(leg: Leg, announcement: Announcement | null): void {
    if (announcement === null) return;
    // There is a key to ask for only where a conference runs already.
    const mayWait =
      announcement === "key-again" || (announcement === "welcome" && this.#reports.allLive().length === 0);
    const told = this.#isWithoutEdge && mayWait ? "please-wait" : announcement;
    if (told === "please-wait") leg.toldToWait = true;
    this.#announcements.push({ call: leg.call, announcement: told });
  }

  /** Without the edge, to a caller who has keyed nothing for some time. */
  #tellAgain(leg: Leg, announcement: Announcement, now: EpochMs): void {
    if (!isAtPrompt(leg.keypad)) return;
    if (now - Math.max(leg.since, this.#edgeLostAt) >= LONGEST_WAIT_MS)
      return this.#hangUpOnCaller(leg, hangUpReasons["no-edge"]);
    if (!isAskedNow(leg.keypad, now) && now - leg.keypad.since < PLEASE_WAIT_AGAIN_MS) return;
    leg.keypad = { ...begunAnew(leg.keypad, now), unknown: leg.keypad.unknown };
    leg.heldKeys = [];
    this.#announce(leg, announcement);
  }

  /** Its caller has keyed something. */
  #hush(leg: Leg): void {
    this.#announcements = this.#announcements.filter(({ call }) => call !== leg.call);
    leg.toldToWait = false;
  }

  /** No key of its caller counts until the edge is back: else it could try any number of keys meanwhile. */
  #hasTriedAll({ keypad }: Leg): boolean {
    return this.#isWithoutEdge && unknownKeys(keypad) >= KEY_TRIES;
  }

  #press(leg: Leg, input: KeypadInput): void {
    if (leg.keypad !== null) this.#apply(leg, press(leg.keypad, input, this.#rules), input.at);
  }

  #apply(leg: Leg, { keypad, actions }: ReturnType<typeof press>, now: EpochMs): void {
    const unknown = unknownKeys(leg.keypad);
    leg.keypad = keypad;
    for (const action of actions) this.#follow(leg, action, unknown, now);
    if (unknown > 0 && keypad.at === "inside")
      this.#note(leg, "wrong-keys", `a caller found its conference after ${counted(unknown, "key")} of no conference`, {
        unknown,
      });
    this.#watchTime(leg);
  }

  get #rules(): KeypadRules {
    return {
      codes: this.#codes,
      sequences: this.#sequences,
      find: (keyed) => {
        const entrance = this.#reports.entrance(keyed);
        return entrance && { ...entrance, full: this.#isFull(entrance.conference) };
      },
    };
  }

  /** Callers on their way in and calls that are being dialled have their places. 0: there is room for any number. */
  #isFull(key: ConfKey): boolean {
    const maxCallers = this.#reports.live(key)?.maxCallers ?? 0;
    if (maxCallers === 0) return false;
    let count = 0;
    for (const { conference, keypad } of this.#legs.values())
      if (conference === key && keypad?.at !== "over") count += 1;
    return count >= maxCallers;
  }

  #watchTime(leg: Leg): void {
    const { keypad, hangUpAt } = leg;
    const isStill =
      keypad === null || keypad.at === "over" || (keypad.at === "inside" && keypad.typed !== this.#codes.mute);
    if (isStill && hangUpAt === undefined) this.#timed.delete(leg);
    else this.#timed.add(leg);
  }

  /** `unknown`: how many keys of no conference the caller had tried before. */
  #follow(leg: Leg, action: KeypadAction, unknown: number, now: EpochMs): void {
    const { call } = leg;
    switch (action.type) {
      case "hang-up":
        if (this.#isWithoutEdge && action.why !== "locked" && action.why !== "full") {
          leg.keypad = prompted(now, { unknown: action.why === "unknown-keys" ? KEY_TRIES : unknown });
          return;
        }
        return this.#hangUpOnCaller(leg, hangUpReasons[action.why]);
      case "admit": {
        const { conference, attendeeId, silent, host } = action;
        leg.conference = conference;
        const as = { muted: silent, joinTone: !silent, attendeeId, ...(host && ({ host } as const)) };
        return this.#enqueue(leg, { type: "admit", call, ...as }, now);
      }
      case "toggle-mute": {
        if (leg.conference === null) return;
        const willBeMuted = this.#pending.willMute(leg.conference, call, now) ?? leg.muted;
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

  #enqueue({ conference }: Leg, command: BridgeCommand | Identify, now: EpochMs): void {
    if (conference !== null) this.#pending.add({ conference, id: this.#newId(), origin: "keypad", command }, now);
  }

  #hangUpOnCaller(leg: Leg, { announcement, text }: HangUpReason): void {
    this.#note(leg, "caller-hung-up-on", `the agent hangs up on a caller at the prompt: ${text}`, {});
    this.#announce(leg, announcement);
    this.#hangUp(leg);
  }

  #note(
    { call, number, conference }: Leg,
    event: "wrong-keys" | "caller-hung-up-on",
    text: string,
    more: object,
  ): void {
    this.#notes.push({ level: "info", event, text, call, number, ...(conference !== null && { conference }), ...more });
  }

  #hangUpAgain(leg: Leg, now: EpochMs): void {
    if (leg.hangUpAt !== undefined && now >= leg.hangUpAt) this.#hangUp(leg);
  }

  #hangUp(leg: Leg): void {
    const id = this.#newId();
    leg.keypad = { at: "over" };
    delete leg.hangUpAt;
    this.#hangUps.set(id, leg.call);
    this.#executions.push({ id, conference: null, command: { type: "expel", call: leg.call } });
  }
}

/** The place in the menu of a caller who is asked once more. */
function begunAnew(keypad: AtPrompt, now: EpochMs): AtPrompt {
  return keypad.at === "attendee-id" ? { ...keypad, typed: "", inDoubt: false, since: now } : prompted(now);
}

/** A leg that is in no room yet, whose keys mean nothing yet. */
function newLeg(call: CallId, number: string, conference: ConfKey | null, since: EpochMs, isDialled: boolean): Leg {
  const place = { dialled: "", isDialled, conference, room: null, muted: false, entered: false };
  return { call, number, since, ...place, keypad: null, heldKeys: [], toldToWait: false };
}

function refusedAs(reason: RefusalReason): HangUpReason {
  return { announcement: toldOf[reason] ?? "goodbye", text: `the bridge refused to admit it (${reason})` };
}

const toldOf: Partial<Record<RefusalReason, Announcement>> = {
  locked: "locked",
  capacity: "full",
  "no-such-conference": "unknown-conference",
};
