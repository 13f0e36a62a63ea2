import type { EpochMs } from "../foundation/ids.ts";
import { dayMs } from "../foundation/time/timers.ts";

/** 1970-01-01 by the count of protocol T32: its ordinal 719,163 and 1,721,424. */
const firstDay = 2_440_587;
const prefixes = 100_000;
const sequences = 1_000_000;
/** How often the sequence may begin in one day. */
const laps = 10;
/** 27 years. */
const lapDays = prefixes / laps;

/** How many different TransIDs, and as many MsgIDs, one day has. */
export const idsPerDay = laps * sequences;

/** The place of the first id of a day (UTC) among all ids. */
export function firstPlaceOf(at: EpochMs): number {
  return Math.floor(at / dayMs) * idsPerDay;
}

/** A place of the day that rises with its time: a million in all, eleven a second. */
export function placeByTime(at: EpochMs): number {
  return firstPlaceOf(at) + Math.floor(((at % dayMs) / dayMs) * sequences);
}

/**
 * The place where a restored state begins, of which the ids before `known` were used. It is in the day's next sequence, since the lost
 * state can have gone on in this one, and by the time of the day, since the same backup can have been restored before.
 */
export function placeAfterRestore(known: number, at: EpochMs): number {
  const lap = Math.max(0, Math.floor((known - firstPlaceOf(at)) / sequences));
  return placeByTime(at) + Math.min(lap + 1, laps - 1) * sequences;
}

/**
 * The TransID or MsgID at this place: the last five digits of the day's Julian date, then six digits of the sequence
 * (protocol T31, T32, section 5, row 18). After 999999 the sequence begins again (protocol T35), with the five digits of the
 * day 27 years later, since WebEx may still remember the same id of this day.
 */
export function idAt(place: number): number {
  const day = Math.floor(place / idsPerDay);
  const lap = Math.floor((place % idsPerDay) / sequences);
  return ((firstDay + day + lap * lapDays) % prefixes) * sequences + (place % sequences);
}

/** How many ids from this place on are consecutive numbers. */
export function runFrom(place: number): number {
  return sequences - (place % sequences);
}

/** The place of an id of a day within 13 years of `now`. */
export function placeOf(id: number, now: EpochMs): number {
  const today = Math.floor(now / dayMs);
  const later = Math.floor(id / sequences) - firstDay - today + lapDays / 2;
  const days = ((later % prefixes) + prefixes) % prefixes;
  const lap = Math.floor(days / lapDays);
  const day = today + (days % lapDays) - lapDays / 2;
  return day * idsPerDay + lap * sequences + (id % sequences);
}
