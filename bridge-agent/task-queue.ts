interface Place<Item> {
  readonly item: Item;
  readonly topic: string | null;
  waitsFor: number;
  readonly followers: Place<Item>[];
}

/**
 * Who may go ahead: items of one topic go in order, those of different topics side by side, and an item without topic
 * goes alone. Costs the same however many wait, but for items without topic.
 */
export class TaskQueue<Item> {
  readonly #open = new Map<Item, Place<Item>>();
  readonly #lastOf = new Map<string, Place<Item>>();
  #barrier: Place<Item> | null = null;

  get size(): number {
    return this.#open.size;
  }

  /** Whether the item may go ahead at once. */
  add(item: Item, topic: string | null): boolean {
    const place: Place<Item> = { item, topic, waitsFor: 0, followers: [] };
    const before = topic === null ? this.#open.values() : [this.#lastOf.get(topic), this.#barrier];
    for (const other of before) {
      if (!other) continue;
      other.followers.push(place);
      place.waitsFor += 1;
    }
    this.#open.set(item, place);
    if (topic === null) this.#barrier = place;
    else this.#lastOf.set(topic, place);
    return place.waitsFor === 0;
  }

  /** The items that may go ahead now that this one is over. */
  done(item: Item): Item[] {
    const place = this.#open.get(item);
    if (!place) return [];
    this.#open.delete(item);
    if (this.#barrier === place) this.#barrier = null;
    if (place.topic !== null && this.#lastOf.get(place.topic) === place) this.#lastOf.delete(place.topic);
    const free = place.followers.filter((follower) => --follower.waitsFor === 0);
    return free.map((follower) => follower.item);
  }
}
