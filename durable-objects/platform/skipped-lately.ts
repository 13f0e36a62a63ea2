import type { EpochMs } from "../../src/foundation/ids.ts";
import type { KeptValues } from "./object-place.ts";
import { type Platform, skippedOf } from "./platform.ts";

/** Two totals of what has ever gone on at once: when the last span began, and the one before it. */
interface Kept {
  /** By a clock without what was skipped. */
  readonly since: EpochMs;
  readonly lastMs: number;
  readonly beforeMs: number;
}

const none: Kept = { since: 0, lastMs: 0, beforeMs: 0 };
const key = "skippedLately";

/** By how much what an object has written looks older than it is: a clock that was set right makes nothing old that has just been written. */
export class SkippedLately {
  readonly #ports: Pick<Platform, "now" | "skippedMs"> & { readonly kept: KeptValues };

  constructor(ports: Pick<Platform, "now" | "skippedMs"> & { readonly kept: KeptValues }) {
    this.#ports = ports;
  }

  /** Time that went on at once no longer ago than this, and some that did so up to twice as long ago. */
  ms(spanMs: number): number {
    const everMs = skippedOf(this.#ports);
    if (everMs === 0) return 0;
    const now = this.#ports.now() - everMs;
    let kept = this.#ports.kept.get<Kept>(key) ?? none;
    if (now - kept.since >= spanMs && (kept.lastMs !== everMs || kept.beforeMs !== everMs)) {
      kept = { since: now, lastMs: everMs, beforeMs: kept.lastMs };
      this.#ports.kept.put(key, kept);
    }
    // Less was ever skipped where an operator has set the time back.
    return Math.max(0, everMs - kept.beforeMs);
  }
}
