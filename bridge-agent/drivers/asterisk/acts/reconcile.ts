import type { BridgeEvent, EndReason } from "../../../../src/bridge/events.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../../../src/foundation/ids.ts";
import type { AriChannel } from "../ari.ts";
import {
  type Consequences,
  callerFound,
  callOver,
  callUp,
  conferenceOver,
  type FollowUp,
  nothing,
  roomOver,
  toDo,
} from "../mirror/changes.ts";
import { type Call, initialCall, KEYS_KEPT, type Mirror, newCall } from "../mirror/mirror.ts";
import { isHelper, readBridgeName } from "../mirror/names.ts";
import { type AriRoom, type AriSnapshot, ownRooms } from "../mirror/snapshot.ts";

/** One reconciliation, and what follows from it so far. */
interface MirrorDraft {
  readonly mirror: Mirror;
  readonly snapshot: AriSnapshot;
  readonly since: number;
  readonly afterGap: boolean;
  /** Channels whose events are all known, from the first one on. */
  readonly begun: ReadonlySet<string>;
  readonly reports: BridgeEvent[];
  readonly followUps: FollowUp[];
}

/** Where a channel is. */
interface Place {
  readonly key: ConfKey;
  readonly room: RoomId;
}

/**
 * Brings the mirror in line with a snapshot, begun at its version `since`: what has changed since stays. `afterGap`: events were missed, so
 * what is written on Asterisk counts, and nothing is reported. `begun`: channels whose beginning was not missed.
 */
export function reconcile(
  mirror: Mirror,
  snapshot: AriSnapshot,
  since: number,
  afterGap: boolean,
  begun: ReadonlySet<string> = new Set(),
): Consequences {
  const draft: MirrorDraft = { mirror, snapshot, since, afterGap, begun, reports: [], followUps: [] };
  const rooms = withoutImpostors(draft, ownRooms(mirror, snapshot.bridges));
  reconcileConferences(draft, rooms);
  reconcileRooms(draft, rooms);
  reconcileChannels(draft, placesIn(rooms));
  endMissingCalls(draft);
  if (afterGap) endUnseenDials(mirror);
  mirror.owners = snapshot.bridges.flatMap(({ name }) => readBridgeName(name)?.owner ?? []);
  if (snapshot.hasOthers) mirror.callsOfOthers = countOthers(mirror, snapshot.channels);
  return { reports: draft.reports, followUps: draft.followUps };
}

function follow({ afterGap, reports, followUps }: MirrorDraft, more: Consequences): void {
  if (!afterGap) reports.push(...more.reports);
  followUps.push(...more.followUps);
}

/** It has not changed since the snapshot was begun, and no request that changes it is on its way. */
function isUnchanged({ since }: MirrorDraft, entry: { readonly touched: number; readonly requests: number }): boolean {
  return entry.requests === 0 && entry.touched <= since;
}

function placesIn(rooms: readonly AriRoom[]): ReadonlyMap<string, Place> {
  return new Map(rooms.flatMap(({ conference: key, room, channels }) => channels.map((id) => [id, { key, room }])));
}

/** Of several bridges with the name of one room, one is the room, and the others go: who is in them would hear nobody. */
function withoutImpostors(draft: MirrorDraft, rooms: readonly AriRoom[]): readonly AriRoom[] {
  const { mirror, snapshot } = draft;
  const groups = Map.groupBy(rooms, ({ conference, room }) => `${room} ${conference}`);
  return [...groups.values()].flatMap((alike) => {
    const [{ conference: key, room }] = alike as [AriRoom];
    const conference = mirror.conferences.get(key);
    const known = conference?.rooms.get(room)?.bridge;
    const chosen =
      alike.find(({ bridge }) => bridge === known) ??
      alike.find(({ bridge }) => isNoted(snapshot, bridge)) ??
      alike.find(({ channels }) => channels.length > 0) ??
      alike[0];
    const isInDoubt = mirror.beingMade.has(key) || (conference !== undefined && !isUnchanged(draft, conference));
    for (const { bridge } of alike)
      if (bridge !== chosen?.bridge && !isInDoubt) follow(draft, toDo({ type: "destroy-bridge", bridge }));
    return chosen ?? [];
  });
}

function isNoted({ conferenceNotes }: AriSnapshot, mainBridge: string): boolean {
  return (conferenceNotes.get(mainBridge) ?? null) !== null;
}

/** A conference is there as long as its main bridge is, which has notes before it is made, so that one without is going. */
function reconcileConferences(draft: MirrorDraft, rooms: readonly AriRoom[]): void {
  const { mirror, snapshot, since, afterGap } = draft;
  const mains = new Map(
    rooms.flatMap(({ kind, conference, bridge }) => (kind === "main" ? [[conference, bridge] as const] : [])),
  );
  const over = new Set<ConfKey>();
  for (const conference of [...mirror.conferences.values()]) {
    if (!isUnchanged(draft, conference) || mains.get(conference.key) === conference.mainBridge) continue;
    follow(draft, conferenceOver(mirror, conference));
    over.add(conference.key);
  }
  for (const [key, mainBridge] of mains) {
    const known = mirror.conferences.get(key);
    if (known ? !afterGap || !isUnchanged(draft, known) : mirror.beingMade.has(key)) continue;
    if (!known && !isNoted(snapshot, mainBridge) && (!afterGap || over.has(key))) continue;
    // What is not written on Asterisk was not done; what the create said is known all the same.
    const { anonymousId = null, maxCallers = null, accessCodes } = known ?? {};
    const asCreated = { anonymousId, maxCallers, ...(accessCodes && { accessCodes }) };
    const notes = snapshot.conferenceNotes.get(mainBridge) ?? asCreated;
    mirror.addConference(key, mainBridge, notes).touched = since; // As old as the snapshot.
  }
}

function reconcileRooms(draft: MirrorDraft, rooms: readonly AriRoom[]): void {
  const { mirror } = draft;
  for (const { conference: key, room, kind, bridge } of rooms) {
    const conference = mirror.conferences.get(key);
    if (!conference && !mirror.beingMade.has(key)) follow(draft, toDo({ type: "destroy-bridge", bridge }));
    if (conference && isUnchanged(draft, conference) && kind !== "main") conference.rooms.set(room, { bridge, kind });
  }
  const bridges = new Set(rooms.map(({ bridge }) => bridge));
  for (const conference of mirror.conferences.values()) {
    for (const [room, { bridge }] of conference.rooms) {
      if (isUnchanged(draft, conference) && room !== MAIN_ROOM && !bridges.has(bridge))
        follow(draft, roomOver(mirror, conference, room));
    }
  }
}

function reconcileChannels(draft: MirrorDraft, places: ReadonlyMap<string, Place>): void {
  const { mirror, snapshot, afterGap } = draft;
  if (mirror.isVisitors) return;
  const strays = new Set<string>();
  for (const channel of snapshot.channels) {
    const id = channel.id as CallId;
    const isOurs = snapshot.inApplication.has(id);
    const known = mirror.calls.get(id);
    const place = places.get(id) ?? null;
    if (isHelper(id)) {
      // Of an agent that is gone: nobody else would end it.
      if (afterGap && isOurs) follow(draft, toDo({ type: "hang-up", call: id }));
    } else if (isStray(draft, channel)) {
      if (!isOurs) continue;
      // Asterisk may show for a moment what is over.
      if (afterGap || mirror.strays.has(id)) follow(draft, toDo({ type: "hang-up", call: id }));
      strays.add(id);
    } else if (!known) {
      if (isOurs) addFound(draft, channel, undefined, place);
    } else if (isUnchanged(draft, known)) {
      if (afterGap) addFound(draft, channel, known, place);
      else follow(draft, compare(mirror, known, channel, place));
    }
  }
  mirror.strays = strays;
  for (const id of snapshot.undescribed) follow(draft, toDo({ type: "turn-away", call: id as CallId, dialled: null }));
}

/** Its call is over; or it was made and not dialled, by a request of an earlier link that Asterisk carried out late. */
function isStray({ mirror, snapshot, afterGap }: MirrorDraft, { id, state }: AriChannel): boolean {
  if (mirror.endedCalls.has(id as CallId)) return true;
  const mayBeDialled = afterGap && (snapshot.callNotes.get(id) ?? null) !== null;
  return !mirror.calls.has(id as CallId) && state === "Down" && !mayBeDialled;
}

/** A call that the mirror did not have, or that others may have changed since. */
function addFound(draft: MirrorDraft, channel: AriChannel, known: Call | undefined, place: Place | null): void {
  const { mirror, snapshot, afterGap } = draft;
  const { state } = channel;
  const id = channel.id as CallId;
  const notes = snapshot.callNotes.get(id) ?? null;
  const begun = notes ?? mirror.dialOf(id);
  // A transferred channel has no notes.
  if (!known && begun === null)
    return follow(draft, place ? toDo({ type: "hang-up", call: id }) : strangerFound(draft, channel));
  const call: Call = {
    ...(known ?? newCall(id, notes?.direction ?? "out", begun ?? {})),
    ...notes,
    room: place?.room ?? null,
    // What was asked for over an earlier link did not happen, or an event says why; who talks is found out anew.
    ...initialCall,
    isHeld: snapshot.held.has(id),
  };
  mirror.calls.set(id, call); // As old as the snapshot: it is not touched.
  const key = place?.key ?? call.conference;
  if (key !== null && !mirror.conferences.has(key)) {
    mirror.end(call, "conference-ended");
    return follow(draft, toDo({ type: "hang-up", call: id }));
  }
  call.conference = key;
  if (place !== null) call.stage = "entered";
  else if (call.direction === "out") call.stage = state === "Up" ? "answered" : "ringing";
  else if (key === null) {
    call.stage = "prompted";
    if (afterGap) castDoubt(call);
  } else {
    // It was admitted and did not get there, or its bridge is going: then the conference's end ends it, too.
    call.stage = "entered";
    call.room = MAIN_ROOM;
  }
  if (state !== "Down") call.isDialled = true;
  if (state === "Ringing") call.hasRung = true;
  if (afterGap) follow(draft, toDo(...unfinished(mirror, call, state, place !== null)));
}

/** Keys may have been lost meanwhile, even the first ones. A star takes back what stands there: the caller is asked anew. */
function castDoubt(call: Call): void {
  call.keys = `${call.keys}*`.slice(-KEYS_KEPT);
  call.isBehindGap = true;
}

/** What the agent before may not have seen to. */
function unfinished(mirror: Mirror, call: Call, state: string, isInPlace: boolean): FollowUp[] {
  const { id, stage, direction, extension, conference, isDialled } = call;
  const due: FollowUp[] = [];
  if (state === "Up") due.push({ type: "apply-mute", call: id });
  if (stage === "entered" && !isInPlace) due.push({ type: "enter-main-room", call: id });
  if (direction === "in" && state !== "Up") due.push({ type: "answer", call: id });
  else if (stage === "ringing" && isDialled) due.push({ type: "limit-ringing", call: id });
  else if (stage === "ringing") due.push({ type: mirror.dialOf(id) === null ? "dial" : "settle-dial", call: id });
  else if (stage === "answered" && extension !== "") due.push({ type: "dial-extension", call: id });
  else if (stage === "entered" && conference !== null && mirror.conferences.get(conference)?.reportsSpeakers)
    due.push({ type: "detect-talking", call: id });
  return due;
}

/** A channel that nothing is written about. */
function strangerFound({ mirror, begun }: MirrorDraft, channel: AriChannel): Consequences {
  const { id, state, dialplan } = channel;
  const [, ...args] = dialplan.app_name === "Stasis" ? (dialplan.app_data ?? "").split(",") : [];
  const found = callerFound(mirror, channel, args);
  const call = mirror.calls.get(id as CallId);
  // Who has not been answered yet has keyed nothing.
  if (!call || state !== "Up" || begun.has(id)) return found;
  castDoubt(call);
  return { ...found, reports: [...found.reports, { type: "keys", call: call.id, keys: call.keys, inDoubt: true }] };
}

/** Should an event have been lost. A caller who has entered and is in no bridge at two snapshots goes into the main room. */
function compare(mirror: Mirror, call: Call, { state }: AriChannel, place: Place | null): Consequences {
  if (call.stage === "entered" && place?.key === call.conference) call.room = place.room;
  const wasOutside = call.isOutside;
  call.isOutside = call.stage === "entered" && place === null;
  if (wasOutside && call.isOutside) {
    call.room = MAIN_ROOM;
    return toDo({ type: "enter-main-room", call: call.id });
  }
  return state === "Up" ? callUp(mirror, call.id) : nothing;
}

/** An event with the reason may be on its way: without a gap, a call is over at the second snapshot that does not have it. */
function endMissingCalls(draft: MirrorDraft): void {
  const { mirror, snapshot, afterGap } = draft;
  const present = new Set(snapshot.channels.map(({ id }) => id));
  for (const call of [...mirror.calls.values()]) {
    const { ending, isMissing } = call;
    call.isMissing = !present.has(call.id) && isUnchanged(draft, call);
    if (call.isMissing && (afterGap || isMissing))
      follow(draft, callOver(mirror, call, ending ?? { reason: unseenEnd(call) }, ending?.isReported ?? true));
  }
}

/** Calls that an earlier agent dialled and that were over before this snapshot: nobody knows how they ended. */
function endUnseenDials(mirror: Mirror): void {
  for (const { key, dialled } of mirror.conferences.values()) {
    for (const { call: id, number } of dialled) {
      if (mirror.calls.has(id) || mirror.endedCalls.has(id)) continue;
      const call = mirror.addCall(newCall(id, "out", { number, conference: key }));
      mirror.end(call, unseenEnd(call));
    }
  }
}

/** Why a call is over whose end nobody saw. Nobody may say that a telephone rejected it. */
function unseenEnd({ stage }: Call): EndReason {
  return stage === "ringing" ? "refused" : "hung-up";
}

/** Channels that are no telephone's. */
const internal = /^(Announcer|Recorder|Snoop|Bridge|CBAnn|CBRec|ConfBridgeRecorder|Message|UnicastRTP|MulticastRTP)\//;

/** The halves of a Local channel are one call. */
function countOthers(mirror: Mirror, channels: readonly AriChannel[]): number {
  const half = /;[12]$/;
  const isOwn = ({ id }: AriChannel) =>
    mirror.calls.has(id as CallId) || mirror.endedCalls.has(id as CallId) || isHelper(id);
  const own = new Set(channels.filter(isOwn).map(({ name }) => name.replace(half, "")));
  const all = new Set(channels.filter(({ name }) => !internal.test(name)).map(({ name }) => name.replace(half, "")));
  return [...all].filter((name) => !own.has(name)).length;
}
