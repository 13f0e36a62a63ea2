import type { Outgoing, Post } from "../src/conference/draft.ts";
import type { EpochMs } from "../src/foundation/ids.ts";
import { maxMessages } from "../src/tsp/protocol-table.ts";

/** One document that its receiver has not confirmed yet. */
export interface Row {
  readonly seq: number;
  readonly host: Post["host"];
  /** Names the document on each attempt. */
  readonly transId: string;
  /** Attempts that were begun. */
  readonly attempts: number;
  /** When the next attempt may begin. */
  readonly dueAt: EpochMs;
  readonly messages: readonly Outgoing[];
}

export type Rows = readonly Row[];

/** How often, and how fast, one document is tried (protocol T37, T41, T43). */
interface RetryPolicy {
  /** Attempts in all, the first one among them. */
  readonly attempts: number;
  /** Pause before the second, the third … attempt; the last one repeats. */
  readonly retryDelaysMs: readonly number[];
}

/** After a restart, a longer pause than this was counted by a clock that was wrong. */
const longestPauseMs = 60_000;

/**
 * The rows with one message more. The message travels with the last row of its host as long as that row was not begun, so
 * that answers to one document leave together (protocol T45) and in their order (protocol T46). With `isHurried`, that row
 * no longer waits.
 */
export function append(
  rows: Rows,
  { host, message }: Post,
  { dueAt, isHurried }: { readonly dueAt: EpochMs; readonly isHurried: boolean },
  fresh: () => Pick<Row, "seq" | "transId">,
): Rows {
  const at = rows.findLastIndex((row) => row.host === host);
  const last = rows[at];
  if (last && last.attempts === 0 && last.messages.length < maxMessages) {
    const joined = { dueAt: isHurried ? dueAt : last.dueAt, messages: [...last.messages, message] };
    return rows.with(at, { ...last, ...joined });
  }
  return [...rows, { ...fresh(), host, attempts: 0, dueAt, messages: [message] }];
}

/** The rows without these messages of one row, and without that row when nothing is left in it. */
export function withoutMessages(rows: Rows, seq: number, messages: readonly Outgoing[]): Rows {
  return rows.flatMap((row) => {
    if (row.seq !== seq) return row;
    const left = row.messages.filter((message) => !messages.includes(message));
    return left.length > 0 ? { ...row, messages: left } : [];
  });
}

/** The first row of each host: the only one that may be posted now. */
export function heads(rows: Rows): Rows {
  const first = new Map<Row["host"], Row>();
  for (const row of rows) if (!first.has(row.host)) first.set(row.host, row);
  return [...first.values()];
}

/** The row after a failed attempt; `null` when that was the last one (protocol T43). */
export function afterFailure(row: Row, { attempts, retryDelaysMs }: RetryPolicy, now: EpochMs): Row | null {
  if (row.attempts >= attempts) return null;
  return { ...row, dueAt: now + (retryDelaysMs[row.attempts - 1] ?? retryDelaysMs.at(-1) ?? 0) };
}

/**
 * The rows of an object that was restored. To save rows, neither the beginning of a first attempt nor its Confirmation is
 * written at once. So each row may have been begun and counts as begun: no crash leads to one attempt too many, or to other
 * bytes in a repeat (protocol T37). A clock that was set back meanwhile does not hold the rows up for long.
 */
export function afterRestart(rows: Rows, now: EpochMs): Rows {
  const latest = now + longestPauseMs;
  if (rows.every(({ attempts, dueAt }) => attempts > 0 && dueAt <= latest)) return rows;
  return rows.map((row) => ({
    ...row,
    attempts: Math.max(1, row.attempts),
    dueAt: Math.min(row.dueAt, row.attempts > 0 ? latest : now),
  }));
}
