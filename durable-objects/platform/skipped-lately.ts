import type { EpochMs } from "../../src/foundation/ids.ts";
import type { KeptValues } from "./object-place.ts";
import { doubtOf, type Platform, skippedOf } from "./platform.ts";

export interface SkippedPorts extends Pick<Platform, "now" | "skippedMs" | "doubtMs"> {
  readonly kept: KeptValues;
}

/** Two totals of what has ever gone on at once: when the last span began, and the one before it. */
interface Kept {
  /** By a clock without what was skipped. */
  readonly since: EpochMs;
  readonly lastMs: number;
  readonly beforeMs: number;
}

const none: Kept = { since: 0, lastMs: 0, beforeMs: 0 };
const key = "skippedLately";

/** By how much what an object has written looks older than it is, as its clock was set right since. */
export class SkippedLately {
  readonly #ports: SkippedPorts;

  constructor(ports: SkippedPorts) {
    this.#ports = ports;
  }

  /** Time that went on at once no longer ago than this, and some that did so up to twice as long ago. */
  ms(spanMs: number): number {
    const everMs = skippedOf(this.#ports);
    const kept = this.#ports.kept.get<Kept>(key) ?? none;
    const next = this.#next(kept, everMs, spanMs);
    if (next !== kept) this.#ports.kept.put(key, next);
    return everMs - next.beforeMs;
  }

  #next(kept: Kept, everMs: number, spanMs: number): Kept {
    const { since, lastMs, beforeMs } = kept;
    // Less was ever skipped where an operator has set the time back.
    if (lastMs > everMs) return { since, lastMs: everMs, beforeMs: Math.min(beforeMs, everMs) };
    // One clock alone ends no span.
    const isOver = this.#ports.now() - everMs - since >= spanMs && doubtOf(this.#ports) === 0;
    return isOver && beforeMs !== everMs
      ? { since: this.#ports.now() - everMs, lastMs: everMs, beforeMs: lastMs }
      : kept;
  }
}
