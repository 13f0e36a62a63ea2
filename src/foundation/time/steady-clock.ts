import type { EpochMs } from "../ids.ts";

/** With a greater lead, a machine's clock that comes this near to the time was wrong when it was set back. */
const nearMs = 10 * 60_000;

/**
 * Time that never goes back: when the machine's clock is set back, it goes on from where it was, at the same pace.
 * Where that was a mistake of more than ten minutes, and is set right, it goes by the machine's clock again. A rest that
 * is nearly as long as its lead looks alike, and is that much late, once.
 */
export class SteadyClock {
  #last: EpochMs = 0;
  #aheadMs = 0;

  /** The time now, when the machine's clock shows `machine`. */
  at(machine: EpochMs): EpochMs {
    const behindMs = this.#last - machine;
    const isSetRight = this.#aheadMs > nearMs && behindMs <= nearMs;
    this.#aheadMs = isSetRight ? Math.max(0, behindMs) : Math.max(this.#aheadMs, behindMs);
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
