import * as v from "valibot";
import type { EpochMs } from "../../foundation/ids.ts";
import { momentIn } from "../../foundation/time/zone.ts";
import type { ItemPage } from "../../rpc/conference.ts";

/** A flag parameter, such as `all=1`. */
export const flag = v.optional(v.pipe(v.picklist(["1", "true", ""]), v.description("1: yes")));

export function limitOf(most: number) {
  return v.pipe(
    v.number(),
    v.integer("must be a whole number"),
    v.minValue(1, `must be 1 to ${most}`),
    v.maxValue(most, `must be 1 to ${most}`),
    v.description("The most rows of a page. It can have fewer; only a null `next` marks the last page."),
  );
}

export function cursorOf(form: RegExp) {
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(form, "must be the `next` of the page before"),
      v.description("The `next` of the page before; without it, the first page."),
    ),
  );
}

export function paged(cursor: RegExp, most: number, usual: number) {
  return { cursor: cursorOf(cursor), limit: v.optional(limitOf(most), usual) };
}

/** Query parameters of a list whose rows have numbers. */
export function pagedRows(most: number, usual: number) {
  return paged(/^\d{1,17}$/, most, usual);
}

/** The position at which such a page begins; `null`: the first page. */
export function placeOf(cursor: string | undefined): number | null {
  return cursor === undefined ? null : Number(cursor);
}

/** The `next` of a page that ends at this position. */
export function cursorAt(place: number | null): string | null {
  return place === null ? null : String(place);
}

export const next = v.pipe(v.nullable(v.string()), v.description("`cursor` of the next page; null: last page."));

export interface Part {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** The same for a list that arrives in parts, each with the position of the next one. */
export async function gathered<Item>(
  partFrom: (from: number) => Promise<ItemPage<Item>>,
  { cursor = "0", limit }: Part = { limit: Number.POSITIVE_INFINITY },
): Promise<{ readonly page: readonly Item[]; readonly next: string | null }> {
  const items: Item[] = [];
  const from = Number(cursor);
  let next: number | null = from;
  while (next !== null && items.length < limit) {
    const part: ItemPage<Item> = await partFrom(next);
    for (const item of part.items) items.push(item);
    next = part.next;
  }
  if (items.length > limit) return { page: items.slice(0, limit), next: cursorAt(from + limit) };
  return { page: items, next: cursorAt(next) };
}

/** A time as users and programs write it; `in` converts it with the domain's zone. */
export function moment(what: string) {
  return v.pipe(
    v.string(),
    v.regex(
      /^(\d{1,15}|\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z?)?)$/,
      "must be milliseconds since 1970-01-01T00:00Z, UTC such as 2026-11-01T00:00Z, or a day or time of the domain's zone such as 2026-11-01",
    ),
    v.description(
      `${what} Milliseconds since 1970-01-01T00:00Z, UTC such as 2026-11-01T00:00Z, or a day (2026-11-01: its start) or time in the domain's \`timeZone\`.`,
    ),
    v.transform((text) => ({ in: (zone: string) => momentOf(text, zone) })),
    v.check((at) => !Number.isNaN(at.in("UTC")), "must be an existing day and time"),
  );
}

function momentOf(text: string, zone: string): EpochMs {
  if (/^\d+$/.test(text)) return Number(text);
  return text.endsWith("Z") ? Date.parse(text) : (momentIn(text, zone) ?? Number.NaN);
}

/** A text to find, in any spelling. */
export function sought(what: string) {
  return v.pipe(
    v.string(),
    v.regex(/\S/, "must not be empty"),
    v.maxLength(256, "must be at most 256 characters"),
    v.description(what),
  );
}

/** How numbers to find can be written, for the description. */
export const anySpelling =
  "In any spelling: `+`, signs between digits, a final `#`, `tel:`, `sip:`, angle brackets and an extension do not count. From 7 digits on, country and area code can be missing or added.";
