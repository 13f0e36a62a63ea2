import type { Topic } from "../../src/bridge/command-rules.ts";

interface Place<Item> {
  readonly item: Item;
  readonly topics: readonly Topic[];
  waitsFor: number;
  /** The item is over before its turn came: those behind it still wait for those before it. */
  isGone: boolean;
  readonly followers: Set<Place<Item>>;
}

interface Line<Item> {
  /** The last place that has the topic for itself, and those behind it that share the topic. */
  last: Place<Item> | null;
  readonly sharers: Set<Place<Item>>;
}

/**
 * Items go in order within each topic that one of them has for itself, and side by side otherwise. Costs the same however many wait, but
 * for an item that has for itself what others share.
 */
export class TopicQueue<Item> {
  readonly #places = new Map<Item, Place<Item>>();
  readonly #lines = new Map<string, Line<Item>>();

  get size(): number {
    return this.#places.size;
  }

  /** In order. */
  *items(): Generator<Item> {
    for (const { item, isGone } of this.#places.values()) if (!isGone) yield item;
  }

  /** Whether the item may go at once. */
  add(item: Item, topics: readonly Topic[]): boolean {
    const place: Place<Item> = { item, topics, waitsFor: 0, isGone: false, followers: new Set() };
    this.#places.set(item, place);
    for (const { name, isShared } of topics) {
      const line = this.#lines.get(name) ?? { last: null, sharers: new Set() };
      this.#lines.set(name, line);
      if (line.last) follow(line.last, place);
      if (isShared) line.sharers.add(place);
      else {
        for (const sharer of line.sharers) follow(sharer, place);
        line.sharers.clear();
        line.last = place;
      }
    }
    return place.waitsFor === 0;
  }

  /** The items behind this one that have for themselves a topic that it has for itself, in order. */
  *behind(item: Item): Generator<Item> {
    const first = this.#places.get(item);
    if (!first) return;
    for (const { name, isShared } of first.topics) {
      if (isShared) continue;
      for (let place = nextIn(name, first); place; place = nextIn(name, place)) if (!place.isGone) yield place.item;
    }
  }

  /** The items that may go now that this one is over. */
  remove(item: Item): Item[] {
    const place = this.#places.get(item);
    if (!place) return [];
    place.isGone = true;
    return place.waitsFor > 0 ? [] : this.#free(place);
  }

  #free(place: Place<Item>): Item[] {
    this.#places.delete(place.item);
    for (const { name } of place.topics) this.#leave(name, place);
    const free = [...place.followers].filter((follower) => --follower.waitsFor === 0);
    return free.flatMap((follower) => (follower.isGone ? this.#free(follower) : [follower.item]));
  }

  #leave(name: string, place: Place<Item>): void {
    const line = this.#lines.get(name);
    if (!line) return;
    if (line.last === place) line.last = null;
    line.sharers.delete(place);
    if (line.last === null && line.sharers.size === 0) this.#lines.delete(name);
  }
}

function follow<Item>(before: Place<Item>, place: Place<Item>): void {
  if (before.followers.has(place)) return;
  before.followers.add(place);
  place.waitsFor += 1;
}

/** The place behind this one that next has the topic for itself. */
function nextIn<Item>(topic: string, { followers }: Place<Item>): Place<Item> | null {
  for (const place of followers)
    if (place.topics.some(({ name, isShared }) => name === topic && !isShared)) return place;
  return null;
}
