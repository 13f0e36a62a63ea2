import type { EpochMs } from "../ids.ts";

/** Clocks of two machines differ by less. */
const skewMs = 1_000;

/** Whether what has been so since then has lasted as long. Where its begin is to come, the clock was set back: nobody knows, and it counts. */
export function hasLasted(since: EpochMs, now: EpochMs, ms: number): boolean {
  return now - since >= ms || since - now > skewMs;
}
