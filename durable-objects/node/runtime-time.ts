import type { EpochMs } from "../../src/foundation/ids.ts";
import { surelyWrong } from "../../src/foundation/time/clock-jump.ts";
import { type MachineClocks, PassingTime } from "../../src/foundation/time/passing-time.ts";

/** By this part, time goes faster or slower than it passes until it has come to the wall clock. */
const slew = 0.04;
const mostSlewedMs = 60_000;
/** A wall clock that is further ahead counts by the least that it was for this time: it may soon be set right. */
const believedAfterMs = 10 * 60_000;

/** The time of a runtime: it never goes back or stands still, and is always on its way to the wall clock. */
export class RuntimeTime {
  readonly #wall: () => number;
  readonly #passing: PassingTime;
  readonly #skipped: (byMs: number) => void;
  #label: number;
  /** In passed time, as all that follows. */
  #readAt: number;
  /** Since when the wall clock is far ahead, and the least by which it was; `null`: it is not. */
  #far: { readonly since: number; readonly leastMs: number } | null = null;

  /** `skipped`: called when the time has gone on at once with a wall clock that was ahead by so much. */
  constructor(clocks: MachineClocks, skipped: (byMs: number) => void = () => {}) {
    this.#wall = clocks.wall;
    this.#passing = new PassingTime(clocks);
    this.#skipped = skipped;
    this.#label = clocks.wall();
    this.#readAt = this.#passing.now();
  }

  /** Milliseconds since some moment, the machine's sleep included. Nobody can set it. */
  passedMs(): number {
    return this.#passing.now();
  }

  now(): EpochMs {
    const wall = this.#wall();
    const read = this.#passing.now(wall);
    const passedMs = read - this.#readAt;
    this.#readAt = read;
    this.#label += passedMs;
    const aheadMs = wall - this.#label;
    const takenMs = this.#takenOf(aheadMs);
    const mostMs = this.#far === null ? passedMs * slew : 0;
    this.#label += takenMs ?? Math.min(mostMs, Math.max(-mostMs, aheadMs));
    if (takenMs !== null) this.#skipped(Math.round(takenMs));
    return Math.floor(this.#label);
  }

  /** An earlier life has written something at this time. */
  notBefore(time: EpochMs): void {
    this.#label = Math.max(this.#label, time);
  }

  /** By how much time goes on at once; `null`: it does not. */
  #takenOf(aheadMs: number): number | null {
    if (aheadMs <= mostSlewedMs) {
      this.#far = null;
      return null;
    }
    if (this.#label < surelyWrong) return aheadMs;
    const { since, leastMs } = this.#far ?? { since: this.#readAt, leastMs: aheadMs };
    this.#far = { since, leastMs: Math.min(leastMs, aheadMs) };
    if (this.#readAt - since < believedAfterMs) return null;
    const takenMs = this.#far.leastMs;
    this.#far = null;
    return takenMs;
  }
}
