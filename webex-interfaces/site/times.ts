import { Refusal } from "./refusals.ts";

/** The site's time zones by their ids of the public schema: GMT offset in minutes, and the name. Without daylight saving. */
export interface TimeZone {
  readonly id: number;
  readonly offset: number;
  readonly name: string;
}

/** `MM/DD/YYYY HH:MM:SS`, as the XML API writes times; the seconds, or the whole time of day, may be left out. */
export function readTime(text: string, zone: TimeZone): number {
  const match = /^\s*(\d{1,2})\/(\d{1,2})\/(\d{4})(?:\s+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?\s*$/.exec(text);
  const [, month, day, year, hour = "0", minute = "0", second = "0"] = match ?? [];
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(time);
  // Of the years 0 to 99, Date makes those of 1900.
  const isDay = date.getUTCFullYear() === Number(year) && date.getUTCDate() === Number(day);
  const isReal = isDay && date.getUTCMonth() === Number(month) - 1 && Number(hour) < 24;
  if (!match || !isReal || Number(minute) > 59 || Number(second) > 59) {
    throw new Refusal("invalid", "a time must be MM/DD/YYYY HH:MM:SS");
  }
  return time - zone.offset * 60_000;
}

export function writeTime(at: number, zone: TimeZone): string {
  const [year = "", month = "", day = "", time = ""] = new Date(at + zone.offset * 60_000).toISOString().split(/[-T]/);
  return `${month}/${day}/${year} ${time.slice(0, 8)}`;
}
