import type { EpochMs } from "../ids.ts";
import { zonedTime } from "./zone.ts";

/**
 * A time as programs read it, and inside a sentence: ISO 8601 in UTC. Whoever shows the sentence to people
 * passes it through `sentenceIn`.
 */
export function instantText(at: EpochMs): string {
  return new Date(at).toISOString();
}

/** The parts of a time that people are shown in a zone, which its page or output names once. */
interface ShownTime {
  /** `2026-10-25` */
  readonly day: string;
  /** `02:30` */
  readonly minute: string;
  /** `02:30:00` */
  readonly clock: string;
  /** `02:30:00.125` */
  readonly exact: string;
  /** `+01:00` */
  readonly offset: string;
}

export function shownTime(at: EpochMs, zone: string): ShownTime {
  const text = zonedTime(at, zone);
  const exact = text.slice(11, 23);
  return {
    ...{ day: text.slice(0, 10), minute: exact.slice(0, 5), clock: exact.slice(0, 8) },
    ...{ exact, offset: text.slice(23) },
  };
}

/** Day and time to the second: `2026-10-25 02:30:00`. */
export function secondText(at: EpochMs, zone: string): string {
  const { day, clock } = shownTime(at, zone);
  return `${day} ${clock}`;
}

/** Day and time to the millisecond: `2026-10-25 02:30:00.125`. */
export function exactText(at: EpochMs, zone: string): string {
  const { day, exact } = shownTime(at, zone);
  return `${day} ${exact}`;
}

/** A sentence with its instants in a zone, each with its day where that is not the day of `near`. */
export function sentenceIn(zone: string, sentence: string, near: EpochMs): string {
  return sentence.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (instant) => {
    const at = Date.parse(instant);
    if (Number.isNaN(at)) return instant;
    const { day, clock } = shownTime(at, zone);
    return day === shownTime(near, zone).day ? clock : `${day} ${clock}`;
  });
}
