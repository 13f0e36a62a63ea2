/** Two machines' times that run apart by more than this part are broken. */
const drift = 0.01;
const marginMs = 100;

/**
 * How long this edge may act by its own clock, whatever it hears of the database. Who stands by takes over
 * once it has seen nothing new for the whole length, by its own clock: no clock is compared with another
 * one.
 */
export class Lease {
  readonly #lengthMs: number;
  readonly #passedMs: () => number;
  #until = Number.NEGATIVE_INFINITY;

  constructor(lengthMs: number, passedMs: () => number) {
    this.#lengthMs = lengthMs;
    this.#passedMs = passedMs;
  }

  get isHeld(): boolean {
    return this.#passedMs() < this.#until;
  }

  /** What was sent at this moment is in the database, and was not before. */
  extend(sentAt: number): void {
    this.#until = sentAt + this.#lengthMs * (1 - drift) - marginMs;
  }

  end(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }
}
