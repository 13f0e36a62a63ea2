import type { EpochMs } from "../foundation/ids.ts";

const dayMs = 86_400_000;
/** 1970-01-01 by the count of protocol T32: its ordinal 719,163 and 1,721,424. */
const firstDay = 2_440_587;

/** Sequences run from 0 to here and then begin again (protocol T35). */
export const lastSequence = 999_999;

/** The first five digits of a day's TransIDs and MsgIDs: its Julian date, cut to five (protocol T31, T32, section 5, row 18); UTC. */
export function dayPrefix(at: EpochMs): string {
  return String((Math.floor(at / dayMs) + firstDay) % 100_000).padStart(5, "0");
}

/** A TransID or MsgID: five digits for the day, six for the sequence within it. */
export function elevenDigits(prefix: string, sequence: number): string {
  if (!/^\d{5}$/.test(prefix)) throw new RangeError(`a day's prefix is five digits, not "${prefix}"`);
  if (!Number.isInteger(sequence) || sequence < 0 || sequence > lastSequence) {
    throw new RangeError(`a sequence is 0 to ${lastSequence}, not ${sequence}`);
  }
  return prefix + String(sequence).padStart(6, "0");
}
