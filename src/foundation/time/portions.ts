import type { Timers } from "./timers.ts";

/** So long work that can wait goes on at once. Then all else has the process for as long as that took, within limits. */
const WORKS_MS = 5;
const LEAST_REST_MS = 5;
const MOST_REST_MS = 50;

interface PortionPorts extends Timers {
  /** Milliseconds since some moment. */
  passedMs(): number;
}

/** Work of a process that can wait, some milliseconds at a time for all of it together. */
export class Portions {
  readonly #ports: PortionPorts;
  #begunAt = Number.NEGATIVE_INFINITY;
  /** Somebody works, or all rest after that. */
  #isBusy = false;
  readonly #waiting: (() => void)[] = [];

  constructor(ports: PortionPorts) {
    this.#ports = ports;
  }

  /** Asked before each piece of work: resolves at once within a portion, else when it has its own. */
  async giveWay(): Promise<void> {
    if (this.#ports.passedMs() < this.#begunAt + WORKS_MS) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      if (this.#isBusy) return;
      this.#isBusy = true;
      this.#ports.after(0, () => this.#begin());
    });
  }

  #begin(): void {
    const next = this.#waiting.shift();
    this.#isBusy = next !== undefined;
    if (!next) return;
    const { after, passedMs } = this.#ports;
    this.#begunAt = passedMs();
    next();
    // Fires behind the work that goes on by it, however long that takes.
    after(0, () => {
      const tookMs = passedMs() - this.#begunAt;
      after(Math.min(Math.max(LEAST_REST_MS, tookMs), MOST_REST_MS), () => this.#begin());
    });
  }
}
