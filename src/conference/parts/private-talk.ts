import type { CommandResult } from "../../bridge/commands.ts";
import { dialledDigits } from "../../foundation/dial-rules.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../../foundation/ids.ts";
import type { FromWebexMessages, OpenRequest } from "../../tsp/messages.ts";
import type { Draft } from "../draft.ts";
import type { Fact } from "../facts.ts";
import type { PrivateTalk } from "../head.ts";
import type { Caller, CallOut, PendingCommand } from "../state.ts";
import { admit, hangUp, letGo, markAnswered, placeCaller } from "./call-outs.ts";
import { applyMuted, findCaller, notifyMuteState, setRoom } from "./callers.ts";
import { hostForTalk } from "./host.ts";
import { setSpeaking } from "./speakers.ts";

/** Pause after a bridge refused to bring a leg out of a talk. */
const RETRY_MS = 10_000;
/** Longest time that an invitee waits alone while the host is away or cannot talk. */
const ALONE_MS = 60_000;

/** The bridge was told to move a caller, or found to have moved one; and the result. */
export interface Move {
  readonly caller: Caller;
  readonly to: RoomId;
  readonly request: OpenRequest | null;
  readonly result: CommandResult;
}

/** A dialled call was picked up: it enters, talks to the host in private first, or is hung up if nobody wants it any more. */
export function connectAnswered(draft: Draft, callOut: CallOut): void {
  if (callOut.stage === "answered" || callOut.stage === "waiting") return;
  if (callOut.stage === "dropping") return hangUp(draft, callOut);
  const picked = markAnswered(draft, callOut);
  if (picked.privately) openTalk(draft, picked);
  else admit(draft, picked, null);
}

/** Brings the invitee and the host together in a room of their own (protocol 4.21). */
function openTalk(draft: Draft, invitee: CallOut): void {
  const host = hostForTalk(draft);
  if (talkOf(draft) || !host || !isFree(draft, host.call)) return keepWaiting(draft, invitee);
  const room = draft.newId() as RoomId;
  draft.update({ talk: { room, host: host.call, invitee: invitee.call, stage: "opening", by: draft.by } });
  draft.issue({ type: "create-room", room, kind: "private" });
}

export function applyTalkRoom(draft: Draft, talk: PrivateTalk, result: CommandResult): void {
  if (result.done && talk.stage === "opening" && comingInvitee(draft, talk) && isFree(draft, talk.host)) {
    draft.issue({ type: "move", call: talk.host, room: talk.room });
  }
}

/** A leg of the talk was moved, or not. First the host goes in, then the invitee; at the end both come back. */
export function applyTalkMove(draft: Draft, talk: PrivateTalk, { caller, to, request, result }: Move): void {
  draft.answer(request, result);
  if (!result.done) {
    if (talk.stage !== "adding") return;
    if (talk.notifiesJoin) return void recallTalk(draft, talk, [talk.host]);
    draft.update({ talk: { ...talk, stage: "open" } }); // WebEx can ask for it again.
    if (caller.heardInTalk === false) liftMute(draft, caller);
    return;
  }
  const moved = setRoom(draft, caller, to);
  restoreInMain(draft, moved);
  if (to === talk.room) {
    const invitee = talk.stage === "opening" && comingInvitee(draft, talk);
    const isBack = talk.stage === "open" && [talk.host, talk.invitee].includes(moved.call);
    if (invitee) {
      liftMute(draft, moved);
      bringIn(draft, talk, invitee);
    } else if (!isBack) bringBack(draft, talk, moved.call);
    return;
  }
  if (caller.call !== talk.invitee || talk.stage === "ending") return;
  const joined: PrivateTalk = { ...talk, notifiesJoin: true };
  draft.update({ talk: joined });
  // The request was answered when its time had passed; the invitee came after all.
  if (talk.stage === "open") recallTalk(draft, joined, [talk.host]);
}

/** Moves the invitee into the talk's room, muted before if it may only listen or nobody is to hear it (protocol 4.17). */
function bringIn(draft: Draft, { room }: PrivateTalk, { call, muted }: CallOut): void {
  draft.issue(muted ? { type: "mute", call } : { type: "move", call, room });
}

/** The host is heard in the talk, though it stays muted in the main conference: nobody is notified (protocol 4.21). */
function liftMute(draft: Draft, { call, muted }: Caller): void {
  if (!muted || draft.context.cannot.includes("mute") || draft.isBusy(call, "unmute")) return;
  draft.issue({ type: "unmute", call }, null, { forTalk: true });
}

/** Mutes the host again, unless somebody else was the last to want something. */
function restoreMute(draft: Draft, { call, muted, heardInTalk }: Caller): void {
  const isMute = ({ type }: PendingCommand["command"]) => type === "mute" || type === "unmute";
  const latest = draft.commands
    .values()
    .findLast(({ command }) => isMute(command) && "call" in command && command.call === call);
  const isLifted = latest ? latest.forTalk && latest.command.type === "unmute" : heardInTalk;
  if (muted && isLifted) draft.issue({ type: "mute", call }, null, { forTalk: true });
}

/** Nothing else restores the mute of a host who is out of the talk's room already. */
export function restoreInMain(draft: Draft, caller: Caller): void {
  if (caller.room !== talkOf(draft)?.room) restoreMute(draft, caller);
}

/** The bridge has lifted or restored the host's mute. If it refuses to restore it, WebEx is notified of how it is. */
export function applyTalkMute(draft: Draft, caller: Caller, muted: boolean, result: CommandResult): void {
  if (result.done) {
    if (muted) setSpeaking(draft, caller.call, false);
    if (caller.muted) draft.callers.set(caller.call, { ...caller, heardInTalk: !muted });
    return;
  }
  const isInside = caller.room === talkOf(draft)?.room;
  if (muted && caller.heardInTalk && !isInside && result.reason !== "no-such-call") applyMuted(draft, caller, false);
}

/** The invitee is muted and can go into the talk's room, or it could be heard there and does not. */
export function applyInviteeMuted(draft: Draft, talk: PrivateTalk, { call }: CallOut, result: CommandResult): void {
  if (talk.stage !== "opening") return;
  if (result.done) draft.issue({ type: "move", call, room: talk.room });
  else failTalk(draft, talk);
}

/** The invitee is in the talk's room, or not: it is reported with the mark of the private talk. */
export function applyInviteeMove(draft: Draft, talk: PrivateTalk, invitee: CallOut, result: CommandResult): void {
  if (!result.done) return void failTalk(draft, talk);
  const isOver = talk.stage === "ending";
  placeCaller(draft, invitee, talk.room, isOver ? undefined : "private-talk");
  if (isOver) return bringBack(draft, talk, invitee.call);
  draft.update({ talk: { ...talk, stage: "open" } });
  draft.fact({ kind: "talk-opened", room: talk.room, hostCall: talk.host, invitee: invitee.call });
}

/** The host adds the invitee: both move into the main conference (protocol 4.21 step 6). */
export function addToMain(
  draft: Draft,
  message: FromWebexMessages["update-conference"],
  request: OpenRequest | null,
): void {
  const { extCallId } = message;
  const waiting = draft.callOuts.find((one) => one.extCallId === extCallId && one.stage === "waiting");
  const talk = talkOf(draft);
  if (waiting) return admitOnce(draft, waiting, request);
  const invitee = findCaller(draft, extCallId);
  if (!invitee) return draft.answer(request, "no-such-call");
  if (talk?.invitee !== invitee.call || talk.stage !== "open") return draft.answer(request, "wrong-room");
  const { aloneUntil, ...others } = talk;
  draft.update({ talk: { ...others, stage: "adding", by: draft.by } });
  bringBack(draft, talk, talk.host);
  draft.issue({ type: "move", call: talk.invitee, room: MAIN_ROOM }, request);
}

/** WebEx may ask again before the bridge has answered. A second `admit` would play the tone again and undo a mute, or be refused. */
function admitOnce(draft: Draft, waiting: CallOut, request: OpenRequest | null): void {
  const pending = draft.commands.find(({ command }) => command.type === "admit" && command.call === waiting.call);
  if (pending) draft.join(pending, request);
  else admit(draft, waiting, request);
}

/** Ends the talk without adding the invitee: the invitee is hung up, and the host returns. */
export function endTalk(draft: Draft, request: OpenRequest | null): void {
  const talk = talkOf(draft);
  if (!talk) return draft.answer(request, "no-such-call");
  recallTalk(draft, { ...talk, dropsInvitee: true }, [talk.host]);
  draft.issue({ type: "expel", call: talk.invitee }, request);
}

/** Another server, or none, ends the talk: both legs return, and are reported like all callers (protocol 4.8, 4.9 F6). */
export function endTalks(draft: Draft): void {
  const talk = talkOf(draft);
  for (const callOut of draft.callOuts.values()) {
    if (!callOut.privately) continue;
    if (callOut.stage === "waiting") endWaiting(draft, callOut);
    else draft.callOuts.set(callOut.call, { ...callOut, privately: false });
  }
  if (!talk) return;
  const { dropsInvitee, notifiesJoin, ...others } = talk; // A new server was told that the invitee has entered.
  // An outsider whose host has left is let go, and not dropped into the meeting.
  const isAlone = talk.aloneUntil !== undefined;
  recallTalk(draft, { ...others, ...(isAlone && { dropsInvitee: true }) }, [talk.host, talk.invitee]);
  const invitee = comingInvitee(draft, talk);
  if (invitee && !draft.isBusy(invitee.call, "move")) admit(draft, invitee, null);
}

/** An invitee whose host is away enters for a new server, as a ringing one will. Without a server that can add it, it is disconnected. */
function endWaiting(draft: Draft, invitee: CallOut): void {
  const isAdmitted = draft.isBusy(invitee.call, "admit");
  if (!isAdmitted && !draft.running?.attached) return letGo(draft, invitee);
  const ordinary: CallOut = { ...invitee, privately: false, stage: "answered", enterMsgId: null };
  draft.callOuts.set(invitee.call, ordinary);
  if (!isAdmitted) admit(draft, ordinary, null);
}

/** WebEx is told that the invitee has joined when host and invitee are out of the talk's room (protocol 4.21 step 6). */
function notifyJoined(draft: Draft, talk: PrivateTalk): PrivateTalk {
  if (!talk.notifiesJoin || callsInside(draft, talk).includes(talk.host)) return talk;
  const { notifiesJoin, ...rest } = talk;
  draft.update({ talk: rest });
  const invitee = draft.callers.get(talk.invitee);
  if (invitee && !invitee.left) notifyMuteState(draft, invitee, { action: "joined-main", actionResult: "ok" });
  return rest;
}

/** What follows for a talk comes from whoever has begun or ended it, or from a leg that is gone. */
export function tidyTalk(draft: Draft): void {
  const talk = talkOf(draft);
  if (!talk) return;
  const isGone = (fact: Fact) =>
    (fact.kind === "call-left" || fact.kind === "call-not-entered") && [talk.host, talk.invitee].includes(fact.call);
  const by = talk.stage === "ending" ? talk.by : (draft.whoLedTo(isGone) ?? talk.by);
  const known = { ...talk, by };
  if (by !== talk.by) draft.update({ talk: known });
  draft.because(by, () => tidy(draft, known));
}

/** When no command is pending for the talk: a talk that failed to open is undone, and an empty room is closed. */
function tidy(draft: Draft, found: PrivateTalk): void {
  const talk = notifyJoined(draft, found);
  const { room, host, invitee } = talk;
  const isPending = ({ command }: PendingCommand) =>
    ("room" in command && command.room === room) ||
    (command.type === "move" && (command.call === host || command.call === invitee)) ||
    (command.type === "mute" && command.call === invitee && talk.stage === "opening");
  if (draft.commands.find(isPending)) return;
  if (talk.stage === "opening") return tidy(draft, failTalk(draft, talk));
  // The talk ends with its invitee.
  if (talk.stage === "open" && isHere(draft, invitee)) return watchInvitee(draft, talk);
  if (callsInside(draft, talk).length === 0) {
    draft.update({ talk: undefined });
    if (!talk.neverOpened) draft.fact({ kind: "talk-ended", room });
    draft.issue({ type: "close-room", room });
  } else if (talk.stage !== "ending") recallTalk(draft, talk, [host]);
  else if (talk.retryAt === undefined && !draft.isBusy(invitee, "expel")) {
    draft.note(`a caller is still in a private talk that is over: tried again in ${RETRY_MS / 1_000} s`);
    draft.update({ talk: { ...talk, retryAt: draft.at + RETRY_MS } });
  }
}

/** An invitee without its host hears nobody, so not for long. */
function watchInvitee(draft: Draft, { aloneUntil, ...talk }: PrivateTalk): void {
  const isAlone = !callsInside(draft, talk).includes(talk.host);
  if (isAlone === (aloneUntil !== undefined)) return;
  draft.update({ talk: isAlone ? { ...talk, aloneUntil: draft.at + ALONE_MS } : talk });
}

/** The pause after a refusal is over, or the time of an invitee who was left alone. */
export function expireTalk(draft: Draft): void {
  const talk = talkOf(draft);
  const isOver = (until = Number.POSITIVE_INFINITY) => until <= draft.at;
  if (!talk) return;
  if (isOver(talk.retryAt)) return resumeTalk(draft);
  if (isOver(talk.aloneUntil)) recallTalk(draft, { ...talk, dropsInvitee: true }, [talk.invitee]);
}

/** Tries again to bring everybody out of the room of a talk that is over. */
export function resumeTalk(draft: Draft): void {
  const talk = talkOf(draft);
  if (talk?.stage !== "ending") return;
  recallTalk(draft, talk, callsInside(draft, talk));
}

export function talkOf(draft: Draft): PrivateTalk | undefined {
  return draft.running?.talk;
}

function recallTalk(
  draft: Draft,
  { retryAt, aloneUntil, ...talk }: PrivateTalk,
  calls: readonly CallId[],
): PrivateTalk {
  const neverOpened = talk.stage === "opening" && { neverOpened: true as const };
  const by = talk.stage === "ending" ? talk.by : draft.by;
  const ending: PrivateTalk = { ...talk, stage: "ending", ...neverOpened, by };
  draft.update({ talk: ending });
  for (const call of calls) bringBack(draft, ending, call);
  return ending;
}

/** The talk fails: the host comes back, and the invitee waits or, after a failover, enters. */
function failTalk(draft: Draft, talk: PrivateTalk): PrivateTalk {
  const ending = recallTalk(draft, talk, [talk.host]);
  const invitee = comingInvitee(draft, talk);
  if (invitee?.privately) keepWaiting(draft, invitee);
  else if (invitee) admit(draft, invitee, null);
  return ending;
}

function bringBack(draft: Draft, talk: PrivateTalk, call: CallId): void {
  const caller = draft.callers.get(call);
  if (caller?.room !== talk.room || caller.left || draft.isBusy(call, "move", "expel")) return;
  const isDropped = talk.dropsInvitee && call === talk.invitee;
  restoreMute(draft, caller);
  draft.issue(isDropped ? { type: "expel", call } : { type: "move", call, room: MAIN_ROOM });
}

/** Notifies WebEx that the host cannot talk. For a minute, WebEx can add the invitee to the main conference. */
function keepWaiting(draft: Draft, invitee: CallOut): void {
  const { extCallId, attendeeId, participantType } = invitee;
  if (extCallId === null) return; // WebEx invites in private, and nobody else.
  const enterMsgId = draft.notify({
    type: "caller-entered",
    extCallId,
    ...(attendeeId !== undefined && { attendeeId }),
    participantType,
    did: dialledDigits(invitee.number),
    action: "private-talk",
    actionResult: "bridge-unreachable",
  });
  draft.callOuts.set(invitee.call, { ...invitee, enterMsgId, stage: "waiting", answerBy: draft.at + ALONE_MS });
}

function callsInside(draft: Draft, { room }: PrivateTalk): CallId[] {
  return draft.callers.values().flatMap((caller) => (caller.room === room && !caller.left ? [caller.call] : []));
}

function isHere(draft: Draft, call: CallId): boolean {
  return draft.callers.get(call)?.left === false;
}

/** The invitee that was picked up and waits to be moved into the talk. */
function comingInvitee(draft: Draft, { invitee }: PrivateTalk): CallOut | undefined {
  const callOut = draft.callOuts.get(invitee);
  return callOut?.stage === "answered" ? callOut : undefined;
}

/** Whether this call is in the main room, and not on its way into another. */
function isFree(draft: Draft, call: CallId): boolean {
  const caller = draft.callers.get(call);
  return caller?.room === MAIN_ROOM && !caller.left && !draft.isBusy(call, "move");
}
