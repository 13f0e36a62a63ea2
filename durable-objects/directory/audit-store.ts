import type { EpochMs } from "../../src/foundation/ids.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import type { AuditPage } from "../../src/rpc/directory.ts";
import type { Sql } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

const table = "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)";

/** What users have asked of a domain: a row for each action. The first one makes the table. */
export class AuditStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "audit", table);
  }

  /** Adds a row within a transaction. `now`: the directory's time, by which the row expires. */
  add(entry: AuditEntry, now: EpochMs): void {
    this.#table.make();
    this.#sql.exec("INSERT INTO audit (at, data) VALUES (?, ?)", now, JSON.stringify(entry));
  }

  /** Returns entries before this position, the latest first. */
  page(before: number | null, limit: number): AuditPage {
    const query = "SELECT id, data FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?";
    const rows = this.#table.read(query, before ?? Number.MAX_SAFE_INTEGER, limit + 1);
    const entries = rows.slice(0, limit).map(({ data }): AuditEntry => JSON.parse(String(data)));
    return { entries, next: rows.length > limit ? Number(rows[limit - 1]?.id) : null };
  }

  /** Deletes some of the oldest entries from before this time. Returns true if there can be more. */
  deleteBefore(at: EpochMs, atMost: number): boolean {
    const oldest = this.#table.read("SELECT id, at FROM audit ORDER BY id LIMIT ?", atMost);
    const old = oldest.filter((row) => Number(row.at) < at);
    for (const { id = null } of old.slice(-1)) this.#sql.exec("DELETE FROM audit WHERE id <= ? AND at < ?", id, at);
    return old.length === atMost;
  }
}
