import type { EpochMs } from "../ids.ts";
import { minuteMs } from "./timers.ts";

/** A clock is far from another one. */
export interface ClockJump {
  readonly since: EpochMs;
  /** Positive: it is ahead. */
  readonly byMs: number;
}

/** No clock shows less: that of a machine without a battery begins in 1970, and any later one is better. */
export const surelyWrong = Date.UTC(2020, 0, 1);

/** A smaller difference is mended by itself, and harms nothing. */
export function isFar(byMs: number): boolean {
  return Math.abs(byMs) >= minuteMs;
}

/** What has become of it, now that the clocks differ by so much. Where they part further, it has begun anew: the clock was set again. `null`: it is over. */
export function nextJump(before: ClockJump | null, byMs: number, now: EpochMs): ClockJump | null {
  if (!isFar(byMs)) return null;
  const hasTurned = before !== null && Math.sign(byMs) !== Math.sign(before.byMs);
  const grownMs = Math.abs(byMs) - Math.abs(before?.byMs ?? 0);
  if (before === null || hasTurned || grownMs >= minuteMs) return { since: now, byMs };
  return grownMs <= -minuteMs ? { ...before, byMs } : before;
}
