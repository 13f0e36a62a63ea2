import type { Fact, FactRow } from "../../src/conference/facts.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import type { OperatorRequest } from "../../src/conference/operator-actions.ts";
import type { ActionId, CallId, EpochMs } from "../../src/foundation/ids.ts";
import type { JournalPlace } from "../../src/rpc/conference.ts";
import type { HistoryRow, StoredEntries } from "../../src/timeline/history.ts";
import type { Sql, SqlRow, SqlValue } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";
import type { Progress, Published } from "./progress.ts";

export interface Retention {
  /** For how long every row is kept: repeats of documents need it. */
  readonly neededMs: number;
  /** For how long rows are kept, unless there are too many. */
  readonly keptMs: number;
}

interface NewRow {
  /** `null`: the row is about the outbox alone. */
  readonly input: ConferenceInput | null;
  readonly text: string | null;
  readonly progress: Progress;
  /** The changes as text; `null`: a later row has them, or they went into the entries at once. */
  readonly changes: string | null;
  readonly facts: string;
}

const keptRows = 10_000;
const pruneEvery = 256;
const pruneAtMost = 512;
const readAtOnce = 20;
/** Calls that are looked for in one pass over all rows: the platform binds 100 values to a query. */
const callsAtOnce = 50;
/** One row stays below the platform's 2 MB. */
const maxInputBytes = 1_600_000;
/** Characters of facts in a row. Facts that are longer go into further rows of their own, with all that follow them. */
const maxFactsLength = 400_000;

const tables = [
  "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, position INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, trans_id TEXT, input TEXT,
   progress TEXT NOT NULL, changes TEXT, facts TEXT)`,
];
const selectHistory = "SELECT seq, at, input, facts, progress, changes FROM journal WHERE seq > ? ORDER BY seq LIMIT ?";

/** The inputs of a conference and what followed from each, row by row; and the table of the entries. */
export class Journal {
  readonly tables: LazyTables;
  readonly #sql: Sql;
  #lastSeq = 0;
  #lastAt: EpochMs = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.tables = new LazyTables(sql, "journal", ...tables);
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** When the last input was committed. */
  get lastAt(): EpochMs {
    return this.#lastAt;
  }

  /** Reads the last row and returns its progress; `null`: there is no row. */
  load(): Progress | null {
    const [last] = this.tables.read("SELECT seq, at, progress FROM journal ORDER BY seq DESC LIMIT 1");
    this.#lastSeq = Number(last?.seq ?? 0);
    this.#lastAt = Number(last?.at ?? 0);
    return last ? JSON.parse(String(last.progress)) : null;
  }

  *changesAfter(row: number): Generator<StoredEntries[number]> {
    const query = "SELECT changes FROM journal WHERE seq > ? AND changes IS NOT NULL ORDER BY seq";
    for (const { changes } of this.tables.read(query, row)) yield* JSON.parse(String(changes)) as StoredEntries;
  }

  /** The rows behind this one, in order, also those that come while they are read. */
  *history(after = 0): Generator<HistoryRow> {
    for (let last = after; ; ) {
      const rows = this.tables.read(selectHistory, last, readAtOnce);
      if (rows.length === 0) return;
      for (const row of rows) yield historyRow(row);
      last = Number(rows.at(-1)?.seq);
    }
  }

  /** The facts of at most so many rows behind this one. Nothing else of the rows is read. */
  facts(after: number, limit = -1): readonly FactRow[] {
    const query = "SELECT seq, at, facts FROM journal WHERE seq > ? AND facts > '[]' ORDER BY seq LIMIT ?";
    const rows = this.tables.read(query, after, limit);
    return rows.map(({ seq, at, facts }) => ({ seq: Number(seq), at: Number(at), facts: JSON.parse(String(facts)) }));
  }

  /** The row that has this action; `null`: the journal has none. */
  rowOf(id: ActionId): number | null {
    const query = "SELECT seq FROM journal WHERE trans_id = ? ORDER BY seq DESC LIMIT 1";
    const [row] = this.tables.read(query, nameOfAction(id));
    return row ? Number(row.seq) : null;
  }

  /** The first row with this MsgID or TransID, of WebEx or the adapter; `null`: none. It reads all rows: for people. */
  placeOfId(id: string): JournalPlace | null {
    const names = [`"transId":${JSON.stringify(id)}`, `"msgId":${JSON.stringify(id)}`];
    const columns = ["input", "facts"];
    const has = columns.flatMap((column) => names.map(() => `instr(${column}, ?) > 0`)).join(" OR ");
    const query = `SELECT seq, at FROM journal WHERE ${has} ORDER BY seq LIMIT 1`;
    const [row] = this.tables.read(query, ...columns.flatMap(() => names));
    return row ? { row: Number(row.seq), at: Number(row.at) } : null;
  }

  /** Those of these calls that it tells of, or may have before its oldest rows went. Each has the time when it entered. */
  knownCalls(calls: ReadonlyMap<CallId, EpochMs>): ReadonlySet<CallId> {
    const known = new Set<CallId>();
    if (calls.size === 0) return known;
    const [first] = this.tables.read("SELECT seq, at FROM journal ORDER BY seq LIMIT 1");
    const keptSince = first && Number(first.seq) > 1 ? Number(first.at) : Number.NEGATIVE_INFINITY;
    for (const [call, enteredAt] of calls) if (enteredAt < keptSince) known.add(call);
    const others = [...calls.keys()].filter((call) => !known.has(call));
    for (let from = 0; from < others.length; from += callsAtOnce) {
      const some = others.slice(from, from + callsAtOnce);
      const columns = some.map((_, index) => `max(instr(facts, ?) > 0) AS has${index}`).join(", ");
      const names = some.map((call) => `"call":${JSON.stringify(call)}`);
      const [found] = this.tables.read(`SELECT ${columns} FROM journal`, ...names);
      for (const [index, call] of some.entries()) if (Number(found?.[`has${index}`]) > 0) known.add(call);
    }
    return known;
  }

  /** What this action asked for; `null`: the journal does not have it any more. */
  requestOf(id: ActionId): OperatorRequest | null {
    const query = "SELECT input FROM journal WHERE trans_id = ? ORDER BY seq DESC LIMIT 1";
    const [row] = this.tables.read(query, nameOfAction(id));
    return row ? JSON.parse(String(row.input)).request : null;
  }

  /** The names of inputs since then, and when they came. Older rows are not read. */
  namesSince(at: EpochMs): readonly (readonly [string, null, EpochMs])[] {
    const rows = this.tables.read(
      `SELECT trans_id, at FROM journal WHERE trans_id IS NOT NULL AND seq >
       coalesce((SELECT seq FROM journal WHERE at <= ? ORDER BY seq DESC LIMIT 1), 0) ORDER BY seq`,
      at,
    );
    return rows.map((row) => [String(row.trans_id), null, Number(row.at)]);
  }

  append({ input, text, progress, changes, facts }: NewRow): void {
    this.#lastSeq += 1;
    this.#lastAt = input?.at ?? this.#lastAt;
    this.#sql.exec(
      "INSERT INTO journal (seq, at, trans_id, input, progress, changes, facts) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[this.#lastSeq, this.#lastAt, input && nameOf(input)],
      ...[text, JSON.stringify(progress), changes, facts],
    );
  }

  /** Corrects the progress in the last row. */
  correct(progress: Progress): void {
    this.#sql.exec("UPDATE journal SET progress = ? WHERE seq = ?", JSON.stringify(progress), this.#lastSeq);
  }

  /** Now and then deletes some of the oldest rows before this one, but none that the directory is owed. */
  prune(before: number, { neededMs, keptMs }: Retention, { row = 0, upTo = 0 }: Partial<Published> = {}): void {
    if (this.#lastSeq % pruneEvery !== 0) return;
    const oldest = this.#sql.exec("SELECT seq, at FROM journal ORDER BY seq LIMIT ?", pruneAtMost);
    const end = oldest.find((one) => {
      const seq = Number(one.seq);
      const age = this.#lastAt - Number(one.at);
      const isNeeded = age < neededMs || seq >= before || (row < upTo && seq > row);
      return isNeeded || (age < keptMs && seq > this.#lastSeq - keptRows);
    });
    const behind = Number(end?.seq ?? Number(oldest.at(-1)?.seq) + 1);
    if (behind > Number(oldest[0]?.seq)) this.#sql.exec("DELETE FROM journal WHERE seq < ?", behind);
  }
}

function historyRow({ seq, input, facts, progress, changes, ...row }: SqlRow): HistoryRow {
  const at = Number(row.at);
  const parsed = (text: SqlValue = null) => (text === null ? null : JSON.parse(String(text)));
  return {
    ...{ seq: Number(seq), at, input: input === null ? null : { ...parsed(input), at } },
    ...{ facts: parsed(facts), progress: parsed(progress), changes: parsed(changes) },
  };
}

/** The facts of each row as text; `null`: they are in one of the further rows, which come last. */
export function factTexts(rows: readonly (readonly Fact[])[]): readonly (string | null)[] {
  const texts = rows.map((facts) => JSON.stringify(facts));
  const tooLong = texts.findIndex((text) => text.length > maxFactsLength);
  if (tooLong < 0) return texts;
  return [...texts.map((text, index) => (index < tooLong ? text : null)), ...portions(rows.slice(tooLong).flat())];
}

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

/** The name by which a repeat of the input is recognised; `null`: it has none. */
export function nameOf(input: ConferenceInput): string | null {
  if (input.type === "webex") return input.transId;
  return input.type === "operator" ? nameOfAction(input.id) : null;
}

/** Its blank makes it unlike every TransID (protocol T30). */
export function nameOfAction(id: ActionId): string {
  return `op ${id}`;
}

/** The input as the journal keeps it, without its time, which the row has. Reports are never refused: their stream would wait for ever. */
export function textOf(input: ConferenceInput): string {
  const text = JSON.stringify({ ...input, at: undefined });
  if (text.length * 3 <= maxInputBytes) return text;
  const { length } = new TextEncoder().encode(text);
  if (length <= maxInputBytes) return text;
  if (input.type === "bridge") return JSON.stringify({ ...input, at: undefined, reports: [], tooLong: length });
  throw new Error(`an input of ${length} bytes is too large (${maxInputBytes} at most)`);
}
