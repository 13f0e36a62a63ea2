import type { ConferenceEvent, Report } from "../src/bridge/events.ts";
import type { CallId, ConfKey, EpochMs, StreamId } from "../src/foundation/ids.ts";
import type { AgentToEdge } from "../src/link/messages.ts";
import type { ConferenceRecord, Journal, JournalContents } from "./journal.ts";
import { ReportStream } from "./report-stream.ts";

type Reports = Extract<AgentToEdge, { type: "reports" }>;

interface Book {
  record: ConferenceRecord;
  stream: ReportStream;
}

/** When so many reports of a conference wait, a snapshot takes the place of the events: no absence of the edge fills the disk. */
const MOST_UNTAKEN = 5_000;
const UNKNOWN: ConferenceRecord = { anonymousId: null, locked: false, live: false };

/** What the agent knows of each conference and what it has yet to tell of it. */
export class Books {
  readonly #journal: Journal;
  readonly #books = new Map<ConfKey, Book>();
  /** Those with reports that were never sent. */
  readonly #unsent = new Set<ConfKey>();
  /** Those of which the edge is to hear what the bridge holds. */
  readonly snapshotsWanted = new Set<ConfKey>();

  constructor(journal: Journal, contents: JournalContents) {
    this.#journal = journal;
    for (const { conference, record, stream, next, untaken } of contents.conferences) {
      this.#books.set(conference, { record, stream: new ReportStream(stream, next, untaken) });
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

  change(key: ConfKey, change: Partial<ConferenceRecord>): void {
    const book = this.#open(key);
    book.record = { ...book.record, ...change };
    this.#journal.keepConference(key, book.record);
  }

  tell(key: ConfKey, event: ConferenceEvent): void {
    this.report(key, { type: "event", event });
  }

  report(key: ConfKey, report: Report): void {
    const { stream } = this.#open(key);
    this.#journal.append(key, stream.append(report));
    this.#unsent.add(key);
    if (stream.size % MOST_UNTAKEN === 0) this.startOver(key);
  }

  hasUntold(key: ConfKey): boolean {
    return (this.#books.get(key)?.stream.size ?? 0) > 0;
  }

  /** Whether the last thing to be told is a snapshot: another one would say the same. */
  endsWithSnapshot(key: ConfKey): boolean {
    const newest = this.#books.get(key)?.stream.newest;
    return newest?.type === "event" && newest.event.type === "snapshot";
  }

  #open(key: ConfKey): Book {
    const known = this.#books.get(key);
    if (known) return known;
    const book = { record: UNKNOWN, stream: this.#beginStream(key, UNKNOWN, []) };
    this.#books.set(key, book);
    return book;
  }

  #beginStream(key: ConfKey, record: ConferenceRecord, untaken: readonly Report[]): ReportStream {
    const stream = new ReportStream(this.#journal.beginStream(key, record), 1, []);
    for (const report of untaken) this.#journal.append(key, stream.append(report));
    if (untaken.length > 0) this.#unsent.add(key);
    return stream;
  }

  /** The edge has taken the reports of this stream up to this number. False: the two disagree on how much was told. */
  taken(key: ConfKey, stream: StreamId, upTo: number, now: EpochMs): boolean {
    const book = this.#books.get(key);
    if (book?.stream.id !== stream) return true; // Nobody waits for that any more.
    const before = book.stream.size;
    if (!book.stream.taken(upTo, now)) return false;
    if (book.stream.size < before) this.#journal.taken(key, upTo);
    this.#forgetIfOver(key, book);
    return true;
  }

  /**
   * What is untaken of other times is out of date: the results are told in a new stream, and how things stand, not the
   * events. Only what a caller has keyed shows in no snapshot.
   */
  startOver(key: ConfKey): void {
    const book = this.#books.get(key);
    if (!book) return;
    const results: Report[] = [];
    const identified = new Map<CallId, Report>();
    for (const report of book.stream.reports) {
      if (report.type === "result") results.push(report);
      else if (report.event.type === "attendee-identified") identified.set(report.event.call, report);
    }
    book.stream = this.#beginStream(key, book.record, [...results, ...identified.values()]);
    this.snapshotsWanted.add(key);
    this.#forgetIfOver(key, book);
  }

  /** Of those with untaken events. */
  startAllOver(): void {
    for (const [key, { stream }] of this.#books) {
      if (stream.reports.some(({ type }) => type === "event")) this.startOver(key);
    }
  }

  /** And the edge knows. */
  #forgetIfOver(key: ConfKey, book: Book): void {
    if (book.record.live || book.stream.size > 0) return;
    this.#books.delete(key);
    this.#journal.forget(key);
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
      const { stream } = this.#books.get(conference) ?? {};
      if (!stream) continue;
      const { id } = stream;
      for (const reports of stream.due(now)) {
        messages.push({ type: "reports", epoch, conference, stream: id, reports });
      }
    }
    this.#unsent.clear();
    return messages;
  }
}
