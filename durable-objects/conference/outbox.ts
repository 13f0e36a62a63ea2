import { BACK_END, type ClientData } from "../../src/conference/draft.ts";
import type { Fact } from "../../src/conference/facts.ts";
import {
  afterFailure,
  afterRestart,
  heads,
  isOvertakenBy,
  noQueue,
  type Queue,
  type QueuedDocument,
  type QueuedMessage,
  type Rows,
} from "../../src/conference/queue.ts";
import { isEnd } from "../../src/conference/server/debts.ts";
import type { DomainName, EpochMs, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import { targetUrl } from "../../src/routing/target-url.ts";
import type { SharedAnswers, ShareResult } from "../../src/rpc/mailbox.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { AdapterCodec } from "../../src/tsp/codec.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";
import type { LogLine } from "../platform/log.ts";
import type { PostResult, Tally } from "../platform/measures.ts";
import type { Platform } from "../platform/platform.ts";
import type { HttpAnswer, PostContent } from "../platform/post.ts";

/** The part of a domain that an outbox needs. */
interface OutboxDomain {
  readonly name: DomainName;
  readonly settings: Pick<DomainSettings, "webex" | "passthroughUrl" | "logs" | "protocol">;
  readonly codec: Pick<AdapterCodec, "encode" | "readConfirmation" | "sends">;
}

interface Ports extends Pick<Platform, "now" | "after" | "log" | "post" | "measures"> {
  /** Of the owner; the documents in it are the outbox's to keep. */
  readonly tally: Tally;
  /** Hands answers over to where they meet those of other conferences; without it, there are none such. */
  share?(answers: SharedAnswers): Promise<ShareResult>;
  /** The rows have changed, or why they wait, or their Confirmations are on disk; absent: they are shown to nobody. */
  changed?(): void;
  /** Whether a sign of life of this host is waited for: what it confirms is deleted together with what follows from that. */
  awaits?(host: QueuedDocument["host"]): boolean;
  /** This host, of which a sign of life was waited for, has confirmed a document. */
  reached?(host: QueuedDocument["host"]): void;
}

/** Where the rows are on disk. They are changed within a transaction. */
export interface OutboxStore {
  /** In order. */
  loadOutbox(): readonly QueuedDocument[];
  transaction(work: () => void): void;
  putDocument(row: QueuedDocument): void;
  deleteDocument(seq: QueuedDocument["seq"]): void;
  /** Says what happened to the rows; absent: nobody asks. */
  say?(...facts: readonly Fact[]): void;
}

/** Messages of one row that are not tried any more. */
export interface Undelivered {
  readonly seq: QueuedDocument["seq"];
  readonly messages: readonly QueuedMessage[];
  readonly why: string;
  /** They can never be posted. */
  readonly unpostable?: true;
}

/** A row that is confirmed and still on disk. */
interface Confirmed {
  readonly transId: TransId;
  readonly at: EpochMs;
  /** Whose sign of life it is; `null`: of nobody who was taken for unreachable. */
  readonly signOf: QueuedDocument["host"] | null;
}

interface Flight {
  readonly abort: AbortController;
  /** When the attempt is over at the latest; `null` for a first attempt, since its beginning is not on disk. */
  overAt: EpochMs | null;
}

/** Of one host, after an error of the database or of our own, which no retry policy counts. */
interface Pause {
  readonly until: EpochMs;
  /** How long the next one is, if no transaction succeeds before. */
  readonly nextMs: number;
}

/** The first pause; each further one is twice as long. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** 50,000 messages, if they had to wait: more than a failover of the largest conference. */
const mostRowsOfHost = 1000;
/** Characters of a failure that are told to the directory. */
const mostWhy = 200;

/**
 * Messages on their way to WebEx and to the partner's back end: rows on disk, in order, and one post in flight for each host.
 * The owner changes the rows in a transaction of its own (`write`) and hands them over when that is committed (`adopt`).
 */
export class Outbox {
  readonly #ports: Ports;
  readonly #store: OutboxStore;
  readonly #domain: () => OutboxDomain | null;
  readonly #giveUp: (undelivered: Undelivered) => Promise<void>;
  #queue = noQueue;
  /** Confirmed and still on disk: the deletion of a row that was confirmed at once needs no flush of its own. */
  #confirmed = new Map<QueuedDocument["seq"], Confirmed>();
  /** Rises with each message, so that a new row is never taken for one that is still in flight. */
  #seq = 0;
  readonly #inFlight = new Map<QueuedDocument["seq"], Flight>();
  readonly #pauses = new Map<QueuedDocument["host"], Pause>();
  /** Who waits for a change of the rows. */
  #waiting: (() => void)[] = [];
  readonly #next: WakeTimer;

  /**
   * `domain` is `null` while the settings do not have the domain: then the rows wait. `giveUp` removes the messages from
   * their row, and with the last one the row.
   */
  constructor(
    ports: Ports,
    store: OutboxStore,
    domain: () => OutboxDomain | null,
    giveUp: (undelivered: Undelivered) => Promise<void>,
  ) {
    this.#ports = ports;
    this.#store = store;
    this.#domain = domain;
    this.#giveUp = giveUp;
    this.#next = new WakeTimer(ports, ports.now, () => this.pump());
  }

  get queue(): Queue {
    return this.#queue;
  }

  get rows(): Rows {
    return this.#queue.rows;
  }

  /** When something is to be done here at the latest. */
  get nextDue(): EpochMs | null {
    const dues = heads(this.rows).map((row) => this.#inFlight.get(row.seq)?.overAt ?? this.#dueAt(row));
    return dues.length > 0 ? Math.min(...dues) : null;
  }

  /** Writes nothing: an object must begin on a full disk too, and the next life would correct these rows in the same way. */
  load(): void {
    this.#keep(afterRestart(this.#store.loadOutbox(), this.#ports.now()));
    this.#seq = this.rows.at(-1)?.seq ?? 0;
  }

  /** The number of a new document. */
  nextSeq(): QueuedDocument["seq"] {
    this.#seq += 1;
    return this.#seq;
  }

  /** Brings the disk from the rows here to these; the owner's transaction is around it, and has what follows from all `signs`. */
  write(rows: Rows): void {
    this.#write(rows, this.#confirmed);
  }

  #write(rows: Rows, confirmed: ReadonlyMap<QueuedDocument["seq"], Confirmed>): void {
    const kept = new Set(rows.map((row) => row.seq));
    const here = new Set(this.rows);
    const gone = this.rows.flatMap(({ seq }) => (kept.has(seq) ? [] : [seq]));
    for (const seq of confirmed.keys()) this.#store.deleteDocument(seq);
    if (confirmed.size > 0) this.#store.say?.(...[...confirmed.values()].map(confirmedFact));
    for (const seq of gone) this.#store.deleteDocument(seq);
    for (const row of rows) if (!here.has(row)) this.#store.putDocument(row);
  }

  /** Accepts what is on disk now. A post whose row is gone is broken off. */
  adopt(queue: Queue): void {
    this.#queue = queue;
    this.#confirmed.clear();
    this.#count();
    this.#written();
    const seqs = new Set(queue.rows.map(({ seq }) => seq));
    for (const [seq, { abort }] of this.#inFlight) if (!seqs.has(seq)) abort.abort();
    this.pump();
  }

  /** Resolves when no message of this name waits here: each was confirmed, or given up. */
  async gone(sharedAs: string): Promise<void> {
    while (this.holds(sharedAs)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Whether a message of this name waits here. */
  holds(sharedAs: string): boolean {
    return this.rows.some(({ messages }) => messages.some((message) => message.sharedAs === sharedAs));
  }

  /** Which documents were confirmed, and when; the disk hears of them with the next transaction, or with the alarm. */
  get confirmed(): readonly Extract<Fact, { kind: "post-confirmed" }>[] {
    return [...this.#confirmed.values()].map(confirmedFact);
  }

  /** Hosts that have given a sign of life of which the disk has not heard. */
  get signs(): readonly QueuedDocument["host"][] {
    return [...this.#confirmed.values()].flatMap(({ signOf }) => signOf ?? []);
  }

  /** Deletes what is confirmed and was not deleted together with something else, but no sign of life; the owner's alarm calls it. */
  deleteConfirmed(): void {
    if (this.#confirmed.size === this.signs.length) return;
    this.#commit(this.rows);
  }

  /** Begins what is due, one post for each host, and comes back for what is due later. */
  pump(): void {
    const now = this.#ports.now();
    const inFlight = this.rows.filter(({ seq }) => this.#inFlight.has(seq));
    for (const row of heads(this.rows)) {
      if (this.#inFlight.has(row.seq) || inFlight.some((other) => isOvertakenBy(row, other))) continue;
      const dueAt = this.#dueAt(row);
      if (dueAt <= now) this.#begin(row);
      else this.#next.wakeWithin(dueAt - now);
    }
  }

  #dueAt({ host, dueAt }: QueuedDocument): EpochMs {
    return Math.max(dueAt, this.#pauses.get(host)?.until ?? dueAt);
  }

  #begin(row: QueuedDocument): void {
    const flight: Flight = { abort: new AbortController(), overAt: null };
    this.#inFlight.set(row.seq, flight);
    this.#attempt(row, flight)
      .catch((error: unknown) => {
        this.#ports.log({ level: "error", event: "delivery-broke", transId: row.transId, why: String(error) });
        this.#pause(row.host);
      })
      .then(() => {
        this.#inFlight.delete(row.seq);
        // While the settings do not have the domain, the alarm comes back, and not this loop.
        if (this.#domain()) this.pump();
      })
      .catch((error: unknown) => {
        this.#ports.log({ level: "error", event: "delivery-broke", transId: row.transId, why: String(error) });
      });
  }

  #pause(host: QueuedDocument["host"]): void {
    const ms = this.#pauses.get(host)?.nextMs ?? firstPauseMs;
    this.#pauses.set(host, { until: this.#ports.now() + ms, nextMs: Math.min(2 * ms, longestPauseMs) });
  }

  async #attempt(row: QueuedDocument, flight: Flight): Promise<void> {
    const domain = this.#domain();
    if (!domain) return;
    const { webex } = domain.settings;
    // The last attempt was begun before a crash, or the settings do not have this receiver any more.
    const { messages } = row;
    const target = this.#targetOf(row, domain);
    if (target === null) return this.#end(row, domain, messages, "the settings do not have its receiver any more");
    if (row.shared) return this.#share(row, domain, flight.abort.signal);
    if (row.attempts >= webex.attempts)
      return this.#end(row, domain, messages, row.failure ?? "a restart in its last attempt");
    const content = this.#contentOf(row, domain);
    if (!content.ok) return this.#end(row, domain, content.error, "it cannot be written", { unpostable: true });

    const begun = { ...row, attempts: row.attempts + 1 };
    if (row.attempts === 0) this.#keep(replaced(this.rows, begun));
    else {
      this.#commit(replaced(this.rows, begun));
      flight.overAt = this.#ports.now() + webex.timeoutMs;
    }
    const { signal } = flight.abort;
    const begunAt = this.#ports.now();
    const answer = await this.#ports.post({ url: target, timeoutMs: webex.timeoutMs, signal, ...content.value });

    if (signal.aborted) return;
    const tookMs = this.#ports.now() - begunAt;
    this.#ports.measures.postSeconds.observe({ domain: domain.name }, tookMs);
    const confirmed = this.#judge(answer, begun, domain);
    if (confirmed.ok) {
      this.#counted(domain, begun, confirmed.value, { tookMs });
      this.#done(begun, domain, tookMs);
    } else await this.#failed(this.#asItIs(begun), domain, confirmed.error);
    await this.#limit(row.host, domain);
  }

  /**
   * The row is done when its answers were posted with the others: what comes behind it waits for that (protocol T46). They are handed
   * over until that succeeds, which is no attempt to post: whoever has them by now counts those.
   */
  async #share(row: QueuedDocument, domain: OutboxDomain, signal: AbortSignal): Promise<void> {
    const { attempts, timeoutMs, retryDelaysMs, gatherMs } = domain.settings.webex;
    const begunAt = this.#ports.now();
    const begun = { ...row, attempts: 1 };
    this.#keep(replaced(this.rows, begun));
    const answers = {
      domain: domain.name,
      id: row.transId,
      host: row.host as WebexHost,
      messages: row.messages as readonly ToWebex[],
      requests: row.shared ?? [],
      waitMs: Math.max(0, row.queuedAt + gatherMs - begunAt),
    };
    const withinMs = attempts * (timeoutMs + Math.max(...retryDelaysMs));
    const posting = this.#ports.share?.(answers) ?? Promise.resolve("confirmed" as const);
    let result: ShareResult;
    try {
      result = await within(this.#ports, withinMs, "the mailbox", posting);
    } catch (error) {
      if (signal.aborted) return;
      this.#log("warn", "answers-not-handed-over", begun, { why: String(error) });
      return this.#pause(row.host);
    }
    if (signal.aborted) return;
    if (result === "confirmed") this.#done(this.#asItIs(begun), domain, this.#ports.now() - begunAt);
    // The post was tried, and is counted, where the answers meet.
    else await this.#drop(begun, row.messages, "not confirmed together with the answers of other conferences");
    await this.#limit(row.host, domain);
  }

  /** Its server may have been replaced while it was posted. */
  #asItIs(row: QueuedDocument): QueuedDocument {
    return this.rows.find(({ seq }) => seq === row.seq) ?? row;
  }

  async #failed(row: QueuedDocument, domain: OutboxDomain, why: string): Promise<void> {
    this.#counted(domain, row, "failed", { why });
    const next = afterFailure(row, domain.settings.webex, this.#ports.now(), why);
    if (!next) return this.#end(row, domain, row.messages, why);
    this.#log("warn", "post-failed", row, { why, nextAt: new Date(next.dueAt).toISOString() });
    const { attempts: attempt, dueAt: nextAt } = next;
    const failed = { transId: row.transId as TransId, attempt, why, at: this.#ports.now(), nextAt };
    this.#commit(replaced(this.rows, next), { kind: "post-failed", ...failed });
  }

  /** These messages of the row are given up. */
  async #end(
    row: QueuedDocument,
    domain: OutboxDomain,
    messages: readonly QueuedMessage[],
    why: string,
    how: Pick<Undelivered, "unpostable"> = {},
  ): Promise<void> {
    await this.#drop(row, messages, why, how);
    if (!row.probe) this.#counted(domain, row, "given-up", { why });
  }

  async #drop(
    row: QueuedDocument,
    messages: readonly QueuedMessage[],
    why: string,
    how: Pick<Undelivered, "unpostable"> = {},
  ): Promise<void> {
    await this.#giveUp({ seq: row.seq, messages, why: why.slice(0, mostWhy), ...how });
    const lost = messages.map(({ type, msgId }) => `${type} ${msgId}`).join(", ");
    if (row.probe) this.#log("warn", "probe-failed", row, { why });
    else this.#log("error", "post-given-up", row, { why, messages: lost });
  }

  #targetOf({ host }: QueuedDocument, { settings }: OutboxDomain): string | null {
    if (host === BACK_END) return settings.passthroughUrl ?? null;
    const target = targetUrl(host, settings.webex);
    return target.ok ? target.value : null;
  }

  /** The error holds the messages that cannot be written: they are given up without their neighbours. */
  #contentOf(row: QueuedDocument, { codec }: OutboxDomain): Result<PostContent, readonly QueuedMessage[]> {
    const [first] = row.messages;
    if (first?.type === "client-data") {
      return ok({ body: bodyOf(first), contentType: "application/json", idempotencyKey: row.transId });
    }
    const { text, unwritable, notes } = codec.encode(
      row.transId,
      row.messages as readonly ToWebex[],
      row.host as WebexHost,
    );
    for (const note of notes) this.#log("warn", "message-repaired", row, { why: note });
    const [fault] = unwritable;
    if (fault) {
      this.#log("error", "message-unwritable", row, { why: `${fault.why} (${unwritable.length} of the document)` });
    }
    if (text === null || unwritable.length > 0) return err(unwritable.map(({ message }) => message));
    return ok({ body: text, contentType: "text/xml; charset=UTF-8" });
  }

  /**
   * Whether the receiver has the document: any Confirmation of its TransID says so, also one with a code other than 0
   * (protocol T42). Everything else is a failed attempt, a redirect too, since it would be followed without the body.
   */
  #judge(answer: HttpAnswer, row: QueuedDocument, domain: OutboxDomain): Result<PostResult, string> {
    const body = successfulBody(answer);
    if (!body.ok) return body;
    if (row.host === BACK_END) return ok("confirmed");
    const confirmation = domain.codec.readConfirmation(body.value);
    if (!confirmation.ok) return confirmation;
    const { transId, result } = confirmation.value;
    if (transId !== row.transId) return err(`the Confirmation is for TransID ${transId}`);
    if (result === 0) return ok("confirmed");
    // Not posted again one by one: nothing documents that a receiver which refuses a document has carried out none of it.
    const lost = row.messages.map(({ type, msgId }) => `${type} ${msgId}`).join(", ");
    this.#log("warn", "refused-by-webex", row, { why: `Result ${result} for ${lost}` });
    return ok("refused");
  }

  /** A server that hangs or is slow for hours must not fill the disk: beyond a number of rows, the oldest ones are given up untried. */
  async #limit(host: QueuedDocument["host"], domain: OutboxDomain): Promise<void> {
    const waiting = this.rows.filter((row) => row.host === host);
    const tooMany = waiting.slice(0, -mostRowsOfHost);
    if (tooMany.length === 0) return;
    const why = `${waiting.length} documents wait for this host`;
    // With the first one a conference may withdraw all others.
    for (const row of tooMany) if (this.rows.includes(row)) await this.#end(row, domain, row.messages, why);
  }

  /**
   * A row confirmed at once leaves the disk with the next transaction, or with the alarm. A death before that posts the row
   * again, with the same TransID and bytes (protocol T36). If WebEx falls silent just then, the row counts as given up. So a
   * row is deleted now if it may soon be given up, or reports the conference's end: WebEx could not create that anew for an
   * hour (protocol F5). Where the disk is full, the deletion is tried again with the next transaction or the alarm.
   */
  #done(row: QueuedDocument, domain: OutboxDomain, tookMs: number): void {
    if (domain.settings.logs.posts) this.#log("info", "post-delivered", row, { ms: tookMs });
    this.#keep(this.rows.filter((other) => other.seq !== row.seq));
    // Else a death in between would leave a server owed what it has just confirmed.
    const isSign = !row.oneAttempt && this.#ports.awaits?.(row.host) === true;
    const transId = row.transId as TransId;
    this.#confirmed.set(row.seq, { transId, at: this.#ports.now(), signOf: isSign ? row.host : null });
    if (isSign) this.#ports.reached?.(row.host);
    else if (row.attempts > 1 || row.messages.some(isEnd)) this.deleteConfirmed();
  }

  #commit(rows: Rows, ...facts: readonly Fact[]): void {
    const confirmed = new Map([...this.#confirmed].filter(([, { signOf }]) => signOf === null));
    this.#store.transaction(() => {
      this.#write(rows, confirmed);
      this.#store.say?.(...facts);
    });
    for (const seq of confirmed.keys()) this.#confirmed.delete(seq);
    this.#keep(rows);
    this.#written();
  }

  /** A transaction succeeded. What waited for the disk is tried within a second, and not at once: the error may be our own. */
  #written(): void {
    if (this.#pauses.size === 0) return;
    const now = this.#ports.now();
    for (const [host, { until }] of this.#pauses) {
      if (until <= now) this.#pauses.delete(host);
      else this.#pauses.set(host, { until: Math.min(until, now + firstPauseMs), nextMs: firstPauseMs });
    }
    this.pump();
  }

  #keep(rows: Rows): void {
    this.#queue = { ...this.#queue, rows };
    this.#count();
  }

  #count(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
    const { tally } = this.#ports;
    tally.documents = this.rows.length;
    tally.oldestAt = this.rows[0]?.queuedAt ?? null;
    this.#ports.changed?.();
  }

  #counted(
    { name: domain }: OutboxDomain,
    { host }: QueuedDocument,
    outcome: PostResult,
    { tookMs = 0, why }: { readonly tookMs?: number; readonly why?: string },
  ): void {
    const { measures, now } = this.#ports;
    measures.posts.count({ domain, outcome });
    if (host === BACK_END) return;
    const at = now();
    const is = (...outcomes: readonly PostResult[]) => (outcomes.includes(outcome) ? 1 : 0);
    measures.activity.countPosts(domain, at, {
      host: host as WebexHost,
      ...{ confirmed: is("confirmed", "refused"), failed: is("failed"), givenUp: is("given-up"), tookMs },
      lastFailure: why === undefined ? null : { at, why: why.slice(0, mostWhy) },
    });
  }

  #log(level: LogLine["level"], event: string, row: QueuedDocument, facts: LogFacts): void {
    this.#ports.log({ level, event, transId: row.transId, host: row.host, attempt: row.attempts, ...facts });
  }
}

function confirmedFact({ transId, at }: Confirmed): Extract<Fact, { kind: "post-confirmed" }> {
  return { kind: "post-confirmed", transId, at };
}

/** As the partner's back end gets it. */
export function bodyOf({ confKey, extConfId, extCallId, data }: ClientData): string {
  return JSON.stringify({ confKey, extConfId, extCallId, data });
}

function replaced(rows: Rows, row: QueuedDocument): Rows {
  return rows.map((other) => (other.seq === row.seq ? row : other));
}

function successfulBody(answer: HttpAnswer): Result<Uint8Array, string> {
  if (answer.kind === "failed") return err(answer.reason);
  if (answer.status < 200 || answer.status > 299) return err(`HTTP status ${answer.status}`);
  return ok(answer.body);
}
