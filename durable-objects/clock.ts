import type { EpochMs } from "../src/foundation/ids.ts";
import { SteadyClock } from "../src/foundation/steady-clock.ts";

interface Platform {
  now(): EpochMs;
  /** Replaces the one alarm there is; part of the transaction of the same turn. */
  setAlarm(at: EpochMs): void;
}

/** A smaller step of the machine's clock is not worth a row. */
const noticedMs = 1000;
/** Until an alarm that is further away, the machine's clock may be set forward, and the alarm comes no sooner for that. */
const furthestMs = 5 * 60_000;

/**
 * An object's time and its one alarm. The time never goes back, in this life or the next; a deadline is noticed within five
 * minutes even if the machine's clock is set forward or back meanwhile. The platform's clock and alarm are the machine's.
 */
export class Clock {
  readonly #platform: Platform;
  readonly #steady = new SteadyClock();
  readonly #keepAheadMs: (aheadMs: number) => void;
  #keptAheadMs: number;
  /** On the machine's clock. */
  #alarmAt: EpochMs | null = null;

  /**
   * `lastAt` and `aheadMs` are what an earlier life has written down: when it committed last, and by how much its time was
   * ahead of the machine's clock. `keepAheadMs` writes that down for the next life.
   */
  constructor(platform: Platform, lastAt: EpochMs, aheadMs = 0, keepAheadMs: (aheadMs: number) => void = () => {}) {
    this.#platform = platform;
    this.#steady.notBefore(lastAt, aheadMs);
    this.#keptAheadMs = aheadMs;
    this.#keepAheadMs = keepAheadMs;
  }

  readonly now = (): EpochMs => this.#steady.at(this.#platform.now());

  /** The alarm has come, and is not set any more. */
  alarmFired(): void {
    this.#alarmAt = null;
  }

  /** A time by which the alarm must be set for a deadline, so that the deadline is noticed in time. */
  lookAt(deadline: EpochMs): EpochMs {
    return Math.min(deadline, this.now() + furthestMs);
  }

  /** Sees to it that the alarm comes by this time. Setting an alarm costs a row, so an earlier one will do. */
  wakeBy(time: EpochMs): void {
    const now = this.#steady.onMachine(this.now());
    const at = this.#steady.onMachine(time);
    // Else each life would begin when the last input was committed, and what is due much later would never come.
    if (this.#steady.aheadMs > this.#keptAheadMs + noticedMs) {
      this.#keptAheadMs = this.#steady.aheadMs;
      this.#keepAheadMs(this.#keptAheadMs);
    }
    const set = this.#alarmAt;
    // An alarm that should have come by now may be long in coming: the clock was set forward.
    if (set !== null && set <= at && set >= now) return;
    this.#alarmAt = at;
    this.#platform.setAlarm(at);
  }
}
