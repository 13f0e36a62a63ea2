import type { EpochMs } from "../foundation/ids.ts";

/** Keys that were seen, and when. A key that was seen too long ago counts as unseen. Beyond `most` keys, the oldest goes. */
export class Seen<Key, Value = null> {
  readonly #most: number;
  readonly #entries: Map<Key, { readonly value: Value; readonly at: EpochMs }>;

  constructor(most: number, entries: readonly (readonly [Key, Value, EpochMs])[] = []) {
    this.#most = most;
    this.#entries = new Map(entries.map(([key, value, at]) => [key, { value, at }]));
  }

  /** `undefined`: it was not seen since then. */
  get(key: Key, since: EpochMs): Value | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.at > since ? entry.value : undefined;
  }

  /** The keys that go when this one is added, and when they were seen: old ones, those beyond `most`, and the key itself. */
  outdated(key: Key, since: EpochMs): readonly (readonly [Key, EpochMs])[] {
    const old = new Map<Key, EpochMs>();
    for (const [oldest, { at }] of this.#entries) {
      if (at > since && this.#entries.size - old.size < this.#most) break;
      old.set(oldest, at);
    }
    const same = this.#entries.get(key);
    if (same) old.set(key, same.at);
    return [...old];
  }

  add(key: Key, value: Value, at: EpochMs, since: EpochMs): void {
    for (const [old] of this.outdated(key, since)) this.#entries.delete(old);
    this.#entries.set(key, { value, at });
  }
}
