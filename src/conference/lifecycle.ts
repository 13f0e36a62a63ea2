import { type Command, LATEST_MS, type RefusalReason } from "../bridge/commands.ts";
import type { EpochMs, ExtConfId } from "../foundation/ids.ts";
import { earliest } from "../foundation/time/earliest.ts";
import { type FromWebexMessages, type OpenRequest, requestOf } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import { type Draft, resultWord } from "./draft.ts";
import type { Fact } from "./facts.ts";
import type { Closing, CreateRequest, Creating, Ended, Running } from "./head.ts";
import { removeCallOut } from "./parts/call-outs.ts";
import { notifyChange } from "./parts/callers.ts";
import { createCommand, entryRulesOf, renewEntryRules } from "./parts/entry-rules.ts";
import { endTalks } from "./parts/private-talk.ts";
import { closeAllRooms } from "./parts/rooms.ts";
import {
  type ConferenceEnd,
  callOver,
  conferenceRecord,
  enderOfClosing,
  endWith,
  newLife,
  updateLife,
} from "./records.ts";
import { answerCreate, notifyRunning, notifyStatus } from "./server/conference-status.ts";
import { isClosedAnswer, isEnd } from "./server/debts.ts";
import { failOver, isByOther, namedHostOf, saidAnew, setServer } from "./server/failover.ts";
import { isAnswer } from "./server/posts.ts";
import { clear, deleteOutdated, dropExpired, oweEnd, settle } from "./server/resync.ts";
import type { CallOut, PendingCommand } from "./state.ts";

/** Pause after a bridge refused to end a deserted conference. */
const RETRY_END_MS = 60_000;
/** How long a bridge that is gone has to end what was found on it, where the settings end none. */
const LOST_MINUTES = 240;
/** How many creates of WebEx may wait for the bridge; a further one is refused at once. */
const MAX_WAITING_CREATES = 50;
/** Time for which an empty conference stays dialable after WebEx detaches (protocol 4.8). */
const KEPT_EMPTY_MS = 300_000;

/** Creates, answers again, or takes over: the request's key and handle decide (protocol 2.2.1). `answerBy`: of one that has waited. */
export function create(
  draft: Draft,
  message: CreateRequest,
  answerBy = draft.at + draft.context.settings.createTimeoutMs,
): void {
  const { head } = draft;
  switch (head.phase) {
    case "absent":
      return beginCreate(draft, message, answerBy);
    case "ended":
      if (!notifiesOfEnd(draft, head, message)) return beginCreate(draft, message, answerBy);
      // It may have asked for something since it was behind: then no outage says what it is owed.
      if (head.host && head.host !== message.replyTo) draft.fact({ kind: "server-settled", host: head.host });
      for (const { host, probe } of draft.outages.values()) {
        if (host === message.replyTo) continue;
        settle(draft, message.replyTo);
        if (probe) draft.dropNotifications(host);
      }
      // The answer says all that WebEx has missed, and what a probe under way says.
      clear(draft);
      return draft.answer(requestOf(message), "conference-closed");
    case "creating":
      return joinCreate(draft, head, message);
    case "running": {
      const { closing } = head;
      if (head.orphan && !closing && !head.restored && isEmpty(draft)) return createAnew(draft, message, answerBy);
      // Its server does not know that an operator ends it: the next one is to be notified of the end.
      if (isFailover(head, message) && (!closing || isOperatorsAlone(closing))) return failOver(draft, head, message);
      if (!closing) return repeatCreate(draft, head, message);
      if (closing.next.length >= MAX_WAITING_CREATES) return draft.answer(requestOf(message), "capacity-exceeded");
      draft.update({ closing: { ...closing, next: [...closing.next, { message, answerBy, by: draft.by }] } });
      if (!closing.isAsked) undoAnnounced(draft, head, message);
      return;
    }
  }
}

/** A bridge that holds it without callers may have made it up: it ends there, and a bridge is chosen as for any other. */
function createAnew(draft: Draft, message: CreateRequest, answerBy: EpochMs): void {
  const how: ConferenceEnd = { endedBy: "nobody", reason: "deserted" };
  answerOpenRequests(draft, "conference-closed", how);
  end(draft, how);
  draft.issue({ type: "end-conference" });
  beginCreate(draft, message, answerBy);
}

/** While its callers hear that the call ends, the agent still lets this undo the end; what came first, the result of the end says. */
function undoAnnounced(draft: Draft, head: Running, message: CreateRequest): void {
  const isEnd = ({ bridge, command }: PendingCommand) => bridge === undefined && command.type === "end-conference";
  const ends = draft.commands.values().filter(isEnd);
  const areAnnounced = ends.every(({ command }) => "announce" in command && command.announce !== undefined);
  if (ends.length === 0 || !areAnnounced || draft.pending("create-conference")) return;
  draft.issue({ ...createCommand(entryRulesOf(draft, message, head)), renews: true });
}

function repeatCreate(draft: Draft, head: Running, message: CreateRequest): void {
  answerCreate(draft, requestOf(message));
  draft.update(saidAnew(draft, head, message));
  renewEntryRules(draft, head);
}

/** WebEx asks again before the bridge has created it. If it has detached meanwhile, it attaches anew (protocol 4.8 step 6). */
function joinCreate(draft: Draft, head: Creating, message: CreateRequest): void {
  if (head.requests.length >= MAX_WAITING_CREATES) return draft.answer(requestOf(message), "capacity-exceeded");
  const { keeps = [], ...creating } = head;
  for (const request of keeps) draft.answer(request, "ok");
  draft.head = creating;
  const isOther = isByOther(creating, message);
  if (isOther) settle(draft, message.replyTo);
  const ongoing = isOther
    ? setServer(draft, creating, message)
    : { ...creating, ...saidAnew(draft, creating, message) };
  draft.head = { ...ongoing, requests: [...ongoing.requests, requestOf(message)] };
}

/** The bridge has created it (protocol 4.1). */
export function completeCreate(draft: Draft, head: Creating, command: Command<"create-conference">): void {
  const running = runningFrom(head);
  draft.head = running;
  noteCreated(draft, head);
  // If two servers asked at once, the one that now has the conference is answered first: the other may be gone.
  const isFromServer = ({ replyTo }: OpenRequest) => (replyTo ?? head.host) === head.host;
  for (const request of head.requests.filter(isFromServer)) answerCreate(draft, request);
  notifyRunning(draft, running);
  for (const request of head.requests.filter((one) => !isFromServer(one))) answerCreate(draft, request);
  renewEntryRules(draft, command);
  if (head.keeps) detach(draft, running, head.keeps);
}

export function noteCreated(draft: Draft, { extConfId, host, life }: Creating | Running): void {
  updateLife(draft, () => ({ runningAt: draft.at }));
  const { row, createdAt } = life;
  draft.fact({ kind: "conference-created", life: row, createdAt, extConfId, host, bridge: draft.context.bridge });
}

/** The bridge did not create it: nothing is kept. */
export function failCreate(draft: Draft, head: Creating, reason: RefusalReason | "bridge-timeout"): void {
  const result = resultWord(reason === "bridge-timeout" ? reason : { done: false, reason });
  for (const request of [...head.requests, ...(head.keeps ?? [])]) draft.answer(request, result);
  const end: ConferenceEnd = { endedBy: "bridge", reason };
  answerOpenRequests(draft, result, end);
  const record = conferenceRecord(draft, end);
  draft.fact({ kind: "conference-not-created", why: result, record });
  draft.head = { phase: "absent", notCreated: true };
  draft.life = null;
}

/** Answers the creates of this handle that wait for the end of the conference before; false: there are none. */
export function closeWaitingCreates(draft: Draft, extConfId: ExtConfId): boolean {
  const closing = draft.running?.closing;
  if (!closing) return false;
  const isClosed = (one: Closing["next"][number]) => one.message.extConfId === extConfId;
  for (const { message } of closing.next.filter(isClosed)) draft.answer(requestOf(message), "conference-closed");
  const next = closing.next.filter((one) => !isClosed(one));
  if (next.length === closing.next.length) return false;
  draft.update({ closing: { ...closing, next } });
  return true;
}

/** WebEx closes the conference (protocol 2.2.3, 4.7). */
export function close(draft: Draft, head: Creating | Running, message: FromWebexMessages["close-conference"]): void {
  if (head.phase === "creating") return closeUncreated(draft, head, message);
  const request = requestOf(message);
  const { closing } = head;
  if (closing) {
    if (isOperatorsAlone(closing) && message.keepAlive) return detach(draft, head, [request]);
    const asked = (!head.attached || closing.byOperator) && ({ isAsked: true } as const);
    const pending = draft.pending("end-conference");
    if (pending) draft.addAsker(pending);
    // Who asks when nobody waits any more has a time of its own.
    const answerBy = closing.requests.length === 0 ? draft.at + LATEST_MS : closing.answerBy;
    return draft.update({ closing: { ...closing, answerBy, requests: [...closing.requests, request], ...asked } });
  }
  if (message.keepAlive) return detach(draft, head, [request]);
  return beginEnd(draft, [request], { ...(!head.attached && { isAsked: true }) });
}

function closeUncreated(draft: Draft, head: Creating, message: FromWebexMessages["close-conference"]): void {
  const request = requestOf(message);
  const keeps = [...(head.keeps ?? []), request];
  if (message.keepAlive) {
    if (keeps.length > MAX_WAITING_CREATES) draft.answer(request, "capacity-exceeded");
    else draft.head = { ...head, keeps };
    return;
  }
  for (const one of head.requests) draft.answer(one, "conference-closed");
  draft.head = runningFrom(head);
  beginEnd(draft, keeps);
}

function isOperatorsAlone({ byOperator, isAsked }: Closing): boolean {
  return byOperator === true && !isAsked;
}

/** An operator ends the conference; where it is being ended already, that counts for this action, too. */
export function endByOperator(draft: Draft, head: Running): void {
  const end = { type: "end-conference" } as const;
  if (head.closing) draft.issueOnce(end, [end.type]);
  else beginEnd(draft, [], { byOperator: true });
}

/** The meeting is over and its audio goes on (protocol 4.8). Nobody could bring callers together any more: all meet in the main room. */
function detach(draft: Draft, { speech }: Running, requests: readonly OpenRequest[]): void {
  for (const request of requests) draft.answer(request, "ok");
  draft.update({ speech: undefined, attached: false });
  if (speech) {
    draft.fact({ kind: "speakers-followed", on: false });
    draft.issue({ type: "stop-reporting-speakers" });
  }
  draft.fact({ kind: "conference-detached" });
  deleteOutdated(draft);
  endTalks(draft);
  closeAllRooms(draft);
  if (isEmpty(draft)) draft.update({ keptUntil: draft.at + KEPT_EMPTY_MS });
}

const departures: ReadonlySet<Fact["kind"]> = new Set(["call-left", "call-not-entered"]);

/** Whether this may leave the conference deserted; a call-out that is hung up no longer counts. */
function isDeparture(fact: Fact): boolean {
  if (fact.kind === "command-issued") return fact.type === "cancel-dial" || fact.type === "expel";
  return departures.has(fact.kind);
}

/** Ends a conference that WebEx has detached from and that nobody is in (protocol 4.8). */
export function endIfDeserted(draft: Draft): void {
  const { running } = draft;
  if (!running || running.attached || running.closing || running.orphan?.leftAlone) return;
  if (running.retryEndAt !== undefined || running.keptUntil !== undefined) return;
  if (!isEmpty(draft)) return;
  // Else it was deserted before, and a pause is over.
  const by = draft.whoLedTo(isDeparture) ?? [{ type: "deadline" }];
  draft.because(by, () => beginEnd(draft, []));
}

/** Whether nobody is in it, or is being called: calls that are hung up no longer count. */
export function isEmpty({ callers, callOuts }: Draft): boolean {
  const isWanted = ({ stage }: CallOut) => stage !== "dropping";
  return !callers.find((caller) => !caller.left) && !callOuts.find(isWanted);
}

function isPast(draft: Draft, time: EpochMs = Number.POSITIVE_INFINITY): boolean {
  return time <= draft.at;
}

/** Lets a refused end be tried again once the pause is over, and a conference end that nobody came into. */
export function retryEnd(draft: Draft): void {
  const { retryEndAt, keptUntil } = draft.running ?? {};
  if (isPast(draft, retryEndAt)) draft.update({ retryEndAt: undefined });
  if (isPast(draft, keptUntil)) draft.update({ keptUntil: undefined });
}

/** Ends a conference that WebEx has not created again in time; its callers hear that the call ends. */
export function expireOrphan(draft: Draft): void {
  const { running } = draft;
  if (!running) return;
  const { closing, orphan, retryEndAt } = running;
  if (closing) {
    if (isPast(draft, closing.lostAt)) completeClose(draft, closing);
    return;
  }
  if (orphan && isPast(draft, orphan.retryLockAt)) {
    const { retryLockAt: _, ...rest } = orphan;
    draft.update({ orphan: rest });
    if (!running.locked && !draft.pending("lock", "unlock")) draft.issue({ type: "lock" });
  }
  if (retryEndAt === undefined && isPast(draft, orphan?.endAt))
    beginEnd(draft, [], { byPolicy: true }, { announce: "goodbye" });
}

/** When `expireOrphan` next has something to do; a refused end is tried again after a pause. */
export function orphanDue({ orphan, closing, retryEndAt }: Running): EpochMs | null {
  if (closing) return closing.lostAt ?? null;
  return earliest(orphan?.retryLockAt ?? null, retryEndAt === undefined ? (orphan?.endAt ?? null) : null);
}

function beginEnd(
  draft: Draft,
  requests: readonly OpenRequest[],
  by: Partial<Closing> = {},
  how: Partial<Command<"end-conference">> = {},
): void {
  const { at, context } = draft;
  const { orphanConferenceMinutes: minutes } = context.settings;
  const lostAt = at + (typeof minutes === "number" ? minutes : LOST_MINUTES) * 60_000;
  const { orphan } = draft.running ?? {};
  const more = orphan && { lostAt };
  draft.update({ closing: { requests, answerBy: at + LATEST_MS, next: [], ...more, ...by } });
  draft.issue({ type: "end-conference", ...how });
}

function runningFrom({ phase: _, requests: __, keeps: ___, ...ongoing }: Creating): Running {
  return { ...ongoing, phase: "running", attached: true, locked: false, groups: [] };
}

/** The bridge ended it for WebEx (protocol 4.7) or for an operator. */
export function completeClose(draft: Draft, { requests, next, isAsked }: Closing): void {
  const endedBy = enderOfClosing(draft) ?? "webex";
  const reason = endedBy === "nobody" ? "deserted" : endedBy === "policy" ? "orphaned" : "closed";
  const how: ConferenceEnd = { endedBy, reason };
  answerOpenRequests(draft, "conference-closed", how);
  for (const request of requests) draft.answer(request, "ok");
  if (isAsked) draft.update({ attached: true });
  notifyStatus(draft, "ended");
  end(draft, how);
  createWaiting(draft, next);
}

/** Who ended the conference before did not ask for these. */
function createWaiting(draft: Draft, next: Closing["next"]): void {
  for (const { message, answerBy, by } of next) draft.because(by, () => create(draft, message, answerBy));
}

/** The bridge refused to end it: WebEx is answered so, and the conference goes on. */
export function failClose(draft: Draft, head: Running, { requests, next }: Closing, result: ResultWord): void {
  for (const request of requests) draft.answer(request, result);
  draft.update({ closing: undefined, retryEndAt: draft.at + RETRY_END_MS });
  if (head.life.runningAt === null && !draft.pending("create-conference")) noteCreated(draft, head);
  createWaiting(draft, next);
}

/** The bridge does not end it in time: WebEx is answered so, and the command to end it stays pending. `isOverdue`: whenever it was asked. */
export function expireClosing(draft: Draft, isOverdue = false): void {
  const { at, running } = draft;
  if (!running?.closing) return;
  const { closing } = running;
  const requests = isOverdue || closing.answerBy <= at ? closing.requests : [];
  const late = closing.next.filter(({ answerBy }) => answerBy <= at);
  if (requests.length === 0 && late.length === 0) return;
  for (const request of requests) draft.answer(request, "bridge-timeout");
  for (const { message } of late) draft.answer(requestOf(message), "bridge-timeout");
  const next = closing.next.filter(({ answerBy }) => at < answerBy);
  draft.update({ closing: { ...closing, requests: requests.length > 0 ? [] : closing.requests, next } });
}

/** When `expireClosing` next has something to do. */
export function closingDue({ requests, answerBy, next }: Closing): EpochMs | null {
  return earliest(requests.length > 0 ? answerBy : null, ...next.map((one) => one.answerBy));
}

/** Ended from the telephone side (protocol 4.7): one notification, and none for each caller. `at`: where that was some time ago. */
export function endByTelephone(draft: Draft, at = draft.at): void {
  const { closing } = draft.running ?? {};
  if (closing) return completeClose(draft, closing);
  const how: ConferenceEnd = { endedBy: "telephone", reason: "ended" };
  answerOpenRequests(draft, "conference-closed", how);
  notifyStatus(draft, "ended");
  end(draft, how, at);
}

/** The bridge has lost the conference, or an operator gives it up: WebEx is notified that each caller left and that it is over. */
export function endAsLost(draft: Draft, endedBy: "bridge" | "operator" = "bridge"): void {
  const { running } = draft;
  if (!running) return;
  if (running.closing) return completeClose(draft, running.closing);
  const how: ConferenceEnd = { endedBy, reason: "lost" };
  for (const callOut of draft.callOuts.values())
    if (callOut.stage === "waiting") removeCallOut(draft, callOut, endWith(callOut, how));
  answerOpenRequests(draft, "bridge-unreachable", how);
  for (const caller of draft.callers.values()) if (!caller.left) notifyChange(draft, caller, { status: "left" });
  notifyStatus(draft, "ended");
  end(draft, how);
}

function beginCreate(draft: Draft, message: CreateRequest, answerBy: EpochMs): void {
  const { extConfId, replyTo } = message;
  dropExpired(draft, isAnswer);
  settle(draft, replyTo);
  const { conferenceName: topic = "" } = message;
  const { row: life } = draft.context;
  const rules = entryRulesOf(draft, message);
  const { maxCallers } = rules;
  const asked = { extConfId, host: replyTo, maxCallers, ...(topic !== "" && { topic }) };
  draft.fact({ kind: "conference-requested", life, ...asked });
  // This life may be on another bridge: pending commands of the one before stay with their bridge.
  const { bridge } = draft.context;
  if (bridge !== null)
    for (const command of draft.commands.values()) draft.commands.set(command.id, { bridge, ...command });
  draft.life = { ...newLife(draft), topic, extConfIds: [extConfId], webexHosts: [replyTo] };
  draft.head = {
    phase: "creating",
    extConfId,
    host: replyTo,
    formerHandles: [],
    ...rules,
    hybridEnabled: message.hybridEnabled ?? false,
    ...namedHostOf(message),
    requests: [requestOf(message)],
    life: draft.life,
  };
  draft.issue(createCommand(rules), null, { timeoutMs: answerBy - draft.at });
}

function isFailover(head: Running, message: CreateRequest): boolean {
  // One that WebEx let go on alone is attached again (protocol 4.8 step 6).
  return !head.attached || isByOther(head, message);
}

/**
 * Whether the conference ended without WebEx's knowledge: the notification was given up, or is still on its way to a server that
 * this create replaces. Then its answer is the notification (protocol 4.9 F5, section 5, row 20).
 */
function notifiesOfEnd(draft: Draft, head: Ended, message: CreateRequest): boolean {
  const { at } = draft;
  if (head.byWebex) return false;
  if (head.closedUntil !== undefined) {
    if (at >= head.closedUntil || isTold(draft, head)) return false;
    draft.head = { ...head, host: message.replyTo, told: true };
    return true;
  }
  const lost = draft.unconfirmed().find((post) => isEnd(post.message) && post.host !== message.replyTo);
  if (!lost) return false;
  draft.dropNotifications(lost.host);
  const closedUntil = at + draft.context.settings.closedMemoryMs;
  draft.head = { ...head, host: message.replyTo, closedUntil, told: true };
  return true;
}

/** The latest server that asked has confirmed a code 11 for it, and who creates now wants a new conference. */
function isTold(draft: Draft, head: Ended): boolean {
  if (!head.told || draft.context.settings.protocol.closedAnswer === "always") return false;
  return !draft.unconfirmed().some(({ host, message }) => host === head.host && isClosedAnswer(message));
}

function end(draft: Draft, how: ConferenceEnd, at = draft.at): void {
  const callers = draft.callers.values().filter(({ left }) => !left);
  for (const caller of callers) callOver(draft, caller, endWith(caller, how), at);
  const { endedBy, reason: why } = how;
  const record = conferenceRecord(draft, how, at);
  draft.fact({ kind: "conference-ended", endedBy, why, callers: callers.length, record });
  const { host, extConfId, closing } = draft.running ?? {};
  draft.head = {
    phase: "ended",
    at,
    ...(host && { host }),
    ...(extConfId && { extConfId }),
    byWebex: closing?.isAsked === true || endedBy === "webex" || endedBy === "nobody",
  };
  draft.life = null;
  draft.callers.clear();
  oweEnd(draft);
}

/** Answers every request that is still open: their commands can have no result any more. */
function answerOpenRequests(draft: Draft, result: ResultWord, how: ConferenceEnd): void {
  for (const callOut of draft.callOuts.values()) {
    draft.answer(callOut.request, result);
    callOver(draft, callOut, callOut.end ?? endWith(callOut, how));
  }
  for (const command of draft.commands.values()) draft.answer(command.request, result);
  for (const room of draft.rooms.values()) draft.answer(room.closeRequest?.request ?? null, result);
  for (const { request } of draft.running?.groups ?? []) draft.answer(request, result);
  draft.callOuts.clear();
  for (const { id, command, bridge = draft.context.bridge } of draft.commands.values()) {
    if (bridge !== draft.context.bridge) continue;
    draft.commands.delete(id);
    draft.fact({ kind: "command-failed", command: id, type: command.type, why: "conference-over" });
  }
  draft.rooms.clear();
}
