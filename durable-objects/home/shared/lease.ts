/** Two monotonic clocks that run apart by more than this part are broken. */
const drift = 0.01;
const marginMs = 100;

/**
 * How long this edge may act by its own clock, whatever it hears of the database. Who stands by takes over
 * once it has seen nothing new for the whole length, by its own clock: no clock is compared with another
 * one.
 */
export class Lease {
  readonly #lengthMs: number;
  readonly #monotonic: () => number;
  #until = Number.NEGATIVE_INFINITY;

  constructor(lengthMs: number, monotonic: () => number) {
    this.#lengthMs = lengthMs;
    this.#monotonic = monotonic;
  }

  get isHeld(): boolean {
    return this.#monotonic() < this.#until;
  }

  /** What was sent at this moment is in the database, and was not before. */
  extend(sentAt: number): void {
    this.#until = sentAt + this.#lengthMs * (1 - drift) - marginMs;
  }

  end(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }
}
