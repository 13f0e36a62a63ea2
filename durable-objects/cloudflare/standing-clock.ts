import type { EpochMs } from "../../src/foundation/ids.ts";

/** Thrown before anything of a call was done. */
const text = "nothing was done: the clock of this life stands still, since the machine's was set back";

/** Whether a call failed so that the next life of its object is to be asked. */
export function isOfStandingClock(error: unknown): boolean {
  return error instanceof Error && error.message.includes(text);
}

/**
 * The time of one life of an object. workerd lets that never go back: when the machine's clock was set back, it stands still until the machine's has
 * caught up, and with it all timers. Only a new life has the right time.
 */
export class StandingClock {
  readonly #machine: () => EpochMs;
  readonly #harmlessMs: number;
  #last: EpochMs = 0;

  /** `machine`: the machine's clock, in whatever life; asked only where the time has not gone on. `harmlessMs`: a life that stands still for less goes on. */
  constructor(machine: () => EpochMs, harmlessMs: number) {
    this.#machine = machine;
    this.#harmlessMs = harmlessMs;
  }

  readonly now = (): EpochMs => {
    this.#last = Date.now();
    return this.#last;
  };

  /** To ask at the beginning of an event, before which time has passed. */
  get standsStill(): boolean {
    const before = this.#last;
    return this.now() === before && before - this.#machine() > this.#harmlessMs;
  }

  /** Throws what `isOfStandingClock` knows. */
  requireGoing(): void {
    if (this.standsStill) throw new Error(text);
  }
}
