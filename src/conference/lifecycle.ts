import { type Asked, asked } from "../tsp/answers.ts";
import type { FromWebexMessages } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import { announce, answerCreate } from "./announcements.ts";
import { forget } from "./call-outs.ts";
import { tellNews } from "./callers.ts";
import { rebind, takeOver } from "./failover.ts";
import type { Closing, CreateRequest, Creating, Head, Running } from "./state.ts";
import { ORDER_TIMEOUT_MS, type Turn } from "./turn.ts";

/** Creates, answers again, or takes over, by the key and the handle that the request carries (protocol 2.2.1). */
export function create(turn: Turn, message: CreateRequest): void {
  const { head } = turn;
  switch (head.phase) {
    case "absent":
      return start(turn, message);
    case "ended":
      return wasClosedUnnoticed(turn) ? turn.answer(asked(message), "conference-closed") : start(turn, message);
    case "creating":
      // The server that asked before is replaced: its answer is not sent to it, but to this one.
      if (isTakeOver(head, message)) {
        turn.head = { ...rebind(turn, head, message), askers: askersOf(message) };
      } else turn.head = { ...head, askers: [...head.askers, ...askersOf(message)] };
      return;
    case "running":
      return isTakeOver(head, message) ? takeOver(turn, head, message) : answerCreate(turn, asked(message));
    case "closing":
      turn.head = { ...head, next: [...head.next, message] };
      return;
  }
}

/** The bridge has created it (protocol 4.1). */
export function created(turn: Turn, head: Creating): void {
  const running = runningFrom(head);
  turn.head = running;
  for (const asker of head.askers) answerCreate(turn, asker);
  announce(turn, running);
}

/** The bridge has not created it: nothing is kept. */
export function createFailed(turn: Turn, head: Creating, result: ResultWord): void {
  for (const asker of head.askers) turn.answer(asker, result);
  answerLeftOvers(turn, result);
  turn.head = { phase: "absent" };
  turn.note(`the conference was not created: ${result}`);
}

/** WebEx closes (protocol 2.2.3, 4.7). */
export function close(
  turn: Turn,
  head: Creating | Running | Closing,
  message: FromWebexMessages["close-conference"],
): void {
  const askers = askersOf(message);
  if (head.phase === "closing") {
    turn.head = { ...head, askers: [...head.askers, ...askers] };
    return;
  }
  if (head.phase === "running" && message.keepAlive) return detach(turn, head, askers);
  if (head.phase === "creating") for (const asker of head.askers) turn.answer(asker, "conference-closed");
  turn.head = closing(turn, head.phase === "creating" ? runningFrom(head) : head, askers);
  turn.order({ type: "end-conference" });
}

/** The meeting is over and its audio goes on (protocol 4.8): nobody is dropped, and nobody is told any more. */
function detach(turn: Turn, head: Running, askers: readonly Asked[]): void {
  for (const asker of askers) turn.answer(asker, "ok");
  const { speech, ...rest } = head;
  turn.head = { ...rest, attached: false };
}

/** Ends a conference that nobody is in and that WebEx has let go. */
export function endIfDeserted(turn: Turn): void {
  const { head } = turn;
  if (head.phase !== "running" || head.attached) return;
  if (turn.callers.find((caller) => !caller.left) || turn.callOuts.find(() => true)) return;
  turn.head = closing(turn, head, []);
  turn.order({ type: "end-conference" });
}

function closing(turn: Turn, running: Running, askers: readonly Asked[]): Closing {
  const { extConfId, host, former, maxCallers, anonymousId } = running;
  const bound = { extConfId, host, former, maxCallers, anonymousId };
  return { ...bound, phase: "closing", running, askers, answerBy: turn.at + ORDER_TIMEOUT_MS, next: [] };
}

function runningFrom({ extConfId, host, former, maxCallers, anonymousId }: Creating): Running {
  const bound = { extConfId, host, former, maxCallers, anonymousId };
  return { ...bound, phase: "running", attached: true, locked: false, groups: {}, departed: [] };
}

/** The bridge ended it as WebEx wished. */
export function closed(turn: Turn, head: Closing): void {
  answerLeftOvers(turn, "conference-closed");
  for (const asker of head.askers) turn.answer(asker, "ok");
  tellEnded(turn);
  end(turn, true);
  for (const message of head.next) create(turn, message);
}

/** The bridge refused to end it: WebEx hears so, and the conference goes on. */
export function closeFailed(turn: Turn, head: Closing, result: ResultWord): void {
  for (const asker of head.askers) turn.answer(asker, result);
  turn.head = head.running;
  for (const message of head.next) create(turn, message);
}

/** Ended from the telephone side (protocol 4.7): one message, and no word about its callers. */
export function endedByTelephone(turn: Turn): void {
  const { head } = turn;
  if (head.phase === "closing") return closed(turn, head);
  if (head.phase !== "running") return;
  answerLeftOvers(turn, "conference-closed");
  tellEnded(turn);
  end(turn, false);
}

/** The bridge has lost it: each caller has left and the conference is over. */
export function lostByBridge(turn: Turn): void {
  const { head } = turn;
  if (head.phase === "closing") return closed(turn, head);
  if (head.phase !== "running") return;
  turn.note("the bridge no longer has this conference");
  for (const callOut of turn.callOuts.values()) if (callOut.stage === "waiting") forget(turn, callOut);
  answerLeftOvers(turn, "bridge-unreachable");
  for (const caller of turn.callers.values()) if (!caller.left) tellNews(turn, caller, { status: "left" });
  tellEnded(turn);
  end(turn, false);
}

function start(turn: Turn, message: CreateRequest): void {
  const { extConfId, replyTo, maxCallers = null, anonymousId = null } = message;
  turn.head = {
    phase: "creating",
    extConfId,
    host: replyTo ?? null,
    former: [],
    maxCallers,
    anonymousId,
    askers: askersOf(message),
  };
  const timeoutMs = turn.around.settings.createTimeoutMs;
  turn.order({ type: "create-conference", maxCallers, anonymousId }, null, { timeoutMs });
}

function isTakeOver(head: Creating | Running, message: CreateRequest): boolean {
  if (head.phase === "running" && !head.attached) return true; // Re-attachment (protocol 4.8 step 6).
  return head.extConfId !== message.extConfId || (message.replyTo !== undefined && head.host !== message.replyTo);
}

/**
 * Whether the conference of this key ended without WebEx's knowledge (protocol 4.9 F5, section 5, row 20): its end was given up on, or is
 * still under way to a server that another one replaces now.
 */
function wasClosedUnnoticed(turn: Turn): boolean {
  const { head, at } = turn;
  if (head.phase !== "ended" || head.byWebex) return false;
  if (head.closedUntil !== undefined) return at < head.closedUntil;
  const untold = turn.around
    .unconfirmed()
    .some((message) => message.type === "conference-changed" && message.status === "ended");
  if (!untold) return false;
  turn.dropQueued();
  turn.head = { ...head, closedUntil: at + turn.around.settings.closedMemoryMs };
  return true;
}

function tellEnded(turn: Turn): void {
  const { head } = turn;
  if (head.phase === "absent" || head.phase === "ended") return;
  const { extConfId } = head;
  turn.notify({ type: "conference-changed", msgId: turn.around.msgId(), extConfId, status: "ended" });
}

function end(turn: Turn, byWebex: boolean): void {
  turn.head = { phase: "ended", endedAt: turn.at, byWebex };
  turn.callers.clear();
}

/** Each accepted request is answered, also one whose order can have no result any more. */
function answerLeftOvers(turn: Turn, result: ResultWord): void {
  for (const callOut of turn.callOuts.values()) turn.answer(callOut.asked, result);
  for (const order of turn.orders.values()) turn.answer(order.asked, result);
  for (const room of turn.rooms.values()) turn.answer(room.closer?.asked ?? null, result);
  for (const request of Object.values(groupsOf(turn.head))) turn.answer(request, result);
  turn.callOuts.clear();
  turn.orders.clear();
  turn.rooms.clear();
}

function groupsOf(head: Head): Running["groups"] {
  if (head.phase === "closing") return head.running.groups;
  return head.phase === "running" ? head.groups : {};
}

function askersOf(message: CreateRequest | FromWebexMessages["close-conference"]): Asked[] {
  const request = asked(message);
  return request ? [request] : [];
}
