import type { EpochMs } from "../foundation/ids.ts";
import { type Asked, asked } from "../tsp/answers.ts";
import type { FromWebexMessages } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import { announce, answerCreate, tellStatus } from "./announcements.ts";
import { forget } from "./call-outs.ts";
import { tellNews } from "./callers.ts";
import { isEnd, rebind, takeOver } from "./failover.ts";
import type { Closing, CreateRequest, Creating, Running } from "./state.ts";
import { ORDER_TIMEOUT_MS, type Turn } from "./turn.ts";

/** Pause before a bridge that has refused to end a deserted conference is asked again. */
const END_AGAIN_MS = 60_000;

/** Creates, answers again, or takes over, by the key and the handle that the request carries (protocol 2.2.1). */
export function create(turn: Turn, message: CreateRequest): void {
  const { head } = turn;
  switch (head.phase) {
    case "absent":
      return start(turn, message);
    case "ended":
      return wasClosedUnnoticed(turn, message)
        ? turn.answer(asked(message), "conference-closed")
        : start(turn, message);
    case "creating":
      if (isTakeOver(head, message)) {
        const bound = rebind(turn, head, message);
        turn.head = { ...bound, askers: [...bound.askers, ...askersOf(message)] };
      } else turn.head = { ...head, askers: [...head.askers, ...askersOf(message)] };
      return;
    case "running": {
      const { closing } = head;
      if (!closing)
        return isTakeOver(head, message) ? takeOver(turn, head, message) : answerCreate(turn, asked(message));
      const answerBy = turn.at + turn.around.settings.createTimeoutMs;
      turn.head = { ...head, closing: { ...closing, next: [...closing.next, { message, answerBy }] } };
      return;
    }
  }
}

/** The bridge has created it (protocol 4.1). */
export function created(turn: Turn, head: Creating): void {
  const running = runningFrom(head);
  turn.head = running;
  // Of two servers that asked at once the one that now has the conference comes first: the other may be gone.
  const isBound = ({ replyTo }: Asked) => (replyTo ?? head.host) === head.host;
  for (const asker of head.askers.filter(isBound)) answerCreate(turn, asker);
  announce(turn, running);
  for (const asker of head.askers.filter((one) => !isBound(one))) answerCreate(turn, asker);
}

/** The bridge has not created it: nothing is kept. */
export function createFailed(turn: Turn, head: Creating, result: ResultWord): void {
  for (const asker of head.askers) turn.answer(asker, result);
  answerLeftOvers(turn, result);
  turn.head = { phase: "absent" };
  turn.note(`the conference was not created: ${result}`);
}

/** WebEx closes (protocol 2.2.3, 4.7). */
export function close(turn: Turn, head: Creating | Running, message: FromWebexMessages["close-conference"]): void {
  const askers = askersOf(message);
  if (head.phase === "running" && head.closing) {
    turn.head = { ...head, closing: { ...head.closing, askers: [...head.closing.askers, ...askers] } };
    return;
  }
  if (head.phase === "running" && message.keepAlive) return detach(turn, head, askers);
  if (head.phase === "creating") for (const asker of head.askers) turn.answer(asker, "conference-closed");
  beginEnd(turn, head.phase === "creating" ? runningFrom(head) : head, askers);
}

/** The meeting is over and its audio goes on (protocol 4.8): nobody is dropped, and nobody is told any more. */
function detach(turn: Turn, head: Running, askers: readonly Asked[]): void {
  for (const asker of askers) turn.answer(asker, "ok");
  const { speech, ...rest } = head;
  turn.head = { ...rest, attached: false };
}

/** Ends a conference that nobody is in and that WebEx has let go (protocol 4.8). */
export function endIfDeserted(turn: Turn): void {
  const { head } = turn;
  if (head.phase !== "running" || head.attached || head.closing || head.endAgainAt !== undefined) return;
  if (!turn.callers.find((caller) => !caller.left) && !turn.callOuts.find(() => true)) beginEnd(turn, head, []);
}

/** The pause after a refusal is over. */
export function allowEnd(turn: Turn): void {
  const { head, at } = turn;
  if (head.phase !== "running" || head.endAgainAt === undefined || at < head.endAgainAt) return;
  const { endAgainAt, ...running } = head;
  turn.head = running;
}

function beginEnd(turn: Turn, head: Running, askers: readonly Asked[]): void {
  turn.head = { ...head, closing: { askers, answerBy: turn.at + ORDER_TIMEOUT_MS, next: [] } };
  turn.order({ type: "end-conference" });
}

function runningFrom({ extConfId, host, former, maxCallers, anonymousId }: Creating): Running {
  const bound = { extConfId, host, former, maxCallers, anonymousId };
  return { ...bound, phase: "running", attached: true, locked: false, groups: {}, departed: [] };
}

/** The bridge ended it as WebEx wished (protocol 4.7). */
export function closed(turn: Turn, { askers, next }: Closing): void {
  answerLeftOvers(turn, "conference-closed");
  for (const asker of askers) turn.answer(asker, "ok");
  tellStatus(turn, "ended");
  end(turn, true);
  for (const { message } of next) create(turn, message);
}

/** The bridge refused to end it: WebEx hears so, and the conference goes on. */
export function closeFailed(turn: Turn, head: Running, { askers, next }: Closing, result: ResultWord): void {
  for (const asker of askers) turn.answer(asker, result);
  const { closing, ...running } = head;
  turn.head = { ...running, endAgainAt: turn.at + END_AGAIN_MS };
  for (const { message } of next) create(turn, message);
}

/** A bridge that does not end it in time: WebEx is told, and a meeting that is over is still to end by telephone. */
export function expireClosing(turn: Turn): void {
  const { head, at } = turn;
  if (head.phase !== "running" || !head.closing) return;
  const { closing } = head;
  const askers = closing.answerBy <= at ? closing.askers : [];
  const late = closing.next.filter(({ answerBy }) => answerBy <= at);
  if (askers.length === 0 && late.length === 0) return;
  for (const asker of askers) turn.answer(asker, "bridge-timeout");
  for (const { message } of late) turn.answer(asked(message), "bridge-timeout");
  const next = closing.next.filter(({ answerBy }) => at < answerBy);
  turn.head = { ...head, closing: { ...closing, askers: askers.length > 0 ? [] : closing.askers, next } };
}

/** When `expireClosing` has something to do. */
export function closingDue({ askers, answerBy, next }: Closing): EpochMs | null {
  const times = [...(askers.length > 0 ? [answerBy] : []), ...next.map((one) => one.answerBy)];
  return times.length > 0 ? Math.min(...times) : null;
}

/** Ended from the telephone side (protocol 4.7): one message, and no word about its callers. */
export function endedByTelephone(turn: Turn): void {
  const { head } = turn;
  if (head.phase !== "running") return;
  if (head.closing) return closed(turn, head.closing);
  answerLeftOvers(turn, "conference-closed");
  tellStatus(turn, "ended");
  end(turn, false);
}

/** The bridge has lost it: each caller has left and the conference is over. */
export function lostByBridge(turn: Turn): void {
  const { head } = turn;
  if (head.phase !== "running") return;
  if (head.closing) return closed(turn, head.closing);
  turn.note("the bridge no longer has this conference");
  for (const callOut of turn.callOuts.values()) if (callOut.stage === "waiting") forget(turn, callOut);
  answerLeftOvers(turn, "bridge-unreachable");
  for (const caller of turn.callers.values()) if (!caller.left) tellNews(turn, caller, { status: "left" });
  tellStatus(turn, "ended");
  end(turn, false);
}

function start(turn: Turn, message: CreateRequest): void {
  const { extConfId, replyTo, maxCallers = null, anonymousId = null } = message;
  // This life may be on another bridge: what is left to do of the one before stays with its own.
  const { bridge } = turn.around;
  if (bridge !== null) for (const order of turn.orders.values()) turn.orders.set(order.id, { bridge, ...order });
  turn.head = {
    phase: "creating",
    extConfId,
    host: replyTo,
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
  return head.extConfId !== message.extConfId || head.host !== message.replyTo;
}

/**
 * Whether the conference of this key ended without WebEx's knowledge (protocol 4.9 F5, section 5, row 20): its end was
 * given up on, or is still under way to a server that another one replaces now.
 */
function wasClosedUnnoticed(turn: Turn, message: CreateRequest): boolean {
  const { head, at } = turn;
  if (head.phase !== "ended" || head.byWebex) return false;
  if (head.closedUntil !== undefined) return at < head.closedUntil;
  const untold = turn.unconfirmed().find((post) => isEnd(post.message) && post.host !== message.replyTo);
  if (!untold) return false;
  turn.dropQueued(untold.host);
  turn.head = { ...head, closedUntil: at + turn.around.settings.closedMemoryMs };
  return true;
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
  if (turn.head.phase === "running")
    for (const request of Object.values(turn.head.groups)) turn.answer(request, result);
  turn.callOuts.clear();
  for (const { id, bridge = turn.around.bridge } of turn.orders.values()) {
    if (bridge === turn.around.bridge) turn.orders.delete(id);
  }
  turn.rooms.clear();
}

function askersOf(message: CreateRequest | FromWebexMessages["close-conference"]): Asked[] {
  const request = asked(message);
  return request ? [request] : [];
}
