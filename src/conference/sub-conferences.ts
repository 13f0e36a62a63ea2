import { MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import { type Asked, asked } from "../tsp/answers.ts";
import type { FromWebexMessages } from "../tsp/messages.ts";
import { callerNamed, tellNews } from "./callers.ts";
import { type Outcome, refusalResult } from "./refusals.ts";
import type { Caller, Room } from "./state.ts";
import { ORDER_TIMEOUT_MS, type Turn } from "./turn.ts";

/** Opens a room of its own on the bridge (protocol 2.2.8, 4.13). */
export function createRoom(turn: Turn, message: FromWebexMessages["create-sub-conference"]): void {
  const request = asked(message);
  const { subConfId, spelling } = message;
  if (turn.rooms.find((room) => room.subConfId === subConfId)) return turn.answer(request, "room-exists");
  const room = turn.newId() as RoomId;
  turn.rooms.set(room, { room, subConfId, stage: "opening", closer: null, ...(spelling && { spelling }) });
  turn.order({ type: "create-room", room, kind: "sub" }, request);
}

export function roomCreated(turn: Turn, room: Room, request: Asked | null, outcome: Outcome): void {
  turn.answer(request, outcome.done ? "ok" : refusalResult(outcome.reason));
  if (!outcome.done) {
    turn.answer(room.closer?.asked ?? null, "no-such-room");
    return turn.rooms.delete(room.room);
  }
  turn.rooms.set(room.room, { ...room, stage: room.stage === "opening" ? "open" : room.stage });
  tellRoom(turn, room, "created");
}

/** Moves a call from the main conference into a sub-conference, or back. */
export function moveCall(
  turn: Turn,
  message: FromWebexMessages["add-to-sub-conference" | "remove-from-sub-conference"],
): void {
  const request = asked(message);
  const room = roomNamed(turn, message.subConfId);
  if (!room) return turn.answer(request, "no-such-room");
  const caller = callerNamed(turn, message.extCallId);
  if (!caller) return turn.answer(request, "no-such-call");
  const into = message.type === "add-to-sub-conference";
  const isThere = caller.room === (into ? MAIN_ROOM : room.room) && !turn.isBusy(caller.call, "move");
  if (!isThere || (into && room.stage === "closing")) return turn.answer(request, "wrong-room");
  if (into) turn.order({ type: "move", call: caller.call, room: room.room }, request);
  else sendBack(turn, caller, request);
}

/** Closes a sub-conference: every call goes back at once, also those for which no removal came. */
export function closeRoom(turn: Turn, message: FromWebexMessages["close-sub-conference"]): void {
  const request = asked(message);
  const room = roomNamed(turn, message.subConfId);
  // One whose closing was refused for want of time still closes: the next who asks waits for that.
  if (!room || (room.stage === "closing" && room.closer)) return turn.answer(request, "no-such-room");
  turn.rooms.set(room.room, {
    ...room,
    stage: "closing",
    closer: request && { asked: request, answerBy: turn.at + ORDER_TIMEOUT_MS },
  });
  for (const caller of turn.callers.values()) {
    if (caller.room === room.room && !caller.left && !turn.isBusy(caller.call, "move")) sendBack(turn, caller, null);
  }
}

/** A call was moved, or not. */
export function callMoved(turn: Turn, caller: Caller, to: RoomId, request: Asked | null, outcome: Outcome): void {
  turn.answer(request, outcome.done ? "ok" : refusalResult(outcome.reason));
  const from = turn.rooms.get(caller.room);
  if (!outcome.done) {
    // It may have been muted or unmuted for its way back, and nobody was told.
    if (to === MAIN_ROOM) tellNews(turn, caller, { status: caller.muted ? "muted" : "unmuted" });
    if (from?.stage === "closing") giveUpClosing(turn, from, refusalResult(outcome.reason));
    return;
  }
  const room = turn.rooms.get(to);
  if (to === MAIN_ROOM) returned(turn, caller, from, request);
  else if (room) joined(turn, caller, room);
}

/** The bridge closed the room: the last word of its closing (protocol 4.13). */
export function roomClosed(turn: Turn, room: Room, outcome: Outcome): void {
  if (!outcome.done && outcome.reason !== "no-such-room")
    return giveUpClosing(turn, room, refusalResult(outcome.reason));
  turn.answer(room.closer?.asked ?? null, "ok");
  turn.rooms.delete(room.room);
}

/** Closes a room that is to be closed as soon as nobody is in it or on the way. */
export function closeIfEmpty(turn: Turn, id: RoomId): void {
  const room = turn.rooms.get(id);
  if (room?.stage !== "closing") return;
  const inside = turn.callers.find((caller) => caller.room === id && !caller.left);
  const isOrdered = turn.orders.find(({ command }) => "room" in command && command.room === id);
  if (!inside && !isOrdered) turn.order({ type: "close-room", room: id });
}

/** After a failover: the sub-conferences that go on, and who is in each (protocol 2.3.8, 4.15 F7). */
export function tellRooms(turn: Turn): void {
  for (const room of turn.rooms.values()) {
    // One that is not there yet will be told as created, one that is about to go as nothing.
    if (room.stage === "open") tellInProgress(turn, room);
    if (room.stage === "closing") turn.rooms.set(room.room, { ...room, untold: true });
  }
}

function tellInProgress(turn: Turn, room: Room): void {
  const extConfId = turn.bound?.extConfId;
  if (extConfId === undefined) return;
  tellRoom(turn, room, "in-progress");
  for (const { room: where, left, extCallId } of turn.callers.values()) {
    if (where !== room.room || left || extCallId === null) continue;
    const { subConfId, spelling } = room;
    turn.notify({
      type: "joined-sub-conference",
      msgId: turn.around.msgId(),
      ...{ extConfId, subConfId, extCallId },
      ...(spelling && { spelling }),
    });
  }
}

/** Back into the main conference, muted or not as it was there before it comes in. */
function sendBack(turn: Turn, caller: Caller, request: Asked | null): void {
  const muted = caller.mutedInMain ?? caller.muted;
  if (muted !== caller.muted) {
    turn.order({ type: muted ? "mute" : "unmute", call: caller.call }, null, { quiet: true });
  }
  turn.order({ type: "move", call: caller.call, room: MAIN_ROOM }, request);
}

function joined(turn: Turn, caller: Caller, room: Room): void {
  const moved: Caller = { ...caller, room: room.room, mutedInMain: caller.muted };
  turn.callers.set(caller.call, moved);
  tellCall(turn, moved, room, "added");
  if (room.stage === "closing") sendBack(turn, moved, null);
}

/** WebEx must know how the call is in the main conference before it hears that the call is there (protocol 2.3.7). */
function returned(turn: Turn, caller: Caller, from: Room | undefined, request: Asked | null): void {
  const moved: Caller = { ...caller, room: MAIN_ROOM, mutedInMain: null };
  turn.callers.set(caller.call, moved);
  tellNews(turn, moved, { status: moved.muted ? "muted" : "unmuted" });
  if (!from) return;
  // Who goes back because the room closes is not told of one by one while the answer to that is due; one whose removal was
  // asked for before is.
  if (request || from.stage !== "closing" || !from.closer) tellCall(turn, moved, from, "returned");
}

function giveUpClosing(turn: Turn, room: Room, result: ReturnType<typeof refusalResult>): void {
  turn.answer(room.closer?.asked ?? null, result);
  const { untold, ...rest } = room;
  const open: Room = { ...rest, stage: "open", closer: null };
  turn.rooms.set(room.room, open);
  if (untold) tellInProgress(turn, open);
}

/** The sub-conference of this name; without a name the only one there is (protocol 2.2.8). */
function roomNamed(turn: Turn, subConfId: Room["subConfId"] | undefined): Room | undefined {
  if (subConfId !== undefined) return turn.rooms.find((room) => room.subConfId === subConfId);
  const rooms = turn.rooms.values();
  return rooms.length === 1 ? rooms[0] : undefined;
}

/** There is no word for one that is closed (protocol 2.3.6, section 5, row 12): the answer to its closing says so. */
function tellRoom(turn: Turn, { subConfId, spelling, untold }: Room, status: "created" | "in-progress"): void {
  const extConfId = turn.bound?.extConfId;
  if (extConfId === undefined || untold) return;
  const msgId = turn.around.msgId();
  turn.notify({ type: "sub-conference-changed", msgId, extConfId, subConfId, status, ...(spelling && { spelling }) });
}

function tellCall(turn: Turn, { extCallId }: Caller, room: Room, action: "added" | "returned"): void {
  const extConfId = turn.bound?.extConfId;
  const { subConfId, spelling, untold } = room;
  if (extConfId === undefined || extCallId === null || untold) return;
  turn.notify({
    type: "sub-conference-call-changed",
    msgId: turn.around.msgId(),
    extConfId,
    subConfId,
    extCallId,
    action,
    ...(spelling && { spelling }),
  });
}
