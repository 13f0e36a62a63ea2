import { wait } from "../src/foundation/timers.ts";
import type { Platform } from "./platform.ts";

/** Commits all items in one transaction, or throws and leaves nothing of any of them. */
type Commit<Item> = (items: readonly Item[]) => void;

type Clock = Pick<Platform, "now" | "after">;

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Pause after which the next item counts as a lone one. */
const loneAfterMs = 5;

/**
 * Commits a lone item at once. Items that come close after another one, within one turn of the event loop, are committed
 * together: one flush to disk for all. When that fails, each item is tried alone, so that none can fail its neighbours.
 */
export class GroupCommit<Item> {
  readonly #commit: Commit<Item>;
  readonly #clock: Clock;
  #queue: Waiting<Item>[] = [];
  #running = false;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(commit: Commit<Item>, clock: Clock) {
    this.#commit = commit;
    this.#clock = clock;
  }

  /** Whether nothing waits. */
  get isIdle(): boolean {
    return !this.#running;
  }

  /** Resolves when the item is committed; rejects when it cannot be. */
  submit(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, resolve, reject });
      if (!this.#running) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    const now = this.#clock.now();
    let isLone = now - this.#lastAt > loneAfterMs;
    this.#lastAt = now;
    while (this.#queue.length > 0) {
      if (!isLone) await wait(this.#clock, 0);
      isLone = false;
      const batch = this.#queue;
      this.#queue = [];
      this.#settle(batch);
    }
    this.#running = false;
  }

  #settle(batch: readonly Waiting<Item>[]): void {
    try {
      this.#commit(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      const [only, ...others] = batch;
      if (only && others.length === 0) only.reject(error);
      else for (const one of batch) this.#settle([one]);
    }
  }
}
