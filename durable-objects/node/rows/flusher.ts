/** Writes all changes of one callback and its promises in one flush. Changes during a flush go into the next one. */
export class Flusher {
  readonly #write: () => Promise<void>;
  readonly #soon: (run: () => void) => void;
  #next: PromiseWithResolvers<void> | null = null;
  #current: Promise<void> | null = null;

  /**
   * `write` writes all changes. It never rejects, because an edge that cannot write ends. `soon`: see
   * `RuntimePorts`.
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

  /** Resolves once everything written so far is on disk. `null` if it is now. */
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
