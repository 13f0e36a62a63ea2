import type { EpochMs } from "../ids.ts";

/** Clocks of two machines differ by less. */
const skewMs = 1_000;

/** Whether it has lasted so long. If it begins in the future, the clock was set back: nobody knows how long, so it counts as lasting. */
export function hasLasted(since: EpochMs, now: EpochMs, ms: number): boolean {
  return now - since >= ms || since - now > skewMs;
}
