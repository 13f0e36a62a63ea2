import type { EpochMs } from "../ids.ts";

/** Most domains have this one, and the first format of a process takes 40 ms to make. */
const UTC = "UTC";
const formats = new Map<string, Intl.DateTimeFormat>();

/** Makes one of a zone once: that takes longer than all else here. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    ...{ timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit" },
    ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", era: "short" },
  } as const);
  formats.set(zone, made);
  return made;
}

/** Whether it is a time zone by its IANA name, as `Europe/Berlin`, or UTC. An offset such as `+01:00` is none: it has no summer time. */
export function isTimeZone(name: string): boolean {
  if (name === UTC) return true;
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

/** Date and time of the day in a zone, as if it were UTC. */
function wallClock(at: EpochMs, zone: string): EpochMs {
  if (zone === UTC) return at;
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const seconds = Date.UTC(
    ...([Number(parts.year), Number(parts.month) - 1, Number(parts.day)] as const),
    ...([Number(parts.hour), Number(parts.minute), Number(parts.second)] as const),
  );
  return seconds + (((at % 1_000) + 1_000) % 1_000);
}

/** `2026-10-25T02:30:00.000+01:00`: the time in a zone, with its offset from UTC. */
export function zonedTime(at: EpochMs, zone: string): string {
  const local = wallClock(at, zone);
  const minutes = Math.round((local - at) / 60_000);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const offset = `${minutes < 0 ? "-" : "+"}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
  return new Date(local).toISOString().replace("Z", offset);
}

/** The day in a zone: `2026-10-25`. */
export function zonedDay(at: EpochMs, zone: string): string {
  return new Date(wallClock(at, zone)).toISOString().slice(0, 10);
}

/** No zone is further from UTC. */
const FURTHEST_MS = 26 * 3_600_000;

/** When a time of the day comes in a zone: for one that the clock skips, when it skips it, and for one that comes twice, the first. */
function zonedStart(local: EpochMs, zone: string): EpochMs {
  let [before, from] = [local - FURTHEST_MS, local + FURTHEST_MS];
  const both = [before, from].map((at) => local - (wallClock(at, zone) - at));
  const fitting = both.filter((at) => wallClock(at, zone) === local);
  if (fitting.length > 0) return Math.min(...fitting);
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (wallClock(middle, zone) >= local) from = middle;
    else before = middle;
  }
  return from;
}

/**
 * When this begins in a zone: a day (`2026-11-01`), or a time of a day (`2026-11-01T02:40`); `null`: there is no such day. Each moment is of one day: a
 * day on which the clock is changed has 23 or 25 hours, and one that a zone has left out has none.
 */
export function momentIn(text: string, zone: string): EpochMs | null {
  const [, day, clock = "T00:00"] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)?$/.exec(text) ?? [];
  if (day === undefined) return null;
  const local = Date.parse(`${day}${clock}Z`);
  // The clock of the language takes the 31st of a short month for the 1st of the next one.
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 10) !== day) return null;
  return zonedStart(local, zone);
}

/** The day behind this one in the calendar; `null`: this is none. */
export function nextDay(day: string): string | null {
  const at = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00Z`) : Number.NaN;
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day) return null;
  return new Date(at + 86_400_000).toISOString().slice(0, 10);
}

/** The first day of a month (`2026-10`), and of the next one; `null`: there is no such month. */
export function daysOfMonth(month: string): { readonly since: string; readonly until: string } | null {
  const [, year, number] = /^([1-8]\d{3})-(0[1-9]|1[0-2])$/.exec(month) ?? [];
  if (year === undefined || number === undefined) return null;
  return {
    since: `${month}-01`,
    until: new Date(Date.UTC(Number(year), Number(number), 1)).toISOString().slice(0, 10),
  };
}
