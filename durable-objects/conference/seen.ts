import type { EpochMs } from "../../src/foundation/ids.ts";

/** Which documents were taken, and when, the oldest first (protocol T38, T40). */
export class Seen {
  readonly #takenAt: Map<string, EpochMs>;

  constructor(taken: Iterable<readonly [string, EpochMs]> = []) {
    this.#takenAt = new Map(taken);
  }

  has(transId: string, now: EpochMs, memoryMs: number): boolean {
    const takenAt = this.#takenAt.get(transId);
    return takenAt !== undefined && now - takenAt < memoryMs;
  }

  /** Those whose time is over are forgotten on the way. */
  add(transId: string, at: EpochMs, memoryMs: number): void {
    this.#takenAt.delete(transId);
    this.#takenAt.set(transId, at);
    for (const [oldest, takenAt] of this.#takenAt) {
      if (at - takenAt < memoryMs) return;
      this.#takenAt.delete(oldest);
    }
  }
}
