import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import type { RunningView } from "../../src/records/running.ts";
import type { WebhookProgress } from "../../src/records/webhooks.ts";
import type { ListedConference, PlacedRecord } from "../../src/rpc/directory.ts";
import type { DirectoryPlace, LiveState } from "../../src/rpc/directory-feed.ts";
import type { Sql, SqlRow } from "../platform/platform.ts";
import type { DomainRetention } from "../platform/retention.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

/** A running conference on disk. Who speaks, and how far its journal was followed, are in memory alone. */
export interface RunningRow extends Omit<ListedConference, "now" | "topic"> {
  /** Absent: there were no receivers of webhooks. */
  readonly heard?: WebhookProgress;
}

/** A running conference, and how it was as of its last report on disk; `null`: that is not kept. */
interface StoredConference {
  readonly row: RunningRow;
  readonly last: LastReport | null;
  /** Since when it answers no question; `null`: it does, as far as is known. */
  readonly silentSince: EpochMs | null;
}

/** How a conference was and who was inside. It has a row of its own, so that a change of the conference's row costs nothing for its callers. */
export interface LastReport
  extends Pick<RunningView, "attached" | "isOrphan" | "locked" | "people" | "ringing" | "rooms"> {
  readonly live: LiveState;
}

export interface DirectoryIdentity extends DomainRetention {
  readonly domain: DomainName;
  /** The directory's name for itself. It gets another one after it has lost everything. */
  readonly directory: string;
}

/** Which part of the records a page is of. */
interface Portion {
  /** Not this id, nor what is behind it in the page's order. */
  readonly to?: number;
  /** Those alone whose JSON has one of these in it, in capital letters or small. */
  readonly holds?: readonly string[] | undefined;
}

const tables = [
  "CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)",
  // One row. No deleted record had a higher id than `last`.
  `CREATE TABLE IF NOT EXISTS about (domain TEXT PRIMARY KEY, directory TEXT NOT NULL, kept_ms INTEGER NOT NULL,
   removed_at INTEGER, last INTEGER NOT NULL) WITHOUT ROWID`,
];
const lastTable =
  "CREATE TABLE IF NOT EXISTS last_report (id INTEGER PRIMARY KEY, silent_since INTEGER, data TEXT NOT NULL)";
/**
 * A domain's conferences and records in one table, so that nothing needs an index, and each costs as few rows as it can. Conferences that run have
 * negative ids; at its end a conference's row becomes its record, under the next positive id, which is one row written. Positive ids rise in the order of
 * arrival, and so does `at`: nothing ever slips in before a place that was given out, and a time is found by halving.
 */
export class DirectoryStore {
  readonly #sql: Sql;
  readonly #isSteady: boolean;
  readonly #tables: LazyTables;
  readonly #lastTable: LazyTables;
  #about: DirectoryIdentity | null = null;
  #last = 0;
  #lastAt: EpochMs = 0;
  #lowest = 0;

  /** `isSteady`: time goes back only where an operator has set it right. */
  constructor(sql: Sql, { isSteady }: { readonly isSteady: boolean }) {
    this.#sql = sql;
    this.#isSteady = isSteady;
    this.#tables = new LazyTables(sql, "about", ...tables);
    this.#lastTable = new LazyTables(sql, "last_report", lastTable);
    this.#load();
  }

  get about(): DirectoryIdentity | null {
    return this.#about;
  }

  /** `null`: there was never anything. */
  get place(): DirectoryPlace | null {
    return this.#about && { directory: this.#about.directory, id: this.#last };
  }

  /** Whether nothing was lost since this place was given. */
  has({ directory, id }: DirectoryPlace): boolean {
    return directory === this.#about?.directory && id <= this.#last;
  }

  /** All or nothing: if `work` throws, disk and memory are as before. */
  transaction<Value>(about: DirectoryIdentity, work: () => Value): Value {
    try {
      return this.#sql.transaction(() => {
        this.#tables.make();
        this.#keep(about);
        return work();
      });
    } catch (error) {
      this.#load();
      throw error;
    }
  }

  running(): ReadonlyMap<number, StoredConference> {
    const rows = this.#tables.read("SELECT id, data FROM record WHERE id < 0");
    const lasts = new Map(this.#lastTable.read("SELECT * FROM last_report").map((row) => [row.id, row]));
    return new Map(
      rows.map(({ id, data }) => {
        const row = JSON.parse(String(data)) as RunningRow;
        const { data: last, silent_since: since } = lasts.get(id ?? null) ?? {};
        const silentSince = typeof since === "number" ? since : null;
        return [
          Number(id),
          { row, last: last === undefined ? null : (JSON.parse(String(last)) as LastReport | null), silentSince },
        ];
      }),
    );
  }

  /** Keeps how a conference that runs is; it answers. Within a transaction. */
  keepLast(id: number, last: LastReport): void {
    this.#lastTable.make();
    this.#sql.exec(
      `INSERT INTO last_report (id, silent_since, data) VALUES (?, NULL, ?)
       ON CONFLICT (id) DO UPDATE SET silent_since = NULL, data = excluded.data`,
      ...[id, JSON.stringify(last)],
    );
  }

  keepSilent(id: number, since: EpochMs): void {
    if (!this.#lastTable.areThere) return;
    this.#sql.exec(
      `INSERT INTO last_report (id, silent_since, data) VALUES (?, ?, 'null')
       ON CONFLICT (id) DO UPDATE SET silent_since = excluded.silent_since`,
      ...[id, since],
    );
  }

  /** Deletes how a conference was, and not since when it answers no question. */
  emptyLast(id: number): void {
    if (this.#lastTable.areThere) this.#sql.exec("UPDATE last_report SET data = 'null' WHERE id = ?", id);
  }

  deleteLast(id: number): void {
    if (this.#lastTable.areThere) this.#sql.exec("DELETE FROM last_report WHERE id = ?", id);
  }

  /** Writes the row of a conference that begins. Within a transaction; returns its id. */
  begin(row: RunningRow, at: EpochMs): number {
    this.#lowest -= 1;
    this.#sql.exec(
      "INSERT INTO record (id, at, data) VALUES (?, ?, ?)",
      ...[this.#lowest, this.#time(at), JSON.stringify(row)],
    );
    return this.#lowest;
  }

  /** Writes a record. Within a transaction; returns its id. `running`: the conference's row, which becomes the record. */
  add(record: DirectoryRecord, at: EpochMs, running: number | null): number {
    const id = this.#last + 1;
    const time = this.#time(at);
    const data = JSON.stringify(record);
    if (running === null) this.#sql.exec("INSERT INTO record (id, at, data) VALUES (?, ?, ?)", id, time, data);
    else {
      this.#sql.exec("UPDATE record SET id = ?, at = ?, data = ? WHERE id = ?", id, time, data, running);
      this.deleteLast(running);
    }
    this.#last = id;
    this.#lastAt = time;
    return id;
  }

  replace(id: number, record: DirectoryRecord | RunningRow): void {
    this.#sql.exec("UPDATE record SET data = ? WHERE id = ?", JSON.stringify(record), id);
  }

  delete(id: number): void {
    this.#sql.exec("DELETE FROM record WHERE id = ?", id);
    this.deleteLast(id);
  }

  /** Records behind this id in order, or those before it in reverse order. */
  page(from: number, order: "oldest" | "newest", limit: number, { to, holds }: Portion = {}): readonly PlacedRecord[] {
    const isOldest = order === "oldest";
    const [below, above] = isOldest ? [from, to ?? Number.MAX_SAFE_INTEGER] : [to ?? 0, from];
    // Their JSON is looked at before it is read: a scan of this kind is ten times as fast.
    const held = holds
      ? `AND (${holds.map((text) => (hasLetter(text) ? like : "instr(data, ?) > 0")).join(" OR ")})`
      : "";
    const rows = this.#tables.read(
      `SELECT * FROM record WHERE id > ? AND id < ? ${held} ORDER BY id ${isOldest ? "ASC" : "DESC"} LIMIT ?`,
      ...[below, above, ...(holds ?? []).map((text) => (hasLetter(text) ? patternOf(text) : text)), limit],
    );
    return rows.map(toPlaced);
  }

  /** No record has a lower id. */
  get first(): number {
    const [row] = this.#tables.read("SELECT id FROM record WHERE id > 0 ORDER BY id LIMIT 1");
    return Number(row?.id ?? this.#last + 1);
  }

  /** The first id from this time on. Found by halving, since ids may be missing. */
  firstSince(at: EpochMs): number {
    let [low, high] = [1, this.#last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [row] = this.#tables.read("SELECT id, at FROM record WHERE id >= ? ORDER BY id LIMIT 1", middle);
      if (!row || Number(row.at) >= at) high = middle;
      else low = Number(row.id) + 1;
    }
    return low;
  }

  /** Deletes some of the oldest records from before this time. Returns whether there may be more. */
  deleteBefore(at: EpochMs, atMost: number): boolean {
    const rows = this.#tables.read("SELECT id, at FROM record WHERE id > 0 ORDER BY id LIMIT ?", atMost);
    const old = rows.filter((row) => Number(row.at) < at);
    const upTo = old.at(-1)?.id;
    if (upTo === undefined) return false;
    this.#sql.transaction(() => {
      // Ids are never used again, also where no record is left.
      this.#sql.exec("UPDATE about SET last = ? WHERE last < ?", this.#last, this.#last);
      this.#sql.exec("DELETE FROM record WHERE id > 0 AND id <= ?", upTo);
    });
    return old.length === atMost;
  }

  /** Within a transaction. */
  #time(at: EpochMs): EpochMs {
    if (at >= this.#lastAt || !this.#isSteady) return Math.max(at, this.#lastAt);
    // They came by a clock that was ahead: else all that follows would have their time, for as long as it was.
    this.#sql.exec("UPDATE record SET at = ? WHERE id >= ?", at, this.firstSince(at));
    this.#lastAt = at;
    return at;
  }

  #keep(about: DirectoryIdentity): void {
    const known = this.#about;
    if (known && known.keptMs === about.keptMs && known.removedAt === about.removedAt) return;
    this.#sql.exec(
      `INSERT INTO about (domain, directory, kept_ms, removed_at, last) VALUES (?, ?, ?, ?, 0) ON CONFLICT (domain)
       DO UPDATE SET kept_ms = excluded.kept_ms, removed_at = excluded.removed_at`,
      ...[about.domain, about.directory, about.keptMs, about.removedAt],
    );
    this.#about = about;
  }

  #load(): void {
    this.#about = null;
    this.#last = 0;
    this.#lastAt = 0;
    this.#lowest = 0;
    const [about] = this.#tables.read("SELECT * FROM about");
    if (!about) return;
    this.#about = {
      ...{ domain: about.domain as DomainName, directory: String(about.directory), keptMs: Number(about.kept_ms) },
      removedAt: about.removed_at === null ? null : Number(about.removed_at),
    };
    const [newest] = this.#sql.exec("SELECT id, at FROM record WHERE id > 0 ORDER BY id DESC LIMIT 1");
    const [lowest] = this.#sql.exec("SELECT id FROM record ORDER BY id LIMIT 1");
    this.#last = Math.max(Number(newest?.id ?? 0), Number(about.last));
    this.#lastAt = Number(newest?.at ?? 0);
    this.#lowest = Math.min(Number(lowest?.id ?? 0), 0);
  }
}

/** Half as fast as `instr`, and does not tell capital letters from small ones. */
const like = "data LIKE ? ESCAPE '!'";
/** Bytes of a pattern; the platform takes no more than 50. */
const mostOfPattern = 48;

function hasLetter(text: string): boolean {
  return /\p{L}/u.test(text);
}

/** Fits whatever has the beginning of this text in it. SQLite knows the small letters of ASCII alone; any other character fits any. */
function patternOf(text: string): string {
  let pattern = "%";
  for (const one of text) {
    const next = /[%_!]/.test(one) ? `!${one}` : /[\x20-\x7e]/.test(one) ? one : "_";
    if (pattern.length + next.length >= mostOfPattern) break;
    pattern += next;
  }
  return `${pattern}%`;
}

function toPlaced({ id, at, data }: SqlRow): PlacedRecord {
  return { id: Number(id), at: Number(at), record: JSON.parse(String(data)) as DirectoryRecord };
}
