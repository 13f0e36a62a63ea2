/** How often, and how fast, one transaction is tried (protocol T37, T41, T43). */
export interface RetryPolicy {
  /** Attempts in all, the first one among them. */
  readonly attempts: number;
  /** Pause before the second, the third … attempt; the last one repeats. */
  readonly retryDelaysMs: readonly number[];
}

/** The pause after so many failed attempts; `null` when the transaction is given up. */
export function pauseBeforeNext(policy: RetryPolicy, failedAttempts: number): number | null {
  if (failedAttempts >= policy.attempts) return null;
  return policy.retryDelaysMs[failedAttempts - 1] ?? policy.retryDelaysMs.at(-1) ?? 0;
}
