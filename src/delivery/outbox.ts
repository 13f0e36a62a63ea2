import type { EpochMs, TransId, WebexHost } from "../foundation/ids.ts";
import { maxMessages } from "../tsp/protocol-table.ts";
import { pauseBeforeNext, type RetryPolicy } from "./retry.ts";

/** One transaction to WebEx that is not confirmed yet. */
export interface OutboxRow<Message> {
  readonly seq: number;
  readonly host: WebexHost;
  readonly transId: TransId;
  /** Attempts that were begun. */
  readonly attempts: number;
  /** When the next attempt may begin. */
  readonly dueAt: EpochMs;
  readonly messages: readonly Message[];
}

/** A pause before an attempt that has longer to go after a restart is one by a clock that was wrong. */
const longestPauseMs = 60_000;

/**
 * Adds one message at the end. It travels with the last transaction as long as that was not begun and goes to the same
 * host, so that answers to one document leave together (protocol T45) and in their order (protocol T46).
 */
export function append<Message>(
  rows: readonly OutboxRow<Message>[],
  post: { readonly host: WebexHost; readonly message: Message },
  fresh: { readonly seq: number; readonly dueAt: EpochMs; readonly transId: () => TransId },
): readonly OutboxRow<Message>[] {
  const last = rows.at(-1);
  if (last && last.attempts === 0 && last.host === post.host && last.messages.length < maxMessages) {
    return rows.with(-1, { ...last, messages: [...last.messages, post.message] });
  }
  const { seq, dueAt } = fresh;
  return [...rows, { seq, host: post.host, transId: fresh.transId(), attempts: 0, dueAt, messages: [post.message] }];
}

/** The transaction after a failed attempt; `null` when that was the last one (protocol T43). */
export function afterFailure<Message>(
  row: OutboxRow<Message>,
  policy: RetryPolicy,
  now: EpochMs,
): OutboxRow<Message> | null {
  const pause = pauseBeforeNext(policy, row.attempts);
  return pause === null ? null : { ...row, dueAt: now + pause };
}

/**
 * The rows of an object that comes back to life. Beginning a first attempt is not written, nor is at once that those before
 * it are confirmed, to save rows; so each may have been begun and counts so, and no crash leads to one attempt too many, or
 * to other bytes in a repeat (protocol T37). A clock that was set back since does not hold them up for long.
 */
export function afterRestart<Message>(
  rows: readonly OutboxRow<Message>[],
  now: EpochMs,
): readonly OutboxRow<Message>[] {
  const latest = now + longestPauseMs;
  if (rows.every(({ attempts, dueAt }) => attempts > 0 && dueAt <= latest)) return rows;
  return rows.map((row) => ({
    ...row,
    attempts: Math.max(1, row.attempts),
    dueAt: Math.min(row.dueAt, row.attempts > 0 ? latest : now),
  }));
}
