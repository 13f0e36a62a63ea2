import type { NumberedReport } from "../../src/bridge/events.ts";
import type { Fact, FactRow } from "../../src/conference/facts.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import type { OperatorRequest } from "../../src/conference/operator-actions.ts";
import type { QueuedDocument } from "../../src/conference/server/queue.ts";
import {
  applyChanges,
  applyEntry,
  type Changes,
  type ConferenceState,
  emptyState,
  entriesIn,
  isOngoing,
} from "../../src/conference/state.ts";
import type { DecisionProgress } from "../../src/conference/transaction.ts";
import { Seen } from "../../src/delivery/seen.ts";
import type { ActionId, BridgeName, EpochMs, MsgId, StreamId, TransId } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import { isOwed } from "../../src/records/directory-facts.ts";
import type { HistoryRow } from "../../src/replay/history.ts";
import type { AgentReports, ConferenceIdentity } from "../../src/rpc/conference.ts";
import type { DirectoryPlace } from "../../src/rpc/directory-feed.ts";
import { type IdsAtHand, noIds } from "../ids/id-supply.ts";
import { hasColumn, hasTable, type Sql, type SqlRow, type SqlValue } from "../platform/platform.ts";
import { type BookData, upgrade } from "./upgrade.ts";

/** How far the conference has come. It changes with almost each input, so it is kept in the journal and costs no row. */
export interface Progress extends DecisionProgress, IdsAtHand {
  /** By how much the conference's time is ahead of the machine's clock. */
  readonly aheadMs?: number;
  /** The highest report number committed of each stream, the latest last. */
  readonly streams: readonly (readonly [BridgeName, StreamId, upTo: number])[];
  /** Absent before anything was to tell. */
  readonly telling?: DirectoryProgress;
  /** The code and the settings that decided. */
  readonly decidedBy?: string;
}

/** How far the domain's directory has the facts of the conference; rows of the journal. */
export interface DirectoryProgress {
  /** The last row with a fact that it needs. */
  readonly upTo: number;
  /** It has acknowledged what it needs up to this row. */
  readonly told: number;
  /** Its place then; `null`: it has acknowledged nothing. */
  readonly place: DirectoryPlace | null;
  /** As it answered last: people look at the conference in a list; absent: they do not. */
  readonly isWatched?: boolean | undefined;
}

/** How long journal rows are kept, in milliseconds. */
export interface Retention {
  /** All of them: repeats of documents need them. */
  readonly neededMs: number;
  /** As many as there may be. */
  readonly keptMs: number;
}

/** Never changes, but for the retention: the last one that the settings gave holds on when the domain is removed. */
interface Identity extends ConferenceIdentity {
  readonly retention: Retention;
  /** Absent in what version 0.1 kept. */
  readonly journal?: string;
}

const noProgress: Progress = { bridge: null, serial: 0, ...noIds, streams: [] };
const defaultRetention: Retention = { neededMs: 2 * 3_600_000, keptMs: 7 * dayMs };
/** For each bridge. Only the last stream of an agent goes on. */
const rememberedStreams = 8;

const keptRows = 10_000;
const pruneEvery = 256;
const pruneAtMost = 512;
/** Journal rows between two checkpoints: as many are read when the object is restored. */
const checkpointEvery = 32;
/** One journal row stays below the platform's 2 MB. */
const maxInputBytes = 1_600_000;
/** Changes that are longer together with their input go into the entries at once; no character has more than three bytes. */
const maxRowLength = 500_000;

const tables = [
  "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, position INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, trans_id TEXT, input TEXT,
   progress TEXT NOT NULL, changes TEXT, facts TEXT)`,
];
/** Before facts, a journal had none. */
const factsColumn = "ALTER TABLE journal ADD COLUMN facts TEXT";

/** Facts that are longer go into further rows of their own, and so do all that follow them. */
const maxFactsLength = 400_000;

/** Rows of the journal that one query reads. */
const readAtOnce = 20;

/** Under this key version 0.1 kept which documents were confirmed, behind the changes of a row. */
const confirmedKey = "confirmed";
/** Under this key an older version kept what records need of rows that it had pruned. */
const bookKey = "book";

/** A key is `head`, `identity` or `kind/id`; the value `null` deletes the entry. */
export type EntryChange = readonly [key: string, value: unknown];

/**
 * One conference as it is on disk and, always alike, in memory. The first commit makes the tables: an input that only asks, or
 * fails, writes nothing (the platform may make an empty file for an object that is asked). Each row written costs money, so a
 * transaction is one row of the journal for each input, and the last of them holds all changes. Now and then a checkpoint writes
 * the changes since the one before into the entries, one row each (no secondary index, no rowid beside a text key).
 */
export class ConferenceStore {
  readonly #sql: Sql;
  /** Called when the memory of this conference can no longer be trusted. */
  readonly #onLost: (error: unknown) => void;
  /** Kinds of entries on disk that this version does not know. */
  readonly unknownKinds = new Set<string>();
  #hasTables: boolean;
  #hasFacts: boolean;
  #identity: ConferenceIdentity | null = null;
  #journal = "";
  #retention = defaultRetention;
  #state = emptyState();
  #progress: Progress;
  #seq = 0;
  #lastAt: EpochMs = 0;
  /** The row of the journal up to which the entries say everything. */
  #checkpoint = 0;
  #position = 0;
  /** The documents that wait to be posted, in order. */
  #outbox = new Map<string, QueuedDocument>();
  /**
   * Documents and actions whose repeats may still come, and when each was committed, the oldest first. `null`: not read yet, as reading is
   * billed.
   */
  #documents: Seen<string> | null = null;
  /** Inputs of the present transaction, and what they and the outbox changed. */
  #inputs: { readonly input: ConferenceInput; readonly facts: readonly Fact[] }[] = [];
  #ofTransaction = new EntryChanges();
  /** What happened to documents of the outbox. */
  #ofOutbox: Fact[] = [];
  /** Changes in the journal since the checkpoint. */
  #sinceCheckpoint = new EntryChanges();
  #book: BookData | null = null;

  constructor(sql: Sql, onLost: (error: unknown) => void) {
    this.#sql = sql;
    this.#onLost = onLost;
    this.#hasTables = hasTable(sql, "journal");
    this.#hasFacts = this.#hasTables && hasColumn(sql, "journal", "facts");
    this.#progress = this.#load();
    if (this.#hasTables && !this.#hasFacts) this.transaction(() => this.#upgrade());
  }

  /** `null` until the first input is committed. */
  get identity(): ConferenceIdentity | null {
    return this.#identity;
  }

  /** Another name where the journal of this key was deleted and begun anew. */
  get journalName(): string {
    return this.#journal;
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

  /** When the last input was committed. */
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  /** Whether this document was committed, as long as repeats of it may come (protocol T38, T40). */
  hasDocument(transId: TransId, now: EpochMs): boolean {
    return this.#hasCommitted(transId, now);
  }

  /** Whether this action of an operator was committed, for as long. */
  hasAction(id: ActionId, now: EpochMs): boolean {
    return this.#hasCommitted(nameOfAction(id), now);
  }

  /** What this action asked for; `null`: the journal does not have it any more. */
  requestOf(id: ActionId): OperatorRequest | null {
    const row = this.rowOf(id);
    const input = row === null ? null : this.inputOf(row);
    return input?.type === "operator" ? input.request : null;
  }

  /** The row that has this action; `null`: the journal has none. */
  rowOf(id: ActionId): number | null {
    if (!this.#hasTables) return null;
    const query = "SELECT seq FROM journal WHERE trans_id = ? ORDER BY seq DESC LIMIT 1";
    const [row] = this.#sql.exec(query, nameOfAction(id));
    return row ? Number(row.seq) : null;
  }

  #hasCommitted(name: string, now: EpochMs): boolean {
    const since = now - this.retention.neededMs;
    this.#documents ??= new Seen(Number.POSITIVE_INFINITY, this.#documentsSince(since));
    return this.#documents.get(name, since) !== undefined;
  }

  /** All or nothing: when `work` throws, disk and memory are as they were before. */
  transaction<Value>(work: () => Value): Value {
    const { progress } = this;
    try {
      const value = this.#sql.transaction(() => {
        if (!this.#hasTables) for (const table of tables) this.#sql.exec(table);
        const value = work();
        this.#write();
        return value;
      });
      this.#hasTables = true;
      this.#hasFacts = true;
      return value;
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
    const journal = this.#identity ? this.#journal : newName();
    this.#identity = { domain, confKey };
    this.#journal = journal;
    this.#retention = retention;
    this.#ofTransaction.set("identity", { domain, confKey, retention, journal } satisfies Identity);
  }

  /** Within a transaction: appends one input with its changes; throws when a document is too large. */
  append(input: ConferenceInput, changes: Changes, progress: Progress, facts: readonly Fact[] = []): void {
    this.#progress = progress;
    applyChanges(this.#state, changes);
    this.#keep(changes);
    const name = nameOf(input);
    if (name !== null) this.#documents?.add(name, null, input.at, input.at - this.retention.neededMs);
    this.#inputs.push({ input, facts });
  }

  #keep(changes: Changes): void {
    for (const [key, value] of entriesIn(changes)) this.#ofTransaction.set(key, value);
  }

  /** Once in the life of a conference of version 0.1. One that is over, and whose directory knows so, needs no look at its journal. */
  #upgrade(): void {
    this.#sql.exec(factsColumn);
    if (!this.#identity) return;
    const before = this.#seq;
    const { told = 0, upTo = 0 } = this.#progress.telling ?? {};
    const isNeeded = isOngoing(this.#state.head) || told < upTo;
    const rows = isNeeded
      ? [...this.history()].map(({ progress, ...row }) => ({ ...row, bridge: progress.bridge }))
      : [];
    const { confKey } = this.#identity;
    const { changes, owed } = upgrade(confKey, this.#state, { rows, book: isNeeded ? this.#book : null, told });
    applyChanges(this.#state, changes);
    this.#keep(changes);
    this.#keepOwed(owed);
    const last = [...owed.keys()].at(-1) ?? 0;
    if (last > upTo) this.#keepTelling(last, [...owed.values()].flat());
    this.#write();
    // No input has led to what the upgrade says: history knows its rows as those of version 0.1.
    this.#sql.exec(`UPDATE journal SET facts = '{"owed":' || facts || '}' WHERE seq > ?`, before);
  }

  /** In the rows in which they happened. Facts that are too long for theirs go into rows of their own, and so do all that follow. */
  #keepOwed(owed: ReadonlyMap<number, readonly Fact[]>): void {
    let isTooLong = false;
    for (const [row, facts] of owed) {
      const text = JSON.stringify({ owed: facts } satisfies OwedFacts);
      isTooLong ||= text.length > maxFactsLength;
      if (isTooLong) this.say(...facts);
      else this.#sql.exec("UPDATE journal SET facts = ? WHERE seq = ?", text, row);
    }
  }

  /** The row of the journal that the next input of this transaction will have. */
  get nextSeq(): number {
    return this.#seq + this.#inputs.length + 1;
  }

  /** Within a transaction: says what happened to documents of the outbox. */
  say(...facts: readonly Fact[]): void {
    this.#ofOutbox.push(...facts);
  }

  /** In order. */
  loadOutbox(): readonly QueuedDocument[] {
    return [...this.#outbox.values()].sort((one, other) => one.seq - other.seq);
  }

  /** Within a transaction: keeps this row of the outbox, new or changed. */
  putDocument(row: QueuedDocument): void {
    this.#change(`outbox/${row.seq}`, row);
  }

  /** Within a transaction. */
  deleteDocument(seq: QueuedDocument["seq"]): void {
    this.#change(`outbox/${seq}`, null);
  }

  /** Inputs and what followed from them, in order, from behind this row on; rows that come while it is read are among them. */
  *history(after = 0, atOnce = readAtOnce): Generator<HistoryRow> {
    for (let last = after; this.#hasTables; ) {
      const facts = this.#hasFacts ? "facts" : "NULL AS facts";
      const query = `SELECT seq, at, input, ${facts}, progress, changes FROM journal WHERE seq > ? ORDER BY seq LIMIT ?`;
      const rows = this.#sql.exec(query, last, atOnce);
      if (rows.length === 0) return;
      for (const row of rows) yield historyRow(row);
      last = Number(rows.at(-1)?.seq);
    }
  }

  /** `null`: the journal does not have it. */
  inputOf(row: number): ConferenceInput | null {
    const [found] = this.history(row - 1, 1);
    return found?.seq === row ? found.input : null;
  }

  /** What the rows behind this one say, so many at most; nothing else of them is read. */
  facts(after: number, limit = -1): readonly FactRow[] {
    if (!this.#hasFacts) return [];
    const rows = this.#sql.exec(
      "SELECT seq, at, facts FROM journal WHERE seq > ? AND facts > '[]' ORDER BY seq LIMIT ?",
      ...[after, limit],
    );
    return rows.map(({ seq, at, facts }) => ({
      ...{ seq: Number(seq), at: Number(at) },
      facts: factsIn(facts),
    }));
  }

  /** The messages that the settings did not let be posted, as the rows behind this one say. */
  refusedAfter(row: number): readonly MsgId[] {
    if (!this.#hasFacts) return [];
    const query = `SELECT facts FROM journal WHERE seq > ? AND facts LIKE '%"host-refused"%' ORDER BY seq`;
    const said = this.#sql.exec(query, row).flatMap(({ facts }) => factsIn(facts));
    return said.flatMap((fact) => (fact.kind === "host-refused" ? [fact.msgId] : []));
  }

  #change(key: string, value: unknown): void {
    this.#ofTransaction.set(key, value);
    if (!this.#applyEntry(key, value)) throw new Error(`the entry ${key} is of no known kind`);
  }

  /** How far the directory has the facts; on disk with the next row, or now. */
  setDirectoryProgress(change: Partial<DirectoryProgress>, isWritten = false): void {
    const { telling } = this.#progress;
    if (!telling) return;
    const changed = {
      telling: { ...telling, ...change, isWatched: (change.isWatched ?? telling.isWatched) || undefined },
    };
    if (isWritten) this.correct(changed);
    else this.#progress = { ...this.#progress, ...changed };
  }

  /** The last row of the journal. */
  get lastSeq(): number {
    return this.#seq;
  }

  /** Corrects the progress that was written with the last input. */
  correct(change: Partial<Progress>): void {
    const progress = { ...this.#progress, ...change };
    this.#sql.exec("UPDATE journal SET progress = ? WHERE seq = ?", JSON.stringify(progress), this.#seq);
    this.#progress = progress;
  }

  /** The reports of this message that follow the committed ones without a gap. */
  freshReports({ bridge, stream, reports }: AgentReports): readonly NumberedReport[] {
    let upTo = this.reportsUpTo(bridge, stream);
    return reports.filter(({ number }) => number === upTo + 1 && ++upTo);
  }

  /** The highest number committed of this stream; 0 when none was. */
  reportsUpTo(bridge: BridgeName, stream: StreamId): number {
    return this.#progress.streams.find((known) => known[0] === bridge && known[1] === stream)?.[2] ?? 0;
  }

  /** Whether this is a bridge that the conference is not on. */
  isElsewhere(bridge: BridgeName): boolean {
    const own = this.#progress.bridge;
    return own !== null && own !== bridge;
  }

  /** `null`: no report of this bridge was ever committed. */
  latestStream(bridge: BridgeName): StreamId | null {
    return this.#progress.streams.findLast((known) => known[0] === bridge)?.[1] ?? null;
  }

  #load(): Progress {
    this.#identity = null;
    this.#journal = "";
    this.#retention = defaultRetention;
    this.#state = emptyState();
    this.#outbox = new Map();
    this.#position = 0;
    this.#checkpoint = 0;
    this.#inputs = [];
    this.#ofTransaction = new EntryChanges();
    this.#ofOutbox = [];
    this.#sinceCheckpoint = new EntryChanges();
    this.#documents = null;
    this.#book = null;
    const read = (query: string, ...values: SqlValue[]) => (this.#hasTables ? this.#sql.exec(query, ...values) : []);
    // A newer version ran here before. What it wrote stays on disk as it is, also through checkpoints, until that version is back.
    const load = (key: string, value: unknown) => {
      if (!this.#applyEntry(key, value)) this.unknownKinds.add(kindOf(key));
    };
    for (const row of read("SELECT key, position, value FROM entry ORDER BY position")) {
      this.#position = Number(row.position);
      load(String(row.key), JSON.parse(String(row.value)));
    }
    const since = "SELECT changes FROM journal WHERE seq > ? AND changes IS NOT NULL ORDER BY seq";
    for (const { changes } of read(since, this.#checkpoint)) {
      for (const [key, value] of JSON.parse(String(changes)) as EntryChange[]) {
        if (key === confirmedKey) continue;
        this.#sinceCheckpoint.set(key, value);
        load(key, value);
      }
    }
    const [last] = read("SELECT seq, at, progress FROM journal ORDER BY seq DESC LIMIT 1");
    this.#seq = Number(last?.seq ?? 0);
    this.#lastAt = Number(last?.at ?? 0);
    return last ? (JSON.parse(String(last.progress)) as Progress) : noProgress;
  }

  /** False: its kind is not known. */
  #applyEntry(key: string, value: unknown): boolean {
    const kind = kindOf(key);
    if (kind === "checkpoint") this.#checkpoint = value as number;
    else if (kind === bookKey) this.#book = value as BookData;
    else if (kind === "identity") {
      const { retention, journal = "", ...identity } = value as Identity;
      this.#identity = identity;
      this.#journal = journal;
      this.#retention = retention;
    } else if (kind !== "outbox") return applyEntry(this.#state, key, value);
    else if (value === null) this.#outbox.delete(key);
    else this.#outbox.set(key, value as QueuedDocument);
    return true;
  }

  /** The rows that are older are not read. */
  #documentsSince(since: EpochMs): readonly (readonly [string, null, EpochMs])[] {
    if (!this.#hasTables) return [];
    const rows = this.#sql.exec(
      `SELECT trans_id, at FROM journal WHERE trans_id IS NOT NULL AND seq >
       coalesce((SELECT seq FROM journal WHERE at <= ? ORDER BY seq DESC LIMIT 1), 0) ORDER BY seq`,
      since,
    );
    return rows.map((row) => [String(row.trans_id), null, Number(row.at)]);
  }

  /** Writes the inputs and, with the last of them, the changes; changes of the outbox alone have a row without input. */
  #write(): void {
    if (this.#inputs.length === 0 && this.#ofTransaction.isEmpty && this.#ofOutbox.length === 0) return;
    const inputs = this.#inputs.length > 0 ? this.#inputs.map(({ input }) => input) : [null];
    const facts = this.#factTexts();
    const rows = Math.max(inputs.length, facts.length);
    const isDue = this.#seq + rows - this.#checkpoint >= checkpointEvery;
    const changes = JSON.stringify(this.#ofTransaction.inOrder());
    this.#keepTelling(this.#seq + rows, [...this.#inputs.flatMap((one) => one.facts), ...this.#ofOutbox]);
    let isTooLong = false;
    for (let index = 0; index < rows; index += 1) {
      const input = inputs[index] ?? null;
      const text = input && textOf(input);
      const isLast = index === inputs.length - 1;
      if (isLast) isTooLong = (text?.length ?? 0) + changes.length > maxRowLength;
      this.#seq += 1;
      this.#lastAt = input?.at ?? this.#lastAt;
      this.#sql.exec(
        "INSERT INTO journal (seq, at, trans_id, input, progress, changes, facts) VALUES (?, ?, ?, ?, ?, ?, ?)",
        ...[this.#seq, this.#lastAt, input && nameOf(input)],
        ...[text, JSON.stringify(this.#progress), isLast && !isTooLong ? changes : null, facts[index] ?? "[]"],
      );
      this.#prune(this.#lastAt);
    }
    this.#sinceCheckpoint.add(this.#ofTransaction);
    this.#inputs = [];
    this.#ofTransaction = new EntryChanges();
    this.#ofOutbox = [];
    if (isDue || isTooLong) this.#writeEntries();
  }

  /** For each row of the present transaction; `null`: it has none. */
  #factTexts(): readonly (string | null)[] {
    const own = this.#inputs.map(({ facts }) => [...facts]);
    if (this.#ofOutbox.length > 0) own.splice(-1, own.length > 0 ? 1 : 0, [...(own.at(-1) ?? []), ...this.#ofOutbox]);
    const texts = own.map((facts) => JSON.stringify(facts));
    const first = texts.findIndex((text) => (text?.length ?? 0) > maxFactsLength);
    if (first < 0) return texts;
    return [...texts.map((text, index) => (index < first ? text : null)), ...portions(own.slice(first).flat())];
  }

  #keepTelling(last: number, facts: readonly Fact[]): void {
    if (!facts.some(isOwed)) return;
    const before = this.#progress.telling ?? { told: 0, place: null };
    this.#progress = { ...this.#progress, telling: { ...before, upTo: last } };
  }

  /** The position stays with the key, so that everything is loaded in the order in which it came. */
  #writeEntries(): void {
    this.#checkpoint = this.#seq;
    this.#sinceCheckpoint.set("checkpoint", this.#checkpoint);
    for (const [key, value] of this.#sinceCheckpoint.inOrder()) {
      if (value === null) {
        this.#sql.exec("DELETE FROM entry WHERE key = ?", key);
        continue;
      }
      this.#position += 1;
      this.#sql.exec(
        "INSERT INTO entry (key, position, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        ...[key, this.#position, JSON.stringify(value)],
      );
    }
    this.#sinceCheckpoint = new EntryChanges();
  }

  /** Now and then, deletes some of the oldest rows; never one that is needed to restore the conference. */
  #prune(now: EpochMs): void {
    if (this.#seq % pruneEvery !== 0) return;
    const { neededMs, keptMs } = this.retention;
    const oldest = this.#sql.exec("SELECT seq, at FROM journal ORDER BY seq LIMIT ?", pruneAtMost);
    let upTo = 0;
    const { told = 0, upTo: toTell = 0 } = this.#progress.telling ?? {};
    for (const row of oldest) {
      const age = now - Number(row.at);
      const isUntold = told < toTell && Number(row.seq) > told;
      const isNeeded = age < neededMs || Number(row.seq) >= this.#checkpoint || isUntold;
      if (isNeeded || (age < keptMs && Number(row.seq) > this.#seq - keptRows)) break;
      upTo = Number(row.seq);
    }
    if (upTo === 0) return;
    this.#sql.exec("DELETE FROM journal WHERE seq <= ?", upTo);
  }
}

/** Changes of entries in order, each key once; a key that was deleted meanwhile is deleted first, and so comes last again. */
class EntryChanges {
  readonly #values = new Map<string, unknown>();
  readonly #deleted = new Set<string>();

  get isEmpty(): boolean {
    return this.#values.size === 0;
  }

  set(key: string, value: unknown): void {
    if (value === null) this.#deleted.add(key);
    if (value === null || this.#values.get(key) === null) this.#values.delete(key); // It is set as the last one.
    this.#values.set(key, value);
  }

  add(changes: EntryChanges): void {
    for (const [key, value] of changes.inOrder()) this.set(key, value);
  }

  inOrder(): EntryChange[] {
    const changes: EntryChange[] = [];
    for (const change of this.#values) {
      const [key, value] = change;
      if (value !== null && this.#deleted.has(key)) changes.push([key, null]);
      changes.push(change);
    }
    return changes;
  }
}

/** Each one long enough for a row. */
function portions(facts: readonly Fact[]): string[] {
  const texts: string[] = [];
  let portion: string[] = [];
  let length = 0;
  for (const fact of facts) {
    const text = JSON.stringify(fact);
    if (length > 0 && length + text.length > maxFactsLength) {
      texts.push(`[${portion}]`);
      [portion, length] = [[], 0];
    }
    portion.push(text);
    length += text.length;
  }
  return [...texts, `[${portion}]`];
}

/** The streams with this one as the latest. */
export function withStream(
  { streams }: Progress,
  bridge: BridgeName,
  stream: StreamId,
  upTo: number,
): Progress["streams"] {
  const others = streams.filter((known) => known[0] !== bridge);
  const own = streams.filter((known) => known[0] === bridge && known[1] !== stream);
  return [...others, ...own.slice(1 - rememberedStreams), [bridge, stream, upTo]];
}

/** Of a row of version 0.1: nothing else is said of what happened in it. */
interface OwedFacts {
  /** What the directory was not told of. */
  readonly owed: readonly Fact[];
}

function factsIn(text: SqlValue = null): readonly Fact[] {
  const parsed = JSON.parse(String(text)) as readonly Fact[] | OwedFacts;
  return "owed" in parsed ? parsed.owed : parsed;
}

function historyRow({ seq, input, facts, progress, changes, ...row }: SqlRow): HistoryRow {
  const at = Number(row.at);
  const parsed = (text: SqlValue = null) => (text === null ? null : JSON.parse(String(text)));
  return {
    ...{ seq: Number(seq), at, input: input === null ? null : { ...parsed(input), at } },
    ...{
      facts: String(facts).startsWith("[") ? parsed(facts) : null,
      progress: parsed(progress),
      changes: parsed(changes),
    },
  };
}

/** Under this name a repeat of the input is recognised; `null`: it has none. */
function nameOf(input: ConferenceInput): string | null {
  if (input.type === "webex") return input.transId;
  return input.type === "operator" ? nameOfAction(input.id) : null;
}

/** Unlike each TransID: those have no blanks (protocol T30). */
function nameOfAction(id: ActionId): string {
  return `op ${id}`;
}

/** As the journal keeps it: its time is that of the row. Reports are never refused: all that follow in their stream would wait behind them for ever. */
function textOf(input: ConferenceInput): string {
  const text = JSON.stringify({ ...input, at: undefined });
  if (text.length * 3 <= maxInputBytes) return text;
  const { length } = new TextEncoder().encode(text);
  if (length <= maxInputBytes) return text;
  if (input.type === "bridge") return JSON.stringify({ ...input, at: undefined, reports: [], tooLong: length });
  throw new Error(`an input of ${length} bytes is too large (${maxInputBytes} at most)`);
}

function kindOf(key: string): string {
  const slash = key.indexOf("/");
  return slash < 0 ? key : key.slice(0, slash);
}
