import type { Timers } from "./timers.ts";

/**
 * Calls `wake` once, within the shortest time that was asked for; then it waits to be asked again. To ask again can bring the
 * call forward, and never puts it off: no timer is ended before another one has come, whatever becomes of the clock.
 */
export class WakeTimer {
  readonly #timers: Timers;
  readonly #now: () => number;
  readonly #wake: () => void;
  #cancels: (() => void)[] = [];
  /** When the timer that was set last is due. */
  #at = Number.NEGATIVE_INFINITY;

  constructor(timers: Timers, now: () => number, wake: () => void) {
    this.#timers = timers;
    this.#now = now;
    this.#wake = wake;
  }

  wakeWithin(ms: number): void {
    const now = this.#now();
    // One that should have come by now may be long in coming: the clock was set forward.
    if (this.#at >= now && this.#at <= now + ms) return;
    this.#at = now + ms;
    const wake = () => {
      this.cancel();
      this.#wake();
    };
    this.#cancels.push(this.#timers.after(ms, wake));
  }

  cancel(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    this.#at = Number.NEGATIVE_INFINITY;
  }
}
