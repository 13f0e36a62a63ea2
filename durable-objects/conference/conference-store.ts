import type { Fact } from "../../src/conference/facts.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { isPublished } from "../../src/conference/rows.ts";
import type { QueuedDocument } from "../../src/conference/server/queue.ts";
import {
  applyChanges,
  applyEntry,
  type Changes,
  type ConferenceState,
  emptyState,
  entriesIn,
  kindOfKey,
} from "../../src/conference/state.ts";
import { Seen } from "../../src/delivery/seen.ts";
import type { ActionId, EpochMs, TransId } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { ConferenceIdentity } from "../../src/rpc/conference.ts";
import type { Sql } from "../platform/platform.ts";
import { factTexts, Journal, nameOf, nameOfAction, type Retention, textOf } from "./journal.ts";
import { noProgress, nothingPublished, type Progress, type Published } from "./progress.ts";

/** Only the retention ever changes. If the domain is removed, the last one of the settings stays. */
interface StoredIdentity extends ConferenceIdentity {
  readonly retention: Retention;
  readonly journal: string;
}

const defaultRetention: Retention = { neededMs: 2 * 3_600_000, keptMs: 7 * dayMs };

/** Journal rows between two checkpoints. A restart reads as many. */
const checkpointEvery = 32;
/** Changes that are longer, with their input, go into the entries at once. A character has three bytes at most. */
const maxRowLength = 500_000;

/**
 * One conference as it is on disk and, always alike, in memory. The first commit makes the tables. Each row written costs money, so a
 * transaction is one row of the journal for each input, and the last of them holds all changes. Now and then a checkpoint writes
 * the changes since the one before into the entries, one row each (no secondary index, no rowid beside a text key).
 */
export class ConferenceStore {
  readonly journal: Journal;
  readonly #sql: Sql;
  /** Called when the memory of this conference can no longer be trusted. */
  readonly #onLost: (error: unknown) => void;
  #identity: ConferenceIdentity | null = null;
  #journalName = "";
  #retention = defaultRetention;
  #state = emptyState();
  #progress: Progress;
  /** The row of the journal up to which the entries are complete. */
  #checkpoint = 0;
  #position = 0;
  #outbox = new Map<string, QueuedDocument>();
  /** Documents and actions whose repeats may still come, and when each was committed; `null`: not read yet, since reads are billed. */
  #documents: Seen<string> | null = null;
  /** Inputs of the present transaction, and what they and the outbox changed. */
  #inputs: { readonly input: ConferenceInput; readonly facts: readonly Fact[] }[] = [];
  #ofTransaction = new EntryChanges();
  #ofOutbox: Fact[] = [];
  #sinceCheckpoint = new EntryChanges();

  constructor(sql: Sql, onLost: (error: unknown) => void) {
    this.#sql = sql;
    this.#onLost = onLost;
    this.journal = new Journal(sql);
    this.#progress = this.#load();
  }

  /** `null` until the first input is committed. */
  get identity(): ConferenceIdentity | null {
    return this.#identity;
  }

  /** The name of this journal. A journal that is deleted and begun anew gets another one. */
  get journalName(): string {
    return this.#journalName;
  }

  get retention(): Retention {
    return this.#retention;
  }

  get state(): ConferenceState {
    return this.#state;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Whether this document was committed, as long as repeats of it may come (protocol T38, T40). */
  hasDocument(transId: TransId, now: EpochMs): boolean {
    return this.#hasCommitted(transId, now);
  }

  /** Whether this action of an operator was committed, as long as repeats of it may come. */
  hasAction(id: ActionId, now: EpochMs): boolean {
    return this.#hasCommitted(nameOfAction(id), now);
  }

  #hasCommitted(name: string, now: EpochMs): boolean {
    const since = now - this.retention.neededMs;
    this.#documents ??= new Seen(Number.POSITIVE_INFINITY, this.journal.namesSince(since));
    return this.#documents.get(name, since) !== undefined;
  }

  /** All or nothing: when `work` throws, disk and memory are as they were before. */
  transaction<Value>(work: () => Value): Value {
    const { progress } = this;
    try {
      return this.#sql.transaction(() => {
        this.journal.tables.make();
        const value = work();
        this.#write();
        return value;
      });
    } catch (error) {
      try {
        this.#load();
        this.#progress = progress;
      } catch (again) {
        this.#onLost(again);
      }
      throw error;
    }
  }

  /** Within a transaction: keeps whose conference this is, the retention of its domain, and the name of a journal that begins. */
  identify({ domain, confKey }: ConferenceIdentity, retention: Retention, newName = () => ""): void {
    const { neededMs, keptMs } = this.#retention;
    if (this.#identity && neededMs === retention.neededMs && keptMs === retention.keptMs) return;
    const journal = this.#identity ? this.#journalName : newName();
    const identity: StoredIdentity = { domain, confKey, retention, journal };
    this.#change("identity", identity);
  }

  /** Within a transaction: appends one input with its changes; throws when a document is too large. */
  append(input: ConferenceInput, changes: Changes, progress: Progress, facts: readonly Fact[] = []): void {
    this.#progress = progress;
    this.#changeState(changes);
    const name = nameOf(input);
    if (name !== null) this.#documents?.add(name, null, input.at, input.at - this.retention.neededMs);
    this.#inputs.push({ input, facts });
  }

  #changeState(changes: Changes): void {
    applyChanges(this.#state, changes);
    for (const [key, value] of entriesIn(changes)) this.#ofTransaction.set(key, value);
  }

  /** The row of the journal that the next input of this transaction will have. */
  get nextSeq(): number {
    return this.journal.lastSeq + this.#inputs.length + 1;
  }

  /** Within a transaction: says what happened to documents of the outbox. */
  say(...facts: readonly Fact[]): void {
    this.#ofOutbox.push(...facts);
  }

  loadOutbox(): readonly QueuedDocument[] {
    return [...this.#outbox.values()].sort((one, other) => one.seq - other.seq);
  }

  /** Within a transaction: keeps this row of the outbox, new or changed. */
  putDocument(row: QueuedDocument): void {
    this.#change(`outbox/${row.seq}`, row);
  }

  deleteDocument(seq: QueuedDocument["seq"]): void {
    this.#change(`outbox/${seq}`, null);
  }

  #change(key: string, value: unknown): void {
    this.#ofTransaction.set(key, value);
    this.#applyEntry(key, value);
  }

  /** Keeps what the directory has: on disk with the next row, or now. */
  setPublished(change: Partial<Published>, isWritten = false): void {
    const published = { ...(this.#progress.published ?? nothingPublished), ...change };
    this.note({ published });
    if (isWritten) this.journal.correct(this.#progress);
  }

  /** Changes the progress in memory. The next input writes it. */
  note(change: Partial<Progress>): void {
    this.#progress = { ...this.#progress, ...change };
  }

  /** Corrects the progress that was written with the last input. */
  correct(change: Partial<Progress>): void {
    const progress = { ...this.#progress, ...change };
    this.journal.correct(progress);
    this.#progress = progress;
  }

  #load(): Progress {
    this.#identity = null;
    this.#journalName = "";
    this.#retention = defaultRetention;
    this.#state = emptyState();
    this.#outbox = new Map();
    this.#position = 0;
    this.#checkpoint = 0;
    this.#sinceCheckpoint = new EntryChanges();
    this.#documents = null;
    this.#endTransaction();
    for (const row of this.journal.tables.read("SELECT key, position, value FROM entry ORDER BY position")) {
      this.#position = Number(row.position);
      this.#applyEntry(String(row.key), JSON.parse(String(row.value)));
    }
    for (const [key, value] of this.journal.changesAfter(this.#checkpoint)) {
      this.#sinceCheckpoint.set(key, value);
      this.#applyEntry(key, value);
    }
    return this.journal.load() ?? noProgress;
  }

  #endTransaction(): void {
    this.#inputs = [];
    this.#ofTransaction = new EntryChanges();
    this.#ofOutbox = [];
  }

  #applyEntry(key: string, value: unknown): void {
    switch (kindOfKey(key)) {
      case "checkpoint":
        this.#checkpoint = value as number;
        return;
      case "identity": {
        const { retention, journal, ...identity } = value as StoredIdentity;
        this.#identity = identity;
        this.#journalName = journal;
        this.#retention = retention;
        return;
      }
      case "outbox":
        if (value === null) this.#outbox.delete(key);
        else this.#outbox.set(key, value as QueuedDocument);
        return;
      default:
        applyEntry(this.#state, key, value);
    }
  }

  /** Writes the inputs and, with the last of them, the changes; changes of the outbox alone have a row without input. */
  #write(): void {
    if (this.#inputs.length === 0 && this.#ofTransaction.isEmpty && this.#ofOutbox.length === 0) return;
    const { journal } = this;
    const inputs = this.#inputs.length > 0 ? this.#inputs.map(({ input }) => input) : [null];
    const said = this.#inputs.map(({ facts }) => [...facts]);
    if (this.#ofOutbox.length > 0)
      said.splice(-1, said.length > 0 ? 1 : 0, [...(said.at(-1) ?? []), ...this.#ofOutbox]);
    const facts = factTexts(said);
    const rows = Math.max(inputs.length, facts.length);
    const isDue = journal.lastSeq + rows - this.#checkpoint >= checkpointEvery;
    const changes = JSON.stringify(this.#ofTransaction.inOrder());
    if (said.some((some) => some.some(isPublished))) this.setPublished({ upTo: journal.lastSeq + rows });
    let isTooLong = false;
    for (let index = 0; index < rows; index += 1) {
      const input = inputs[index] ?? null;
      const text = input && textOf(input);
      const isLast = index === inputs.length - 1;
      if (isLast) isTooLong = (text?.length ?? 0) + changes.length > maxRowLength;
      const row = { input, text, changes: isLast && !isTooLong ? changes : null, facts: facts[index] ?? "[]" };
      journal.append({ ...row, progress: this.#progress });
      journal.prune(this.#checkpoint, this.retention, this.#progress.published);
    }
    this.#sinceCheckpoint.add(this.#ofTransaction);
    this.#endTransaction();
    if (isDue || isTooLong) this.#writeEntries();
  }

  /** The position stays with the key, so that everything is loaded in the order in which it came. */
  #writeEntries(): void {
    this.#checkpoint = this.journal.lastSeq;
    this.#sinceCheckpoint.set("checkpoint", this.#checkpoint);
    // Most of these came and went since the last time, and are not on disk.
    const deleted = JSON.stringify([...this.#sinceCheckpoint.deletedKeys]);
    this.#sql.exec("DELETE FROM entry WHERE key IN (SELECT value FROM json_each(?))", deleted);
    for (const [key, value] of this.#sinceCheckpoint.inOrder()) {
      if (value === null) continue;
      this.#position += 1;
      this.#sql.exec(
        "INSERT INTO entry (key, position, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        ...[key, this.#position, JSON.stringify(value)],
      );
    }
    this.#sinceCheckpoint = new EntryChanges();
  }
}

/** Changes of entries in order, each key once; a key that was deleted meanwhile is deleted first, and so comes last again. */
class EntryChanges {
  readonly #values = new Map<string, unknown>();
  readonly #deleted = new Set<string>();

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  /** Keys that were deleted, also those that were set again. */
  get deletedKeys(): ReadonlySet<string> {
    return this.#deleted;
  }

  set(key: string, value: unknown): void {
    if (value === null) this.#deleted.add(key);
    if (value === null || this.#values.get(key) === null) this.#values.delete(key); // It is set as the last one.
    this.#values.set(key, value);
  }

  add(changes: EntryChanges): void {
    for (const [key, value] of changes.inOrder()) this.set(key, value);
  }

  inOrder(): (readonly [key: string, value: unknown])[] {
    return [...this.#values].flatMap(([key, value]) =>
      value !== null && this.#deleted.has(key)
        ? [[key, null] as const, [key, value] as const]
        : [[key, value] as const],
    );
  }
}
