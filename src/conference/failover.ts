import type { ExtCallId, WebexHost } from "../foundation/ids.ts";
import { type OpenRequest, requestOf } from "../tsp/answers.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { announce, answerCreate } from "./announcements.ts";
import { entriesLost, notifyChange, notifyEntered } from "./callers.ts";
import type { Draft } from "./draft.ts";
import { recallForFailover } from "./private-talk.ts";
import { tellRooms } from "./rooms.ts";
import { speechLost } from "./speakers.ts";
import type { CreateRequest, Creating, Running } from "./state.ts";

/** How long requests that still carry a replaced handle are taken (protocol 4.9, last paragraph). */
const FORMER_HANDLE_MS = 60_000;

/**
 * Another TSP server takes the running conference over (protocol 4.9): it is told the whole state anew, in the order of
 * protocol 4.15. Who joined meanwhile is a caller like any other (protocol F3).
 */
export function takeOver(draft: Draft, head: Running, message: CreateRequest): void {
  const queued = draft.unconfirmed().filter(({ host }) => host === head.host && host !== message.replyTo);
  const departed = [...head.departed, ...departuresIn(queued.map((post) => post.message))];
  const { speech, lostEntries, ...rest } = rebind(draft, head, message);
  // Who speaks is reported again when the new server asks for it (protocol 4.16).
  const unasked = speech && { ...speech, reporting: false, told: [], changedAt: null };
  const running: Running = { ...rest, attached: true, departed: [], ...(unasked && { speech: unasked }) };
  draft.head = running;
  answerCreate(draft, requestOf(message));
  announce(draft, running); // Also with a sub-conference in progress (protocol section 5, row 14).
  for (const caller of draft.callers.values()) {
    // A call that the old server never named, and that has left, is nobody's news.
    if (caller.left) draft.callers.delete(caller.call);
    else notifyEntered(draft, { ...caller, held: [] });
  }
  // With a sub-conference in progress each call's state is told, else that of the muted ones (protocol F1, section 5, row 13).
  const tellsAll = draft.rooms.find(() => true) !== undefined;
  for (const caller of draft.callers.values()) {
    // A silent monitor enters muted (protocol 4.17): it may have been unmuted since.
    const isSilent = caller.participantType === "silent-monitor";
    if (caller.muted || isSilent || tellsAll)
      notifyChange(draft, caller, { status: caller.muted ? "muted" : "unmuted" });
  }
  tellRooms(draft);
  // The new server has never seen these calls, and is told all the same (protocol F4, section 5, row 17).
  for (const extCallId of departed) {
    const { extConfId } = running;
    draft.notify({ type: "caller-changed", msgId: draft.context.msgId(), extConfId, extCallId, status: "left" });
  }
  recallForFailover(draft);
}

/**
 * Ties the conference to the server and the handle of this request (protocol T13). What waits for the old server is
 * dropped, answers to its requests among it: it is gone, and posts to it would hold up the new one.
 */
export function rebind<Head extends Creating | Running>(draft: Draft, head: Head, message: CreateRequest): Head {
  const host = message.replyTo;
  if (head.host !== host) dropServer(draft, head.host);
  draft.note(`taken over by ${host} as ${message.extConfId}`);
  const former = head.former.filter((old) => draft.at < old.until && old.extConfId !== message.extConfId);
  const replaced = { extConfId: head.extConfId, until: draft.at + FORMER_HANDLE_MS };
  return {
    ...(draft.head as Head),
    extConfId: message.extConfId,
    host,
    former: head.extConfId === message.extConfId ? former : [...former, replaced],
    anonymousId: message.anonymousId ?? head.anonymousId,
  };
}

/** Nothing is sent to this server any more. */
function dropServer(draft: Draft, server: WebexHost): void {
  draft.dropQueued(server);
  const isItsOwn = (asked: OpenRequest | null | undefined) => asked && (asked.replyTo ?? server) === server;
  for (const command of draft.commands.values()) {
    if (isItsOwn(command.request)) draft.commands.set(command.id, { ...command, request: null });
  }
  for (const callOut of draft.callOuts.values()) {
    if (isItsOwn(callOut.request)) draft.callOuts.set(callOut.call, { ...callOut, request: null });
  }
  for (const room of draft.rooms.values()) {
    if (isItsOwn(room.closer?.asked)) draft.rooms.set(room.room, { ...room, closer: null });
  }
  const { head } = draft;
  if (head.phase === "running") {
    const groups = Object.entries(head.groups).filter(([, request]) => !isItsOwn(request));
    draft.head = { ...head, groups: Object.fromEntries(groups) };
  }
}

/** A transaction was given up on (protocol T43): the conference goes on, and remembers what the next server must hear. */
export function noteUndelivered(draft: Draft, messages: readonly ToWebex[]): void {
  const { head } = draft;
  draft.note(`given up after the last attempt: ${messages.map(({ type, msgId }) => `${type} ${msgId}`).join(", ")}`);
  entriesLost(draft, messages);
  speechLost(draft, messages);
  if (head.phase === "running") {
    const departed = departuresIn(messages);
    if (departed.length > 0) draft.head = { ...head, departed: [...head.departed, ...departed] };
  }
  if (head.phase === "ended" && !head.byWebex && messages.some(isEnd)) {
    draft.head = { ...head, closedUntil: draft.at + draft.context.settings.closedMemoryMs };
  }
}

/** Whether WebEx hears of the conference's end by this message. */
export function isEnd(message: ToWebex): boolean {
  return message.type === "conference-changed" && message.status === "ended";
}

/** The calls of which these messages tell that they left. */
function departuresIn(messages: readonly ToWebex[]): ExtCallId[] {
  return messages.flatMap((message) =>
    message.type === "caller-changed" && message.status === "left" ? [message.extCallId] : [],
  );
}
