import { momentIn, zonedDay } from "../src/foundation/time/zone.ts";

const dayMs = 86_400_000;

/**
 * A moment as people write it: a day (its start in the zone), date and time in the zone or with an offset of their own, or a time of the day there (`02:40`,
 * `02:40:15`, `02:40:15.5`): the last one that is not after `now`, or with `notBefore` the first one that is not before that. In milliseconds since 1970;
 * `null` for anything else.
 */
export function clockTime(text: string, now: number, zone: string, notBefore?: number): number | null {
  const [, hour, rest] = /^(\d|[01]\d|2[0-3])(:[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?)$/.exec(text) ?? [];
  if (hour === undefined) {
    const isOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d)$/.test(text);
    return isOffset ? Date.parse(text) || null : momentIn(text, zone);
  }
  const from = notBefore ?? now;
  // By the calendar: a day on which the clock is changed has 23 or 25 hours.
  const day = Date.parse(zonedDay(from, zone));
  const times = [-dayMs, 0, dayMs].flatMap((ms) => {
    return momentIn(`${zonedDay(day + ms, "UTC")}T${hour.padStart(2, "0")}${rest}`, zone) ?? [];
  });
  const found = notBefore === undefined ? times.findLast((at) => at <= now) : times.find((at) => at >= notBefore);
  return found ?? null;
}
