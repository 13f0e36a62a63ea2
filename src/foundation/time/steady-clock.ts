import type { EpochMs } from "../ids.ts";

/** Time that never goes back: when the machine's clock is set back, it goes on from where it was, at the same pace. */
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

  get aheadMs(): number {
    return this.#aheadMs;
  }

  onMachine(time: EpochMs): EpochMs {
    return time - this.#aheadMs;
  }
}
