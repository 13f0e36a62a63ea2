import type { EpochMs } from "../../src/foundation/ids.ts";
import { isFar } from "../../src/foundation/time/clock-jump.ts";

/** Skips beyond these, the oldest, count as time that has passed. */
const mostSkips = 10;

/** The time has gone on at once, by `ms` and up to `to`. */
interface Skip {
  readonly to: EpochMs;
  readonly ms: number;
}

/** As it is on disk. */
export interface KeptDoubt {
  /** See `Doubt`. */
  readonly ms: number;
  readonly skips: readonly Skip[];
}

export const noDoubt: KeptDoubt = { ms: 0, skips: [] };

/**
 * By how much the time of a home may be ahead of the true one, because one clock alone says so: what is
 * deleted for its age must be old without that. And where it has gone on at once: what lasts does not end by that.
 */
export class Doubt {
  #known = noDoubt;
  #kept = noDoubt;

  get ms(): number {
    return this.#known.ms;
  }

  /** What is to be kept; `null`: it is. */
  get unkept(): KeptDoubt | null {
    return this.#known === this.#kept ? null : this.#known;
  }

  kept(kept: KeptDoubt): void {
    this.#kept = kept;
  }

  /**
   * A start, at `now`, with what this or another edge has left on disk, written the last time at `lastAt`
   * (0: nothing ever was).
   */
  began(onDisk: KeptDoubt, lastAt: EpochMs, now: EpochMs): void {
    // A stop, or a wrong clock.
    const stoppedMs = lastAt === 0 ? 0 : now - lastAt;
    const unkeptMs = Math.max(0, this.#known.ms - this.#kept.ms);
    const ms = onDisk.ms + unkeptMs + (isFar(stoppedMs) && stoppedMs > 0 ? stoppedMs : 0);
    const skips = this.#known.skips.filter((skip) => !this.#kept.skips.includes(skip));
    this.#kept = onDisk;
    this.#known = ms === onDisk.ms && skips.length === 0 ? onDisk : { ms, skips: [...onDisk.skips, ...skips] };
  }

  /** The time has gone on at once, up to `now`. */
  skipped(byMs: number, now: EpochMs): void {
    const { ms, skips } = this.#known;
    this.#known = { ms: ms + byMs, skips: [...skips, { to: now, ms: byMs }].slice(-mostSkips) };
  }

  /** How much time has gone on at once behind `since`. */
  skippedMs(since: EpochMs): number {
    let ms = 0;
    for (const skip of this.#known.skips) if (skip.to > since) ms += skip.ms;
    return ms;
  }

  /** The clock of another machine shows `at`. Returns whether that ends the doubt. */
  heard(at: EpochMs, now: EpochMs): boolean {
    if (this.#known.ms === 0 || isFar(at - now)) return false;
    this.#known = { ...this.#known, ms: 0 };
    return true;
  }
}
