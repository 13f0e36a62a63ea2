import type { EpochMs } from "../src/foundation/ids.ts";

/** Commits all items in one transaction, or throws and leaves nothing of any of them. */
type Commit<Item> = (items: readonly Item[]) => void;

interface Clock {
  now(): EpochMs;
  wait(ms: number): Promise<void>;
}

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Pause after which the next item is taken for a lone one. */
const loneAfterMs = 5;

/**
 * A lone item is committed at once. What comes close after another one, within one turn of the event loop, is committed
 * together: one flush to disk for all of it. Where that fails, each item is tried alone, so that none can fail its neighbours.
 */
export class GroupCommit<Item> {
  readonly #commit: Commit<Item>;
  readonly #clock: Clock;
  readonly #remedy: (error: unknown) => Promise<boolean>;
  #queue: Waiting<Item>[] = [];
  #running = false;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** `remedy` removes the cause of a failed commit, if it can: then the same items are tried again. */
  constructor(commit: Commit<Item>, clock: Clock, remedy: (error: unknown) => Promise<boolean> = async () => false) {
    this.#commit = commit;
    this.#clock = clock;
    this.#remedy = remedy;
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
    let lone = now - this.#lastAt > loneAfterMs;
    this.#lastAt = now;
    while (this.#queue.length > 0) {
      if (!lone) await this.#clock.wait(0);
      lone = false;
      const batch = this.#queue;
      this.#queue = [];
      await this.#settle(batch);
    }
    this.#running = false;
  }

  async #settle(batch: readonly Waiting<Item>[]): Promise<void> {
    try {
      this.#commit(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (await this.#remedy(error)) return this.#settle(batch);
      const [only, ...others] = batch;
      if (only && others.length === 0) only.reject(error);
      else for (const one of batch) await this.#settle([one]);
    }
  }
}
