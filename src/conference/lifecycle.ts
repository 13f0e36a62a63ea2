import type { EpochMs } from "../foundation/ids.ts";
import { type OpenRequest, requestOf } from "../tsp/answers.ts";
import type { FromWebexMessages } from "../tsp/messages.ts";
import type { ResultWord } from "../tsp/protocol-table.ts";
import { announce, answerCreate, tellStatus } from "./announcements.ts";
import { release } from "./call-outs.ts";
import { notifyChange } from "./callers.ts";
import { COMMAND_TIMEOUT_MS, type Draft } from "./draft.ts";
import { isEnd, rebind, takeOver } from "./failover.ts";
import type { Closing, CreateRequest, Creating, Running } from "./state.ts";

/** Pause before a bridge that has refused to end a deserted conference is asked again. */
const END_AGAIN_MS = 60_000;

/** Creates, answers again, or takes over, by the key and the handle that the request carries (protocol 2.2.1). */
export function create(draft: Draft, message: CreateRequest): void {
  const { head } = draft;
  switch (head.phase) {
    case "absent":
      return start(draft, message);
    case "ended":
      return wasClosedUnnoticed(draft, message)
        ? draft.answer(requestOf(message), "conference-closed")
        : start(draft, message);
    case "creating":
      if (isTakeOver(head, message)) {
        const bound = rebind(draft, head, message);
        draft.head = { ...bound, requests: [...bound.requests, ...askersOf(message)] };
      } else draft.head = { ...head, requests: [...head.requests, ...askersOf(message)] };
      return;
    case "running": {
      const { closing } = head;
      if (!closing)
        return isTakeOver(head, message) ? takeOver(draft, head, message) : answerCreate(draft, requestOf(message));
      const answerBy = draft.at + draft.context.settings.createTimeoutMs;
      draft.head = { ...head, closing: { ...closing, next: [...closing.next, { message, answerBy }] } };
      return;
    }
  }
}

/** The bridge has created it (protocol 4.1). */
export function created(draft: Draft, head: Creating): void {
  const running = runningFrom(head);
  draft.head = running;
  // Of two servers that asked at once the one that now has the conference comes first: the other may be gone.
  const isBound = ({ replyTo }: OpenRequest) => (replyTo ?? head.host) === head.host;
  for (const request of head.requests.filter(isBound)) answerCreate(draft, request);
  announce(draft, running);
  for (const request of head.requests.filter((one) => !isBound(one))) answerCreate(draft, request);
}

/** The bridge has not created it: nothing is kept. */
export function createFailed(draft: Draft, head: Creating, result: ResultWord): void {
  for (const request of head.requests) draft.answer(request, result);
  answerLeftOvers(draft, result);
  draft.head = { phase: "absent" };
  draft.note(`the conference was not created: ${result}`);
}

/** WebEx closes (protocol 2.2.3, 4.7). */
export function close(draft: Draft, head: Creating | Running, message: FromWebexMessages["close-conference"]): void {
  const requests = askersOf(message);
  if (head.phase === "running" && head.closing) {
    draft.head = { ...head, closing: { ...head.closing, requests: [...head.closing.requests, ...requests] } };
    return;
  }
  if (head.phase === "running" && message.keepAlive) return detach(draft, head, requests);
  if (head.phase === "creating") for (const request of head.requests) draft.answer(request, "conference-closed");
  beginEnd(draft, head.phase === "creating" ? runningFrom(head) : head, requests);
}

/** The meeting is over and its audio goes on (protocol 4.8): nobody is dropped, and nobody is told any more. */
function detach(draft: Draft, head: Running, requests: readonly OpenRequest[]): void {
  for (const request of requests) draft.answer(request, "ok");
  const { speech, ...rest } = head;
  draft.head = { ...rest, attached: false };
}

/** Ends a conference that nobody is in and that WebEx has let go (protocol 4.8). */
export function endIfDeserted(draft: Draft): void {
  const { head } = draft;
  if (head.phase !== "running" || head.attached || head.closing || head.endAgainAt !== undefined) return;
  if (!draft.callers.find((caller) => !caller.left) && !draft.callOuts.find(() => true)) beginEnd(draft, head, []);
}

/** The pause after a refusal is over. */
export function allowEnd(draft: Draft): void {
  const { head, at } = draft;
  if (head.phase !== "running" || head.endAgainAt === undefined || at < head.endAgainAt) return;
  const { endAgainAt, ...running } = head;
  draft.head = running;
}

function beginEnd(draft: Draft, head: Running, requests: readonly OpenRequest[]): void {
  draft.head = { ...head, closing: { requests, answerBy: draft.at + COMMAND_TIMEOUT_MS, next: [] } };
  draft.tellBridge({ type: "end-conference" });
}

function runningFrom({ extConfId, host, former, maxCallers, anonymousId }: Creating): Running {
  const bound = { extConfId, host, former, maxCallers, anonymousId };
  return { ...bound, phase: "running", attached: true, locked: false, groups: {}, departed: [] };
}

/** The bridge ended it as WebEx wished (protocol 4.7). */
export function closed(draft: Draft, { requests, next }: Closing): void {
  answerLeftOvers(draft, "conference-closed");
  for (const request of requests) draft.answer(request, "ok");
  tellStatus(draft, "ended");
  end(draft, true);
  for (const { message } of next) create(draft, message);
}

/** The bridge refused to end it: WebEx hears so, and the conference goes on. */
export function closeFailed(draft: Draft, head: Running, { requests, next }: Closing, result: ResultWord): void {
  for (const request of requests) draft.answer(request, result);
  const { closing, ...running } = head;
  draft.head = { ...running, endAgainAt: draft.at + END_AGAIN_MS };
  for (const { message } of next) create(draft, message);
}

/** A bridge that does not end it in time: WebEx is told, and a meeting that is over is still to end by telephone. */
export function expireClosing(draft: Draft): void {
  const { head, at } = draft;
  if (head.phase !== "running" || !head.closing) return;
  const { closing } = head;
  const requests = closing.answerBy <= at ? closing.requests : [];
  const late = closing.next.filter(({ answerBy }) => answerBy <= at);
  if (requests.length === 0 && late.length === 0) return;
  for (const request of requests) draft.answer(request, "bridge-timeout");
  for (const { message } of late) draft.answer(requestOf(message), "bridge-timeout");
  const next = closing.next.filter(({ answerBy }) => at < answerBy);
  draft.head = { ...head, closing: { ...closing, requests: requests.length > 0 ? [] : closing.requests, next } };
}

/** When `expireClosing` has something to do. */
export function closingDue({ requests, answerBy, next }: Closing): EpochMs | null {
  const times = [...(requests.length > 0 ? [answerBy] : []), ...next.map((one) => one.answerBy)];
  return times.length > 0 ? Math.min(...times) : null;
}

/** Ended from the telephone side (protocol 4.7): one message, and no word about its callers. */
export function endedByTelephone(draft: Draft): void {
  const { head } = draft;
  if (head.phase !== "running") return;
  if (head.closing) return closed(draft, head.closing);
  answerLeftOvers(draft, "conference-closed");
  tellStatus(draft, "ended");
  end(draft, false);
}

/** The bridge has lost it: each caller has left and the conference is over. */
export function lostByBridge(draft: Draft): void {
  const { head } = draft;
  if (head.phase !== "running") return;
  if (head.closing) return closed(draft, head.closing);
  draft.note("the bridge no longer has this conference");
  for (const callOut of draft.callOuts.values()) if (callOut.stage === "waiting") release(draft, callOut);
  answerLeftOvers(draft, "bridge-unreachable");
  for (const caller of draft.callers.values()) if (!caller.left) notifyChange(draft, caller, { status: "left" });
  tellStatus(draft, "ended");
  end(draft, false);
}

function start(draft: Draft, message: CreateRequest): void {
  const { extConfId, replyTo, maxCallers = null, anonymousId = null } = message;
  // This life may be on another bridge: what is left to do of the one before stays with its own.
  const { bridge } = draft.context;
  if (bridge !== null)
    for (const command of draft.commands.values()) draft.commands.set(command.id, { bridge, ...command });
  draft.head = {
    phase: "creating",
    extConfId,
    host: replyTo,
    former: [],
    maxCallers,
    anonymousId,
    requests: askersOf(message),
  };
  const timeoutMs = draft.context.settings.createTimeoutMs;
  draft.tellBridge({ type: "create-conference", maxCallers, anonymousId }, null, { timeoutMs });
}

function isTakeOver(head: Creating | Running, message: CreateRequest): boolean {
  if (head.phase === "running" && !head.attached) return true; // Re-attachment (protocol 4.8 step 6).
  return head.extConfId !== message.extConfId || head.host !== message.replyTo;
}

/**
 * Whether the conference of this key ended without WebEx's knowledge (protocol 4.9 F5, section 5, row 20): its end was
 * given up on, or is still under way to a server that another one replaces now.
 */
function wasClosedUnnoticed(draft: Draft, message: CreateRequest): boolean {
  const { head, at } = draft;
  if (head.phase !== "ended" || head.byWebex) return false;
  if (head.closedUntil !== undefined) return at < head.closedUntil;
  const untold = draft.unconfirmed().find((post) => isEnd(post.message) && post.host !== message.replyTo);
  if (!untold) return false;
  draft.dropQueued(untold.host);
  draft.head = { ...head, closedUntil: at + draft.context.settings.closedMemoryMs };
  return true;
}

function end(draft: Draft, byWebex: boolean): void {
  draft.head = { phase: "ended", endedAt: draft.at, byWebex };
  draft.callers.clear();
}

/** Each accepted request is answered, also one whose order can have no result any more. */
function answerLeftOvers(draft: Draft, result: ResultWord): void {
  for (const callOut of draft.callOuts.values()) draft.answer(callOut.request, result);
  for (const command of draft.commands.values()) draft.answer(command.request, result);
  for (const room of draft.rooms.values()) draft.answer(room.closer?.asked ?? null, result);
  if (draft.head.phase === "running")
    for (const request of Object.values(draft.head.groups)) draft.answer(request, result);
  draft.callOuts.clear();
  for (const { id, bridge = draft.context.bridge } of draft.commands.values()) {
    if (bridge === draft.context.bridge) draft.commands.delete(id);
  }
  draft.rooms.clear();
}

function askersOf(message: CreateRequest | FromWebexMessages["close-conference"]): OpenRequest[] {
  const request = requestOf(message);
  return request ? [request] : [];
}
