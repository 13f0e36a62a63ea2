import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import type { WaitingDocuments } from "../../src/rpc/directory-feed.ts";
import type { Sql } from "../platform/platform.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";

const table = `CREATE TABLE IF NOT EXISTS ended_waiting (conference TEXT PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)
  WITHOUT ROWID`;

interface Ended {
  readonly waiting: readonly WaitingDocuments[];
  /** When it said so. */
  readonly at: EpochMs;
  /** When its last page came, or it was asked for one; `null`: neither since a restart. */
  readonly heardAt: EpochMs | null;
}

/** A server that is behind is probed more often, and each probe has a page. */
const silentMs = 10 * 60_000;
const askAgainMs = 60_000;

/** What conferences that are over still have for their receivers, until that is confirmed or given up: a row for each, which the first one makes the table of. */
export class EndedWaiting {
  readonly #sql: Sql;
  readonly #table: LazyTables;
  /** `null`: not read yet, or a transaction failed. */
  #memory: Map<ConfKey, Ended> | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#table = new LazyTables(sql, "ended_waiting", table);
  }

  /** After a transaction that failed: memory is as the disk is. */
  load(): void {
    this.#memory = null;
  }

  of(key: ConfKey): readonly WaitingDocuments[] {
    return this.#ended.get(key)?.waiting ?? [];
  }

  /** Another value whenever the conference was heard of, or asked, since. */
  find(key: ConfKey): Ended | null {
    return this.#ended.get(key) ?? null;
  }

  get all(): readonly (readonly [ConfKey, readonly WaitingDocuments[]])[] {
    return [...this.#ended].map(([key, { waiting }]) => [key, waiting]);
  }

  /** Within a transaction. `waiting`: nothing, where it is not over any more, too. */
  keep(key: ConfKey, waiting: readonly WaitingDocuments[], at: EpochMs): void {
    if (waiting.length === 0) return this.#delete(key);
    this.#table.make();
    this.#sql.exec(
      `INSERT INTO ended_waiting (conference, at, data) VALUES (?, ?, ?)
       ON CONFLICT (conference) DO UPDATE SET at = excluded.at, data = excluded.data`,
      ...[key, at, JSON.stringify(waiting)],
    );
    this.#ended.set(key, { waiting, at, heardAt: at });
  }

  heard(key: ConfKey, heardAt: EpochMs): void {
    const known = this.#ended.get(key);
    if (known) this.#ended.set(key, { ...known, heardAt });
  }

  /** Those that have said nothing for long. They count as asked now. */
  silent(now: EpochMs): readonly ConfKey[] {
    const isSilent = ({ heardAt }: Ended) => heardAt === null || Math.abs(now - heardAt) >= silentMs;
    const silent = [...this.#ended].flatMap(([key, one]) => (isSilent(one) ? key : []));
    for (const key of silent) this.heard(key, now - silentMs + askAgainMs);
    return silent;
  }

  /** Within a transaction: deletes what no conference has said since then. */
  deleteBefore(at: EpochMs): void {
    for (const [key, one] of this.#ended) if (one.at < at && (one.heardAt ?? 0) < at) this.#delete(key);
  }

  #delete(key: ConfKey): void {
    if (this.#ended.delete(key)) this.#sql.exec("DELETE FROM ended_waiting WHERE conference = ?", key);
  }

  get #ended(): Map<ConfKey, Ended> {
    this.#memory ??= new Map(
      this.#table
        .read("SELECT conference, at, data FROM ended_waiting")
        .map(({ conference, at, data }) => [
          String(conference) as ConfKey,
          { waiting: JSON.parse(String(data)), at: Number(at), heardAt: null },
        ]),
    );
    return this.#memory;
  }
}
