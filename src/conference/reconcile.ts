import type { Command } from "../bridge/commands.ts";
import type { BridgeCaller, ConferenceSnapshot } from "../bridge/events.ts";
import { digestOf } from "../bridge/state.ts";
import { type BridgeName, type CallId, type EpochMs, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import type { Draft } from "./draft.ts";
import { compared, type Speech } from "./head.ts";
import { endAsLost, isEmpty } from "./lifecycle.ts";
import { applyAdmitted, loseCallOut, placeCaller } from "./parts/call-outs.ts";
import { addCaller, applyMuted, removeCaller } from "./parts/callers.ts";
import { renewUnknownRules } from "./parts/entry-rules.ts";
import { findOrphan, isLostOn, isUnknown, lockAgain, moveTo } from "./parts/orphan.ts";
import { connectAnswered, resumeTalk, talkOf } from "./parts/private-talk.ts";
import { applyMove, applyRoomClosed } from "./parts/rooms.ts";
import { setReporting, setSpeaking } from "./parts/speakers.ts";
import { failedEnd, repaired, withRepair } from "./records.ts";
import { setLocked } from "./server/conference-status.ts";
import { type Caller, type ConferenceState, isMutedOnBridge } from "./state.ts";

/** `undecided`: commands are pending, and their results will say what changed. */
export type Comparison = "same" | "differs" | "undecided";

/** What a comparison with what the bridge holds would find. */
export function compareDigest(state: ConferenceState, digest: string): Comparison {
  const { phase } = state.head;
  if ((phase === "absent" || phase === "ended") && !isPending(state)) return "differs";
  const own = ownDigest(state);
  if (own === null) return "undecided";
  return digest === own ? "same" : "differs";
}

/** The digest that the bridge must have of a running conference; `null` while that is not known. */
export function ownDigest(state: ConferenceState): string | null {
  const { head, callers, callOuts, rooms } = state;
  if (head.phase !== "creating" && head.restored) return ""; // Whatever the bridge holds, it is to say.
  if (head.phase !== "running" || head.closing || isPending(state)) return null;
  const here = [...callers.values()].filter(({ left }) => !left);
  const present = here.map((caller) => (caller.heardInTalk ? { ...caller, muted: isMutedOnBridge(caller) } : caller));
  const open = [...rooms.keys(), ...(head.talk ? [head.talk.room] : [])].map((id) => ({ id }));
  const { speaking = null } = head.speech ?? {};
  return digestOf({ locked: head.locked, callers: present, dialled: callOuts.values(), rooms: open, speaking });
}

/** Whether the conference's own bridge has a command without a result. */
function isPending({ commands }: ConferenceState): boolean {
  return [...commands.values()].some(({ bridge }) => bridge === undefined);
}

/** Ends a conference that is over, or was never wanted, on the conference's bridge or on another. */
function endAsOver(draft: Draft, bridge?: BridgeName, how: Partial<Command<"end-conference">> = {}): void {
  repaired(draft, "over");
  const what = how.announce ? "callers of its own" : "a conference that is over";
  draft.note(`the bridge holds ${what}: it is ended there`);
  const isUnderWay = draft.commands.find(
    (command) => command.bridge === bridge && command.command.type === "end-conference",
  );
  if (!isUnderWay) draft.issue({ type: "end-conference", ...how }, null, bridge === undefined ? {} : { bridge });
}

/** What another bridge holds under its key: of no life that the edge knows, unless the edge has lost it. */
export function compareWithOther(draft: Draft, found: ConferenceSnapshot, bridge: BridgeName): void {
  if (draft.running?.restored) return; // Its own bridge is to say first what it holds.
  if (!isLostOn(draft, bridge, found)) return endAsOver(draft, bridge);
  // Whom WebEx knows of stays; the others hear that the call ends, and can call again.
  if (draft.ongoing && !isEmpty(draft)) return endAsOver(draft, bridge, { announce: "goodbye" });
  const { ongoing } = draft;
  moveTo(draft, bridge);
  compareWithBridge(draft, found);
  if (!ongoing) return;
  lockAgain(draft, found);
  renewUnknownRules(draft);
}

/** Repairs each difference to what the bridge holds, as if the missed event came now; pending commands aside. */
export function compareWithBridge(draft: Draft, bridge: ConferenceSnapshot | null): void {
  if (bridge === null || draft.running) draft.head = compared(draft.head);
  const { head } = draft;
  // A pending creation or end has its own result.
  if (head.phase === "creating" || draft.running?.closing) return;
  if (bridge === null) {
    if (head.phase === "running") repaired(draft, "lost");
    return endAsLost(draft);
  }
  if (head.phase !== "running") {
    if (!isUnknown(draft, bridge.since)) return endAsOver(draft);
    findOrphan(draft, bridge);
  } else if (head.locked !== bridge.locked && !draft.pending("lock", "unlock")) {
    repaired(draft, "locked");
    setLocked(draft, bridge.locked);
  }
  const present = new Map(bridge.callers.map((caller) => [caller.call, caller]));
  for (const caller of draft.callers.values()) {
    if (caller.left || present.has(caller.call) || draft.isBusy(caller.call, "expel")) continue;
    const known = repaired(draft, "left", caller);
    removeCaller(draft, known, failedEnd(known, "not-found"));
  }
  for (const found of bridge.callers) {
    const caller = draft.callers.get(found.call);
    if (caller?.left) continue; // No call comes back under its id.
    if (caller) compareCaller(draft, caller, found);
    else addMissing(draft, found);
  }
  compareSpeakers(draft, bridge);
  resumeTalk(draft);
  compareRooms(draft, bridge);
  compareDialled(draft, bridge, present);
}

function addMissing(draft: Draft, found: BridgeCaller): void {
  const callOut = draft.callOuts.get(found.call);
  if (draft.isBusy(found.call) || callOut?.stage === "dropping") return;
  repaired(draft, "entered");
  if (!callOut) addCaller(draft, found, undefined, enteredBefore(draft, found));
  else if (callOut.stage === "waiting") applyAdmitted(draft, callOut);
  else placeCaller(draft, callOut, found.room);
  const entered = draft.callers.get(found.call);
  if (entered) draft.callers.set(found.call, withRepair(entered));
}

/** Of a call that was inside before WebEx created the conference, as after a loss of the edge's state: since when. */
function enteredBefore({ life }: Draft, { enteredAt }: BridgeCaller): EpochMs | undefined {
  return life && enteredAt !== undefined && enteredAt < life.createdAt ? enteredAt : undefined;
}

function compareCaller(draft: Draft, caller: Caller, found: BridgeCaller): void {
  const { call } = caller;
  if (isMutedOnBridge(caller) !== found.muted && !draft.isBusy(call, "mute", "unmute")) {
    applyMuted(draft, repaired(draft, "muted", caller), found.muted);
  }
  const current = draft.callers.get(call);
  if (current && current.room !== found.room && isKnownRoom(draft, found.room) && !draft.isBusy(call, "move")) {
    applyMove(draft, {
      caller: repaired(draft, "moved", current),
      to: found.room,
      request: null,
      result: { done: true },
    });
  }
}

function compareSpeakers(draft: Draft, { callers, speaking }: ConferenceSnapshot): void {
  const { speech } = draft.running ?? {};
  if ((speech === undefined) !== (speaking === null)) repairReporting(draft, speech);
  const { speech: kept } = draft.running ?? {};
  if (!kept) return;
  const before = kept.speaking;
  const now = new Set(speaking);
  for (const { call } of callers) {
    if (!draft.callers.get(call) || before.includes(call) === now.has(call)) continue;
    repaired(draft, "speaking");
    setSpeaking(draft, call, now.has(call));
  }
}

/** The bridge reports speakers and should not, or the other way round. After a failover nobody may have asked for them. */
function repairReporting(draft: Draft, speech: Speech | undefined): void {
  if (draft.pending("report-speakers", "stop-reporting-speakers")) return;
  repaired(draft, "reporting");
  if (speech?.reporting === false) setReporting(draft, { speech }, false);
  else draft.issue({ type: speech ? "report-speakers" : "stop-reporting-speakers" });
}

/** A room that the bridge no longer has is closed; one that nobody wants is left by its callers, and closed once it is empty. */
function compareRooms(draft: Draft, { rooms, callers }: ConferenceSnapshot): void {
  const found = new Set(rooms.map(({ id }) => id));
  for (const room of draft.rooms.values()) {
    if (found.has(room.room) || draft.pending("create-room", "close-room")) continue;
    repaired(draft, "room");
    applyRoomClosed(draft, room, { done: true });
  }
  for (const { call, room } of callers) {
    if (isKnownRoom(draft, room) || draft.isBusy(call, "move", "expel")) continue;
    repaired(draft, "moved");
    draft.issue({ type: "move", call, room: MAIN_ROOM });
  }
  for (const { id: room } of rooms) {
    if (isKnownRoom(draft, room) || callers.some((caller) => caller.room === room)) continue;
    repaired(draft, "room");
    draft.issue({ type: "close-room", room });
  }
}

/** Whether this is a room of the conference, or one that a pending command opens or closes. */
function isKnownRoom(draft: Draft, room: RoomId): boolean {
  if (room === MAIN_ROOM || draft.rooms.get(room) || talkOf(draft)?.room === room) return true;
  return draft.commands.find(({ command }) => "room" in command && command.room === room) !== undefined;
}

/** A dialled call that the bridge no longer has is over; one that nobody wants is hung up. */
function compareDialled(draft: Draft, bridge: ConferenceSnapshot, present: ReadonlyMap<CallId, unknown>): void {
  const dialled = new Map(bridge.dialled.map((one) => [one.call, one]));
  for (const callOut of draft.callOuts.values()) {
    const found = dialled.get(callOut.call);
    if (found?.answered) connectAnswered(draft, callOut);
    else if (!found && !present.has(callOut.call) && !draft.isBusy(callOut.call)) {
      repaired(draft, "call-out");
      loseCallOut(draft, callOut);
    }
  }
  for (const { call, answered } of dialled.values()) {
    if (draft.callOuts.get(call) || draft.callers.get(call) || draft.isBusy(call)) continue;
    repaired(draft, "call-out");
    draft.issue({ type: answered ? "expel" : "cancel-dial", call });
  }
}
