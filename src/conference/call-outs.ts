import type { EndReason } from "../bridge/events.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import { type Asked, asked } from "../tsp/answers.ts";
import type { FromWebexMessages } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import { callerNamed, tellEntered, tellNews } from "./callers.ts";
import { type Failure, type Outcome, refusalResult } from "./refusals.ts";
import type { Caller, CallOut, Creating, Running } from "./state.ts";
import type { Turn } from "./turn.ts";

const DEFAULT_WAIT_S = 60;
/** No telephone network rings longer. */
const MAX_WAIT_S = 600;
/** How much longer than the phone may ring a call-out may stay without any outcome. */
const GRACE_MS = 5_000;
/** How long the bridge may take to bring an answered call in, through a talk with the host or straight away. */
const ENTRY_MS = 30_000;

/** Dials (protocol 2.2.4, 4.3). */
export function startCallOut(turn: Turn, head: Creating | Running, message: FromWebexMessages["call-out"]): void {
  const request = asked(message);
  if (head.phase === "running" && head.locked) return turn.answer(request, "conference-locked");
  const isKnown = ({ extCallId }: { extCallId: unknown }) => extCallId === message.extCallId;
  const present = turn.callers.values().filter((caller) => !caller.left);
  const pending = turn.callOuts.values().filter(({ stage }) => stage !== "dropping");
  if (present.some(isKnown) || pending.some(isKnown)) return turn.answer(request, "not-supported");
  if (head.maxCallers !== null && present.length + pending.length >= head.maxCallers) {
    return turn.answer(request, "capacity-exceeded");
  }
  const waitMs = Math.min(message.maxWaitingTime || DEFAULT_WAIT_S, MAX_WAIT_S) * 1_000;
  const participantType = message.participantType ?? "participant";
  const call = turn.newId() as CallId;
  turn.callOuts.set(call, {
    call,
    asked: request,
    extCallId: message.extCallId,
    number: message.phone,
    participantType,
    muted: message.privilege === "listen" || participantType === "silent-monitor",
    privately: message.joinMode === "private-talk",
    stage: "dialling",
    answerBy: turn.at + waitMs + GRACE_MS,
  });
  turn.order({ type: "dial", call, number: message.phone, waitMs }, null, { timeoutMs: waitMs + GRACE_MS });
}

/** Stops a call that still rings; one that was answered is dropped (protocol 2.2.5, 4.5). */
export function cancelCallOut(turn: Turn, message: FromWebexMessages["cancel-call-out"]): void {
  const request = asked(message);
  const callOut = turn.callOuts.find((one) => one.extCallId === message.extCallId && one.stage !== "dropping");
  if (callOut) {
    turn.answer(request, "ok");
    return drop(turn, callOut, "cancelled");
  }
  const caller = callerNamed(turn, message.extCallId);
  if (caller) turn.order({ type: "expel", call: caller.call }, request);
  else turn.answer(request, "no-such-call");
}

/** The far end picked up: WebEx hears it before the call enters (protocol 4.3). */
export function answered(turn: Turn, callOut: CallOut): CallOut {
  const picked: CallOut = { ...callOut, stage: "answered", asked: null, answerBy: turn.at + ENTRY_MS };
  turn.answer(callOut.asked, "ok");
  turn.callOuts.set(callOut.call, picked);
  return picked;
}

/** Lets an answered call into the main room; a silent monitor enters muted and without a tone (protocol 4.17). */
export function admit(turn: Turn, callOut: CallOut, request: Asked | null): void {
  const { call, muted, participantType } = callOut;
  turn.order({ type: "admit", call, muted, joinTone: participantType !== "silent-monitor" }, request);
}

/** The bridge brought the answered call into the conference. */
export function admitted(turn: Turn, callOut: CallOut): void {
  if (!callOut.privately) return placeCaller(turn, callOut, MAIN_ROOM);
  // WebEx knows this invitee: it was told that it waits (protocol 4.21).
  const status = callOut.muted ? "muted" : "unmuted";
  turn.callOuts.delete(callOut.call);
  const caller = newCaller(turn, callOut, MAIN_ROOM);
  turn.callers.set(caller.call, caller);
  tellNews(turn, caller, { status, action: "joined-main", actionResult: "ok" });
}

/** The call-out is a caller from now on. */
export function placeCaller(turn: Turn, callOut: CallOut, room: RoomId, action?: "private-talk"): void {
  turn.callOuts.delete(callOut.call);
  tellEntered(turn, newCaller(turn, callOut, room), action);
}

function newCaller(turn: Turn, { call, extCallId, participantType, muted, number }: CallOut, room: RoomId): Caller {
  return {
    call,
    order: turn.around.serial(),
    number: `${number.country}${number.area}${number.local}`,
    attendeeId: null,
    participantType,
    muted,
    room,
    mutedInMain: null,
    extCallId,
    enterMsgId: null,
    held: [],
    left: false,
  };
}

/** The dialled call is over before it entered. Once it was answered nothing is owed (protocol 4.4). */
export function failed(turn: Turn, callOut: CallOut, reason: EndReason): void {
  turn.answer(callOut.asked, endResults[reason]);
  forget(turn, callOut);
}

/** Of a call that waits for its host WebEx was told, and so it hears that the call is gone (protocol 4.4). */
export function forget(turn: Turn, { call, stage, extCallId }: CallOut): void {
  turn.callOuts.delete(call);
  const extConfId = turn.bound?.extConfId;
  if (stage !== "waiting" || extConfId === undefined) return;
  turn.notify({ type: "caller-changed", msgId: turn.around.msgId(), extConfId, extCallId, status: "left" });
}

/** The bridge did not dial, or did not admit. */
export function refused(turn: Turn, callOut: CallOut, reason: Failure): void {
  const isGone = reason === "no-such-call";
  if (callOut.stage === "waiting" && !isGone) return; // It can be added once more.
  turn.answer(callOut.asked, refusalResult(reason));
  if (callOut.stage === "answered" && !isGone) turn.order({ type: "expel", call: callOut.call });
  forget(turn, callOut);
}

/** The bridge has hung up on the call, or has not. */
export function expelled(turn: Turn, callOut: CallOut, outcome: Outcome): void {
  const stays = callOut.stage === "waiting" && !outcome.done && outcome.reason !== "no-such-call";
  if (!stays) forget(turn, callOut);
}

/** No outcome in time: WebEx hears so, and a late answer is hung up on. */
export function overdue(turn: Turn, callOut: CallOut): void {
  if (callOut.stage === "dropping") turn.callOuts.delete(callOut.call);
  else drop(turn, callOut, turn.isBusy(callOut.call, "dial") ? "bridge-timeout" : "no-answer");
}

function drop(turn: Turn, callOut: CallOut, result: ResultWord): void {
  turn.answer(callOut.asked, result);
  forget(turn, callOut);
  turn.callOuts.set(callOut.call, { ...callOut, stage: "dropping", asked: null, answerBy: turn.at + GRACE_MS });
  turn.order({ type: callOut.stage === "dialling" ? "cancel-dial" : "expel", call: callOut.call });
}

const endResults = {
  "hung-up": "rejected",
  expelled: "cancelled",
  "conference-ended": "conference-closed",
  busy: "busy",
  "no-answer": "no-answer",
  rejected: "rejected",
  "invalid-number": "invalid-number",
  cancelled: "cancelled",
  refused: "bridge-unreachable",
} as const satisfies Record<EndReason, ResultWord>;
