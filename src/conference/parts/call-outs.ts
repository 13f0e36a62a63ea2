import { CALL_OUT_GRACE_MS, type CommandResult, type RefusalReason } from "../../bridge/commands.ts";
import type { EndReason } from "../../bridge/events.ts";
import { dialledDigits, mayDial, wrongNumber } from "../../foundation/dial-rules.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../../foundation/ids.ts";
import { type FromWebexMessages, type OpenRequest, requestOf } from "../../tsp/messages.ts";
import type { ResultWord } from "../../tsp/protocol-table.ts";
import type { Draft } from "../draft.ts";
import type { Creating, Running } from "../head.ts";
import { callOver, entered, expelledEnd, failedEnd, newHistory, reportedEnd } from "../records.ts";
import type { CallEnd, Caller, CallOut } from "../state.ts";
import { applyEntered, findCaller, notifyEntered, notifyMuteState } from "./callers.ts";
import { secretMark } from "./entry-rules.ts";
import { hostForTalk } from "./host.ts";

const DEFAULT_WAIT_S = 60;
/** No telephone network rings longer. */
const MAX_WAIT_S = 600;
/** Pause after a bridge refused to hang up a call that nobody wants. */
const RETRY_HANG_UP_MS = 10_000;
/** How long the bridge may take to bring in a call that was picked up, through a private talk or directly. */
const ENTRY_MS = 30_000;

/** Dials a number for WebEx (protocol 2.2.4, 4.3), unless that is refused: then the call has a record, and no command. */
export function startCallOut(draft: Draft, head: Creating | Running, message: FromWebexMessages["call-out"]): void {
  const request = requestOf(message);
  const isKnown = ({ extCallId }: { extCallId: unknown }) => extCallId === message.extCallId;
  const present = draft.callers.values().filter((caller) => !caller.left);
  const pending = draft.callOuts.values().filter(({ stage }) => stage !== "dropping");
  // That is no other call, so it has no record of its own.
  if (present.some(isKnown) || pending.some(isKnown)) return draft.answer(request, "not-supported");
  const callOut = {
    request,
    by: draft.by,
    extCallId: message.extCallId,
    number: message.phone,
    ...(message.attendeeId !== undefined && { attendeeId: message.attendeeId }),
    participantType: message.participantType ?? ("participant" as const),
    muted: entersMuted(message),
    privately: message.joinMode === "private-talk",
  };
  const isFull = head.maxCallers !== null && present.length + pending.length >= head.maxCallers;
  const refusal = refusalOf(draft, message, isFull);
  if (refusal !== null) return refuse(draft, callOut, refusal);
  // Who invites is the host, also if it has gone by the time the invitee picks up.
  if (callOut.privately) hostForTalk(draft);
  dial(draft, callOut, message.maxWaitingTime);
}

type CallOutRefusal = "invalid-number" | "number-denied" | "capacity-exceeded";

/** Why nobody is dialled: nobody can dial the number (protocol T27), or the domain's policy denies it; `null`: it is. */
function refusalOf(draft: Draft, { phone }: FromWebexMessages["call-out"], isFull: boolean): CallOutRefusal | null {
  if (wrongNumber(phone) !== null) return "invalid-number";
  const { policy } = draft.context.settings;
  if (policy && !mayDial(policy, phone)) return "number-denied";
  return isFull ? "capacity-exceeded" : null;
}

/** People look for the call that never rang by its number, so it has a record as all others. */
function refuse(draft: Draft, wanted: Omit<CallOut, "call" | "stage" | "answerBy" | "history">, why: CallOutRefusal) {
  const { country } = wanted.number;
  const never = { ...wanted, stage: "dialling", answerBy: draft.at, history: newHistory(draft) } as const;
  const callOut: CallOut = { call: draft.newId() as CallId, ...never };
  if (why === "number-denied") draft.fact({ kind: "call-out-denied", country, number: dialledDigits(callOut.number) });
  draft.answer(wanted.request, why);
  callOver(draft, callOut, { endedBy: "policy", status: "failed", reason: why });
}

/** Dials a number and lets the call enter when it is picked up. */
export function dial(
  draft: Draft,
  wanted: Omit<CallOut, "call" | "by" | "stage" | "answerBy" | "history">,
  waitS: number | undefined,
): void {
  const call = draft.newId() as CallId;
  const waitMs = Math.min(waitS || DEFAULT_WAIT_S, MAX_WAIT_S) * 1_000;
  const timeoutMs = waitMs + CALL_OUT_GRACE_MS;
  const history = { ...newHistory(draft), dialledAt: draft.at };
  const { by } = draft;
  const callOut: CallOut = { call, ...wanted, by, stage: "dialling", answerBy: draft.at + timeoutMs, history };
  draft.callOuts.set(call, callOut);
  draft.fact({ kind: "call-dialled", call, number: dialledDigits(callOut.number), extCallId: wanted.extCallId });
  draft.issue({ type: "dial", call, number: wanted.number, waitMs }, null, { timeoutMs });
}

/** It may only listen, or nobody is to hear it (protocol 4.17). */
export function entersMuted({ privilege, participantType }: FromWebexMessages["call-out"]): boolean {
  return privilege === "listen" || participantType === "silent-monitor";
}

/** Stops a call that still rings, and hangs up one that was picked up (protocol 2.2.5, 4.5). */
export function cancelCallOut(draft: Draft, message: FromWebexMessages["cancel-call-out"]): void {
  const request = requestOf(message);
  const callOut = draft.callOuts.find((one) => one.extCallId === message.extCallId && one.stage !== "dropping");
  if (callOut) {
    draft.answer(request, "ok");
    return drop(draft, callOut, "cancelled", { endedBy: "webex", status: "canceled", reason: "cancelled" });
  }
  const caller = findCaller(draft, message.extCallId);
  if (caller) draft.issue({ type: "expel", call: caller.call }, request);
  else draft.answer(request, "no-such-call");
}

/** The far end picked up: WebEx is answered before the call enters (protocol 4.3). */
export function markAnswered(draft: Draft, callOut: CallOut): CallOut {
  const answered = withAnswered(draft, callOut);
  const picked: CallOut = { ...answered, stage: "answered", request: null, answerBy: draft.at + ENTRY_MS };
  draft.answer(callOut.request, "ok");
  draft.callOuts.set(callOut.call, picked);
  return picked;
}

function withAnswered(draft: Draft, callOut: CallOut): CallOut {
  draft.fact({ kind: "call-answered", call: callOut.call });
  return { ...callOut, history: { ...callOut.history, answeredAt: draft.at } };
}

/** Lets a picked-up call into the main room; a silent monitor enters muted and without a tone (protocol 4.17). */
export function admit(draft: Draft, callOut: CallOut, request: OpenRequest | null): void {
  const { call, muted, participantType } = callOut;
  const joinTone = participantType !== "silent-monitor";
  draft.callOuts.set(call, { ...callOut, answerBy: Math.max(callOut.answerBy ?? 0, draft.at + ENTRY_MS) });
  draft.because([...draft.by, ...callOut.by], () => draft.issue({ type: "admit", call, muted, joinTone }, request));
}

/** The bridge admitted the call. */
export function applyAdmitted(draft: Draft, callOut: CallOut): void {
  if (!callOut.privately) return placeCaller(draft, callOut, MAIN_ROOM);
  // WebEx knows this invitee: its waiting was reported (protocol 4.21).
  draft.callOuts.delete(callOut.call);
  const caller = { ...newCaller(draft, callOut, MAIN_ROOM), enterMsgId: callOut.enterMsgId ?? null };
  draft.callers.set(caller.call, caller);
  applyEntered(draft, caller);
  notifyMuteState(draft, caller, { action: "joined-main", actionResult: "ok" });
}

/** The call-out becomes a caller. */
export function placeCaller(draft: Draft, callOut: CallOut, room: RoomId, action?: "private-talk"): void {
  draft.callOuts.delete(callOut.call);
  const caller = notifyEntered(draft, newCaller(draft, callOut, room), { action });
  applyEntered(draft, caller);
  if (caller.muted && !caller.entersMuted) notifyMuteState(draft, caller);
}

function newCaller(draft: Draft, callOut: CallOut, room: RoomId): Caller {
  const { call, extCallId, participantType, muted, attendeeId = null, history } = callOut;
  return entered(draft, {
    call,
    rank: draft.context.serial(),
    number: dialledDigits(callOut.number),
    attendeeId,
    ...secretMark(draft, attendeeId),
    participantType,
    muted,
    // WebEx takes a call of which it did not know for unmuted.
    ...(muted && extCallId !== null && { entersMuted: true }),
    room,
    mutedInMain: null,
    extCallId,
    enterMsgId: null,
    held: [],
    left: false,
    history,
  });
}

/** The call is over before it entered. If it was picked up, its request is answered already (protocol 4.4). */
export function endCallOut(draft: Draft, callOut: CallOut, reason: EndReason): void {
  draft.answer(callOut.request, endResults[reason]);
  removeCallOut(draft, callOut, reportedEnd(draft, callOut, reason));
}

/** The bridge no longer has the call, and nothing said why it is over. */
export function loseCallOut(draft: Draft, callOut: CallOut): void {
  draft.answer(callOut.request, "bridge-unreachable");
  removeCallOut(draft, callOut, failedEnd(callOut, "not-found"));
}

/** Drops a call-out. WebEx knows of a call that waits for its host, so it is notified that the call left (protocol 4.4). */
export function removeCallOut(draft: Draft, callOut: CallOut, end: CallEnd): void {
  draft.callOuts.delete(callOut.call);
  callOver(draft, callOut, callOut.end ?? end);
  notifyDropped(draft, callOut);
}

function notifyDropped(draft: Draft, { stage, extCallId }: CallOut): void {
  if (stage === "waiting" && extCallId !== null) draft.notify({ type: "caller-changed", extCallId, status: "left" });
}

/** The bridge refused to dial or to admit, or did not in time. */
export function applyRefusal(draft: Draft, callOut: CallOut, command: "dial" | "admit", reason: RefusalReason): void {
  const isOver = reason === "no-such-call" || (command === "dial" && reason !== "too-late");
  if (isOver) {
    draft.answer(callOut.request, { done: false, reason });
    removeCallOut(draft, callOut, failedEnd(callOut, reason));
  } else if (callOut.stage === "answered" || callOut.stage === "dialling")
    drop(draft, callOut, { done: false, reason }, failedEnd(callOut, reason));
  // WebEx can ask again to add a call that waits. One that is being dropped is hung up whatever became of this command.
}

/** The bridge has hung up the call, or refused to. A call that nobody wants is hung up again after a pause. */
export function applyHangUp(draft: Draft, callOut: CallOut, result: CommandResult): void {
  if (result.done || result.reason === "no-such-call") removeCallOut(draft, callOut, expelledEnd(callOut, draft.by));
  else if (callOut.stage === "dropping")
    draft.callOuts.set(callOut.call, { ...callOut, answerBy: draft.at + RETRY_HANG_UP_MS });
}

/** No result came in time: WebEx is answered so, and the call is hung up. */
export function expireCallOut(draft: Draft, callOut: CallOut): void {
  if (callOut.stage === "dropping") hangUp(draft, callOut);
  else if (callOut.stage === "waiting") letGo(draft, callOut);
  else if (draft.isBusy(callOut.call, "dial"))
    drop(draft, callOut, "bridge-timeout", failedEnd(callOut, "bridge-timeout"));
  else drop(draft, callOut, "no-answer", unansweredEnd(callOut));
}

/** Hangs up a call that nobody wants any more and that was picked up, or may have been. */
export function hangUp(draft: Draft, callOut: CallOut): void {
  draft.callOuts.set(callOut.call, { ...callOut, answerBy: null });
  if (!draft.isBusy(callOut.call, "expel")) draft.issue({ type: "expel", call: callOut.call });
}

/** Nobody has picked it up; one that was picked up did not enter in time. */
function unansweredEnd(callOut: CallOut): CallEnd {
  if (callOut.history.answeredAt !== undefined) return failedEnd(callOut, "bridge-timeout");
  return { endedBy: "nobody", status: "no-answer", reason: "no-answer" };
}

/** Disconnects an invitee who has nobody to talk to. */
export function letGo(draft: Draft, invitee: CallOut): void {
  drop(draft, invitee, "cancelled", { endedBy: "policy", status: "completed", reason: "cancelled" });
}

/** `end`: as its record is to say. */
export function drop(draft: Draft, callOut: CallOut, result: ResultWord | CommandResult, end: CallEnd): void {
  draft.answer(callOut.request, result);
  notifyDropped(draft, callOut);
  draft.callOuts.set(callOut.call, { ...callOut, stage: "dropping", request: null, answerBy: null, end });
  const type = callOut.stage === "dialling" ? "cancel-dial" : "expel";
  draft.issue({ type, call: callOut.call });
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
