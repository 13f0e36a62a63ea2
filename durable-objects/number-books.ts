import type { ConfKey, EpochMs, MsgId } from "../src/foundation/ids.ts";
import { dayPrefix, elevenDigits, lastSequence } from "../src/tsp/numbers.ts";
import type { Block, HolderPage, NumberBlocks } from "./rpc.ts";
import type { Sql } from "./sql.ts";

/** How long it is known who was given a block: as long as an answer with its MsgID may come. */
const holderMemoryMs = 7 * 24 * 3_600_000;
const pruneEvery = 64;
const pageSize = 100;

/**
 * Which numbers were given to whom. One row for each pair of blocks; the two sequences advance apart (protocol T34), go
 * on from day to day, and begin again after 999999 (protocol T35).
 */
export class NumberBooks {
  readonly #sql: Sql;
  #takes = 0;
  #nextMsg = 0;
  #nextTrans = 0;

  constructor(sql: Sql) {
    this.#sql = sql;
    sql.exec(
      `CREATE TABLE IF NOT EXISTS block (msg_first INTEGER PRIMARY KEY, msg_end INTEGER NOT NULL, trans_end INTEGER NOT NULL,
       holder TEXT, at INTEGER NOT NULL, takes INTEGER NOT NULL)`,
    );
    const [latest] = sql.exec("SELECT msg_end, trans_end, takes FROM block ORDER BY takes DESC LIMIT 1");
    if (!latest) return;
    this.#takes = Number(latest.takes);
    this.#nextMsg = sequenceOf(Number(latest.msg_end));
    this.#nextTrans = sequenceOf(Number(latest.trans_end));
  }

  /** At most `count` of each, fewer where a sequence comes to its end; no MsgIDs for who is no conference. */
  take(holder: ConfKey | null, count: number, now: EpochMs): NumberBlocks {
    const msgIds = block(now, this.#nextMsg, holder === null ? 0 : count);
    const transIds = block(now, this.#nextTrans, count);
    const takes = this.#takes + 1;
    this.#sql.transaction(() => {
      // Only after a million numbers of one day is there anything to overwrite.
      this.#sql.exec("DELETE FROM block WHERE msg_first >= ? AND msg_first < ?", msgIds.first, msgIds.end);
      this.#sql.exec(
        `INSERT INTO block (msg_first, msg_end, trans_end, holder, at, takes) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (msg_first)
         DO UPDATE SET msg_end = excluded.msg_end, trans_end = excluded.trans_end, holder = excluded.holder, at = excluded.at,
         takes = excluded.takes`,
        ...[msgIds.first, msgIds.end, transIds.end, holder, now, takes],
      );
      if (takes % pruneEvery === 0) this.#sql.exec("DELETE FROM block WHERE at < ?", now - holderMemoryMs);
    });
    this.#takes = takes;
    this.#nextMsg = sequenceOf(msgIds.end);
    this.#nextTrans = sequenceOf(transIds.end);
    return { msgIds, transIds };
  }

  /** By a scan of the days since then alone: reading is billed. */
  holdersSince(since: EpochMs, from: number | null): HolderPage {
    const rows = this.#sql.exec(
      "SELECT msg_first, holder, at FROM block WHERE msg_first >= ? ORDER BY msg_first LIMIT ?",
      ...[from ?? firstOf(since), pageSize + 1],
    );
    const holders = rows
      .slice(0, pageSize)
      .flatMap(({ holder, at }) => (holder !== null && Number(at) >= since ? [holder] : []));
    const next = rows[pageSize]?.msg_first;
    return { holders: [...new Set(holders)] as ConfKey[], next: next === undefined ? null : Number(next) };
  }

  holderOf(msgId: MsgId): ConfKey | null {
    if (!/^\d{11}$/.test(msgId)) return null;
    const number = Number(msgId);
    const [found] = this.#sql.exec(
      "SELECT msg_end, holder FROM block WHERE msg_first <= ? ORDER BY msg_first DESC LIMIT 1",
      number,
    );
    return found && number < Number(found.msg_end) ? (found.holder as ConfKey | null) : null;
  }
}

function firstOf(day: EpochMs): number {
  return Number(elevenDigits(dayPrefix(day), 0));
}

function block(now: EpochMs, sequence: number, count: number): Block {
  const first = Number(elevenDigits(dayPrefix(now), sequence));
  return { first, end: first + Math.min(count, lastSequence + 1 - sequence) };
}

function sequenceOf(number: number): number {
  return number % (lastSequence + 1);
}
