/** A map with changes laid over it. */
export class Overlay<Key extends string, Value> {
  readonly changes = new Map<Key, Value | null>();
  readonly #base: ReadonlyMap<Key, Value>;

  constructor(base: ReadonlyMap<Key, Value>) {
    this.#base = base;
  }

  get(key: Key): Value | undefined {
    const changed = this.changes.get(key);
    return changed === undefined ? this.#base.get(key) : (changed ?? undefined);
  }

  set(key: Key, value: Value): void {
    this.changes.set(key, value);
  }

  delete(key: Key): void {
    if (this.#base.has(key)) this.changes.set(key, null);
    else this.changes.delete(key);
  }

  values(): Value[] {
    return this.entries().map(([, value]) => value);
  }

  /** A copy: a loop may change the entries that it walks over. */
  entries(): [Key, Value][] {
    const entries: [Key, Value][] = [];
    for (const [key, value] of this.#base) {
      const changed = this.changes.get(key);
      if (changed === undefined) entries.push([key, value]);
      else if (changed !== null) entries.push([key, changed]);
    }
    for (const [key, value] of this.changes) if (value !== null && !this.#base.has(key)) entries.push([key, value]);
    return entries;
  }

  find(matches: (value: Value) => boolean): Value | undefined {
    for (const [key, value] of this.#base) {
      const current = this.changes.has(key) ? this.changes.get(key) : value;
      if (current && matches(current)) return current;
    }
    for (const [key, value] of this.changes) if (value && !this.#base.has(key) && matches(value)) return value;
    return undefined;
  }

  clear(): void {
    for (const key of [...this.#base.keys(), ...this.changes.keys()]) this.delete(key);
  }
}

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
