import { type Timers, within } from "../../src/foundation/time/timers.ts";

interface KeyedQueueOptions<Key, Job> {
  readonly timers: Timers;
  /** How long a job may take; then the next one begins, whatever becomes of the first. */
  readonly limitMs: number;
  /** How many keys may have jobs at a time. */
  readonly maxKeys: number;
  run(key: Key, job: Job): Promise<void>;
  /** Nobody waits for a job, so its errors come here. */
  failed(key: Key, error: unknown): void;
  /** Adds a job to those that wait for a key; may merge jobs, or drop some. */
  join(waiting: readonly Job[], job: Job): readonly Job[];
}

/** Runs one job at a time for each key, in order, and different keys side by side. */
export class KeyedQueue<Key, Job> {
  readonly #options: KeyedQueueOptions<Key, Job>;
  readonly #waiting = new Map<Key, readonly Job[]>();

  constructor(options: KeyedQueueOptions<Key, Job>) {
    this.#options = options;
  }

  /** False: too many keys have jobs, and this one is dropped. */
  add(key: Key, job: Job): boolean {
    const waiting = this.#waiting.get(key);
    if (!waiting && this.#waiting.size >= this.#options.maxKeys) return false;
    this.#waiting.set(key, this.#options.join(waiting ?? [], job));
    // The jobs that come in this turn are joined first.
    if (!waiting) queueMicrotask(() => this.#work(key));
    return true;
  }

  async #work(key: Key): Promise<void> {
    const { timers, limitMs } = this.#options;
    for (;;) {
      const [job, ...others] = this.#waiting.get(key) ?? [];
      if (job === undefined) break;
      this.#waiting.set(key, others);
      try {
        await within(timers, limitMs, "the answer", this.#options.run(key, job));
      } catch (error) {
        this.#options.failed(key, error);
      }
    }
    this.#waiting.delete(key);
  }
}
