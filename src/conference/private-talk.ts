import { type CallId, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import type { Asked } from "../tsp/answers.ts";
import type { FromWebexMessages } from "../tsp/messages.ts";
import { admit, placeCaller } from "./call-outs.ts";
import { callerNamed, hostOf, tellNews } from "./callers.ts";
import { type Outcome, refusalResult } from "./refusals.ts";
import type { Caller, CallOut, PendingOrder, PrivateTalk } from "./state.ts";
import type { Turn } from "./turn.ts";

/** How long an invitee that cannot talk to the host is kept on the line. */
const WAIT_FOR_HOST_MS = 3_600_000;

/** The invitee has picked up: it and the host are brought together in a room of their own (protocol 4.21). */
export function openTalk(turn: Turn, invitee: CallOut): void {
  const { head } = turn;
  const host = hostOf(turn);
  if (head.phase !== "running" || head.talk || !host || !isFree(turn, host.call)) return keepWaiting(turn, invitee);
  const room = turn.newId() as RoomId;
  setTalk(turn, { room, host: host.call, invitee: invitee.call, stage: "opening" });
  turn.order({ type: "create-room", room, kind: "private" });
}

export function talkRoomCreated(turn: Turn, talk: PrivateTalk, outcome: Outcome): void {
  if (outcome.done && talk.stage === "opening" && turn.callOuts.get(talk.invitee) && isFree(turn, talk.host)) {
    turn.order({ type: "move", call: talk.host, room: talk.room });
  }
}

/** A leg of the talk was moved: first the host goes in, then the invitee; at the end both come back. */
export function talkLegMoved(
  turn: Turn,
  talk: PrivateTalk,
  caller: Caller,
  to: RoomId,
  request: Asked | null,
  outcome: Outcome,
): void {
  turn.answer(request, outcome.done ? "ok" : refusalResult(outcome.reason));
  if (!outcome.done) {
    if (talk.stage === "adding") setTalk(turn, { ...talk, stage: "open" }); // It can be asked for once more.
    return;
  }
  const moved: Caller = { ...caller, room: to };
  turn.callers.set(caller.call, moved);
  if (to === talk.room) {
    if (talk.stage === "opening" && turn.callOuts.get(talk.invitee)) {
      turn.order({ type: "move", call: talk.invitee, room: talk.room });
    } else bringBack(turn, talk, moved.call);
    return;
  }
  if (caller.call !== talk.invitee || talk.stage === "ending") return;
  tellNews(turn, moved, { status: moved.muted ? "muted" : "unmuted", action: "joined-main", actionResult: "ok" });
  // Its asker was refused for want of time.
  if (talk.stage === "open") recallTalk(turn, talk, [talk.host]);
}

/** The invitee is in the room: WebEx hears of it with the mark of the private talk. */
export function inviteeMoved(turn: Turn, talk: PrivateTalk, invitee: CallOut, outcome: Outcome): void {
  if (!outcome.done) return abandon(turn, talk);
  const isOver = talk.stage === "ending";
  placeCaller(turn, invitee, talk.room, isOver ? undefined : "private-talk");
  if (isOver) return bringBack(turn, talk, invitee.call);
  setTalk(turn, { ...talk, stage: "open" });
}

/** The host adds the invitee: both move into the main conference (protocol 4.21 step 6). */
export function addToMain(turn: Turn, message: FromWebexMessages["update-conference"], request: Asked | null): void {
  const { extCallId } = message;
  if (extCallId === undefined) return turn.answer(request, "no-such-call");
  const waiting = turn.callOuts.find((one) => one.extCallId === extCallId && one.stage === "waiting");
  const talk = talkOf(turn);
  if (waiting) return admit(turn, waiting, request);
  const invitee = callerNamed(turn, extCallId);
  if (!invitee) return turn.answer(request, "no-such-call");
  if (talk?.invitee !== invitee.call || talk.stage !== "open") return turn.answer(request, "wrong-room");
  setTalk(turn, { ...talk, stage: "adding" });
  bringBack(turn, talk, talk.host);
  turn.order({ type: "move", call: invitee.call, room: MAIN_ROOM }, request);
}

/** Ends the talk and adds nobody: the invitee is let go and the host returns. */
export function endTalk(turn: Turn, request: Asked | null): void {
  const talk = talkOf(turn);
  if (!talk) return turn.answer(request, "no-such-call");
  recallTalk(turn, talk, [talk.host]);
  turn.order({ type: "expel", call: talk.invitee }, request);
}

/** A failover ends the talk: both legs go back, and WebEx hears of them as of everybody (protocol 4.9 F6). */
export function recallForFailover(turn: Turn): void {
  const talk = talkOf(turn);
  for (const callOut of turn.callOuts.values()) {
    if (!callOut.privately) continue;
    const isWaiting = callOut.stage === "waiting";
    const ordinary: CallOut = { ...callOut, privately: false, ...(isWaiting && { stage: "answered" }) };
    turn.callOuts.set(callOut.call, ordinary);
    if (isWaiting && !turn.isBusy(callOut.call, "admit")) admit(turn, ordinary, null);
  }
  if (talk) recallTalk(turn, talk, [talk.host, talk.invitee]);
}

/** One of the two hung up. The invitee's end is the talk's end; an invitee without its host stays where it is. */
export function leftTalk(turn: Turn, call: CallId): void {
  const talk = talkOf(turn);
  if (!talk || (call !== talk.invitee && call !== talk.host)) return;
  if (call === talk.invitee) recallTalk(turn, talk, [talk.host]);
}

/** Where nothing is under way for the talk: one that did not come about is undone, and an empty room is closed. */
export function tidyTalk(turn: Turn): void {
  const talk = talkOf(turn);
  if (!talk) return;
  const { room, host, invitee } = talk;
  const isUnderWay = ({ command }: PendingOrder) =>
    ("room" in command && command.room === room) ||
    (command.type === "move" && (command.call === host || command.call === invitee));
  if (turn.orders.find(isUnderWay)) return;
  if (talk.stage === "opening") {
    abandon(turn, talk);
    return tidyTalk(turn);
  }
  if (talk.stage === "open" && isHere(turn, invitee)) return;
  if (turn.callers.find((caller) => caller.room === room && !caller.left)) return;
  setTalk(turn, null);
  turn.order({ type: "close-room", room });
}

/** After a gap: whoever is still in the room of a talk that is over is called back once more. */
export function resumeTalk(turn: Turn): void {
  const talk = talkOf(turn);
  if (talk?.stage === "ending") recallTalk(turn, talk, [talk.host, talk.invitee]);
}

export function talkOf(turn: Turn): PrivateTalk | undefined {
  return turn.head.phase === "running" ? turn.head.talk : undefined;
}

function setTalk(turn: Turn, talk: PrivateTalk | null): void {
  const { head } = turn;
  if (head.phase !== "running") return;
  const { talk: before, ...rest } = head;
  turn.head = talk ? { ...rest, talk } : rest;
}

function recallTalk(turn: Turn, talk: PrivateTalk, calls: readonly CallId[]): void {
  const ending: PrivateTalk = { ...talk, stage: "ending" };
  setTalk(turn, ending);
  for (const call of calls) bringBack(turn, ending, call);
}

/** It does not come to the talk: whoever is in the room comes back, and the invitee waits or, after a failover, enters. */
function abandon(turn: Turn, talk: PrivateTalk): void {
  recallTalk(turn, talk, [talk.host]);
  const invitee = turn.callOuts.get(talk.invitee);
  if (invitee?.privately) keepWaiting(turn, invitee);
  else if (invitee) admit(turn, invitee, null);
}

function bringBack(turn: Turn, talk: PrivateTalk, call: CallId): void {
  if (turn.callers.get(call)?.room !== talk.room || !isHere(turn, call) || turn.isBusy(call, "move")) return;
  turn.order({ type: "move", call, room: MAIN_ROOM });
}

/** The host cannot talk: WebEx hears so, and the invitee stays on the line until it is added or let go. */
function keepWaiting(turn: Turn, invitee: CallOut): void {
  const { bound } = turn;
  if (!bound) return;
  turn.callOuts.set(invitee.call, { ...invitee, stage: "waiting", answerBy: turn.at + WAIT_FOR_HOST_MS });
  turn.notify({
    type: "caller-entered",
    msgId: turn.around.msgId(),
    extConfId: bound.extConfId,
    extCallId: invitee.extCallId,
    participantType: invitee.participantType,
    action: "private-talk",
    actionResult: "bridge-unreachable",
  });
}

function isHere(turn: Turn, call: CallId): boolean {
  return turn.callers.get(call)?.left === false;
}

/** A host who is on the way into a sub-conference is not there for a talk, either. */
function isFree(turn: Turn, call: CallId): boolean {
  return isHere(turn, call) && turn.callers.get(call)?.room === MAIN_ROOM && !turn.isBusy(call, "move");
}
