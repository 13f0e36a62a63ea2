import type { EpochMs } from "./ids.ts";

/**
 * Time that never goes back. When the machine's clock is set back, it goes on from where it was at the same pace: what is
 * due in two seconds is not put off by an hour.
 */
export class SteadyClock {
  #last: EpochMs = 0;
  #aheadMs = 0;

  /** The time now, from what the machine's clock says. */
  at(machine: EpochMs): EpochMs {
    this.#aheadMs = Math.max(this.#aheadMs, this.#last - machine);
    this.#last = machine + this.#aheadMs;
    return this.#last;
  }

  /** It was already so late, and so far ahead of the machine's clock: an earlier life has written it down. */
  notBefore(time: EpochMs, aheadMs = 0): void {
    this.#last = Math.max(this.#last, time);
    this.#aheadMs = Math.max(this.#aheadMs, aheadMs);
  }

  /** Of the machine's clock. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** What the machine's clock will say at that time. */
  onMachine(time: EpochMs): EpochMs {
    return time - this.#aheadMs;
  }
}
