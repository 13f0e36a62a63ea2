import type { Timers } from "../../src/foundation/timers.ts";

/** Time that passes only when a test says so. */
export class ManualTimers implements Timers {
  private now = 0;
  private waiting: { readonly at: number; readonly run: () => void }[] = [];

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.now + ms, run };
    this.waiting.push(entry);
    return () => {
      this.waiting = this.waiting.filter((other) => other !== entry);
    };
  }

  /** Runs what falls due, in the order of time. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (let next = this.nextUpTo(until); next !== undefined; next = this.nextUpTo(until)) {
      const due = next;
      this.waiting = this.waiting.filter((other) => other !== due);
      this.now = due.at;
      due.run();
    }
    this.now = until;
  }

  /** How long until each of what is waiting, the soonest first. */
  due(): number[] {
    return this.waiting.map(({ at }) => at - this.now).sort((a, b) => a - b);
  }

  private nextUpTo(until: number) {
    return this.waiting.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  }
}
