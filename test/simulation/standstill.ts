import type { Timers } from "../../src/foundation/time/timers.ts";

/** Whether a process stands still, and what has come for it meanwhile. */
export class Standstill {
  readonly #timers: Timers;
  #waiting: (() => void)[] | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isOn(): boolean {
    return this.#waiting !== null;
  }

  begin(): void {
    this.#waiting ??= [];
  }

  /** What has come happens now: one after the other, each with all that follows from it, as the event loop would do it. */
  end(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const run of waiting) this.#timers.after(0, run);
  }

  /** The process has died, and with it all that waits. */
  clear(): void {
    this.#waiting = null;
  }

  /** Runs it when the process goes on; false: the process runs. */
  holds(run: () => void): boolean {
    this.#waiting?.push(run);
    return this.isOn;
  }
}
