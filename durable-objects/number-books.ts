import type { ConfKey, EpochMs, MsgId } from "../src/foundation/ids.ts";
import type { IdBlock, IdBlocks, IdsWanted } from "../src/rpc.ts";
import { firstPlaceOf, idAt, placeOf, runFrom } from "../src/tsp/id-scheme.ts";
import type { Sql } from "./sql.ts";

/** How long it is known who was given a block: as long as an answer with its MsgID may come. */
const holderMemoryMs = 7 * 24 * 3_600_000;
const pageSize = 500;

interface HolderPage {
  readonly holders: readonly ConfKey[];
  /** `null`: there are no more. */
  readonly next: number | null;
}

/**
 * Which numbers were given to whom. One row for each pair of blocks, by the place of its MsgIDs, which only rises; the two
 * sequences advance apart (protocol T34), each from the day's first number on (protocol T35).
 */
export class NumberBooks {
  readonly #sql: Sql;
  #nextMsg = 0;
  #nextTrans = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS given (msg_first INTEGER PRIMARY KEY, msg_end INTEGER NOT NULL, trans_end INTEGER NOT NULL,
       holder TEXT, at INTEGER NOT NULL)`,
    );
    const [latest] = sql.exec("SELECT msg_end, trans_end FROM given ORDER BY msg_first DESC LIMIT 1");
    if (!latest) return;
    this.#nextMsg = Number(latest.msg_end);
    this.#nextTrans = Number(latest.trans_end);
  }

  /** At most as many as are wanted, fewer where a sequence comes to its end. A clock that was put back gives none twice. */
  take(holder: ConfKey | null, wanted: IdsWanted, now: EpochMs): IdBlocks {
    const msgFirst = Math.max(this.#nextMsg, firstPlaceOf(now));
    const transFirst = Math.max(this.#nextTrans, firstPlaceOf(now));
    const msgEnd = msgFirst + Math.min(wanted.msgIds, runFrom(msgFirst));
    const transEnd = transFirst + Math.min(wanted.transIds, runFrom(transFirst));
    this.#sql.transaction(() => {
      // What is replaced had no MsgIDs, and says no more than this where the sequences go on.
      this.#sql.exec(
        "INSERT OR REPLACE INTO given (msg_first, msg_end, trans_end, holder, at) VALUES (?, ?, ?, ?, ?)",
        ...[msgFirst, msgEnd, transEnd, holder, now],
      );
      this.#sql.exec("DELETE FROM given WHERE msg_first < ?", firstPlaceOf(now - holderMemoryMs));
    });
    this.#nextMsg = msgEnd;
    this.#nextTrans = transEnd;
    return { msgIds: block(msgFirst, msgEnd), transIds: block(transFirst, transEnd) };
  }

  /** The conferences that were given blocks since then, some at a time, the latest first; `next`: the others were before this place. */
  holdersSince(since: EpochMs, before: number | null): HolderPage {
    const page = this.#sql.exec(
      "SELECT msg_first, holder, at FROM given WHERE msg_first < ? ORDER BY msg_first DESC LIMIT ?",
      ...[before ?? Number.MAX_SAFE_INTEGER, pageSize],
    );
    const rows = page.filter(({ at }) => Number(at) >= since);
    const holders = new Set(rows.flatMap(({ holder }) => (holder === null ? [] : [holder as ConfKey])));
    return { holders: [...holders], next: rows.length < pageSize ? null : Number(rows.at(-1)?.msg_first) };
  }

  holderOf(msgId: MsgId, now: EpochMs): ConfKey | null {
    if (!/^\d{11}$/.test(msgId)) return null;
    const place = placeOf(Number(msgId), now);
    const [found] = this.#sql.exec(
      "SELECT msg_end, holder FROM given WHERE msg_first <= ? ORDER BY msg_first DESC LIMIT 1",
      place,
    );
    return found && place < Number(found.msg_end) ? (found.holder as ConfKey | null) : null;
  }
}

function block(first: number, end: number): IdBlock {
  return { first: idAt(first), end: idAt(first) + end - first };
}
