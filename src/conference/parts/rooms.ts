import { type CommandResult, LATEST_MS } from "../../bridge/commands.ts";
import { MAIN_ROOM, type RoomId } from "../../foundation/ids.ts";
import { type FromWebexMessages, type OpenRequest, requestOf } from "../../tsp/messages.ts";
import type { ResultWord } from "../../tsp/protocol-table.ts";
import type { CommandOptions, Draft } from "../draft.ts";
import type { Caller, CloseRequest, Room } from "../state.ts";
import { findCaller, notifyItsRoom, notifyMuteState, notifyUnreported, setRoom } from "./callers.ts";
import { applyTalkMove, type Move, talkOf } from "./private-talk.ts";

/** Pause after a bridge refused to close a room that nobody else would close. */
const RETRY_MS = 10_000;

/** Opens a sub-conference, a room of its own on the bridge (protocol 2.2.8, 4.13). */
export function createRoom(draft: Draft, message: FromWebexMessages["create-sub-conference"]): void {
  const request = requestOf(message);
  const { subConfId, name } = message;
  if (subConfId === undefined) return draft.answer(request, "attribute-missing");
  if (draft.rooms.find((room) => room.subConfId === subConfId)) return draft.answer(request, "room-exists");
  const room = draft.newId() as RoomId;
  draft.rooms.set(room, { room, subConfId, ...(name && { name }), stage: "opening", closeRequest: null });
  draft.issue({ type: "create-room", room, kind: "sub" }, request);
}

/** Where the call is once what was asked before has been carried out. */
function roomToBe(draft: Draft, { call, room }: Caller): RoomId {
  const moves = draft.commands.values().filter(({ command }) => command.type === "move" && command.call === call);
  const last = moves.at(-1)?.command;
  return last?.type === "move" ? last.room : room;
}

export function applyRoomCreated(draft: Draft, room: Room, request: OpenRequest | null, result: CommandResult): void {
  if (result.done) draft.fact({ kind: "room-opened", room: room.room, subConfId: room.subConfId });
  // WebEx let the conference go and is back: the room closes at once, of which no notification tells.
  if (result.done && room.unannounced && !room.closeRequest) return draft.answer(request, "no-such-room");
  draft.answer(request, result);
  if (!result.done) {
    draft.answer(room.closeRequest?.request ?? null, "no-such-room");
    return draft.rooms.delete(room.room);
  }
  draft.rooms.set(room.room, { ...room, stage: room.stage === "opening" ? "open" : room.stage });
  notifyRoom(draft, room, "created");
}

/** Moves a call from the main conference into a sub-conference, or back. */
export function moveCall(
  draft: Draft,
  message: FromWebexMessages["add-to-sub-conference" | "remove-from-sub-conference"],
): void {
  const request = requestOf(message);
  const room = findRoom(draft, message.subConfId);
  if (!room) return draft.answer(request, "no-such-room");
  const caller = findCaller(draft, message.extCallId);
  if (!caller) return draft.answer(request, "no-such-call");
  const into = message.type === "add-to-sub-conference";
  const isThere = roomToBe(draft, caller) === (into ? MAIN_ROOM : room.room);
  if (!isThere || (into && room.stage === "closing")) return draft.answer(request, "wrong-room");
  if (into) draft.issue({ type: "move", call: caller.call, room: room.room }, request);
  else sendBack(draft, caller, request);
}

/** Closes a sub-conference: every call returns at once, also calls that WebEx did not remove (protocol 4.13). */
export function closeRoom(draft: Draft, message: FromWebexMessages["close-sub-conference"]): void {
  const request = requestOf(message);
  const room = findRoom(draft, message.subConfId);
  // A room whose closing was answered as too late still closes: another request waits for that.
  if (!room || room.closeRequest) return draft.answer(request, "no-such-room");
  beginClosing(draft, room, request && { request, answerBy: draft.at + LATEST_MS, returned: [] });
}

/** WebEx lets the conference go on alone, and nobody else could bring the callers together again (protocol 4.8). */
export function closeAllRooms(draft: Draft): void {
  for (const room of draft.rooms.values()) if (room.stage !== "closing") beginClosing(draft, room, null);
}

/** The pause after a refusal is over. */
export function retryClosing(draft: Draft): void {
  for (const { retryAt = Number.POSITIVE_INFINITY, ...room } of draft.rooms.values()) {
    if (retryAt <= draft.at) beginClosing(draft, room, room.closeRequest);
  }
}

function beginClosing(draft: Draft, { by = draft.by, ...room }: Room, closeRequest: CloseRequest | null): void {
  draft.rooms.set(room.room, { ...room, stage: "closing", closeRequest, by });
  for (const caller of callersIn(draft, room)) if (!draft.isBusy(caller.call, "move")) sendBack(draft, caller, null);
}

/** A call was moved into or out of a sub-conference, or not. */
function applyRoomMove(draft: Draft, { caller, to, request, result }: Move): void {
  if (!result.done) notifyUnreported(draft, caller);
  draft.answer(request, result);
  if (!result.done) return;
  const from = draft.rooms.get(caller.room);
  const room = draft.rooms.get(to);
  if (to !== MAIN_ROOM && !room) return;
  const moved = setRoom(draft, caller, to);
  if (!room) returnToMain(draft, moved, from, request);
  else if (from && from.room !== to) changeRoom(draft, moved, from, room);
  else enterRoom(draft, moved, room);
}

/** From one sub-conference into another, by an operator or at the bridge: to WebEx the call returns and is added. */
function changeRoom(draft: Draft, caller: Caller, from: Room, to: Room): void {
  returnToMain(draft, caller, from, null);
  const returned = draft.callers.get(caller.call);
  if (returned) enterRoom(draft, returned, to, caller.mutedInMain ?? caller.muted);
}

/** The bridge closed the room, or refused to: WebEx is answered (protocol 4.13). */
export function applyRoomClosed(draft: Draft, room: Room, result: CommandResult): void {
  if (!result.done && result.reason !== "no-such-room") return giveUpClosing(draft, room, result);
  // The room was empty when its end was issued; who came in since by a late move went back with it.
  for (const caller of callersIn(draft, room)) returnToMain(draft, setRoom(draft, caller, MAIN_ROOM), room, null);
  draft.answer(room.closeRequest?.request ?? null, "ok");
  draft.rooms.delete(room.room);
  draft.fact({ kind: "room-closed", room: room.room, subConfId: room.subConfId });
}

/** Closes a closing room once it is empty. Gives up if calls are left inside and none is being moved. */
export function continueClosing(draft: Draft, room: Room): void {
  const { room: id, stage, retryAt, by = [] } = room;
  if (stage !== "closing" || retryAt !== undefined) return;
  const inside = callersIn(draft, room);
  if (inside.some(({ call }) => draft.isBusy(call, "move"))) return;
  if (inside.length > 0) return giveUpClosing(draft, room, "bridge-unreachable");
  const isUnderWay = draft.commands.find(({ command }) => "room" in command && command.room === id);
  if (!isUnderWay) draft.because(by, () => draft.issue({ type: "close-room", room: id }));
}

/** After a failover: reports the sub-conferences, and who is in each (protocol 2.3.8, 4.15 F7). */
export function notifyRooms(draft: Draft): void {
  for (const room of draft.rooms.values()) {
    // A room that is being opened is reported when it is open; one that is being closed is not reported at all.
    if (room.stage === "open") notifyInProgress(draft, room);
    if (room.stage === "closing") draft.rooms.set(room.room, { ...room, unannounced: true });
  }
}

function notifyInProgress(draft: Draft, room: Room): void {
  notifyRoom(draft, room, "in-progress");
  for (const caller of callersIn(draft, room)) notifyItsRoom(draft, caller);
}

function callersIn(draft: Draft, { room }: Room): readonly Caller[] {
  return draft.callers.values().filter((caller) => caller.room === room && !caller.left);
}

/** Moves a call back into the main room, muted first as it was there before. */
export function sendBack(draft: Draft, caller: Caller, request: OpenRequest | null, more: CommandOptions = {}): void {
  const muted = caller.mutedInMain ?? caller.muted;
  if (muted !== caller.muted) {
    draft.issue({ type: muted ? "mute" : "unmute", call: caller.call }, null, { unreported: true });
  }
  draft.issue({ type: "move", call: caller.call, room: MAIN_ROOM }, request, more);
}

function enterRoom(draft: Draft, caller: Caller, room: Room, mutedInMain = caller.muted): void {
  const moved: Caller = { ...caller, room: room.room, mutedInMain };
  draft.callers.set(caller.call, moved);
  notifyRoomCall(draft, moved, room, "added");
  if (room.stage === "closing") sendBack(draft, moved, null);
}

/** WebEx must know the call's mute state in the main room before it is told that the call is there (protocol 2.3.7). */
function returnToMain(draft: Draft, caller: Caller, from: Room | undefined, request: OpenRequest | null): void {
  const moved: Caller = { ...caller, room: MAIN_ROOM, mutedInMain: null };
  draft.callers.set(caller.call, moved);
  notifyMuteState(draft, moved);
  if (!from) return;
  // While a close waits for its answer, calls that return because of it are not reported one by one; a call that WebEx had
  // removed before is.
  if (request || !from.closeRequest) notifyRoomCall(draft, moved, from, "returned");
  else {
    const closeRequest: CloseRequest = { ...from.closeRequest, returned: [...from.closeRequest.returned, caller.call] };
    draft.rooms.set(from.room, { ...from, closeRequest });
  }
}

function giveUpClosing(draft: Draft, room: Room, result: ResultWord | CommandResult): void {
  const left = failClose(draft, room, result);
  const { head } = draft;
  if (head.phase === "running" && !head.attached)
    return draft.rooms.set(room.room, { ...left, retryAt: draft.at + RETRY_MS });
  const { unannounced, by, ...rest } = left;
  const open: Room = { ...rest, stage: "open" };
  draft.rooms.set(room.room, open);
  if (unannounced) notifyInProgress(draft, open);
}

/** Answers the close with a failure, after the calls that went back because of it. */
export function failClose(draft: Draft, room: Room, result: ResultWord | CommandResult): Room {
  const { closeRequest } = room;
  const left: Room = { ...room, closeRequest: null };
  draft.rooms.set(room.room, left);
  for (const caller of callersIn(draft, room)) notifyUnreported(draft, caller);
  for (const call of closeRequest?.returned ?? []) {
    const caller = draft.callers.get(call);
    if (caller?.room === MAIN_ROOM && !caller.left) notifyRoomCall(draft, caller, room, "returned");
  }
  draft.answer(closeRequest?.request ?? null, result);
  return left;
}

/** The sub-conference of this name; without a name the only one (protocol 2.2.8). */
function findRoom(draft: Draft, subConfId: Room["subConfId"] | undefined): Room | undefined {
  if (subConfId !== undefined) return draft.rooms.find((room) => room.subConfId === subConfId);
  const rooms = draft.rooms.values();
  return rooms.length === 1 ? rooms[0] : undefined;
}

/** WebEx has no status for a closed room (protocol 2.3.6, section 5, row 12): the answer to the close says it. */
function notifyRoom(draft: Draft, { subConfId, unannounced }: Room, status: "created" | "in-progress"): void {
  if (!unannounced) draft.notify({ type: "sub-conference-changed", subConfId, status });
}

function notifyRoomCall(draft: Draft, { extCallId }: Caller, room: Room, action: "added" | "returned"): void {
  const { subConfId, unannounced } = room;
  if (extCallId === null || unannounced) return;
  draft.notify({ type: "sub-conference-call-changed", subConfId, extCallId, action });
}

/** A caller was moved, or not: between the rooms of a private talk or of a sub-conference. */
export function applyMove(draft: Draft, move: Move): void {
  const talk = talkOf(draft);
  if (talk && [move.to, move.caller.room].includes(talk.room)) applyTalkMove(draft, talk, move);
  else applyRoomMove(draft, move);
}
