import type { Fact } from "../../src/conference/facts.ts";
import { isEnd } from "../../src/conference/server/debts.ts";
import {
  afterFailure,
  afterRestart,
  lanes,
  noQueue,
  type Queue,
  type QueuedDocument,
  type QueuedMessage,
  type Rows,
  withoutWait,
} from "../../src/conference/server/queue.ts";
import { type Attempt, Deliveries } from "../../src/delivery/deliveries.ts";
import type { EpochMs, TransId } from "../../src/foundation/ids.ts";
import type { LogFacts } from "../../src/foundation/text/log-line.ts";
import { within } from "../../src/foundation/time/timers.ts";
import { WakeTimer } from "../../src/foundation/time/wake-timer.ts";
import type { SharedAnswers, ShareResult } from "../../src/rpc/mailbox.ts";
import type { LogLine } from "../platform/log.ts";
import type { Platform } from "../platform/platform.ts";
import {
  answersOf,
  contentOf,
  type DocumentNote,
  judge,
  namesOf,
  type OutboxDomain,
  targetOf,
} from "./document-post.ts";

interface Ports extends Pick<Platform, "now" | "after" | "log" | "post" | "measures"> {
  /** Hands answers to the mailbox, where they meet those of other conferences. Absent: no answers are shared. */
  share?(answers: SharedAnswers): Promise<ShareResult>;
  /** Whether this host counts as unreachable. Its next Confirmation is a sign of life: one transaction deletes the row and acts on it. */
  awaits?(host: QueuedDocument["host"]): boolean;
  /** Called with facts about the rows that are on disk. `isAlone`: no other transaction came in time for them to go with. */
  said?(facts: readonly Fact[], isAlone: boolean): void;
  /** Called when such a host has confirmed a document. */
  reached?(host: QueuedDocument["host"]): void;
}

/** The rows on disk. They change within a transaction. */
export interface OutboxStore {
  loadOutbox(): readonly QueuedDocument[];
  transaction(work: () => void): void;
  putDocument(row: QueuedDocument): void;
  deleteDocument(seq: QueuedDocument["seq"]): void;
  /** Stores facts about the rows. */
  say(...facts: readonly Fact[]): void;
}

/** Messages of one row that are given up. */
export interface Undelivered {
  readonly seq: QueuedDocument["seq"];
  readonly messages: readonly QueuedMessage[];
  readonly why: string;
  readonly unpostable?: true;
  readonly lastFailed?: true;
}

type LostPost = Pick<Undelivered, "why" | "unpostable" | "lastFailed"> & {
  readonly messages?: Undelivered["messages"];
};

/** A row that is confirmed and still on disk. */
interface Confirmed {
  readonly fact: Extract<Fact, { kind: "post-confirmed" }>;
  /** The host whose sign of life it is; `null`: the host did not count as unreachable. */
  readonly signOf: QueuedDocument["host"] | null;
}

/** How long a Confirmation waits for a transaction to go with: half a second of it is billed as a row. In a run, one is about to come. */
const sayWithinMs = { alone: 200, inRun: 1_000, again: 5_000 };
/** How much of a failure's text the directory gets, in characters. */
const mostWhy = 200;
/** With 50 messages in each, more than a failover of the largest conference. */
const mostRowsOfHost = 1000;

/**
 * Messages on their way to WebEx and to the partner's back end: rows on disk, in order, and one post in flight for each host.
 * The owner changes the rows in a transaction of its own (`write`) and hands them over when that is committed (`accept`).
 */
export class Outbox {
  readonly #ports: Ports;
  readonly #store: OutboxStore;
  readonly #domain: () => OutboxDomain | null;
  readonly #giveUp: (undelivered: Undelivered) => Promise<void>;
  #queue = noQueue;
  /** Rows that are confirmed and still on disk. The next transaction deletes them, which saves a flush. */
  #confirmed = new Map<QueuedDocument["seq"], Confirmed>();
  /** The number of the latest row. It never goes down, so no new row has the number of one in flight. */
  #seq = 0;
  readonly #deliveries: Deliveries<QueuedDocument>;
  #waiting: (() => void)[] = [];
  readonly #next: WakeTimer;
  readonly #say: WakeTimer;
  /** When the last document was confirmed. */
  #doneAt: EpochMs = 0;

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
    this.#say = new WakeTimer(ports, ports.now, () => this.sayConfirmed());
    this.#deliveries = new Deliveries({
      now: ports.now,
      attempt: (row, attempt) => this.#attempt(row, attempt),
      // While the settings do not have the domain, the alarm tries again, and not this loop.
      goOn: () => domain() && this.pump(),
      broke: ({ transId }, error) =>
        ports.log({ level: "error", event: "delivery-broke", transId, why: String(error) }),
    });
  }

  get queue(): Queue {
    return this.#queue;
  }

  get rows(): Rows {
    return this.#queue.rows;
  }

  /** When the alarm must come for the rows at the latest; `null`: nothing waits. */
  get nextDue(): EpochMs | null {
    return this.#deliveries.nextDue(lanes(this.rows));
  }

  /** Writes nothing, since an object must begin on a full disk too. The next life would correct the rows in the same way. */
  load(): void {
    this.#keep(afterRestart(this.#store.loadOutbox(), this.#ports.now()));
    this.#seq = this.rows.at(-1)?.seq ?? 0;
  }

  nextSeq(): QueuedDocument["seq"] {
    this.#seq += 1;
    return this.#seq;
  }

  /** Writes these rows in place of the present ones, within the owner's transaction, which also acts on all `signs`. */
  write(rows: Rows): void {
    this.#write(rows, this.#confirmed);
  }

  #write(rows: Rows, confirmed: ReadonlyMap<QueuedDocument["seq"], Confirmed>): void {
    const kept = new Set(rows.map((row) => row.seq));
    const here = new Set(this.rows);
    const gone = this.rows.flatMap(({ seq }) => (kept.has(seq) ? [] : [seq]));
    for (const seq of confirmed.keys()) this.#store.deleteDocument(seq);
    if (confirmed.size > 0) this.#store.say(...[...confirmed.values()].map(({ fact }) => fact));
    for (const seq of gone) this.#store.deleteDocument(seq);
    for (const row of rows) if (!here.has(row)) this.#store.putDocument(row);
  }

  /** Accepts the rows on disk, and returns their Confirmations. Aborts a post whose row is gone. */
  accept(queue: Queue): readonly Fact[] {
    const { confirmed } = this;
    this.#confirmed.clear();
    this.#say.cancel();
    this.#keep(queue.rows, queue);
    this.#deliveries.works();
    this.#deliveries.keepOnly(new Set(queue.rows.map(({ seq }) => seq)));
    this.pump();
    return confirmed;
  }

  /** Resolves when no message of this name waits here: each was confirmed, or given up. */
  async gone(sharedAs: string): Promise<void> {
    while (this.holds(sharedAs)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  holds(sharedAs: string): boolean {
    return this.rows.some(({ messages }) => messages.some((message) => message.sharedAs === sharedAs));
  }

  /** Which documents were confirmed, and when. Their rows leave the disk with the next transaction, or with the alarm. */
  get confirmed(): readonly Confirmed["fact"][] {
    return Array.from(this.#confirmed.values(), ({ fact }) => fact);
  }

  /** Hosts that have given a sign of life. What follows from it is not on disk yet. */
  get signs(): readonly QueuedDocument["host"][] {
    return [...this.#confirmed.values()].flatMap(({ signOf }) => signOf ?? []);
  }

  /** Deletes the confirmed rows that no transaction has deleted, except signs of life. The owner's alarm calls it. */
  deleteConfirmed(isAlone = false): void {
    if (this.#confirmed.size === this.signs.length) return;
    this.#commit(this.rows, [], isAlone);
  }

  /** Begins what is due, and comes back for what is due later. */
  pump(): void {
    const waitMs = this.#deliveries.begin(lanes(this.rows));
    if (waitMs !== null) this.#next.wakeWithin(waitMs);
  }

  async #attempt(row: QueuedDocument, attempt: Attempt): Promise<void> {
    const domain = this.#domain();
    if (!domain) return;
    const { timeoutMs } = domain.settings.webex;
    // The last attempt was begun before a crash, or the settings do not have this receiver any more.
    const target = targetOf(row, domain);
    if (target === null) return this.#drop(row, { why: "the settings do not have its receiver any more" });
    if (row.shared) return this.#share(row, domain, attempt.signal);
    if (row.attempts >= domain.settings.webex.attempts)
      return this.#drop(row, { why: row.failure ?? "a restart in its last attempt" });
    const begun = { ...row, attempts: row.attempts + 1 };
    const note: DocumentNote = (level, event, why) => this.#log(level, event, begun, { why });
    const content = contentOf(row, domain, note);
    if (!content.ok) return this.#drop(row, { messages: content.error, why: "it cannot be written", unpostable: true });

    if (row.attempts === 0) this.#keep(replaced(this.rows, begun));
    else {
      this.#commit(replaced(this.rows, begun));
      attempt.overAt = this.#ports.now() + timeoutMs;
    }
    const { signal } = attempt;
    const begunAt = this.#ports.now();
    const isRepeat = row.attempts > 0;
    const answer = await this.#ports.post({ url: target, timeoutMs, signal, isRepeat, ...content.value });

    if (signal.aborted) return;
    const tookMs = this.#ports.now() - begunAt;
    this.#ports.measures.postSeconds.observe({ domain: domain.name }, tookMs);
    const confirmed = judge(answer, begun, domain, note);
    if (confirmed.ok) this.#done(begun, domain, tookMs, confirmed.value);
    else await this.#failed(this.#asItIs(begun), domain, confirmed.error);
    await this.#limit(row.host);
  }

  /**
   * Hands the row's answers to the mailbox, again and again until it takes them; the mailbox counts the attempts to post. The row
   * is done when they were posted with the others, and the rows behind it wait for that (protocol T46).
   */
  async #share(row: QueuedDocument, domain: OutboxDomain, signal: AbortSignal): Promise<void> {
    const { attempts, timeoutMs, retryDelaysMs } = domain.settings.webex;
    const begunAt = this.#ports.now();
    const begun = { ...row, attempts: 1 };
    this.#keep(replaced(this.rows, begun));
    const withinMs = attempts * (timeoutMs + Math.max(...retryDelaysMs));
    const posting = this.#ports.share?.(answersOf(row, domain, begunAt)) ?? Promise.resolve("confirmed" as const);
    let result: ShareResult;
    try {
      result = await within(this.#ports, withinMs, "the mailbox", posting);
    } catch (error) {
      if (signal.aborted) return;
      this.#log("warn", "answers-not-handed-over", begun, { why: String(error) });
      return this.#deliveries.pause(row.host);
    }
    if (signal.aborted) return;
    if (result === "confirmed") this.#done(this.#asItIs(begun), domain, this.#ports.now() - begunAt);
    // The mailbox has tried the post, and counts it.
    else await this.#drop(begun, { why: "not confirmed together with the answers of other conferences" });
    await this.#limit(row.host);
  }

  /** The row as it is now: its server may have been replaced while it was posted. */
  #asItIs(row: QueuedDocument): QueuedDocument {
    return this.rows.find(({ seq }) => seq === row.seq) ?? row;
  }

  async #failed(row: QueuedDocument, domain: OutboxDomain, why: string): Promise<void> {
    const next = afterFailure(row, domain.settings.webex, this.#ports.now(), why);
    if (!next) return this.#drop(row, { why, lastFailed: true });
    this.#log("warn", "post-failed", row, { why, nextAt: new Date(next.dueAt).toISOString() });
    const { attempts: attempt, dueAt: nextAt } = next;
    const failed = { transId: row.transId as TransId, attempt, why, at: this.#ports.now(), nextAt, host: row.host };
    this.#commit(replaced(this.rows, next), [{ kind: "post-failed", ...failed }]);
  }

  /** Gives up the row, or some of its messages. */
  async #drop(row: QueuedDocument, { messages = row.messages, why, ...how }: LostPost): Promise<void> {
    await this.#giveUp({ seq: row.seq, messages, why: why.slice(0, mostWhy), ...how });
    if (row.probe) this.#log("warn", "probe-failed", row, { why });
    else this.#log("error", "post-given-up", row, { why, messages: namesOf(messages) });
  }

  /** Beyond a number of rows of a host, the oldest ones are given up untried. */
  async #limit(host: QueuedDocument["host"]): Promise<void> {
    const waiting = this.rows.filter((row) => row.host === host);
    const why = `${waiting.length} documents wait for this host`;
    // A conference that gives up the first row may withdraw the others.
    for (const row of waiting.slice(0, Math.max(0, waiting.length - mostRowsOfHost)))
      if (this.rows.includes(row)) await this.#drop(row, { why });
  }

  /**
   * A row confirmed at once leaves the disk with the next transaction, or with the alarm. A death before that posts the row
   * again, with the same TransID and bytes (protocol T36). If WebEx falls silent just then, the row counts as given up. So a
   * row is deleted now if it may soon be given up, or reports the conference's end: WebEx could not create that anew for an
   * hour (protocol F5). Where the disk is full, the deletion is tried again with the next transaction or the alarm.
   */
  #done(
    row: QueuedDocument,
    domain: OutboxDomain,
    tookMs: number,
    posted: "confirmed" | "refused" | null = null,
  ): void {
    if (domain.settings.logs.posts) this.#log("info", "post-delivered", row, { ms: tookMs });
    this.#keep(this.rows.filter((other) => other.seq !== row.seq));
    const waiting = withoutWait(this.rows, row.host);
    // Not deleted here: a death before the conference acts on it would leave the server owed what it has confirmed.
    const isSign = !row.oneAttempt && this.#ports.awaits?.(row.host) === true;
    const how = { host: row.host, tookMs, ...(posted === "refused" && { refused: true as const }) };
    const about = { transId: row.transId as TransId, at: this.#ports.now(), ...(posted && how) };
    const fact = { kind: "post-confirmed", ...about } as const;
    this.#confirmed.set(row.seq, { fact, signOf: isSign ? row.host : null });
    const isInRun = fact.at < this.#doneAt + 2 * sayWithinMs.inRun;
    this.#doneAt = fact.at;
    if (isSign) this.#ports.reached?.(row.host);
    else if (row.attempts > 1 || row.messages.some(isEnd) || waiting !== this.rows) this.#commit(waiting);
    else this.#say.wakeWithin(isInRun ? sayWithinMs.inRun : sayWithinMs.alone);
  }

  /** Deletes the confirmed rows. If that fails, it is tried again. */
  sayConfirmed(): void {
    try {
      this.deleteConfirmed(true);
    } catch (error) {
      this.#ports.log({ level: "warn", event: "confirmed-not-deleted", why: String(error) });
      this.#say.wakeWithin(sayWithinMs.again);
    }
  }

  #commit(rows: Rows, facts: readonly Fact[] = [], isAlone = false): void {
    const confirmed = new Map([...this.#confirmed].filter(([, { signOf }]) => signOf === null));
    this.#store.transaction(() => {
      this.#write(rows, confirmed);
      this.#store.say(...facts);
    });
    for (const seq of confirmed.keys()) this.#confirmed.delete(seq);
    this.#say.cancel();
    this.#keep(rows);
    this.#ports.said?.([...Array.from(confirmed.values(), ({ fact }) => fact), ...facts], isAlone);
    this.#deliveries.works();
    this.pump();
  }

  #keep(rows: Rows, queue = this.#queue): void {
    this.#queue = { ...queue, rows };
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #log(level: LogLine["level"], event: string, row: QueuedDocument, facts: LogFacts): void {
    this.#ports.log({ level, event, transId: row.transId, host: row.host, attempt: row.attempts, ...facts });
  }
}

function replaced(rows: Rows, row: QueuedDocument): Rows {
  return rows.map((other) => (other.seq === row.seq ? row : other));
}
