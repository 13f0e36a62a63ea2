import { budgets } from "../../src/foundation/guard/budgets.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import {
  type AuditEntry,
  counted,
  isOutcomeKnown,
  refusalKind,
  unknownOutcome,
  wasDone,
} from "../../src/operators/audit.ts";
import type { AuditPage } from "../../src/rpc/directory.ts";
import type { Sql, SqlValue } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";
import { PersonQuota } from "../platform/tables/person-quota.ts";

/** How many latest entries are searched for one that comes again: it does so within seconds. */
const mostSince = 50;

const table = "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)";

const refusal = "json_extract(data, '$.refusal')";
/** What `wasDone` denies. */
const deletable = `${refusal} <> '${unknownOutcome.refusal}' OR (${refusal} IS NULL AND json_extract(data, '$.repeat'))`;

/** How many of the refusals that an entry counts are told apart from one that comes again within seconds. */
const mostHeard = 50;

/** As it stands in its row. `heard`: by what the latest of those that it counts are told apart. */
type StoredEntry = AuditEntry & { readonly heard?: readonly string[] };

/** A row with its entry. */
interface Kept {
  readonly id: SqlValue;
  readonly entry: StoredEntry;
}

/** What people have asked of a domain: a row for each entry. The first one makes the table. */
export class AuditStore {
  readonly #sql: Sql;
  readonly #table: LazyTables;
  readonly #quota: PersonQuota;

  constructor(sql: Sql, most: number = budgets.refusedEntries.most) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "audit", table);
    const person = "json_extract(data, '$.person')";
    this.#quota = new PersonQuota(sql, { table: "audit", person, deletable, most });
  }

  /**
   * Adds an entry within a transaction, each once. An entry with its outcome replaces the one without. `now`: by which
   * it gets old; the entry's own time is by the edge that was asked.
   */
  add(entry: AuditEntry, now: EpochMs): void {
    this.#table.make();
    const latest = this.#sql
      .exec("SELECT id, data FROM audit ORDER BY id DESC LIMIT ?", mostSince)
      .map(({ id = null, data }): Kept => ({ id, entry: JSON.parse(String(data)) }));
    if (latest.some((one) => isSame(one.entry, entry))) return;
    const own = latest.find((one) => !isOutcomeKnown(one.entry) && isSameRequest(one.entry, entry));
    const data = JSON.stringify(entry);
    if (this.#isCounted(latest, entry, own)) return;
    for (const { id, entry: known } of latest) {
      if (!isSameRequest(known, entry)) continue;
      if (!isOutcomeKnown(known)) {
        this.#sql.exec("UPDATE audit SET data = ? WHERE id = ?", data, id);
        if (!wasDone(entry)) this.#quota.added();
      }
      // An entry without outcome may come behind the one with it.
      if (!isOutcomeKnown(known) || !isOutcomeKnown(entry)) return;
    }
    this.#sql.exec("INSERT INTO audit (at, data) VALUES (?, ?)", now, data);
    if (!wasDone(entry)) this.#quota.added();
  }

  /** Whether it is counted in the entry of a refusal that is alike, or was. `asked`: its row without an outcome. */
  #isCounted(latest: readonly Kept[], entry: AuditEntry, asked: Kept | undefined): boolean {
    const kind = refusalKind(entry);
    if (kind === null) return false;
    // A clock may have been ahead.
    const isNear = (one: Kept) => Math.abs(entry.at - one.entry.at) < budgets.refusals.auditEveryMs;
    const alike = latest.filter((one) => isNear(one) && refusalKind(one.entry) === kind);
    const [newest] = alike;
    if (!newest) return false;
    if (asked) this.#sql.exec("DELETE FROM audit WHERE id = ?", asked.id);
    // An answer that got lost has the edge tell it again, perhaps once a newer row has begun.
    else if (alike.some((one) => heardIn(one.entry).includes(nameOf(entry)))) return true;
    const { heard: _, ...first } = newest.entry;
    const heard = heardIn(newest.entry);
    const kept: StoredEntry = { ...counted(first, entry), heard: [...heard, nameOf(entry)].slice(-mostHeard) };
    this.#sql.exec("UPDATE audit SET data = ? WHERE id = ?", JSON.stringify(kept), newest.id);
    return true;
  }

  /** Entries before this place, the latest first. */
  page(before: number | null, limit: number): AuditPage {
    const query = "SELECT id, data FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?";
    const rows = this.#table.read(query, before ?? Number.MAX_SAFE_INTEGER, limit + 1);
    const entries = rows.slice(0, limit).map(({ data }): AuditEntry => {
      const { heard: _, ...entry }: StoredEntry = JSON.parse(String(data));
      return entry;
    });
    return { entries, next: rows.length > limit ? Number(rows[limit - 1]?.id) : null };
  }

  /** Takes the key of a caller's number out of all entries, within a transaction. */
  eraseCaller(key: string): void {
    const id = `caller-refused:${key}`;
    const update = "UPDATE audit SET data = replace(data, ?, 'caller-refused:erased') WHERE instr(data, ?) > 0";
    if (this.#table.areThere) this.#sql.exec(update, id, id);
  }

  /** Deletes some of the oldest entries from before this time. Returns whether there may be more. */
  deleteBefore(at: EpochMs, atMost: number): boolean {
    const oldest = this.#table.read("SELECT id, at FROM audit ORDER BY id LIMIT ?", atMost);
    const old = oldest.filter((row) => Number(row.at) < at);
    for (const { id = null } of old.slice(-1)) this.#sql.exec("DELETE FROM audit WHERE id <= ? AND at < ?", id, at);
    if (old.length > 0) this.#quota.reset();
    return old.length === atMost;
  }
}

/** Whether it was told before. */
function isSame({ heard, ...kept }: StoredEntry, entry: AuditEntry): boolean {
  return JSON.stringify(kept) === JSON.stringify(entry);
}

function heardIn({ heard, ...entry }: StoredEntry): readonly string[] {
  return heard ?? [nameOf(entry)];
}

function nameOf({ at, lastAt = at, count = 1, actionId }: AuditEntry): string {
  return `${lastAt} ${count} ${actionId}`;
}

function isSameRequest(one: AuditEntry, other: AuditEntry): boolean {
  const names = ["at", "person", "action", "actionId", "from"] as const;
  return names.every((name) => one[name] === other[name]) && JSON.stringify(one.about) === JSON.stringify(other.about);
}
