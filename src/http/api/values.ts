import * as v from "valibot";

/** A time that somebody asks about, for people and for programs. */
export function moment(what: string) {
  return v.pipe(
    v.string(),
    v.regex(
      /^(\d{1,15}|\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)$/,
      "must be milliseconds since 1970-01-01T00:00Z, or UTC such as 2026-11-01T00:00Z",
    ),
    v.description(`${what} Milliseconds since 1970-01-01T00:00Z, or UTC such as 2026-11-01T00:00Z.`),
    v.transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text))),
    v.check((at) => !Number.isNaN(at), "must be a day of the calendar, and a time of the day"),
  );
}

/** How numbers that people look for may be written, for the description. */
export const anySpelling =
  "In any spelling: `+`, signs between digits and a `#` behind them do not count, and from 7 digits on it may lack country and area, or have what records lack.";
