import type { BridgeEvent } from "../src/bridge/events.ts";
import type { Report } from "../src/bridge/orders.ts";
import type { ConfKey, EpochMs } from "../src/foundation/ids.ts";
import type { AgentToEdge } from "../src/relay/messages.ts";
import type { ConferenceRecord, Journal, JournalContents } from "./journal.ts";
import { ReportStream } from "./report-stream.ts";

type Reports = Extract<AgentToEdge, { type: "reports" }>;

interface Book {
  record: ConferenceRecord;
  readonly stream: ReportStream;
}

const UNKNOWN: ConferenceRecord = { anonymousId: null, locked: false, live: false };

/** What the agent knows of each conference and what it has yet to tell of it. */
export class Books {
  readonly #journal: Journal;
  readonly #books = new Map<ConfKey, Book>();
  /** Those with reports that were never sent. */
  readonly #unsent = new Set<ConfKey>();

  constructor(journal: Journal, contents: JournalContents) {
    this.#journal = journal;
    const reports = new Map(contents.reports.map((entry) => [entry.conference, entry.reports]));
    for (const { conference, record } of contents.conferences) {
      const stream = new ReportStream(journal.nextNumber(conference), reports.get(conference) ?? []);
      this.#books.set(conference, { record, stream });
    }
  }

  /** The live conference of this key. */
  find(key: string): ConferenceRecord | null {
    const record = this.#books.get(key as ConfKey)?.record;
    return record?.live ? record : null;
  }

  live(): ConfKey[] {
    return [...this.#books].filter(([, book]) => book.record.live).map(([key]) => key);
  }

  /** Reports that the edge has not taken yet. */
  get untold(): number {
    let count = 0;
    for (const { stream } of this.#books.values()) count += stream.size;
    return count;
  }

  change(key: ConfKey, change: Partial<ConferenceRecord>, now: EpochMs): void {
    const book = this.#open(key, now);
    book.record = { ...book.record, ...change };
    this.#journal.keepConference(key, book.record, now);
  }

  tell(key: ConfKey, event: BridgeEvent, now: EpochMs): void {
    this.report(key, { type: "event", event }, now);
  }

  report(key: ConfKey, report: Report, now: EpochMs): void {
    const { stream } = this.#open(key, now);
    this.#journal.append(key, stream.append(report));
    this.#unsent.add(key);
  }

  hasUntold(key: ConfKey): boolean {
    return (this.#books.get(key)?.stream.size ?? 0) > 0;
  }

  /** Whether the last thing to be told is a snapshot: another one would say the same. */
  endsWithSnapshot(key: ConfKey): boolean {
    const newest = this.#books.get(key)?.stream.newest;
    return newest?.type === "event" && newest.event.type === "snapshot";
  }

  #open(key: ConfKey, now: EpochMs): Book {
    const known = this.#books.get(key);
    if (known) return known;
    this.#journal.keepConference(key, UNKNOWN, now); // Makes the row that counts the numbers, or finds it.
    const book = { record: UNKNOWN, stream: new ReportStream(this.#journal.nextNumber(key), []) };
    this.#books.set(key, book);
    return book;
  }

  /** False: edge and agent disagree on how much was told. */
  taken(key: ConfKey, upTo: number, now: EpochMs): boolean {
    const book = this.#open(key, now);
    const before = book.stream.size;
    if (!book.stream.taken(upTo, now)) return false;
    if (book.stream.size < before) this.#journal.taken(key, upTo);
    if (!book.record.live && book.stream.size === 0) this.#books.delete(key); // It is over, and the edge knows.
    return true;
  }

  /** Of what the edge has not taken, only the results of its orders are still of use. `beginAnew` must follow if true. */
  dropEvents(): boolean {
    let dropped = false;
    for (const { stream } of this.#books.values()) dropped = stream.dropEvents() || dropped;
    return dropped;
  }

  /** Whatever is untaken gets numbers from 1 on, in a journal of another name. */
  beginAnew(): void {
    const reports = Array.from(this.#books, ([conference, { stream }]) => {
      return { conference, reports: stream.beginAnew() };
    });
    this.#journal.renumber(reports);
  }

  /** After a reconnect everything untaken is sent anew. */
  sendAllAgain(): void {
    for (const [key, { stream }] of this.#books) {
      stream.forgetSent();
      if (stream.size > 0) this.#unsent.add(key);
    }
  }

  /** What was never sent; with `again`, also what has waited too long to be taken. */
  due(epoch: number, now: EpochMs, again: boolean): Reports[] {
    const messages: Reports[] = [];
    for (const conference of again ? this.#books.keys() : this.#unsent) {
      const batches = this.#books.get(conference)?.stream.due(now) ?? [];
      for (const reports of batches) messages.push({ type: "reports", epoch, conference, reports });
    }
    this.#unsent.clear();
    return messages;
  }
}
