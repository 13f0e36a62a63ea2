/** Several values under each key; keys without values take no memory. */
export class MultiMap<Key, Value> {
  readonly #values = new Map<Key, Set<Value>>();

  /** In the order in which they were added. */
  get(key: Key): ReadonlySet<Value> {
    return this.#values.get(key) ?? new Set();
  }

  has(key: Key): boolean {
    return this.#values.has(key);
  }

  add(key: Key, value: Value): void {
    const values = this.#values.get(key);
    if (values) values.add(value);
    else this.#values.set(key, new Set([value]));
  }

  delete(key: Key, value: Value): void {
    const values = this.#values.get(key);
    values?.delete(value);
    if (values?.size === 0) this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }
}
