import type { Timers } from "./timers.ts";

/** Calls `wake` once, within the shortest time asked for: to ask again brings it forward, and never puts it off. */
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
