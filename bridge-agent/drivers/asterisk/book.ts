import type { BridgeEvent, EndReason } from "../../../src/bridge/events.ts";
import type { AccessCodes } from "../../../src/bridge/schemas.ts";
import type { BridgeCall } from "../../../src/bridge/state.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../../src/foundation/ids.ts";
import type { DriverIdentity, DriverState } from "../driver.ts";
import type { AriBridge, AriChannel, AriEvent } from "./ari.ts";
import { mayBeOwnHangUp, reasonOfDial } from "./causes.ts";
import {
  type CallNotes,
  type ConferenceNotes,
  digitsOf,
  isProbe,
  isWhisperer,
  type RoomName,
  readBridgeName,
} from "./names.ts";

/** Something that Asterisk is to do because of what happened. */
export type Task =
  | { readonly type: "answer" | "write-notes" | "dial-extension" | "limit-ringing" | "hang-up"; readonly call: CallId }
  /** It has a channel. `dial`: nobody has dialled its number. `settle-dial`: somebody was about to. */
  | { readonly type: "dial" | "settle-dial"; readonly call: CallId }
  /** Its room is gone. */
  | { readonly type: "enter-main-room"; readonly call: CallId }
  /** The agent before may have been killed between a mute and its note: what is written down counts. */
  | { readonly type: "apply-mute"; readonly call: CallId }
  /** Asterisk has forgotten, or was never told, that it is to say who talks. */
  | { readonly type: "detect-talking"; readonly call: CallId }
  /** The dialplan hands calls for a number to this application that is none of its owner's. */
  | { readonly type: "turn-away"; readonly call: CallId; readonly dialled: string }
  | { readonly type: "destroy-bridge"; readonly bridge: string }
  | { readonly type: "play-leave-tone"; readonly bridge: string };

/** What follows from an event or a look: to be reported, and to be done. */
export interface Consequences {
  readonly reports: readonly BridgeEvent[];
  readonly tasks: readonly Task[];
}

/** All that Asterisk showed, asked for piece by piece. */
export interface Look {
  readonly bridges: readonly AriBridge[];
  readonly channels: readonly AriChannel[];
  /** The channels that are in the owner's application. */
  readonly inApplication: ReadonlySet<string>;
  /** What was written down about channels, as far as it was asked for. */
  readonly callNotes: ReadonlyMap<string, CallNotes | null>;
  /** By the id of the main bridge, as far as it was asked for. */
  readonly conferenceNotes: ReadonlyMap<string, ConferenceNotes | null>;
}

interface Held {
  /** The version of the book in which it last changed. */
  touched: number;
  /** How many requests that change it are on their way. */
  requests: number;
}

export interface Conference extends Held {
  readonly key: ConfKey;
  /** The id of its main bridge, for good. */
  readonly mainBridge: string;
  locked: boolean;
  reportsSpeakers: boolean;
  readonly anonymousId: string | null;
  readonly accessCodes?: AccessCodes;
  /** `null`, and 0: any number. */
  readonly maxCallers: number | null;
  dialled: ConferenceNotes["dialled"];
  readonly rooms: Map<RoomId, { readonly bridge: string; readonly kind: RoomName["kind"] }>;
}

export interface Call extends Held {
  readonly id: CallId;
  readonly direction: "in" | "out";
  readonly number: string;
  readonly dialled: string;
  stage: "prompted" | "ringing" | "answered" | "entered";
  /** `null`: it is at the prompt. */
  conference: ConfKey | null;
  /** `null`: it is in none. */
  room: RoomId | null;
  keys: string;
  muted: boolean;
  joinTone: boolean | null;
  attendeeId: string | null;
  /** It keyed the host's access code. */
  host?: boolean;
  extension: string;
  readonly waitMs: number;
  /** Asterisk has taken it to dial. */
  isDialled: boolean;
  dialStatus: string | null;
  /** Whether Asterisk hears it talk, muted or not. */
  isHeard: boolean;
  /** As reported. */
  talking: boolean;
  /** Asterisk was told to end it, for this reason; `isReported`: as something that happened by itself. */
  ending: { readonly reason: EndReason; readonly isReported: boolean } | null;
  /** The last look did not find it. */
  isMissing: boolean;
}

type EndedCall = Extract<BridgeCall, { readonly stage: "ended" }>;

const ENDED_CALLS_KEPT = 1_000;
const KEYS_KEPT = 200;
/**
 * Of those who were dialled, in characters of JSON: several hundred calls, more than a bridge has ports. A dial is in doubt only until the
 * edge has its result, and a call that is up shows by itself. Asterisk takes no request of more than 40,960 bytes, in which each `"` counts twice.
 */
const DIALLED_NOTES_LENGTH = 25_000;
const GONE_BRIDGES_KEPT = 1_000;

const newHeld = { touched: 0, requests: 0 };

/** Channels that are no telephone's. */
const internal = /^(Announcer|Recorder|Snoop|Bridge|CBAnn|CBRec|ConfBridgeRecorder|Message|UnicastRTP|MulticastRTP)\//;

/**
 * What Asterisk holds of one owner, as far as its events, the results of requests and looks say. Events and results come in no common
 * order, and a look is of no single moment: each may come twice or late, and none takes back what a later request or event changed.
 */
export class Book {
  readonly #identity: Pick<DriverIdentity, "owner" | "dialIn"> | null;
  readonly #conferences = new Map<ConfKey, Conference>();
  readonly #calls = new Map<CallId, Call>();
  /** Oldest first. */
  readonly #ended = new Map<CallId, EndedCall>();
  /** Conferences that are being made. */
  readonly #keys = new Map<ConfKey, Held>();
  /** Bridges that are gone, or are going while who was in them leaves; oldest first. */
  readonly #goneBridges = new Set<string>();
  /** Channels in our application that belong to nobody, as the last look found them. */
  #strays: ReadonlySet<string> = new Set();
  #version = 0;
  #callsOfOthers = 0;

  /** `null`: of a visitor, who has nothing there. */
  constructor(identity: Pick<DriverIdentity, "owner" | "dialIn"> | null) {
    this.#identity = identity;
  }

  /** Rises with each change. */
  get version(): number {
    return this.#version;
  }

  conference(key: ConfKey): Conference | undefined {
    return this.#conferences.get(key);
  }

  /** That is up. */
  call(id: CallId): Call | undefined {
    return this.#calls.get(id);
  }

  callsOf(key: ConfKey): Call[] {
    return [...this.#calls.values()].filter(({ conference }) => conference === key);
  }

  /** Asterisk shows a bridge for a moment more while those who were in it leave. */
  isGone(bridge: string): boolean {
    return this.#goneBridges.has(bridge);
  }

  hasEnded(id: CallId): boolean {
    return this.#ended.has(id);
  }

  notesOf({
    direction,
    number,
    dialled,
    keys,
    conference,
    muted,
    joinTone,
    attendeeId,
    host,
    extension,
    waitMs,
    isDialled,
  }: Call): CallNotes {
    const caller = { direction, number, dialled, keys, attendeeId, ...(host && { host }) };
    return { ...caller, conference, muted, joinTone, extension, waitMs, isDialled };
  }

  /** Holds what looks may not change because a request is on its way that does; until the returned function is called. */
  hold(key: ConfKey | null, id: CallId | null): () => void {
    const held: (Held | undefined)[] = [];
    if (key !== null) held.push(this.#heldKey(key));
    if (id !== null) held.push(this.#calls.get(id));
    for (const each of held) if (each) each.requests += 1;
    return () => {
      for (const each of held) {
        if (!each) continue;
        each.requests -= 1;
        this.touch(each);
      }
      if (key !== null && this.#keys.get(key)?.requests === 0) this.#keys.delete(key);
    };
  }

  touch(held: Held): void {
    this.#version += 1;
    held.touched = this.#version;
  }

  addConference(
    key: ConfKey,
    mainBridge: string,
    anonymousId: string | null,
    maxCallers: number | null = null,
    accessCodes?: AccessCodes,
  ): Conference {
    return this.#addConference(key, mainBridge, newNotes({ anonymousId, maxCallers, accessCodes }));
  }

  /** Its calls are over with it. */
  removeConference(key: ConfKey): void {
    for (const call of this.callsOf(key)) this.end(call, "conference-ended");
    for (const { bridge } of this.#conferences.get(key)?.rooms.values() ?? []) this.#bridgeGone(bridge);
    this.#conferences.delete(key);
    this.#version += 1;
  }

  removeRoom(conference: Conference, room: RoomId): void {
    const gone = conference.rooms.get(room);
    if (gone) this.#bridgeGone(gone.bridge);
    conference.rooms.delete(room);
    this.touch(conference);
  }

  /** It is not dialled yet. */
  addDialled(id: CallId, conference: Conference, number: string, extension: string, waitMs: number): Call {
    const call: Call = {
      ...newCall(id, "out", number, ""),
      conference: conference.key,
      stage: "ringing",
      extension,
      waitMs,
    };
    return this.#addCall(call);
  }

  /** From now on it may have been dialled, whatever becomes of it. */
  noteDialled(conference: Conference, { id, number }: Call): void {
    let dialled = [...conference.dialled, { call: id, number }];
    while (JSON.stringify(dialled).length > DIALLED_NOTES_LENGTH) dialled = dialled.slice(1);
    conference.dialled = dialled;
    this.touch(conference);
  }

  /** It was not dialled after all, or nobody knows: what Asterisk shows counts. */
  removeDialled(call: Call): void {
    this.#calls.delete(call.id);
  }

  /** For good; nobody hears of it. */
  end(call: Call, reason: EndReason): void {
    const { id, direction, number } = call;
    if (this.#calls.get(id) !== call) return;
    this.#calls.delete(id);
    this.#version += 1;
    this.#ended.set(id, { stage: "ended", call: id, direction, number, conference: call.conference, reason });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= ENDED_CALLS_KEPT) break;
      this.#ended.delete(oldest);
    }
  }

  /** Asterisk has ended it, as it was told; what is left to do. */
  endedAsTold(call: Call, reason: EndReason): readonly Task[] {
    return this.#calls.get(call.id) === call ? this.#over(call, reason, false).tasks : [];
  }

  /** Whoever is found to talk, or no longer, is reported. */
  speech(call: Call): BridgeEvent[] {
    const { id, conference, stage, muted, isHeard } = call;
    if (this.#calls.get(id) !== call) return []; // It is over.
    const isReported = conference !== null && this.#conferences.get(conference)?.reportsSpeakers === true;
    const talking = isReported && stage === "entered" && !muted && isHeard;
    if (conference === null || talking === call.talking) return [];
    call.talking = talking;
    this.touch(call);
    return [{ type: "talking", call: id, conference, talking }];
  }

  /** Nobody's talk is reported any more, or detected. */
  silence(key: ConfKey): void {
    for (const call of this.callsOf(key)) {
      call.isHeard = false;
      call.talking = false;
      this.touch(call);
    }
  }

  /** Something happened on Asterisk. */
  happened(event: AriEvent): Consequences {
    switch (event.type) {
      case "StasisStart":
        return this.#began(event.channel, event.args);
      case "ChannelStateChange":
        return event.channel.state === "Up" ? this.#answered(event.channel.id) : nothing;
      case "Dial": {
        const call = this.#calls.get(event.peer.id as CallId);
        if (call?.stage !== "ringing") return nothing;
        call.isDialled = true;
        if (event.dialstatus === "ANSWER") return this.#answered(call.id);
        // Asterisk has begun to dial, which may be some time after it was told to.
        if (event.dialstatus === "") return { reports: [], tasks: [{ type: "limit-ringing", call: call.id }] };
        call.dialStatus = event.dialstatus;
        return nothing;
      }
      case "ChannelDtmfReceived":
        return this.#pressed(event.channel.id, event.digit);
      case "ChannelTalkingStarted":
      case "ChannelTalkingFinished": {
        const call = this.#calls.get(event.channel.id as CallId);
        if (!call) return nothing;
        call.isHeard = event.type === "ChannelTalkingStarted";
        return { reports: this.speech(call), tasks: [] };
      }
      case "ChannelDestroyed":
        return this.#destroyed(event.channel.id, event.cause);
      case "StasisEnd": {
        // Of who dialled in this is the last event that comes. A call that nobody answered has its cause in the next one.
        const call = this.#calls.get(event.channel.id as CallId);
        return call?.stage === "ringing" ? nothing : this.#destroyed(event.channel.id, 0);
      }
      case "BridgeDestroyed":
        return this.#bridgeDestroyed(event.bridge.id);
      default:
        return nothing;
    }
  }

  /** Which of these channels and main bridges a look must read the notes of: all when `isFirst`. */
  wanted(
    bridges: readonly AriBridge[],
    isFirst: boolean,
  ): { isCallWanted(id: string): boolean; mainBridges: string[] } {
    const isKnown = (id: string) => this.#calls.has(id as CallId) || this.#ended.has(id as CallId);
    const mains = this.#ownRooms(bridges).filter(({ kind }) => kind === "main");
    const isKnownMain = (id: string) => [...this.#conferences.values()].some(({ mainBridge }) => mainBridge === id);
    return {
      isCallWanted: (id) => (isFirst ? !this.#ended.has(id as CallId) : !isKnown(id)),
      mainBridges: mains.map(({ bridge }) => bridge).filter((id) => isFirst || !isKnownMain(id)),
    };
  }

  /**
   * Asterisk was looked at; `since` is the version of the book when that began. `isFirst`: since the link, or since this agent acts. Then what
   * differs was missed, and what is written on Asterisk counts. Else events have told of all; should one have been lost, this reports it.
   */
  looked(look: Look, since: number, isFirst: boolean): Consequences {
    const reports: BridgeEvent[] = [];
    const tasks: Task[] = [];
    const add = (more: Consequences) => {
      if (!isFirst) reports.push(...more.reports);
      tasks.push(...more.tasks);
    };
    const places = this.#lookAtBridges(look, since, isFirst, add);
    this.#lookAtChannels(look, since, isFirst, places, add);
    if (isFirst) this.#endDialled();
    this.#callsOfOthers = this.#countOthers(look.channels);
    return { reports, tasks };
  }

  state(): DriverState {
    const conferences = Array.from(
      this.#conferences.values(),
      ({ key, locked, reportsSpeakers, anonymousId, accessCodes, rooms }) => ({
        conference: key,
        owner: this.#identity?.owner ?? null,
        locked,
        reportsSpeakers,
        anonymousId,
        ...(accessCodes && { accessCodes }),
        rooms: Array.from(rooms, ([id, { kind }]) => ({ id, kind })),
      }),
    );
    const calls = [...this.#ended.values(), ...Array.from(this.#calls.values(), shown)];
    return { conferences, calls, callsOfOthers: this.#callsOfOthers };
  }

  /** Whether others are in the room that a call is or was in. */
  isPeopled({ id, conference, room }: Call): boolean {
    return [...this.#calls.values()].some(
      (other) => other.id !== id && other.conference === conference && other.room === room && other.stage === "entered",
    );
  }

  /** `null`: it is in no room. */
  bridgeOf({ conference, room }: Call): string | null {
    if (conference === null || room === null) return null;
    return this.#conferences.get(conference)?.rooms.get(room)?.bridge ?? null;
  }

  #bridgeGone(id: string): void {
    this.#goneBridges.add(id);
    for (const oldest of this.#goneBridges) {
      if (this.#goneBridges.size <= GONE_BRIDGES_KEPT) break;
      this.#goneBridges.delete(oldest);
    }
  }

  /** Takes the place of a conference that is not there yet. */
  #heldKey(key: ConfKey): Held {
    const known = this.#conferences.get(key) ?? this.#keys.get(key);
    if (known) return known;
    const held = { ...newHeld };
    this.#keys.set(key, held);
    return held;
  }

  #addConference(key: ConfKey, mainBridge: string, notes: ConferenceNotes): Conference {
    const rooms = new Map([[MAIN_ROOM, { bridge: mainBridge, kind: "main" as const }]]);
    const added: Conference = { ...newHeld, key, mainBridge, ...notes, rooms };
    this.#conferences.set(key, added);
    this.touch(added);
    return added;
  }

  /** A channel came into the application: one that we dialled, or a caller. */
  #began({ id, state, caller, dialplan }: AriChannel, [how, dialled, number]: readonly string[]): Consequences {
    // Who calls is never down: that is what an earlier link has asked for, and a look finds it.
    if (this.#isKnown(id) || isProbe(id) || isWhisperer(id) || state === "Down") return nothing;
    const isTold = how === "in";
    return this.#callerFound(id, isTold, {
      number: digitsOf(isTold && number !== undefined ? number : caller.number),
      dialled: digitsOf(isTold && dialled !== undefined ? dialled : dialplan.exten),
    });
  }

  /** `isTold`: by the dialplan, that this is a caller. */
  #callerFound(
    id: string,
    isTold: boolean,
    { number, dialled }: { readonly number: string; readonly dialled: string },
  ): Consequences {
    if (!this.#isOwnNumber(dialled)) {
      // A caller would wait in silence, since nobody else has this application.
      const isLost = isTold && this.#identity !== null;
      return isLost ? { reports: [], tasks: [{ type: "turn-away", call: id as CallId, dialled }] } : nothing;
    }
    const call = this.#addCall(newCall(id as CallId, "in", number, dialled));
    return {
      reports: [{ type: "prompted", call: call.id, number, dialled }],
      tasks: [{ type: "answer", call: call.id }],
    };
  }

  #answered(id: string): Consequences {
    const call = this.#calls.get(id as CallId);
    if (call?.stage !== "ringing" || call.conference === null || call.ending !== null) return nothing;
    call.stage = "answered";
    this.touch(call);
    const reports = [{ type: "answered", call: call.id, conference: call.conference }] as const;
    return { reports, tasks: call.extension === "" ? [] : [{ type: "dial-extension", call: call.id }] };
  }

  #pressed(id: string, digit: string): Consequences {
    const call = this.#calls.get(id as CallId);
    if (!call || !/^[0-9*#]$/.test(digit)) return nothing;
    const reports = [{ type: "keys", call: call.id, keys: digit }] as const;
    if (call.stage === "entered") return { reports, tasks: [] };
    if (call.stage !== "prompted") return nothing;
    call.keys = (call.keys + digit).slice(-KEYS_KEPT);
    this.touch(call);
    return { reports, tasks: [{ type: "write-notes", call: call.id }] };
  }

  #destroyed(id: string, cause: number): Consequences {
    const call = this.#calls.get(id as CallId);
    if (!call) return nothing;
    const { ending, stage, dialStatus } = call;
    const isReported = ending === null || ending.isReported;
    // The telephone may have spoken just before it was hung up on.
    const isAsTold = ending !== null && (!isReported || mayBeOwnHangUp({ cause, dialStatus }));
    if (isAsTold) return this.#over(call, ending.reason, isReported);
    return this.#over(call, stage === "ringing" ? reasonOfDial({ cause, dialStatus }) : "hung-up", isReported);
  }

  #over(call: Call, reason: EndReason, isReported: boolean): Consequences {
    const { id, conference, joinTone } = call;
    const bridge = this.bridgeOf(call);
    this.end(call, reason);
    const isHeardToLeave = bridge !== null && joinTone === true && reason !== "conference-ended";
    return {
      reports: isReported ? [{ type: "ended", call: id, conference, reason }] : [],
      tasks: isHeardToLeave && this.isPeopled(call) ? [{ type: "play-leave-tone", bridge }] : [],
    };
  }

  /** Not by the agent's own command: those hold what they change. */
  #bridgeDestroyed(id: string): Consequences {
    for (const conference of this.#conferences.values()) {
      if (conference.requests > 0) continue;
      for (const [room, { bridge }] of conference.rooms) {
        if (bridge === id)
          return room === MAIN_ROOM ? this.#endedElsewhere(conference) : this.#roomGone(conference, room);
      }
    }
    return nothing;
  }

  #endedElsewhere({ key, rooms }: Conference): Consequences {
    const hangUps = this.callsOf(key).map(({ id }) => ({ type: "hang-up", call: id }) as const);
    const bridges = Array.from(rooms.values(), ({ bridge }) => ({ type: "destroy-bridge", bridge }) as const);
    this.removeConference(key);
    return { reports: [{ type: "conference-ended", conference: key }], tasks: [...hangUps, ...bridges] };
  }

  #roomGone(conference: Conference, room: RoomId): Consequences {
    this.removeRoom(conference, room);
    const inside = this.callsOf(conference.key).filter((call) => call.room === room);
    for (const call of inside) {
      call.room = MAIN_ROOM;
      this.touch(call);
    }
    return { reports: [], tasks: inside.map(({ id }) => ({ type: "enter-main-room", call: id })) };
  }

  #ownRooms(
    bridges: readonly AriBridge[],
  ): (RoomName & { readonly bridge: string; readonly channels: readonly string[] })[] {
    return bridges.flatMap(({ id, name, channels }) => {
      const room = readBridgeName(name);
      const isOwn = room?.owner === this.#identity?.owner && !this.#goneBridges.has(id);
      return room !== null && isOwn ? [{ ...room, bridge: id, channels }] : [];
    });
  }

  /** Where each channel is that is in a room of a conference which is there. */
  #lookAtBridges(
    { bridges, conferenceNotes }: Look,
    since: number,
    isFirst: boolean,
    add: (more: Consequences) => void,
  ): Map<string, { readonly key: ConfKey; readonly room: RoomId }> {
    const isStill = (held: Held) => held.requests === 0 && held.touched <= since;
    const rooms = this.#ownRooms(bridges);
    const mains = new Map(rooms.filter(({ kind }) => kind === "main").map((room) => [room.conference, room.bridge]));
    for (const conference of [...this.#conferences.values()]) {
      if (isStill(conference) && mains.get(conference.key) !== conference.mainBridge)
        add(this.#endedElsewhere(conference));
    }
    for (const [key, mainBridge] of mains) {
      const known = this.#conferences.get(key);
      if (known ? isFirst && isStill(known) : !this.#keys.has(key)) {
        // What is not written there was not done.
        const notes = conferenceNotes.get(mainBridge) ?? newNotes(known ?? { anonymousId: null, maxCallers: null });
        this.#addConference(key, mainBridge, notes).touched = since;
      }
    }
    const places = new Map<string, { readonly key: ConfKey; readonly room: RoomId }>();
    const seen = new Set<string>();
    for (const { conference: key, room, kind, bridge, channels } of rooms) {
      for (const id of channels) places.set(id, { key, room });
      seen.add(bridge);
      const conference = this.#conferences.get(key);
      if (!conference && !this.#keys.has(key)) add({ reports: [], tasks: [{ type: "destroy-bridge", bridge }] });
      if (conference && isStill(conference) && kind !== "main") conference.rooms.set(room, { bridge, kind });
    }
    for (const conference of this.#conferences.values()) {
      for (const [room, { bridge }] of conference.rooms) {
        if (isStill(conference) && room !== MAIN_ROOM && !seen.has(bridge)) add(this.#roomGone(conference, room));
      }
    }
    return places;
  }

  #lookAtChannels(
    { channels, inApplication, callNotes }: Look,
    since: number,
    isFirst: boolean,
    places: ReadonlyMap<string, { readonly key: ConfKey; readonly room: RoomId }>,
    add: (more: Consequences) => void,
  ): void {
    const isStill = (held: Held) => held.requests === 0 && held.touched <= since;
    const present = new Set<string>();
    const strays = new Set<string>();
    for (const channel of channels) {
      present.add(channel.id);
      const isOurs = inApplication.has(channel.id);
      const hangUp = () => add({ reports: [], tasks: [{ type: "hang-up", call: channel.id as CallId }] });
      if (isProbe(channel.id) || isWhisperer(channel.id)) {
        // Of an agent that is gone: nobody would end it.
        if (isFirst && isOurs) hangUp();
        continue;
      }
      const known = this.#calls.get(channel.id as CallId);
      if (known && !isStill(known)) continue;
      const notes = callNotes.get(channel.id) ?? null;
      // It was made and not dialled, by a request of an earlier link that Asterisk carried out late.
      const isNobodys = !known && channel.state === "Down" && !(isFirst && notes !== null);
      if (this.#ended.has(channel.id as CallId) || isNobodys) {
        if (!isOurs) continue;
        // Asterisk may show for a moment what is over.
        if (isFirst || this.#strays.has(channel.id)) hangUp();
        strays.add(channel.id);
      } else if (known ? isFirst : isOurs || notes !== null) {
        this.#adopt(channel, notes, known, places.get(channel.id) ?? null, isFirst, add);
      } else if (known) add(this.#compare(known, channel, places.get(channel.id) ?? null));
    }
    this.#strays = strays;
    for (const call of [...this.#calls.values()]) {
      if (present.has(call.id) || !isStill(call)) call.isMissing = false;
      else if (isFirst || call.isMissing)
        add(this.#over(call, call.ending?.reason ?? unseenEnd(call), call.ending?.isReported ?? true));
      else call.isMissing = true;
    }
  }

  /** Calls that an earlier agent dialled and that were over before this one looked: nobody knows how they ended. */
  #endDialled(): void {
    for (const conference of this.#conferences.values()) {
      for (const { call, number } of conference.dialled) {
        if (this.#calls.has(call) || this.#ended.has(call)) continue;
        const ended = { ...newCall(call, "out", number, ""), conference: conference.key, stage: "ringing" as const };
        this.end(this.#addCall(ended), unseenEnd(ended));
      }
    }
  }

  #addCall(call: Call): Call {
    this.#calls.set(call.id, call);
    this.touch(call);
    return call;
  }

  /** A call that this book did not have, or had before others may have changed it. */
  #adopt(
    channel: AriChannel,
    notes: CallNotes | null,
    known: Call | undefined,
    place: { readonly key: ConfKey; readonly room: RoomId } | null,
    isFirst: boolean,
    add: (more: Consequences) => void,
  ): void {
    const { id, state, caller, dialplan } = channel;
    const dialling = notes === null && !known ? this.#diallingOf(id) : null;
    if (notes === null && !known && dialling === null) {
      const [, how, ...args] = dialplan.app_name === "Stasis" ? (dialplan.app_data ?? "").split(",") : [];
      const [dialled, number] = how === "in" ? args : [];
      const found = { number: digitsOf(number ?? caller.number), dialled: digitsOf(dialled ?? dialplan.exten) };
      return add(this.#callerFound(id, how === "in", found));
    }
    const call: Call = {
      ...(known ??
        newCall(
          id as CallId,
          notes?.direction ?? "out",
          notes?.number ?? dialling?.number ?? "",
          notes?.dialled ?? "",
        )),
      ...(notes ?? {}),
      ...(dialling && { conference: dialling.conference }),
      // What was asked of an earlier link did not come to pass, or its event tells why; who talks is found out anew.
      ending: null,
      isHeard: false,
      talking: false,
    };
    call.room = place?.room ?? null;
    this.#calls.set(call.id, call);
    const key = place?.key ?? call.conference;
    if (key !== null && !this.#conferences.has(key)) {
      this.end(call, "conference-ended");
      return add({ reports: [], tasks: [{ type: "hang-up", call: call.id }] });
    }
    if (isFirst && state === "Up") add({ reports: [], tasks: [{ type: "apply-mute", call: call.id }] });
    if (place) {
      call.conference = place.key;
      call.stage = "entered";
    } else if (call.direction === "in" && call.conference !== null) {
      // It was admitted, and did not get there, or its bridge is going: then the conference's end ends it, too.
      call.stage = "entered";
      call.room = MAIN_ROOM;
      if (isFirst) add({ reports: [], tasks: [{ type: "enter-main-room", call: call.id }] });
    } else if (call.direction === "in") call.stage = "prompted";
    else call.stage = state === "Up" ? "answered" : "ringing";
    if (state !== "Down") call.isDialled = true;
    if (isFirst) add({ reports: [], tasks: this.#tasksFor(call, state) });
  }

  /** What the agent that acts must see to. */
  #tasksFor({ id, stage, direction, extension, conference, isDialled }: Call, state: string): Task[] {
    if (direction === "in" && state !== "Up") return [{ type: "answer", call: id }];
    if (stage === "ringing" && isDialled) return [{ type: "limit-ringing", call: id }];
    if (stage === "ringing") return [{ type: this.#diallingOf(id) === null ? "dial" : "settle-dial", call: id }];
    if (stage === "answered" && extension !== "") return [{ type: "dial-extension", call: id }];
    const reportsSpeakers = conference !== null && this.#conferences.get(conference)?.reportsSpeakers;
    return stage === "entered" && reportsSpeakers ? [{ type: "detect-talking", call: id }] : [];
  }

  /** Should an event have been lost. */
  #compare(
    call: Call,
    { state }: AriChannel,
    place: { readonly key: ConfKey; readonly room: RoomId } | null,
  ): Consequences {
    if (call.stage === "entered" && place?.key === call.conference) call.room = place.room;
    return state === "Up" ? this.#answered(call.id) : nothing;
  }

  #diallingOf(id: string): { readonly conference: ConfKey; readonly number: string } | null {
    for (const { key, dialled } of this.#conferences.values()) {
      const found = dialled.find(({ call }) => call === id);
      if (found) return { conference: key, number: found.number };
    }
    return null;
  }

  #isKnown(id: string): boolean {
    return this.#calls.has(id as CallId) || this.#ended.has(id as CallId) || this.#diallingOf(id) !== null;
  }

  #isOwnNumber(dialled: string): boolean {
    if (this.#identity === null) return false;
    return this.#identity.dialIn?.includes(dialled) ?? true;
  }

  /** The halves of a Local channel are one call. */
  #countOthers(channels: readonly AriChannel[]): number {
    const half = /;[12]$/;
    const isOwn = ({ id }: AriChannel) => this.#calls.has(id as CallId) || this.#ended.has(id as CallId) || isProbe(id);
    const own = new Set(channels.filter(isOwn).map(({ name }) => name.replace(half, "")));
    const all = new Set(channels.filter(({ name }) => !internal.test(name)).map(({ name }) => name.replace(half, "")));
    return [...all].filter((name) => !own.has(name)).length;
  }
}

const nothing: Consequences = { reports: [], tasks: [] };

/** Of a conference with which nothing was done yet. */
export function newNotes({
  anonymousId,
  maxCallers,
  accessCodes,
}: Pick<Conference, "anonymousId" | "maxCallers"> & {
  readonly accessCodes?: AccessCodes | undefined;
}): ConferenceNotes {
  const asCreated = { anonymousId, maxCallers, ...(accessCodes && { accessCodes }) };
  return { locked: false, reportsSpeakers: false, ...asCreated, dialled: [] };
}

function newCall(id: CallId, direction: "in" | "out", number: string, dialled: string): Call {
  return {
    ...newHeld,
    id,
    direction,
    number,
    dialled,
    stage: "prompted",
    conference: null,
    room: null,
    keys: "",
    muted: false,
    joinTone: null,
    attendeeId: null,
    extension: "",
    waitMs: 0,
    isDialled: false,
    dialStatus: null,
    isHeard: false,
    talking: false,
    ending: null,
    isMissing: false,
  };
}

/** Why a call is over whose end nobody saw. Nobody may say that a telephone rejected it. */
function unseenEnd({ stage }: Pick<Call, "stage">): EndReason {
  return stage === "ringing" ? "refused" : "hung-up";
}

function shown(call: Call): BridgeCall {
  const { id, stage, direction, number, dialled, keys, conference, room, muted, joinTone, attendeeId, talking } = call;
  if (stage === "prompted" || conference === null) return { stage: "prompted", call: id, number, dialled, keys };
  if (stage === "entered" && room !== null) {
    const as = { muted, joinTone, attendeeId, ...(call.host && { host: true }) };
    return { stage, call: id, direction, number, conference, room, ...as, talking };
  }
  return { stage: stage === "ringing" ? "ringing" : "answered", call: id, number, conference };
}
