import * as v from "valibot";
import type { EpochMs } from "../../foundation/ids.ts";
import { momentIn } from "../../foundation/time/zone.ts";

/** A time that somebody asks about, for people and for programs; `in` says when it is in the domain's zone. */
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
    v.check((at) => !Number.isNaN(at.in("UTC")), "must be a day of the calendar, and a time of the day"),
  );
}

function momentOf(text: string, zone: string): EpochMs {
  if (/^\d+$/.test(text)) return Number(text);
  return text.endsWith("Z") ? Date.parse(text) : (momentIn(text, zone) ?? Number.NaN);
}

/** How numbers that people look for may be written, for the description. */
export const anySpelling =
  "In any spelling: a `+`, signs between digits, a `#` at the end, `tel:` and `sip:`, angle brackets and an extension do not count, and from 7 digits on it may lack country and area, or have what records lack.";
