import type { ConfKey, EpochMs, MsgId, TransId } from "../../src/foundation/ids.ts";
import { dayMs, hourMs } from "../../src/foundation/time/timers.ts";
import type { HolderPage, IdBlock, IdBlocks, IdsWanted } from "../../src/rpc/id-allocator.ts";
import { firstPlaceOf, idAt, placeAfterRestore, placeByTime, placeOf, runFrom } from "../../src/tsp/id-scheme.ts";
import type { Sql } from "../platform/platform.ts";

/** How long the holder of a block is known: as long as an answer with its MsgID may come. */
const holderMemoryMs = 7 * dayMs;
const pageSize = 500;

/** Blocks that are not needed any more, the oldest first. */
interface ExpiredBlocks {
  readonly holders: readonly ConfKey[];
  /** The place of the last of them. */
  readonly upTo: number;
  readonly hasMore: boolean;
}

/**
 * Stores each holder's IDs. Each pair of blocks has a row, by the position of its MsgIDs, which only rises. Each conference has
 * a row with its position of the last hour. The two sequences advance apart (protocol T34), each from the day's
 * first id on (protocol T35). WebEx ignores an id that it got before, so a new or restored state begins after all IDs
 * of today that a lost state can have used.
 */
export class IdAllocator {
  readonly #sql: Sql;
  #nextMsg = 0;
  #nextTrans = 0;
  /** True if ids of today may have been used that are not in the table. */
  #isBehind: boolean;
  readonly #restoredAt: EpochMs | null;

  /** `restoredAt`: see `Platform`. */
  constructor(sql: Sql, restoredAt: EpochMs | null = null) {
    this.#sql = sql;
    this.#restoredAt = restoredAt;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS allocated (msg_first INTEGER PRIMARY KEY, msg_end INTEGER NOT NULL, trans_end INTEGER NOT NULL,
       holder TEXT, at INTEGER NOT NULL, restored_at INTEGER)`,
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS conference
       (key TEXT PRIMARY KEY, place INTEGER NOT NULL, at INTEGER NOT NULL, quiet_until INTEGER) WITHOUT ROWID`,
    );
    sql.exec("CREATE INDEX IF NOT EXISTS conference_by_place ON conference (place)");
    const [latest] = sql.exec("SELECT msg_end, trans_end, restored_at FROM allocated ORDER BY msg_first DESC LIMIT 1");
    this.#isBehind = !latest || latest.restored_at !== restoredAt;
    this.#nextMsg = Number(latest?.msg_end ?? 0);
    this.#nextTrans = Number(latest?.trans_end ?? 0);
  }

  /** True from a restore to the next allocation. Results of older sweeps are invalid then. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  #firstPlace(now: EpochMs): number {
    if (!this.#isBehind) return firstPlaceOf(now);
    const known = Math.max(this.#nextMsg, this.#nextTrans);
    return this.#restoredAt === null ? placeByTime(now) : placeAfterRestore(known, now);
  }

  /** At most as many as are wanted, fewer when a sequence comes to its end. A clock that was set back repeats no id. */
  allocate(holder: ConfKey | null, wanted: IdsWanted, now: EpochMs): IdBlocks {
    const first = this.#firstPlace(now);
    const msgFirst = Math.max(this.#nextMsg, first);
    const transFirst = Math.max(this.#nextTrans, first);
    // The sweep knows a conference by its blocks: one without MsgIDs uses one up all the same, or the next block would replace it.
    const used = holder === null ? wanted.msgIds : Math.max(1, wanted.msgIds);
    const msgEnd = msgFirst + Math.min(used, runFrom(msgFirst));
    const transEnd = transFirst + Math.min(wanted.transIds, runFrom(transFirst));
    this.#sql.transaction(() => {
      // A row that is replaced had no MsgIDs, and says no more than the new one where the sequences go on.
      this.#sql.exec(
        "INSERT OR REPLACE INTO allocated (msg_first, msg_end, trans_end, holder, at, restored_at) VALUES (?, ?, ?, ?, ?, ?)",
        ...[msgFirst, msgEnd, transEnd, holder, now, this.#restoredAt],
      );
      if (this.#isBehind) this.#sql.exec("UPDATE conference SET quiet_until = NULL");
      if (holder === null) return;
      this.#sql.exec(
        `INSERT INTO conference (key, place, at) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET place = excluded.place, at = excluded.at
         WHERE excluded.at NOT BETWEEN conference.at AND conference.at + ?`,
        ...[holder, msgFirst, now, hourMs],
      );
    });
    this.#nextMsg = msgEnd;
    this.#nextTrans = transEnd;
    this.#isBehind = false;
    return { msgIds: block(msgFirst, wanted.msgIds > 0 ? msgEnd : msgFirst), transIds: block(transFirst, transEnd) };
  }

  /** Its latest block is of now: it uses one MsgID up. */
  renew(holder: ConfKey, now: EpochMs): void {
    this.allocate(holder, { msgIds: 0, transIds: 0 }, now);
  }

  /**
   * Returns a batch of conferences with blocks allocated since then, by the latest block of each, before this position. `next`: position
   * of the next batch.
   */
  holdersSince(since: EpochMs, before: number | null): HolderPage {
    const rows = this.#sql.exec(
      "SELECT key, place, at, quiet_until AS quietUntil FROM conference WHERE place < ? ORDER BY place DESC LIMIT ?",
      ...[before ?? Number.MAX_SAFE_INTEGER, pageSize],
    );
    const page = rows.map(({ key, place, at, quietUntil }) => ({
      ...{ key: key as ConfKey, place: Number(place), at: Number(at) },
      quietUntil: quietUntil as EpochMs | null,
    }));
    // A clock set back for a moment leaves old rows among young ones, so the first old row is not the end.
    const holders = page.filter(({ at }) => at >= since);
    return { holders, next: holders.length === 0 ? null : (page[pageSize - 1]?.place ?? null) };
  }

  /** Stores until when sweeps can skip these conferences. */
  keepQuiet(until: ReadonlyMap<ConfKey, EpochMs | null>): void {
    this.#sql.transaction(() => {
      for (const [key, at] of until)
        this.#sql.exec("UPDATE conference SET quiet_until = ? WHERE key = ? AND quiet_until IS NOT ?", at, key, at);
    });
  }

  /** Returns some of the oldest blocks, if they are not needed any more. */
  expired(now: EpochMs): ExpiredBlocks | null {
    const rows = this.#sql.exec(
      `SELECT msg_first, holder FROM allocated WHERE msg_first < ?
       AND (holder IS NOT NULL OR msg_first < (SELECT max(msg_first) FROM allocated)) ORDER BY msg_first LIMIT ?`,
      ...[firstPlaceOf(now - holderMemoryMs), pageSize],
    );
    const last = rows.at(-1)?.msg_first;
    if (last === undefined) return null;
    const holders = new Set(rows.flatMap(({ holder }) => (holder === null ? [] : [holder as ConfKey])));
    return { holders: [...holders], upTo: Number(last), hasMore: rows.length === pageSize };
  }

  /** Forgets these blocks, but for those of the conferences in `kept`, and even those when they are a week overdue. */
  expire({ upTo }: ExpiredBlocks, kept: ReadonlySet<ConfKey>, now: EpochMs): void {
    const overdue = firstPlaceOf(now - 2 * holderMemoryMs);
    const goes = "(holder IS NULL OR msg_first < ? OR holder NOT IN (SELECT value FROM json_each(?)))";
    const values = [upTo, overdue, JSON.stringify([...kept])];
    this.#sql.transaction(() => {
      // The latest row stays, without its holder: the next life goes on behind it, also where a clock was ahead and all rows looked old.
      this.#sql.exec(
        `DELETE FROM allocated WHERE msg_first <= ? AND ${goes} AND msg_first < (SELECT max(msg_first) FROM allocated)`,
        ...values,
      );
      this.#sql.exec(
        `UPDATE allocated SET holder = NULL WHERE msg_first <= ? AND ${goes} AND holder IS NOT NULL`,
        ...values,
      );
      this.#sql.exec(
        "DELETE FROM conference WHERE place <= ? AND (place < ? OR key NOT IN (SELECT value FROM json_each(?)))",
        ...values,
      );
    });
  }

  /** When the oldest block is not needed any more; `null`: no conference holds one. */
  get nextExpiry(): EpochMs | null {
    const [oldest] = this.#sql.exec("SELECT at FROM allocated WHERE holder IS NOT NULL ORDER BY msg_first LIMIT 1");
    return oldest ? Number(oldest.at) + holderMemoryMs + dayMs : null;
  }

  /** The conference that holds this MsgID; `null`: its block is older than `keptMs`, and the conference may be deleted. */
  holderOf(msgId: MsgId, now: EpochMs, keptMs = holderMemoryMs): ConfKey | null {
    if (!/^\d{11}$/.test(msgId)) return null;
    const place = placeOf(Number(msgId), now);
    const [found] = this.#sql.exec(
      "SELECT msg_end, holder, at FROM allocated WHERE msg_first <= ? ORDER BY msg_first DESC LIMIT 1",
      place,
    );
    if (!found || place >= Number(found.msg_end) || Number(found.at) <= now - keptMs) return null;
    return found.holder as ConfKey | null;
  }

  /** The conference that was given this TransID; `null`: none that is known. All blocks are looked at: this is for people. */
  holderOfTransaction(transId: TransId, now: EpochMs): ConfKey | null {
    if (!/^\d{11}$/.test(transId)) return null;
    const [found] = this.#sql.exec(
      "SELECT holder FROM allocated WHERE trans_end > ? ORDER BY trans_end, msg_first LIMIT 1",
      placeOf(Number(transId), now),
    );
    return (found?.holder ?? null) as ConfKey | null;
  }
}

function block(first: number, end: number): IdBlock {
  return { first: idAt(first), end: idAt(first) + end - first };
}
