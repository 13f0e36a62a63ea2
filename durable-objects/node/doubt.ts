import type { EpochMs } from "../../src/foundation/ids.ts";
import { isFar } from "../../src/foundation/time/clock-jump.ts";

/** As it is on disk. */
export interface KeptDoubt {
  /** See `Doubt`. */
  readonly ms: number;
  /** How much time has ever gone on at once. */
  readonly skippedMs: number;
  /** So much of that is in doubt. */
  readonly unsureMs: number;
}

export const noDoubt: KeptDoubt = { ms: 0, skippedMs: 0, unsureMs: 0 };

/** As an operator answers for the time, and sets it back by so much: a skip in doubt was none, or less of one. */
export function answeredFor({ skippedMs, unsureMs }: KeptDoubt, byMs: number): KeptDoubt {
  const takenMs = Math.min(unsureMs, Math.max(0, byMs));
  return { ms: 0, skippedMs: skippedMs - takenMs, unsureMs: 0 };
}

/** What a disk has; `undefined`: none was ever kept. */
export function doubtIn(text: unknown): KeptDoubt {
  return text === undefined ? noDoubt : { ...noDoubt, ...JSON.parse(String(text)) };
}

/**
 * By how much the time of a runtime may be ahead of the true one, because one clock alone says so: what is
 * deleted for its age must be old without that. And by how much it has gone on at once: what lasts does not end by that.
 */
export class Doubt {
  #known = noDoubt;
  #kept = noDoubt;

  get ms(): number {
    return this.#known.ms;
  }

  get skippedMs(): number {
    return this.#known.skippedMs;
  }

  /** What is to be kept; `null`: it is. */
  get unkept(): KeptDoubt | null {
    const { ms, skippedMs } = this.#known;
    // The skips in doubt go with both.
    return ms === this.#kept.ms && skippedMs === this.#kept.skippedMs ? null : this.#known;
  }

  kept(kept: KeptDoubt): void {
    this.#kept = kept;
  }

  /**
   * Begins with what an earlier process or another edge has left on disk, and wrote there for the last time at `lastAt`
   * (0: nothing was ever written).
   */
  began(onDisk: KeptDoubt, lastAt: EpochMs, now: EpochMs): void {
    // A stop, or a wrong clock.
    const stoppedMs = lastAt === 0 ? 0 : now - lastAt;
    this.#kept = onDisk;
    this.#known = isFar(stoppedMs) && stoppedMs > 0 ? { ...onDisk, ms: onDisk.ms + stoppedMs } : onDisk;
  }

  /** Goes on with what this process has written last, or has tried to. */
  goesOn(onDisk: KeptDoubt): void {
    this.#kept = onDisk;
  }

  /** The time has gone on at once. */
  skipped(byMs: number): void {
    const { ms, skippedMs, unsureMs } = this.#known;
    this.#known = { ms: ms + byMs, skippedMs: skippedMs + byMs, unsureMs: unsureMs + byMs };
  }

  /** The clock of another machine shows `at`. Returns whether that ends the doubt. */
  heard(at: EpochMs, now: EpochMs): boolean {
    if (this.#known.ms === 0 || isFar(at - now)) return false;
    this.#known = { ...this.#known, ms: 0, unsureMs: 0 };
    return true;
  }
}
