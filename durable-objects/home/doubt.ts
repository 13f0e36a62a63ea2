import type { EpochMs } from "../../src/foundation/ids.ts";
import { isFar } from "../../src/foundation/time/clock-jump.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";

/** An edge that was stopped for longer may have a wrong clock instead. */
const mostStoppedMs = dayMs;

/**
 * By how much the time of a home may be ahead of the true one, because one clock alone says so. What is
 * deleted for its age must be old without that.
 */
export class Doubt {
  #ms = 0;

  get ms(): number {
    return this.#ms;
  }

  /** A start, at `now`, with what was written last at `lastAt` (0: nothing ever was), in this doubt. */
  began(keptMs: number, lastAt: EpochMs, now: EpochMs): void {
    const stoppedMs = lastAt === 0 ? 0 : now - lastAt;
    this.#ms = Math.max(this.#ms, keptMs + (stoppedMs > mostStoppedMs ? stoppedMs : 0));
  }

  /** The time has gone on at once, with the machine's clock. */
  skipped(byMs: number): void {
    this.#ms += byMs;
  }

  /** The clock of another machine shows `at`. Returns whether that ends the doubt. */
  heard(at: EpochMs, now: EpochMs): boolean {
    if (this.#ms === 0 || isFar(at - now)) return false;
    this.#ms = 0;
    return true;
  }
}
