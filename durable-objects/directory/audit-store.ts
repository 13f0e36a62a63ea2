import type { EpochMs } from "../../src/foundation/ids.ts";
import { type AuditEntry, isOutcomeKnown } from "../../src/operators/audit.ts";
import type { AuditPage } from "../../src/rpc/directory.ts";
import { hasTable, type Sql } from "../platform/platform.ts";

/** An entry that is told again comes within seconds: it is looked for among so many. */
const mostSince = 50;

/** What people have asked of a domain, one row each, in a table that is made with the first of them. */
export class AuditStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Within a transaction. An entry that is there is not kept twice, and an outcome takes the place of what was kept before it was known. */
  add(entry: AuditEntry): void {
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)",
    );
    const data = JSON.stringify(entry);
    const latest = this.#sql.exec("SELECT id, data FROM audit ORDER BY id DESC LIMIT ?", mostSince);
    if (latest.some((row) => row.data === data)) return;
    for (const { id, data: before } of latest) {
      const known = JSON.parse(String(before)) as AuditEntry;
      if (!isSameRequest(known, entry)) continue;
      if (!isOutcomeKnown(known)) this.#sql.exec("UPDATE audit SET data = ? WHERE id = ?", data, id ?? null);
      // What was asked may come behind its outcome.
      if (!isOutcomeKnown(known) || !isOutcomeKnown(entry)) return;
    }
    this.#sql.exec("INSERT INTO audit (at, data) VALUES (?, ?)", entry.at, data);
  }

  /** The latest first, those before this place. */
  page(before: number | null, limit: number): AuditPage {
    if (!hasTable(this.#sql, "audit")) return { entries: [], next: null };
    const query = "SELECT id, data FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?";
    const rows = this.#sql.exec(query, before ?? Number.MAX_SAFE_INTEGER, limit + 1);
    const shown = rows.slice(0, limit);
    return {
      entries: shown.map(({ data }) => JSON.parse(String(data)) as AuditEntry),
      next: rows.length > limit ? Number(shown.at(-1)?.id) : null,
    };
  }

  /** Deletes some of the oldest from before this time; whether there may be more of them. */
  deleteBefore(at: EpochMs, atMost: number): boolean {
    if (!hasTable(this.#sql, "audit")) return false;
    const oldest = this.#sql.exec("SELECT id, at FROM audit ORDER BY id LIMIT ?", atMost);
    const old = oldest.filter((row) => Number(row.at) < at);
    const upTo = old.at(-1)?.id;
    if (upTo === undefined) return false;
    this.#sql.exec("DELETE FROM audit WHERE id <= ? AND at < ?", upTo, at);
    return old.length === atMost;
  }
}

function isSameRequest(one: AuditEntry, other: AuditEntry): boolean {
  return (["at", "person", "action", "actionId", "from"] as const).every((name) => one[name] === other[name]);
}
