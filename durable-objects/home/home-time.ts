import type { EpochMs } from "../../src/foundation/ids.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";

/** The two clocks of a machine, in milliseconds. */
export interface RawClocks {
  /** Since 1970; somebody may set it. */
  wall(): number;
  /** Goes on at one pace, and may stand still while the machine sleeps. */
  monotonic(): number;
}

/** By this part, time goes faster or slower than the monotonic clock until it has come to the wall clock. */
const slew = 0.04;
/** A wall clock that is further ahead was set right, or the machine has slept: what is overdue is done at once. */
const mostSlewedMs = 60_000;
/** No sleep explains more. What is kept for years must not expire by a mistake that is soon set right. */
const mostSleptMs = dayMs;
const believedAfterMs = 10 * 60_000;

/** The time of a home: by the monotonic clock, so that it never goes back or stands still, and always on its way to the wall clock. */
export class HomeTime {
  readonly #clocks: RawClocks;
  readonly #skipped: (byMs: number) => void;
  #label: number;
  #readAt: number;
  /** Since when, by the monotonic clock, the wall clock is ahead by more than any sleep; `null`: it is not. */
  #farSince: number | null = null;

  /** `skipped`: called when the time has gone on at once with a wall clock that was ahead by so much. */
  constructor(clocks: RawClocks, skipped: (byMs: number) => void = () => {}) {
    this.#clocks = clocks;
    this.#skipped = skipped;
    this.#label = clocks.wall();
    this.#readAt = clocks.monotonic();
  }

  now(): EpochMs {
    const read = this.#clocks.monotonic();
    const passedMs = read - this.#readAt;
    this.#readAt = read;
    this.#label += passedMs;
    const aheadMs = this.#clocks.wall() - this.#label;
    const mostMs = passedMs * slew;
    const isTaken = this.#isTaken(aheadMs);
    this.#label += isTaken ? aheadMs : Math.min(mostMs, Math.max(-mostMs, aheadMs));
    if (isTaken) this.#skipped(Math.round(aheadMs));
    return Math.floor(this.#label);
  }

  /** An earlier life has written something at this time. */
  notBefore(time: EpochMs): void {
    this.#label = Math.max(this.#label, time);
  }

  /** Whether the time of a wall clock that is ahead counts at once. */
  #isTaken(aheadMs: number): boolean {
    if (aheadMs <= mostSleptMs) {
      this.#farSince = null;
      return aheadMs > mostSlewedMs;
    }
    this.#farSince ??= this.#readAt;
    return this.#readAt - this.#farSince >= believedAfterMs;
  }
}
