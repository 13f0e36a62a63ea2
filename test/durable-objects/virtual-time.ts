interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes only when told to, so that an hour takes no time and each run is like the one before. */
export class VirtualTime {
  now = Date.UTC(2026, 0, 1, 12);
  #timers: Timer[] = [];

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.push({ at: this.now + ms, run: resolve }));
  }

  at(time: number, run: () => void): void {
    this.#timers.push({ at: Math.max(time, this.now), run });
  }

  /** Lets this much time pass, and everything happen that falls into it. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settled();
    for (;;) {
      const next = this.#timers.reduce<Timer | null>((first, one) => (first && first.at <= one.at ? first : one), null);
      if (!next || next.at > until) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.now = next.at;
      next.run();
      await settled();
    }
    this.now = until;
  }
}

/** One turn of the real event loop: by then every promise that can go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
