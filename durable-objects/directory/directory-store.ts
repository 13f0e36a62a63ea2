import type { DomainName, EpochMs } from "../../src/foundation/ids.ts";
import type { ActivityMinute } from "../../src/records/activity.ts";
import { type DirectoryRecord, wholeRecord } from "../../src/records/conference-record.ts";
import type { WebhookProgress } from "../../src/records/new-webhooks.ts";
import type { ListedConference, PlacedRecord } from "../../src/rpc/directory.ts";
import type { DirectoryPlace } from "../../src/rpc/directory-feed.ts";
import { hasTable, type Sql, type SqlRow } from "../platform/platform.ts";
import type { DomainRetention } from "../platform/retention.ts";

/** What the row of a conference that runs says; all else of it is in memory alone. */
export interface RunningRow extends Omit<ListedConference, "now"> {
  /** Absent: there were no receivers of webhooks. */
  readonly heard?: WebhookProgress;
}

/** What is known of the directory itself. */
export interface About extends DomainRetention {
  readonly domain: DomainName;
  /** Another one after everything was lost. */
  readonly directory: string;
}

const tables = [
  "CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)",
  // One row; `last`: no record that is gone had a higher id.
  `CREATE TABLE IF NOT EXISTS about (domain TEXT PRIMARY KEY, directory TEXT NOT NULL, kept_ms INTEGER NOT NULL,
   removed_at INTEGER, last INTEGER NOT NULL) WITHOUT ROWID`,
];
/** One row: all minutes together cost one row written, where each in a row of its own would cost a deletion, too. */
const activityTable =
  "CREATE TABLE IF NOT EXISTS activity (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)";

/**
 * A domain's conferences and records in one table, so that nothing needs an index, and each costs as few rows as it can. Conferences that run have
 * negative ids; at its end a conference's row becomes its record, under the next positive id, which is one row written. Positive ids rise in the order of
 * arrival, and so does `at`: nothing ever slips in before a place that was given out, and a time is found by halving.
 */
export class DirectoryStore {
  readonly #sql: Sql;
  #hasTables: boolean;
  #about: About | null = null;
  #last = 0;
  #lastAt: EpochMs = 0;
  #lowest = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#hasTables = hasTable(sql, "about");
    this.#load();
  }

  get about(): About | null {
    return this.#about;
  }

  /** `null`: there was never anything. */
  get place(): DirectoryPlace | null {
    return this.#about && { directory: this.#about.directory, id: this.#last };
  }

  /** Whether all is here that was here when this place was given. */
  has({ directory, id }: DirectoryPlace): boolean {
    return directory === this.#about?.directory && id <= this.#last;
  }

  /** All or nothing; memory is as it was before when `work` throws. */
  transaction<Value>(about: About, work: () => Value): Value {
    try {
      return this.#sql.transaction(() => {
        if (!this.#hasTables) for (const table of tables) this.#sql.exec(table);
        this.#hasTables = true;
        this.#keep(about);
        return work();
      });
    } catch (error) {
      this.#hasTables = hasTable(this.#sql, "about");
      this.#load();
      throw error;
    }
  }

  running(): ReadonlyMap<number, RunningRow> {
    if (!this.#hasTables) return new Map();
    const rows = this.#sql.exec("SELECT id, data FROM record WHERE id < 0");
    return new Map(rows.map(({ id, data }) => [Number(id), JSON.parse(String(data)) as RunningRow]));
  }

  /** Within a transaction: the id of its row. */
  begin(row: RunningRow, at: EpochMs): number {
    this.#lowest -= 1;
    this.#sql.exec(
      "INSERT INTO record (id, at, data) VALUES (?, ?, ?)",
      ...[this.#lowest, this.#time(at), JSON.stringify(row)],
    );
    return this.#lowest;
  }

  /** Within a transaction: the id of the record. `running`: the row of the conference that it was. */
  add(record: DirectoryRecord, at: EpochMs, running: number | null): number {
    const id = this.#last + 1;
    const time = this.#time(at);
    const data = JSON.stringify(record);
    if (running === null) this.#sql.exec("INSERT INTO record (id, at, data) VALUES (?, ?, ?)", id, time, data);
    else this.#sql.exec("UPDATE record SET id = ?, at = ?, data = ? WHERE id = ?", id, time, data, running);
    this.#last = id;
    this.#lastAt = time;
    return id;
  }

  /** Within a transaction. */
  replace(id: number, record: DirectoryRecord | RunningRow): void {
    this.#sql.exec("UPDATE record SET data = ? WHERE id = ?", JSON.stringify(record), id);
  }

  delete(id: number): void {
    this.#sql.exec("DELETE FROM record WHERE id = ?", id);
  }

  /** Records behind this id in their order, or before it in reverse. */
  page(from: number | null, order: "oldest" | "newest", limit: number): readonly PlacedRecord[] {
    if (!this.#hasTables) return [];
    const rows =
      order === "oldest"
        ? this.#sql.exec("SELECT * FROM record WHERE id > ? ORDER BY id LIMIT ?", Math.max(from ?? 0, 0), limit)
        : this.#sql.exec(
            "SELECT * FROM record WHERE id > 0 AND id < ? ORDER BY id DESC LIMIT ?",
            ...[from ?? Number.MAX_SAFE_INTEGER, limit],
          );
    return rows.map(toPlaced);
  }

  /** The first id from this time on, by halving: ids may be missing. */
  firstSince(at: EpochMs): number {
    let [low, high] = [1, this.#last + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [row] = this.#hasTables
        ? this.#sql.exec("SELECT id, at FROM record WHERE id >= ? ORDER BY id LIMIT 1", middle)
        : [];
      if (!row || Number(row.at) >= at) high = middle;
      else low = Number(row.id) + 1;
    }
    return low;
  }

  /** Deletes some of the oldest records from before this time; whether there may be more of them. */
  deleteBefore(at: EpochMs, atMost: number): boolean {
    if (!this.#hasTables) return false;
    const rows = this.#sql.exec("SELECT id, at FROM record WHERE id > 0 ORDER BY id LIMIT ?", atMost);
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

  /** Posts of the last hour, and when they were kept. */
  get activity(): { readonly at: EpochMs; readonly minutes: readonly ActivityMinute[] } | null {
    const [row] = hasTable(this.#sql, "activity") ? this.#sql.exec("SELECT at, data FROM activity") : [];
    return row ? { at: Number(row.at), minutes: JSON.parse(String(row.data)) as readonly ActivityMinute[] } : null;
  }

  /** Within a transaction. */
  keepActivity(minutes: readonly ActivityMinute[], at: EpochMs): void {
    this.#sql.exec(activityTable);
    this.#sql.exec(
      `INSERT INTO activity (id, at, data) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET at = excluded.at, data = excluded.data`,
      ...[at, JSON.stringify(minutes)],
    );
  }

  #time(at: EpochMs): EpochMs {
    return Math.max(at, this.#lastAt);
  }

  #keep(about: About): void {
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
    if (!this.#hasTables) return;
    const [about] = this.#sql.exec("SELECT * FROM about");
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

function toPlaced({ id, at, data }: SqlRow): PlacedRecord {
  return { id: Number(id), at: Number(at), record: wholeRecord(JSON.parse(String(data))) };
}
