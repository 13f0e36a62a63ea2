import type { ExtCallId, WebexHost } from "../foundation/ids.ts";
import { type Asked, asked } from "../tsp/answers.ts";
import type { ToWebex } from "../tsp/messages.ts";
import { announce, answerCreate } from "./announcements.ts";
import { entriesLost, tellEntered, tellNews } from "./callers.ts";
import { recallForFailover } from "./private-talk.ts";
import { speechLost } from "./speech.ts";
import type { CreateRequest, Creating, Running } from "./state.ts";
import { tellRooms } from "./sub-conferences.ts";
import type { Turn } from "./turn.ts";

/** How long requests that still carry a replaced handle are taken (protocol 4.9, last paragraph). */
const FORMER_HANDLE_MS = 60_000;

/**
 * Another TSP server takes the running conference over (protocol 4.9): it is told the whole state anew, in the order of
 * protocol 4.15. Who joined meanwhile is a caller like any other (protocol F3).
 */
export function takeOver(turn: Turn, head: Running, message: CreateRequest): void {
  const queued = turn.unconfirmed().filter(({ host }) => host === head.host && host !== message.replyTo);
  const departed = [...head.departed, ...departuresIn(queued.map((post) => post.message))];
  const { speech, lostEntries, ...rest } = rebind(turn, head, message);
  // Who speaks is reported again when the new server asks for it (protocol 4.16).
  const unasked = speech && { ...speech, reporting: false, told: [], changedAt: null };
  const running: Running = { ...rest, attached: true, departed: [], ...(unasked && { speech: unasked }) };
  turn.head = running;
  answerCreate(turn, asked(message));
  announce(turn, running); // Also with a sub-conference in progress (protocol section 5, row 14).
  for (const caller of turn.callers.values()) {
    // A call that the old server never named, and that has left, is nobody's news.
    if (caller.left) turn.callers.delete(caller.call);
    else tellEntered(turn, { ...caller, held: [] });
  }
  // With a sub-conference in progress each call's state is told, else that of the muted ones (protocol F1, section 5, row 13).
  const tellsAll = turn.rooms.find(() => true) !== undefined;
  for (const caller of turn.callers.values()) {
    // A silent monitor enters muted (protocol 4.17): it may have been unmuted since.
    const isSilent = caller.participantType === "silent-monitor";
    if (caller.muted || isSilent || tellsAll) tellNews(turn, caller, { status: caller.muted ? "muted" : "unmuted" });
  }
  tellRooms(turn);
  // The new server has never seen these calls, and is told all the same (protocol F4, section 5, row 17).
  for (const extCallId of departed) {
    const { extConfId } = running;
    turn.notify({ type: "caller-changed", msgId: turn.around.msgId(), extConfId, extCallId, status: "left" });
  }
  recallForFailover(turn);
}

/**
 * Ties the conference to the server and the handle of this request (protocol T13). What waits for the old server is
 * dropped, answers to its requests among it: it is gone, and posts to it would hold up the new one.
 */
export function rebind<Head extends Creating | Running>(turn: Turn, head: Head, message: CreateRequest): Head {
  const host = message.replyTo;
  if (head.host !== host) dropServer(turn, head.host);
  turn.note(`taken over by ${host} as ${message.extConfId}`);
  const former = head.former.filter((old) => turn.at < old.until && old.extConfId !== message.extConfId);
  const replaced = { extConfId: head.extConfId, until: turn.at + FORMER_HANDLE_MS };
  return {
    ...(turn.head as Head),
    extConfId: message.extConfId,
    host,
    former: head.extConfId === message.extConfId ? former : [...former, replaced],
    anonymousId: message.anonymousId ?? head.anonymousId,
  };
}

/** Nothing is sent to this server any more. */
function dropServer(turn: Turn, server: WebexHost): void {
  turn.dropQueued(server);
  const isItsOwn = (asked: Asked | null | undefined) => asked && (asked.replyTo ?? server) === server;
  for (const order of turn.orders.values()) {
    if (isItsOwn(order.asked)) turn.orders.set(order.id, { ...order, asked: null });
  }
  for (const callOut of turn.callOuts.values()) {
    if (isItsOwn(callOut.asked)) turn.callOuts.set(callOut.call, { ...callOut, asked: null });
  }
  for (const room of turn.rooms.values()) {
    if (isItsOwn(room.closer?.asked)) turn.rooms.set(room.room, { ...room, closer: null });
  }
  const { head } = turn;
  if (head.phase === "running") {
    const groups = Object.entries(head.groups).filter(([, request]) => !isItsOwn(request));
    turn.head = { ...head, groups: Object.fromEntries(groups) };
  }
}

/** A transaction was given up on (protocol T43): the conference goes on, and remembers what the next server must hear. */
export function rememberUndelivered(turn: Turn, messages: readonly ToWebex[]): void {
  const { head } = turn;
  turn.note(`given up after the last attempt: ${messages.map(({ type, msgId }) => `${type} ${msgId}`).join(", ")}`);
  entriesLost(turn, messages);
  speechLost(turn, messages);
  if (head.phase === "running") {
    const departed = departuresIn(messages);
    if (departed.length > 0) turn.head = { ...head, departed: [...head.departed, ...departed] };
  }
  if (head.phase === "ended" && !head.byWebex && messages.some(isEnd)) {
    turn.head = { ...head, closedUntil: turn.at + turn.around.settings.closedMemoryMs };
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
