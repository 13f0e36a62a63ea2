import type { Dropped, Outgoing, Post } from "../src/conference/draft.ts";
import { isAnswer } from "../src/conference/owed.ts";
import type { EpochMs, MsgId } from "../src/foundation/ids.ts";
import type { SharedRequests } from "../src/rpc/conference.ts";
import type { OpenRequest } from "../src/tsp/answers.ts";
import { maxMessages } from "../src/tsp/protocol-table.ts";

/** `sharedAs`: the name under which a conference has handed it over, where it meets those of others. */
export type QueuedMessage = Outgoing & { readonly sharedAs?: string };

export type QueuedPost = Post & { readonly message: QueuedMessage };

/** One document that its receiver has not confirmed yet. */
export interface QueuedDocument {
  readonly seq: number;
  readonly host: Post["host"];
  /** Names the document on each attempt. */
  readonly transId: string;
  readonly queuedAt: EpochMs;
  /** For a server that was replaced: given up with its first failure, and nothing waits behind it (protocol 4.9). */
  readonly once?: true;
  /** To find out whether a server is back: that it fails is no news. */
  readonly probe?: true;
  /** Attempts that were begun. */
  readonly attempts: number;
  /** When the next attempt may begin. */
  readonly dueAt: EpochMs;
  readonly messages: readonly QueuedMessage[];
  /** These are answers, and travel with those of other conferences to these requests. */
  readonly shared?: readonly MsgId[];
  /** Why the last attempt failed, and when; absent: none did. */
  readonly failure?: string;
  readonly failedAt?: EpochMs;
}

export type Rows = readonly QueuedDocument[];

/** Requests of one document and one server that are not answered yet. */
interface OpenDocument {
  readonly requests: readonly MsgId[];
  /** Those and the requests that others answer, where the answers travel with theirs. */
  readonly shared?: readonly MsgId[];
  /** The answers wait for each other until then. */
  readonly until: EpochMs;
}

/** The documents that wait to be posted, in order, and WebEx's documents whose answers shall travel together. */
export interface Queue {
  readonly rows: Rows;
  /** Only in memory. */
  readonly open: readonly OpenDocument[];
}

/** How often, and how fast, one document is tried (protocol T37, T41, T43). */
interface RetryPolicy {
  /** Attempts in all, the first one among them. */
  readonly attempts: number;
  /** Pause before the second, the third … attempt; the last one repeats. */
  readonly retryDelaysMs: readonly number[];
}

/** After a restart, a longer pause than this was counted by a clock that was wrong. */
const longestPauseMs = 60_000;

/** How long an answer waits for those to other requests of the same document. */
const gatherMs = 30;
/** A bridge answers within seconds: a request that is open for longer than this may stay so. */
const openMs = 10_000;

/** The queue after a document came in: the answers to its requests travel together as far as they are ready soon (protocol T45). */
export function gather(
  queue: Queue,
  requests: readonly OpenRequest[],
  now: EpochMs,
  shared: SharedRequests = [],
): Queue {
  const until = now + openMs;
  const own = requests.filter(({ msgId }) => !shared.some((all) => all.includes(msgId)));
  const opened: OpenDocument[] = [...Map.groupBy(own, ({ replyTo }) => replyTo).values()]
    .filter(({ length }) => length > 1)
    .map((asked) => ({ requests: asked.map(({ msgId }) => msgId), until }));
  for (const all of shared) {
    const mine = requests.flatMap(({ msgId }) => (all.includes(msgId) ? [msgId] : []));
    if (mine.length > 0) opened.push({ requests: mine, shared: all, until });
  }
  if (opened.length === 0) return queue;
  return { rows: queue.rows, open: [...queue.open.filter(({ until }) => until > now), ...opened] };
}

/** The queue where answers of several conferences to these requests of one document meet; the first of them to come opens it. */
export function gatherShared(queue: Queue, requests: readonly MsgId[], now: EpochMs): Queue {
  const open = queue.open.filter(({ until }) => until > now);
  if (open.some((document) => document.requests.some((msgId) => requests.includes(msgId)))) return queue;
  return { ...queue, open: [...open, { requests, until: now + openMs }] };
}

/**
 * The queue with one message more. The message travels with the last row of its host as long as that row was not begun, so
 * that answers to one document leave together (protocol T45) and in their order (protocol T46). The last answer of its
 * document ends the waiting of that row. Unless `together`, a notification does not travel with answers.
 */
export function append(
  queue: Queue,
  { host, message, once, probe }: QueuedPost,
  now: EpochMs,
  fresh: () => Pick<QueuedDocument, "seq" | "transId">,
  together = true,
): Queue {
  const { rows } = queue;
  const isAnswer = "result" in message;
  const { open, isAwaitingOthers, shared } = isAnswer
    ? answered(queue.open, message.msgId, now)
    : { ...queue, isAwaitingOthers: false, shared: undefined };
  const dueAt = isAwaitingOthers ? now + gatherMs : now;
  const at = rows.findLastIndex((row) => row.host === host && row.once === once && row.probe === probe);
  const last = rows[at];
  const fits = together || last?.messages.every((other) => "result" in other === isAnswer);
  if (last && fits && last.attempts === 0 && last.messages.length < maxMessages && isSame(last.shared, shared)) {
    const joined = { dueAt: isAnswer && !isAwaitingOthers ? dueAt : last.dueAt, messages: [...last.messages, message] };
    return { open, rows: rows.with(at, { ...last, ...joined }) };
  }
  const to = { host, ...(once && { once }), ...(probe && { probe }), ...(shared && { shared }) };
  const row = { ...fresh(), ...to, queuedAt: now, attempts: 0, dueAt, messages: [message] };
  return { open, rows: [...rows, row] };
}

function isSame(one: readonly MsgId[] | undefined, other: readonly MsgId[] | undefined): boolean {
  return one?.join() === other?.join();
}

/** The documents without this request, and whether other answers to its document may follow soon. */
function answered(open: Queue["open"], msgId: MsgId, now: EpochMs) {
  const document = open.find(({ requests, until }) => until > now && requests.includes(msgId));
  if (!document) return { open, isAwaitingOthers: false, shared: undefined };
  const { shared } = document;
  const requests = document.requests.filter((other) => other !== msgId);
  const others = open.filter((other) => other !== document);
  return requests.length === 0
    ? { open: others, isAwaitingOthers: false, shared }
    : { open: [...others, { ...document, requests }], isAwaitingOthers: true, shared };
}

/** The rows without these messages of one row, and without that row when nothing is left in it. */
export function withoutMessages(rows: Rows, seq: number, messages: readonly Outgoing[]): Rows {
  return rows.flatMap((row) => {
    if (row.seq !== seq) return row;
    const left = row.messages.filter((message) => !messages.includes(message));
    return left.length > 0 ? { ...row, messages: left } : [];
  });
}

/** The first row of each host, and the first of what it is owed as a replaced server: the only ones that may be posted now. */
export function heads(rows: Rows): Rows {
  const first = new Map<string, QueuedDocument>();
  for (const row of rows) {
    const queue = row.once ? `${row.host} once` : row.host;
    if (!first.has(queue)) first.set(queue, row);
  }
  return [...first.values()];
}

/**
 * The rows without what a decision drops. Of a server that was replaced, each row with an answer gets one attempt more: without its
 * notifications, if it was not begun, else with the bytes that it has (protocol T37).
 */
export function withoutDropped(rows: Rows, dropped: readonly Dropped[]): Rows {
  if (dropped.length === 0) return rows;
  return rows.flatMap((row) => {
    const drop = row.once ? undefined : dropped.find(({ host }) => host === row.host);
    if (!drop) return row;
    const answers = row.messages.filter(isAnswer);
    if (!drop.keepsAnswers || answers.length === 0) return [];
    const { probe, ...kept } = row;
    return { ...kept, once: true, ...(row.attempts === 0 && { messages: answers }) };
  });
}

/** The row after a failed attempt; `null` when that was the last one (protocol T43). */
export function afterFailure(
  row: QueuedDocument,
  { attempts, retryDelaysMs }: RetryPolicy,
  now: EpochMs,
  failure: string,
): QueuedDocument | null {
  if (row.once || row.attempts >= attempts) return null;
  return {
    ...row,
    failure,
    failedAt: now,
    dueAt: now + (retryDelaysMs[row.attempts - 1] ?? retryDelaysMs.at(-1) ?? 0),
  };
}

/**
 * The rows of an object that was restored. To save rows, neither the beginning of a first attempt nor its Confirmation is
 * written at once. So each row may have been begun and counts as begun: no crash leads to one attempt too many, or to other
 * bytes in a repeat (protocol T37). A clock that was set back meanwhile does not hold the rows up for long.
 */
export function afterRestart(rows: Rows, now: EpochMs): Rows {
  const latest = now + longestPauseMs;
  if (rows.every(({ attempts, dueAt }) => attempts > 0 && dueAt <= latest)) return rows;
  return rows.map((row) => ({
    ...row,
    attempts: Math.max(1, row.attempts),
    dueAt: Math.min(row.dueAt, row.attempts > 0 ? latest : now),
  }));
}
