import type { EpochMs } from "../ids.ts";

/**
 * Time that never goes back. When the machine's clock is set back, this clock goes on from where it was at the same pace, so
 * that something due in two seconds is not put off by an hour.
 */
export class SteadyClock {
  #last: EpochMs = 0;
  #aheadMs = 0;

  /** The time now, when the machine's clock shows `machine`. */
  at(machine: EpochMs): EpochMs {
    this.#aheadMs = Math.max(this.#aheadMs, this.#last - machine);
    this.#last = machine + this.#aheadMs;
    return this.#last;
  }

  /** Goes on from the time of an earlier life, and from its lead on the machine's clock. */
  notBefore(time: EpochMs, aheadMs = 0): void {
    this.#last = Math.max(this.#last, time);
    this.#aheadMs = Math.max(this.#aheadMs, aheadMs);
  }

  /** The lead on the machine's clock. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** The machine's clock at this time. */
  onMachine(time: EpochMs): EpochMs {
    return time - this.#aheadMs;
  }
}
