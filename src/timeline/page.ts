import { isRecord } from "../foundation/record.ts";
import type { ItemPage } from "../rpc/conference.ts";

/** In bytes, as JSON. */
const MOST_LENGTH = 200_000;
/** Of each list and text in an item that is longer than a page. */
const MOST_LISTED = 50;
const MOST_TEXT = 2_000;
const encoder = new TextEncoder();

/** What one answer holds: at least one item, cut where it is longer than a page. */
export class Page<Item extends object> {
  readonly items: Item[] = [];
  #length = 0;

  /** Returns false if the item does not fit. */
  add(item: Item): boolean {
    const length = encoder.encode(JSON.stringify(item)).length;
    if (this.items.length > 0 && this.#length + length > MOST_LENGTH) return false;
    this.items.push(length > MOST_LENGTH ? { ...(cut(item) as Item), isCut: true } : item);
    this.#length += length;
    return true;
  }
}

/** Some of a list from this place on, as much as one answer may hold, and at least one. */
export function pageFrom<Item extends object>(items: readonly Item[], from: number): ItemPage<Item> {
  const page = new Page<Item>();
  const rest = items.slice(from);
  const left = rest.findIndex((item) => !page.add(item));
  return { items: page.items, next: left < 0 ? null : from + left };
}

function cut(value: unknown): unknown {
  if (typeof value === "string") return value.length > MOST_TEXT ? `${value.slice(0, MOST_TEXT)}…` : value;
  if (Array.isArray(value)) return value.slice(0, MOST_LISTED).map(cut);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, cut(part)]));
}
