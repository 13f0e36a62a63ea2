import type { ConfKey, EpochMs, MsgId, TransId } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { IdLimit } from "../../src/link/messages.ts";
import type { Holder, HolderPage, IdBlock, IdBlocks, IdsWanted } from "../../src/rpc/id-allocator.ts";
import {
  firstPlaceOf,
  furthestPlace,
  idAt,
  idsPerHour,
  placeByTime,
  placeOf,
  runFrom,
} from "../../src/tsp/id-scheme.ts";
import type { Sql } from "../platform/platform.ts";

/** How long the holder of a block is known: as long as an answer with its MsgID may come. */
const holderMemoryMs = 7 * dayMs;
const pageSize = 500;
const none: IdsWanted = { msgIds: 0, transIds: 0 };

/** The next day's first ids are reserved so long before it. */
const earlyMs = 600_000;

/** Blocks that are not needed any more, the oldest first. */
interface ExpiredBlocks {
  readonly holders: readonly ConfKey[];
  /** The place of the last of them. */
  readonly upTo: number;
  readonly hasMore: boolean;
}

/**
 * Which ids were allocated to whom. One row for each pair of blocks, by the place of its MsgIDs, which only rises. The two
 * sequences advance apart (protocol T34), each from the day's first id on (protocol T35). The very first ones begin by the time of the day.
 * Ids are reserved an hour's worth at a time, for agents to keep the limit: they may know more than a state that is new, or older.
 */
export class IdAllocator {
  readonly #sql: Sql;
  #nextMsg = 0;
  #nextTrans = 0;
  /** Whether ids of today may have been used of which nothing here knows: the state is new, or an older one. */
  #isBehind: boolean;
  #limit: IdLimit | null = null;
  /** The place behind all ids that had been allocated when the limit was chosen. */
  #usedBefore: number;
  readonly #restoredAt: EpochMs | null;
  /** When the latest life began of which anybody knows, by its clock. */
  #latestHeard = 0;
  #hasBegunHere = false;

  /** `restoredAt`: see `Platform`. */
  constructor(sql: Sql, restoredAt: EpochMs | null = null) {
    this.#sql = sql;
    this.#restoredAt = restoredAt;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS allocated (msg_first INTEGER PRIMARY KEY, msg_end INTEGER NOT NULL, trans_end INTEGER NOT NULL,
       holder TEXT, at INTEGER NOT NULL)`,
    );
    sql.exec(
      `CREATE TABLE IF NOT EXISTS reserved (one INTEGER PRIMARY KEY, first INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL,
       restored_at INTEGER)`,
    );
    const [latest] = sql.exec("SELECT msg_end, trans_end FROM allocated ORDER BY msg_first DESC LIMIT 1");
    const [reserved] = sql.exec("SELECT * FROM reserved");
    const isRestored = restoredAt !== (reserved?.restored_at ?? null);
    this.#isBehind = isRestored || !(latest || reserved);
    const first = Number((isRestored ? reserved?.place : reserved?.first) ?? 0);
    this.#nextMsg = Math.max(first, Number(latest?.msg_end ?? 0));
    this.#nextTrans = Math.max(first, Number(latest?.trans_end ?? 0));
    this.#usedBefore = first;
    if (reserved) this.#latestHeard = begunAt(String(reserved.name));
    if (reserved && !isRestored) this.#limit = { place: Number(reserved.place), by: String(reserved.name) };
  }

  /** Whether these ids cannot all be allocated before the limit; then another one must be reserved first. */
  exceedsLimit(wanted: IdsWanted, now: EpochMs): boolean {
    return this.#limit === null || this.#limit.place < this.#endOf(wanted, now);
  }

  /** Whether it is time to reserve more, so that nobody waits for that. */
  isNearLimit(now: EpochMs): boolean {
    return this.#limit === null || this.#limit.place - this.#endOf(none, now + earlyMs) < idsPerHour / 2;
  }

  /** Whether ids were allocated since the limit was chosen: only by another one could a copy of the state before be known. */
  get isUsed(): boolean {
    return Math.max(this.#nextMsg, this.#nextTrans) > this.#usedBefore;
  }

  /**
   * The limit to reserve next, an hour's worth behind these ids, and behind the last one. `newId`: of this
   * life of the allocator, where it has no name.
   */
  nextLimit(wanted: IdsWanted, now: EpochMs, newId: () => string): IdLimit {
    this.#usedBefore = Math.max(this.#nextMsg, this.#nextTrans);
    const end = Math.max(this.#endOf(wanted, now), this.#endOf(none, now + earlyMs));
    return {
      place: Math.max(end + idsPerHour, (this.#limit?.place ?? 0) + 1),
      by: this.#limit?.by ?? this.#newName(now, newId),
    };
  }

  /** Whoever can keep this limit does. */
  reserve(limit: IdLimit, now: EpochMs): void {
    if (this.#isBehind) this.#continueAt(this.#firstPlace(now));
    this.#keep(limit);
  }

  /**
   * Whether this state does not know that it reserved this, or is of an earlier life than the one that did:
   * it is an older copy.
   */
  isOlderThan({ place, by }: IdLimit): boolean {
    if (this.#limit === null) return false;
    if (by === this.#limit.by) return place > this.#limit.place;
    // A life that has begun here is no copy, whatever clock there was before.
    return !this.#hasBegunHere && begunAt(by) > begunAt(this.#limit.by);
  }

  /**
   * What an agent has kept. Of another life of the allocator, or a newer state, it says which ids may have been used. False: that is too far ahead of
   * the clock to be so, and a wrong word must not use up the ids of many days.
   */
  heardLimit(limit: IdLimit, now: EpochMs, newId: () => string): boolean {
    const { place, by } = limit;
    const isOlder = this.isOlderThan(limit);
    if (by === this.#limit?.by && !isOlder) return true;
    if (place > furthestPlace(now)) return false;
    this.#latestHeard = Math.max(this.#latestHeard, begunAt(by));
    this.#isBehind ||= isOlder;
    this.#continueAt(Math.max(place, this.#firstPlace(now)));
    // Other agents keep this life's limit, so it never goes down. A copy takes another name: agents may keep more of its own than it knows.
    const own = isOlder ? null : this.#limit;
    const reserved = Math.max(this.#nextMsg, this.#nextTrans, own?.place ?? 0);
    this.#keep({ place: reserved, by: own?.by ?? this.#newName(now, newId) });
    return true;
  }

  /** Later than all before, also where the clock was ahead then. */
  #newName(now: EpochMs, newId: () => string): string {
    this.#hasBegunHere = true;
    return nameOf(Math.max(now, this.#latestHeard + 1), newId());
  }

  #continueAt(place: number): void {
    this.#nextMsg = Math.max(this.#nextMsg, place);
    this.#nextTrans = Math.max(this.#nextTrans, place);
    this.#isBehind = false;
  }

  #keep(limit: IdLimit): void {
    const first = Math.min(this.#nextMsg, this.#nextTrans);
    this.#sql.exec(
      "INSERT OR REPLACE INTO reserved (one, first, place, name, restored_at) VALUES (1, ?, ?, ?, ?)",
      ...[first, limit.place, limit.by, this.#restoredAt],
    );
    this.#limit = limit;
  }

  /** Where ids of now begin. WebEx would pass over ids of today that it got before. */
  #firstPlace(now: EpochMs): number {
    return this.#isBehind ? placeByTime(now) : firstPlaceOf(now);
  }

  #endOf({ msgIds, transIds }: IdsWanted, now: EpochMs): number {
    return Math.max(
      this.#nextMsg + 1 + msgIds,
      this.#nextTrans + transIds,
      this.#firstPlace(now) + 1 + Math.max(msgIds, transIds),
    );
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
        "INSERT OR REPLACE INTO allocated (msg_first, msg_end, trans_end, holder, at) VALUES (?, ?, ?, ?, ?)",
        ...[msgFirst, msgEnd, transEnd, holder, now],
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
   * The conferences that have been allocated blocks since then, some at a time, by the latest block of each, which must be before this place;
   * `next`: those that are left are before that one. Blocks behind `upTo` do not count: with the first place of the first page, a
   * conference that is allocated more while pages are read keeps its place.
   */
  holdersSince(since: EpochMs, before: number | null, upTo: number | null = null): HolderPage {
    // A clock that was set back for a moment leaves old rows among the young ones, so the first old row is not the end.
    const rows = this.#sql.exec(
      `SELECT holder, max(msg_first) AS latest, at FROM allocated
       WHERE msg_first > ifnull((SELECT msg_first FROM allocated WHERE at < ? ORDER BY msg_first DESC LIMIT 1 OFFSET ?), -1)
       AND msg_first <= ? AND at >= ? AND holder IS NOT NULL GROUP BY holder HAVING latest < ? ORDER BY latest DESC LIMIT ?`,
      ...[since, pageSize, upTo ?? Number.MAX_SAFE_INTEGER, since, before ?? Number.MAX_SAFE_INTEGER, pageSize],
    );
    const holders = rows.map(
      ({ holder, latest, at }): Holder => ({ key: holder as ConfKey, place: Number(latest), at: Number(at) }),
    );
    return { holders, next: holders[pageSize - 1]?.place ?? null };
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

/** Of a life of the allocator. */
function nameOf(begunAt: EpochMs, id: string): string {
  return `${begunAt} ${id}`;
}

/** Returns the start time in an instance's name; 0 if no allocator gave the name. */
function begunAt(name: string): EpochMs {
  return /^\d+ /.test(name) ? Number.parseInt(name, 10) : 0;
}
