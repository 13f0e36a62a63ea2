import type { ConfKey, EpochMs } from "../../src/foundation/ids.ts";
import { hourMs, minuteMs } from "../../src/foundation/time/timers.ts";
import { type ActivityMinute, minuteOf } from "../../src/records/activity.ts";
import { type Counts, difference, isNothing, noCounts, sumOf } from "../../src/records/counts.ts";
import type { CountRow } from "../../src/rpc/directory.ts";
import type { WaitingDocuments } from "../../src/rpc/directory-feed.ts";
import type { DirectoryStore } from "./directory-store.ts";

/** Number of minute rows. The oldest is overwritten. */
const keptMinutes = 64;

export interface SenderRow extends CountRow {
  readonly key?: ConfKey;
  readonly waiting?: readonly WaitingDocuments[];
}

/** If stored, its addition to the sum; otherwise the later version that is stored. */
export type Added = { readonly more: Counts } | { readonly laterVersion: number };

/**
 * The latest counts and backlog of each object, and the sum of all counts for each of the last minutes. Repeated counts
 * change nothing. Expiry does not lower the sum.
 */
export class CountStore {
  readonly #store: DirectoryStore;
  constructor(store: DirectoryStore) {
    this.#store = store;
  }

  /** Within a transaction. */
  add({ source, version, counts, key, waiting = [] }: SenderRow, now: EpochMs): Added {
    const query = "SELECT version, data, waiting FROM sender WHERE source = ?";
    const [known] = this.#store.read<{ version: number; data: string; waiting: string | null }>(query, source);
    const data = JSON.stringify(counts);
    const waits = waiting.length > 0 ? JSON.stringify(waiting) : null;
    if (known?.data === data && known.waiting === waits) return { more: noCounts };
    if (known && known.version >= version) return { laterVersion: known.version };
    const more = difference(counts, known ? JSON.parse(known.data) : noCounts);
    this.#store.exec(
      `INSERT INTO sender (source, version, at, key, data, waiting) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE
       SET version = excluded.version, at = excluded.at, data = excluded.data, waiting = excluded.waiting`,
      ...[source, version, now, key ?? null, data, waits],
    );
    if (key !== undefined && waits !== null) this.#store.backlogs.set(source, { key, waiting });
    else this.#store.backlogs.delete(source);
    if (!isNothing(more)) this.#addToMinute(more, now);
    return { more };
  }

  #addToMinute(more: Counts, now: EpochMs): void {
    const last = this.#last;
    const total = JSON.stringify(sumOf(last?.total ?? noCounts, more));
    if (last && Math.abs(now - last.at) < minuteMs) {
      this.#store.exec("UPDATE minute SET data = ? WHERE number = ?", total, last.number);
      return;
    }
    const number = (last?.number ?? 0) + 1;
    // Overwriting a row costs less than deleting it.
    const over = "UPDATE minute SET number = ?, at = ?, data = ? WHERE number = ? RETURNING number";
    if (this.#store.exec(over, number, now, total, number - keptMinutes).length > 0) return;
    this.#store.exec("INSERT INTO minute (number, at, data) VALUES (?, ?, ?)", number, now, total);
  }

  /** The sum since the directory was created. */
  get total(): Counts {
    return this.#last?.total ?? noCounts;
  }

  get #last(): MinuteRow | undefined {
    return this.#minutes("DESC LIMIT 1")[0];
  }

  #minutes(order: string): readonly MinuteRow[] {
    const query = `SELECT number, at, data FROM minute ORDER BY number ${order}`;
    const rows = this.#store.read<Omit<MinuteRow, "total"> & { readonly data: string }>(query);
    return rows.map(({ data, ...row }) => ({ ...row, total: JSON.parse(data) }));
  }

  /** Counts of each minute of the last hour, the oldest first. */
  minutes(now: EpochMs): readonly ActivityMinute[] {
    const all = this.#minutes("ASC");
    return all.flatMap(({ number, at, total }, index) => {
      const before = all[index - 1]?.total ?? (number === 1 ? noCounts : null);
      if (before === null || Math.abs(now - at) >= hourMs) return [];
      const { requests, hosts } = difference(total, before);
      return [{ at: minuteOf(at), requests, hosts }];
    });
  }

  /** Backlogs by conference. */
  get waiting(): ReadonlyMap<ConfKey, readonly WaitingDocuments[]> {
    const byKey = Map.groupBy(this.#store.backlogs.values(), ({ key }) => key);
    return new Map(Array.from(byKey, ([key, all]) => [key, all.flatMap(({ waiting }) => waiting)]));
  }

  /** Deletes the backlog of a lost conference. Within a transaction. */
  lost(key: ConfKey): void {
    this.#store.exec("UPDATE sender SET waiting = NULL WHERE key = ? AND waiting IS NOT NULL", key);
    for (const [source, one] of this.#store.backlogs) if (one.key === key) this.#store.backlogs.delete(source);
  }

  /** Within a transaction. Keeps senders that have not ended, the last mailbox too: later counts of a deleted one would count again. */
  deleteBefore(at: EpochMs): void {
    this.#store.exec(
      `DELETE FROM sender WHERE at < ? AND CASE WHEN key IS NULL THEN at < (SELECT max(at) FROM sender WHERE key IS NULL)
       ELSE key NOT IN (SELECT key FROM conference WHERE arrival IS NULL) END`,
      at,
    );
  }
}

interface MinuteRow {
  /** Rises with each row; the clock may not. */
  readonly number: number;
  readonly at: EpochMs;
  /** At the end of the minute. */
  readonly total: Counts;
}
