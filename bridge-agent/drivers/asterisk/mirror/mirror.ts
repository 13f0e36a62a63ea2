import type { EndReason } from "../../../../src/bridge/events.ts";
import type { BridgeCall } from "../../../../src/bridge/state.ts";
import { type CallId, type ConfKey, type EpochMs, MAIN_ROOM, type RoomId } from "../../../../src/foundation/ids.ts";
import { setLimited } from "../../../../src/foundation/limits.ts";
import type { DriverIdentity, DriverState } from "../../driver.ts";
import { sharedWith } from "../../ownership.ts";
import { KeyTiming } from "./key-timing.ts";
import type { CallNotes, ConferenceNotes, RoomName } from "./names.ts";

type OwnerIdentity = Pick<DriverIdentity, "owner" | "dialIn">;

interface Entry {
  /** The version of the mirror in which it last changed. */
  touched: number;
  /** How many requests that change it are on their way. */
  requests: number;
}

export interface MirroredConference extends Entry, ConferenceNotes {
  readonly key: ConfKey;
  /** The id of its main bridge, for good. */
  readonly mainBridge: string;
  /** The command that wants speakers reported has no result yet: they are after it. */
  isTurningOnSpeakers?: boolean;
  readonly rooms: Map<RoomId, { readonly bridge: string; readonly kind: RoomName["kind"] }>;
}

/** `conference` is `null` at the prompt. */
export interface Call extends Entry, CallNotes {
  readonly id: CallId;
  stage: "prompted" | "ringing" | "answered" | "entered";
  /** `null`: it is in none. */
  room: RoomId | null;
  readonly keyTiming: KeyTiming;
  /** Its caller may have keyed what was never reported, and has not been asked anew since. */
  isBehindGap: boolean;
  /** The `#` that is kept back, by when it was released; `null`: none. */
  keptHash: EpochMs | null;
  /** A sentence is played to it. A whisper is not. */
  isSpokenTo: boolean;
  /** As last reported by `Dial`; `null`: never. */
  dialStatus: string | null;
  /** True if the trunk has reported that its telephone rings. */
  hasRung: boolean;
  /** True if its caller has put it on hold. */
  isHeld: boolean;
  /** Whether Asterisk hears it talk, muted or not. */
  isHeard: boolean;
  /** Whether sound came from it lately. Looked at only while `isHeard`; true where nobody knows. */
  isSending: boolean;
  /** As reported. */
  talking: boolean;
  /** A command ends it, for this reason; `isReported`: as something that happened by itself. */
  ending: { readonly reason: EndReason; readonly isReported: boolean; readonly trunk?: string } | null;
  /** The last snapshot did not have it. */
  isMissing: boolean;
  /** It has entered, and the last snapshot had it in no bridge. */
  isOutside: boolean;
}

type EndedCall = Extract<BridgeCall, { readonly stage: "ended" }>;

/** Of each call. */
export const KEYS_KEPT = 200;
const ENDED_CALLS_KEPT = 1_000;
const GONE_BRIDGES_KEPT = 1_000;
/**
 * Of the calls that were dialled, in characters of JSON: several hundred, more than a bridge has ports. Asterisk takes no request of more than
 * 40,960 bytes, in which each `"` counts twice.
 */
const DIALLED_NOTES_LENGTH = 25_000;

/**
 * What Asterisk holds of one owner. Events, results and snapshots come in no common order, each twice or late: `version` and `Entry` show what
 * is newer than a snapshot.
 */
export class Mirror {
  readonly #identity: OwnerIdentity | null;
  readonly conferences = new Map<ConfKey, MirroredConference>();
  readonly calls = new Map<CallId, Call>();
  /** Oldest first. */
  readonly endedCalls = new Map<CallId, EndedCall>();
  /** Conferences that are being made. */
  readonly beingMade = new Map<ConfKey, Entry>();
  /** Bridges that are gone: Asterisk shows them for a moment more, while callers leave. Oldest first. */
  readonly goneBridges = new Map<string, true>();
  /** Channels in the application that belong to nobody, as of the last snapshot. */
  strays: ReadonlySet<string> = new Set();
  callsOfOthers = 0;
  /** Owners of all conferences in the last snapshot. */
  owners: readonly string[] = [];
  /** Rises with each change. */
  version = 0;

  /** `null`: of a visitor, who has nothing there. */
  constructor(identity: OwnerIdentity | null) {
    this.#identity = identity;
  }

  /** To a visitor all calls are those of others. */
  get isVisitors(): boolean {
    return this.#identity === null;
  }

  isOwn({ owner }: RoomName): boolean {
    return owner === this.#identity?.owner;
  }

  isOwnNumber(dialled: string): boolean {
    return this.#identity !== null && (this.#identity.dialIn?.includes(dialled) ?? true);
  }

  callsOf(key: ConfKey): Call[] {
    return [...this.calls.values()].filter(({ conference }) => conference === key);
  }

  /** Those in a room of this conference. */
  inside(key: ConfKey): Call[] {
    return this.callsOf(key).filter(({ stage }) => stage === "entered");
  }

  /** Whether others are in the room that a call is or was in. */
  hasOthersBeside({ id, conference, room }: Call): boolean {
    return conference !== null && this.inside(conference).some((other) => other.id !== id && other.room === room);
  }

  /** `null`: it is in no room. */
  bridgeOf({ conference, room }: Call): string | null {
    if (conference === null || room === null) return null;
    return this.conferences.get(conference)?.rooms.get(room)?.bridge ?? null;
  }

  /** The dial that was begun for this channel, or was about to be. */
  dialOf(id: string): { readonly conference: ConfKey; readonly number: string } | null {
    for (const { key, dialled } of this.conferences.values()) {
      const found = dialled.find(({ call }) => call === id);
      if (found) return { conference: key, number: found.number };
    }
    return null;
  }

  /** No snapshot changes this conference, or brings it about, until the returned function is called: a request is on its way. */
  holdConference(key: ConfKey): () => void {
    const release = this.#hold(this.#entryOf(key));
    return () => {
      release();
      if (this.beingMade.get(key)?.requests === 0) this.beingMade.delete(key);
    };
  }

  /** No snapshot changes this call until the returned function is called: a request is on its way. */
  holdCall(id: CallId): () => void {
    const call = this.calls.get(id);
    return call ? this.#hold(call) : () => {};
  }

  touch(entry: Entry): void {
    this.version += 1;
    entry.touched = this.version;
  }

  addConference(key: ConfKey, mainBridge: string, notes: Partial<ConferenceNotes> = {}): MirroredConference {
    const added: MirroredConference = {
      ...newEntry,
      ...newConferenceNotes,
      ...notes,
      key,
      mainBridge,
      rooms: new Map([[MAIN_ROOM, { bridge: mainBridge, kind: "main" }]]),
    };
    this.conferences.set(key, added);
    this.touch(added);
    return added;
  }

  /** Its calls are over with it. */
  removeConference(key: ConfKey): void {
    for (const call of this.callsOf(key)) this.end(call, "conference-ended");
    for (const { bridge } of this.conferences.get(key)?.rooms.values() ?? []) this.bridgeGone(bridge);
    this.conferences.delete(key);
    this.version += 1;
  }

  removeRoom(conference: MirroredConference, room: RoomId): void {
    const gone = conference.rooms.get(room);
    if (gone) this.bridgeGone(gone.bridge);
    conference.rooms.delete(room);
    this.touch(conference);
  }

  bridgeGone(id: string): void {
    setLimited(this.goneBridges, id, true, GONE_BRIDGES_KEPT);
  }

  addCall(call: Call): Call {
    this.calls.set(call.id, call);
    this.touch(call);
    return call;
  }

  /** From now on it may have been dialled, whatever becomes of it. */
  noteDialled(conference: MirroredConference, { id, number }: Call): void {
    let dialled = [...conference.dialled, { call: id, number }];
    while (JSON.stringify(dialled).length > DIALLED_NOTES_LENGTH) dialled = dialled.slice(1);
    conference.dialled = dialled;
    this.touch(conference);
  }

  /** Its dial came to nothing, or nobody knows: what Asterisk shows counts. */
  removeCall(call: Call): void {
    this.calls.delete(call.id);
  }

  /** For good. */
  end(call: Call, reason: EndReason): void {
    const { id, direction, number } = call;
    if (this.calls.get(id) !== call) return;
    this.calls.delete(id);
    this.version += 1;
    const ended: EndedCall = { stage: "ended", call: id, direction, number, conference: call.conference, reason };
    setLimited(this.endedCalls, id, ended, ENDED_CALLS_KEPT);
  }

  state(): DriverState {
    const owner = this.#identity?.owner ?? null;
    const conferences = Array.from(
      this.conferences.values(),
      ({ key, locked, reportsSpeakers, anonymousId, maxCallers, accessCodes, rooms }) => ({
        conference: key,
        owner,
        locked,
        reportsSpeakers,
        anonymousId,
        maxCallers,
        ...(accessCodes && { accessCodes }),
        rooms: Array.from(rooms, ([id, { kind }]) => ({ id, kind })),
      }),
    );
    const calls = [...this.endedCalls.values(), ...Array.from(this.calls.values(), stateOf)];
    const { callsOfOthers, owners } = this;
    return { conferences, calls, callsOfOthers, sharedWith: sharedWith(this.#identity, owners) };
  }

  #hold(entry: Entry): () => void {
    entry.requests += 1;
    return () => {
      entry.requests -= 1;
      this.touch(entry);
    };
  }

  /** Of a conference that is not there yet: that of its place. */
  #entryOf(key: ConfKey): Entry {
    const known = this.conferences.get(key) ?? this.beingMade.get(key);
    if (known) return known;
    const entry = { ...newEntry };
    this.beingMade.set(key, entry);
    return entry;
  }
}

const newEntry: Entry = { touched: 0, requests: 0 };

export const newConferenceNotes: ConferenceNotes = {
  locked: false,
  reportsSpeakers: false,
  anonymousId: null,
  maxCallers: null,
  dialled: [],
};

/** What is known of a call that nobody has followed yet. */
export const initialCall = {
  keptHash: null,
  isSpokenTo: false,
  isHeld: false,
  isHeard: false,
  isSending: true,
  talking: false,
  ending: null,
} as const;

export function newCall(id: CallId, direction: "in" | "out", more: Partial<Call> = {}): Call {
  return {
    ...newEntry,
    id,
    direction,
    number: "",
    dialled: "",
    stage: direction === "in" ? "prompted" : "ringing",
    conference: null,
    room: null,
    keys: "",
    keyTiming: new KeyTiming(),
    isBehindGap: false,
    muted: false,
    joinTone: null,
    attendeeId: null,
    extension: "",
    waitMs: 0,
    isDialled: false,
    dialStatus: null,
    hasRung: false,
    ...initialCall,
    isMissing: false,
    isOutside: false,
    ...more,
  };
}

function stateOf(call: Call): BridgeCall {
  const { id, stage, direction, number, dialled, keys, conference, room, muted, joinTone, attendeeId, talking } = call;
  if (stage === "prompted" || conference === null) return { stage: "prompted", call: id, number, dialled, keys };
  if (stage === "entered" && room !== null) {
    const as = { muted, joinTone, attendeeId, ...(call.host && { host: true }) };
    return { stage, call: id, direction, number, conference, room, ...as, talking };
  }
  return { stage: stage === "ringing" ? "ringing" : "answered", call: id, number, conference };
}
