import type { EpochMs } from "../src/foundation/ids.ts";
import { SteadyClock } from "../src/foundation/steady-clock.ts";

interface Platform {
  now(): EpochMs;
  setAlarm(at: EpochMs): void;
}

/** An object's time, which never goes back, and its one alarm; what the platform has of both is on the machine's clock. */
export class ObjectClock {
  readonly #platform: Platform;
  readonly #steady = new SteadyClock();
  /** On the machine's clock. */
  #alarmAt: EpochMs | null = null;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  readonly now = (): EpochMs => this.#steady.at(this.#platform.now());

  /** As of `SteadyClock`. */
  notBefore(time: EpochMs, aheadMs?: number): void {
    this.#steady.notBefore(time, aheadMs);
  }

  get aheadMs(): number {
    return this.#steady.aheadMs;
  }

  /** The alarm has come, and is set no more. */
  rang(): void {
    this.#alarmAt = null;
  }

  /** Sees to it that the alarm comes by this time. Each alarm set costs a row: an earlier one does. */
  wakeBy(time: EpochMs): void {
    const now = this.#steady.onMachine(this.now());
    const at = this.#steady.onMachine(time);
    const set = this.#alarmAt;
    // One that should have come by now may be long in coming: the clock was set forward.
    if (set !== null && set <= at && set >= now) return;
    this.#alarmAt = at;
    this.#platform.setAlarm(at);
  }
}
