import { pauseAfter } from "../../delivery/backoff.ts";
import type { Delivery } from "../../delivery/deliveries.ts";
import type { EpochMs, MsgId, TransId } from "../../foundation/ids.ts";
import { earliest } from "../../foundation/time/earliest.ts";
import type { DomainSettings } from "../../settings/domain-settings.ts";
import type { AdapterCodec } from "../../tsp/codec.ts";
import type { OpenRequest, SharedRequests } from "../../tsp/messages.ts";
import { maxMessages } from "../../tsp/protocol-table.ts";
import type { Dropped, Outgoing, Post } from "./posts.ts";
import { isAnswer } from "./posts.ts";

/** `sharedAs`: the name under which a conference has handed it over, where it meets those of others. */
export type QueuedMessage = Outgoing & { readonly sharedAs?: string };

export type QueuedPost = Post & {
  readonly message: QueuedMessage;
  /** How long it may still wait for the other answers of its document; absent: as if it were ready now. */
  readonly waitMs?: number | undefined;
};

/** Since when something has waited, and why the last attempt failed; `null`: none has. */
interface Wait {
  readonly since: EpochMs;
  readonly why: string | null;
}

export interface ServerWait extends Wait {
  readonly host: Post["host"];
}

/** One document that its receiver has not confirmed yet. */
export interface QueuedDocument {
  readonly seq: number;
  readonly host: Post["host"];
  /** Names the document on each attempt. */
  readonly transId: string;
  readonly queuedAt: EpochMs;
  /** What it took the place of had waited since before, and its server has confirmed nothing since. */
  readonly waited?: Wait;
  /** For a server that was replaced: given up with its first failure, and nothing waits behind it (protocol 4.9). */
  readonly oneAttempt?: true;
  /** To find out whether a server is back: that it fails is no news. */
  readonly probe?: true;
  /** Attempts that were begun. */
  readonly attempts: number;
  /** When the next attempt may begin. */
  readonly dueAt: EpochMs;
  readonly messages: readonly QueuedMessage[];
  /** These are answers, and are handed over to travel with those of other conferences to these requests. */
  readonly shared?: readonly MsgId[];
  /** Where answers of several conferences meet: the document that these answer. It waits for no other document. */
  readonly answersTo?: MsgId;
  /** Why the last attempt failed, and when; absent: none did. */
  readonly failure?: string;
  readonly failedAt?: EpochMs;
}

export type Rows = readonly QueuedDocument[];

/** Requests of one document and one server that are not all answered yet. */
interface OpenDocument {
  /** The server that asked; absent: the conference's. */
  readonly host?: Post["host"] | undefined;
  readonly requests: readonly MsgId[];
  readonly answered: readonly MsgId[];
  /** Those and the requests that others answer: answers to these are handed over. */
  readonly shared?: readonly MsgId[];
  readonly answersTo?: MsgId | undefined;
  /** The answers wait for each other until then. */
  readonly until: EpochMs;
}

/** The documents that wait to be posted, in order, and WebEx's documents whose answers shall travel together. */
export interface Queue {
  readonly rows: Rows;
  /** Only in memory. */
  readonly open: readonly OpenDocument[];
}

export const noQueue: Queue = { rows: [], open: [] };

interface AppendOptions {
  /** How long an answer waits for those to other requests of the same document. */
  readonly gatherMs: number;
  /** Of one document. */
  readonly mostMessages?: number | undefined;
}

/** What decides where a message is queued, and names for new documents. */
export interface QueueContext {
  readonly domain: {
    readonly settings: Pick<DomainSettings, "webex">;
    readonly codec: Pick<AdapterCodec, "sends">;
  };
  /** Rises with each document, so that none is taken for one that is still in flight. */
  documentSeq(): QueuedDocument["seq"];
  transId(): TransId;
  /** Of one document. */
  readonly mostMessages?: number;
}

/** After a restart, a longer pause than this was counted by a clock that was wrong. */
const longestPauseMs = 60_000;

/** Something begins or ends with these answers: what was notified before must come before them. */
const inOrder: ReadonlySet<Outgoing["type"]> = new Set<Outgoing["type"]>([
  "conference-created",
  "conference-closed",
  "sub-conference-closed",
]);

/** Longer than a request may stay unanswered. */
const openMs = 5 * 60_000;

/** The queue after a document came in: the answers to its requests travel together as far as they are ready soon (protocol T45). */
export function gather(
  queue: Queue,
  requests: readonly OpenRequest[],
  now: EpochMs,
  shared: SharedRequests = [],
): Queue {
  const ofDocument = { answered: [], until: now + openMs };
  const own = requests.filter(({ msgId }) => !shared.some((all) => all.includes(msgId)));
  const opened: OpenDocument[] = Array.from(
    Map.groupBy(own, ({ replyTo }) => replyTo),
    ([host, asked]) => ({ ...ofDocument, host, requests: asked.map(({ msgId }) => msgId) }),
  ).filter(({ requests: { length } }) => length > 1);
  for (const all of shared) {
    const mine = requests.filter(({ msgId }) => all.includes(msgId));
    const host = mine[0]?.replyTo;
    if (mine.length > 0) opened.push({ ...ofDocument, host, requests: mine.map(({ msgId }) => msgId), shared: all });
  }
  if (opened.length === 0) return queue;
  return { rows: queue.rows, open: [...queue.open.filter(({ until }) => until > now), ...opened] };
}

/** The queue where answers of several conferences to these requests of one document meet; the first of them to come opens it. */
export function gatherShared(queue: Queue, host: Post["host"], requests: readonly MsgId[], now: EpochMs): Queue {
  const open = queue.open.filter(({ until }) => until > now);
  const [answersTo] = requests;
  if (open.some((document) => document.host === host && document.answersTo === answersTo)) return queue;
  return { ...queue, open: [...open, { host, requests, answered: [], answersTo, until: now + openMs }] };
}

/** The queue with one message more; the same one where it is not to be sent. */
export function enqueue(queue: Queue, post: QueuedPost, now: EpochMs, context: QueueContext): Queue {
  const { settings, codec } = context.domain;
  const { host, message } = post;
  const fresh = (transId: string) => ({ seq: context.documentSeq(), transId });
  if (message.type === "client-data") {
    const row = { ...fresh(message.id), host, queuedAt: now, attempts: 0, dueAt: now, messages: [message] };
    return { ...queue, rows: [...queue.rows, row] };
  }
  if (!codec.sends(message)) return queue;
  const { gatherMs } = settings.webex;
  return append(queue, post, now, () => fresh(context.transId()), { gatherMs, mostMessages: context.mostMessages });
}

/**
 * The queue with one message more. The message travels with the last row of its host as long as that row was not begun, in its
 * order (protocol T46). Answers to one document leave together (protocol T45): the first has a row that waits for the others, and
 * what comes meanwhile goes with it or behind it.
 */
export function append(
  queue: Queue,
  post: QueuedPost,
  now: EpochMs,
  fresh: () => Pick<QueuedDocument, "seq" | "transId">,
  { gatherMs, mostMessages = maxMessages }: AppendOptions,
): Queue {
  const { host, message, oneAttempt, probe, waitMs = gatherMs } = post;
  const { open, document } = answered(queue.open, post, now);
  const { shared, answersTo } = document ?? {};
  /** How many answers these messages wait for. */
  const lacking = (...messages: readonly QueuedMessage[]) =>
    open
      .filter((one) => !one.shared && one.until > now && messages.some((other) => isAnswerTo(one, host, other)))
      .reduce((sum, { requests }) => sum + requests.length, 0);
  const isWaiting = lacking(message) > 0;
  const rows = queue.rows.filter((row) => destinationOf(row) === destinationOf({ host, oneAttempt, answersTo }));
  const unbegun = rows.slice(rows.findLastIndex(({ attempts }) => attempts > 0) + 1);
  const own = document && unbegun.find(({ messages }) => messages.some((other) => isAnswerTo(document, host, other)));
  const last = unbegun.at(-1);
  const fits = ({ messages, ...row }: QueuedDocument) =>
    row.probe === probe &&
    isSame(row.shared, shared) &&
    // The answers that are still to come keep their places.
    messages.length + (row.seq === own?.seq ? 0 : lacking(...messages)) < mostMessages;
  const joined =
    own && fits(own) && mayOvertake(message, unbegun.slice(unbegun.indexOf(own) + 1))
      ? own
      : last && fits(last) && !isWaiting
        ? last
        : null;
  if (joined) {
    const messages = [...joined.messages, message];
    const latest = isWaiting ? now + waitMs : joined.dueAt;
    const dueAt = Math.min(joined.dueAt, lacking(...messages) > 0 ? latest : now);
    return { open, rows: queue.rows.with(queue.rows.indexOf(joined), { ...joined, messages, dueAt }) };
  }
  const kind = {
    ...(oneAttempt && { oneAttempt }),
    ...(probe && { probe }),
    ...(shared && { shared }),
    ...(answersTo && { answersTo }),
  };
  const dueAt = isWaiting ? now + waitMs : now;
  const row = { ...fresh(), host, ...kind, queuedAt: now, attempts: 0, dueAt, messages: [message] };
  return { open, rows: [...queue.rows, row] };
}

/** Whether this answer may join those to the same document that wait before these rows. */
function mayOvertake(answer: QueuedMessage, rows: Rows): boolean {
  if (rows.some(({ shared }) => shared)) return false;
  return (
    rows.length === 0 || ![answer, ...rows.flatMap(({ messages }) => messages)].some(({ type }) => inOrder.has(type))
  );
}

function isSame(one: readonly MsgId[] | undefined, other: readonly MsgId[] | undefined): boolean {
  return one?.join() === other?.join();
}

function isAnswerTo({ host, answered }: OpenDocument, to: Post["host"], message: QueuedMessage): boolean {
  return (host ?? to) === to && isAnswer(message) && answered.includes(message.msgId);
}

/** The documents with this answer, and the one that it answers; those that have all answers are not open any more. */
function answered(
  open: Queue["open"],
  { host, message }: QueuedPost,
  now: EpochMs,
): { readonly open: Queue["open"]; readonly document?: OpenDocument } {
  const { msgId } = message;
  const isAsked = (one: OpenDocument) => one.until > now && (one.host ?? host) === host && one.requests.includes(msgId);
  const before = isAnswer(message) ? open.find(isAsked) : undefined;
  if (!before) return { open };
  const requests = before.requests.filter((other) => other !== msgId);
  const document = { ...before, requests, answered: [...before.answered, msgId] };
  return { open: open.flatMap((one) => (one !== before ? one : requests.length > 0 ? document : [])), document };
}

/** The rows without these messages of one document, and without its row when nothing is left in it. */
export function withoutMessages(rows: Rows, transId: string, messages: readonly Outgoing[]): Rows {
  const texts = new Set(messages.map((message) => JSON.stringify(message)));
  return rows.flatMap((row) => {
    if (row.transId !== transId) return row;
    const left = row.messages.filter((message) => !texts.has(JSON.stringify(message)));
    return left.length > 0 ? { ...row, messages: left } : [];
  });
}

/** How long a document must wait to be shown as waiting. Most are confirmed sooner. */
const waitsMs = 5_000;

/** What one receiver has not confirmed. */
interface WaitingRows {
  readonly rows: number;
  readonly oldestAt: EpochMs;
  /** Why the last attempt of one of them failed; `null`: none has. */
  readonly failure: string | null;
}

/** Documents that count as waiting, by receiver: the oldest has waited for some seconds, or an attempt has failed. */
export function waitingRows(all: Rows, now: EpochMs): ReadonlyMap<QueuedDocument["host"], WaitingRows> {
  return new Map(byReceiver(all).filter(([, rows]) => isWaiting(rows, now)));
}

/** In how many milliseconds the next of these documents counts as waiting; `null`: none will. */
export function nextWaitingMs(all: Rows, now: EpochMs): number | null {
  const next = earliest(...byReceiver(all).map(([, rows]) => (isWaiting(rows, now) ? null : rows.oldestAt)));
  return next === null ? null : next + waitsMs - now;
}

function isWaiting({ oldestAt, failure }: WaitingRows, now: EpochMs): boolean {
  return failure !== null || now - oldestAt >= waitsMs;
}

function byReceiver(all: Rows): readonly (readonly [QueuedDocument["host"], WaitingRows])[] {
  return [...Map.groupBy(all, ({ host }) => host)].map(([host, rows]) => {
    const waits = rows.map(waitOf);
    const failure = waits.find(({ why }) => why !== null)?.why ?? null;
    return [host, { rows: rows.length, oldestAt: Math.min(...waits.map(({ since }) => since)), failure }] as const;
  });
}

/** The wait of this, and of what it took the place of. */
export function waitOf({ queuedAt, failure, waited }: QueuedDocument): Wait {
  return { since: waited?.since ?? queuedAt, why: failure ?? waited?.why ?? null };
}

/**
 * The rows, of which those for these servers take the place of what was lost or withdrawn: they have waited for as long,
 * and the last failure is theirs. A server that was replaced is nobody's to wait for.
 */
export function goOnWaiting(rows: Rows, waits: readonly ServerWait[]): Rows {
  if (waits.length === 0) return rows;
  return rows.map((row) => {
    const own = waitOf(row);
    const all = [own, ...waits.filter(({ host }) => host === row.host)];
    const since = Math.min(...all.map((one) => one.since));
    const why = all.find((one) => one.why !== null)?.why ?? null;
    return row.oneAttempt || (since === own.since && why === own.why) ? row : { ...row, waited: { since, why } };
  });
}

/** The rows behind a Confirmation of this server, which ends their wait; the same list where none had waited before. */
export function withoutWait(rows: Rows, server: Post["host"]): Rows {
  if (!rows.some(({ host, waited }) => host === server && waited)) return rows;
  return rows.map((row) => {
    if (row.host !== server || !row.waited) return row;
    const { waited: _, ...fresh } = row;
    return fresh;
  });
}

/**
 * The rows in lanes, one for each host, or where answers of several conferences meet, for each document. Answers that are handed over
 * have lanes of their own: others to the same document are not held up by the notifications between them, but all else waits.
 */
export function lanes(rows: Rows): readonly Delivery<QueuedDocument>[] {
  const first = new Map<string, QueuedDocument | null>();
  return rows.flatMap((row) => {
    const destination = destinationOf(row);
    const { seq: id, host: receiver, dueAt } = row;
    const inLane = (lane: string) => ({ row, id, receiver, lane, dueAt });
    const own = `${destination} ${id}`;
    const head = first.get(destination);
    if (head === null) return [];
    if (head === undefined) first.set(destination, row);
    const { shared } = head ?? row;
    if (!shared) return inLane(destination);
    const follows =
      head === undefined || (isSame(shared, row.shared) && !row.messages.some(({ type }) => inOrder.has(type)));
    if (!follows && row.messages.some(isAnswer)) first.set(destination, null);
    return follows ? inLane(own) : [];
  });
}

interface Destination {
  readonly host: Post["host"];
  readonly oneAttempt?: true | undefined;
  readonly answersTo?: MsgId | undefined;
}

/** Rows of one destination wait for each other. */
function destinationOf({ host, oneAttempt, answersTo }: Destination): string {
  return `${host} ${oneAttempt ? "once" : ""} ${answersTo ?? ""}`;
}

/**
 * The rows without what a decision drops. Of a server that was replaced, an answer gets one attempt more: without the notifications of
 * its row, if that was not begun, else with the bytes that it has (protocol T37).
 */
export function withoutDropped(rows: Rows, dropped: readonly Dropped[]): Rows {
  if (dropped.length === 0) return rows;
  return rows.flatMap((row) => {
    const drop = row.oneAttempt ? undefined : dropped.find(({ host }) => host === row.host);
    if (!drop || (isHandedOver(row) && !drop.keepsAnswers)) return row;
    const answers = row.messages.filter(isAnswer);
    // Its notifications are dropped too, so one attempt was enough.
    const isTried = row.failure !== undefined && answers.length < row.messages.length;
    if (!drop.keepsAnswers || answers.length === 0 || isTried) return [];
    const { probe, waited, ...kept } = row;
    return { ...kept, oneAttempt: true, ...(row.attempts === 0 && { messages: answers }) };
  });
}

/** It is where answers of several conferences meet, which may have posted it: it is not withdrawn any more. */
export function isHandedOver({ shared, attempts }: Pick<QueuedDocument, "shared" | "attempts">): boolean {
  return shared !== undefined && attempts > 0;
}

/** The row after a failed attempt; `null` when that was the last one (protocol T37, T41, T43). */
export function afterFailure(
  row: QueuedDocument,
  { attempts, retryDelaysMs }: Pick<DomainSettings["webex"], "attempts" | "retryDelaysMs">,
  now: EpochMs,
  failure: string,
): QueuedDocument | null {
  if (row.oneAttempt || row.attempts >= attempts) return null;
  return { ...row, failure, failedAt: now, dueAt: now + pauseAfter(row.attempts, retryDelaysMs) };
}

/**
 * The rows of an object that was restored. To save rows, neither the beginning of a first attempt nor its Confirmation is
 * written at once. So each row may have been begun and counts as begun: no crash leads to one attempt too many, or to other
 * bytes in a repeat (protocol T37). A clock that was set back meanwhile does not hold the rows up for long.
 */
export function afterRestart(rows: Rows, now: EpochMs): Rows {
  return rows.map((row) => {
    const dueAt = Math.min(row.dueAt, row.attempts > 0 ? now + longestPauseMs : now);
    if (row.attempts > 0 && dueAt === row.dueAt) return row;
    return { ...row, attempts: Math.max(1, row.attempts), dueAt };
  });
}
