/** Carries out what has the same key one after the other, in the order in which it was asked for. */
export class KeyedMutex {
  /** The end of the last one of each key. */
  readonly #last = new Map<string, Promise<unknown>>();

  run<Value>(key: string, action: () => Promise<Value>): Promise<Value> {
    const result = (this.#last.get(key) ?? Promise.resolve()).then(action);
    const settled = result.then(
      () => {},
      () => {},
    );
    this.#last.set(key, settled);
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return result;
  }
}
