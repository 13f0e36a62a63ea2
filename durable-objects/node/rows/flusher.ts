/** What is written in one turn of the event loop goes to disk together; what is written meanwhile goes with the next flush. */
export class Flusher {
  readonly #write: () => Promise<void>;
  readonly #soon: (run: () => void) => void;
  #next: PromiseWithResolvers<void> | null = null;
  #current: Promise<void> | null = null;

  /**
   * `write`: writes all that has changed. It never rejects: an edge that cannot write ends. `soon`: runs something once all
   * that is due in this turn of the event loop has run.
   */
  constructor(write: () => Promise<void>, soon: (run: () => void) => void) {
    this.#write = write;
    this.#soon = soon;
  }

  changed(): void {
    if (this.#next) return;
    this.#next = Promise.withResolvers();
    if (!this.#current) this.#soon(() => void this.#flush());
  }

  /** Resolves once all that was written so far is on disk; `null`: it is. */
  get pending(): Promise<void> | null {
    return this.#next?.promise ?? this.#current;
  }

  async #flush(): Promise<void> {
    for (let next = this.#next; next; next = this.#next) {
      this.#next = null;
      this.#current = next.promise;
      await this.#write();
      next.resolve();
    }
    this.#current = null;
  }
}
