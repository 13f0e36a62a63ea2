import type { PhoneNumber } from "./ids.ts";

/** Which numbers may be dialled, by how they begin. */
export interface DialRules {
  /** Begins of numbers that may be dialled, "+" and digits; "+" alone: every number. */
  readonly allow: readonly string[];
  /**
   * Begins of numbers that may not be dialled. Where begins of both lists fit a number, the longest one counts; of two alike, this one.
   * These fit, too, where the number has zeros behind the country code that the begin does not have.
   */
  readonly deny: readonly string[];
}

/** How a begin is written, and what is said of another text. */
export const numberBegin = {
  form: /^\+([1-9]\d{0,14})?$/,
  wrong:
    'must be "+" and the digits with which numbers begin, from a country code on, or "+" alone for all; no country code begins with 0',
};

/** How the number is cut into its parts does not matter. */
export function mayDial({ allow, deny }: DialRules, { country, area, local }: PhoneNumber): boolean {
  const number = `+${country}${area}${local}`;
  // The zero that is dialled within a country: a trunk may leave it out.
  const withoutZeros = `+${country}${`${area}${local}`.replace(/^0+/, "")}`;
  const longest = (begins: readonly string[], ...numbers: readonly string[]) =>
    Math.max(
      0,
      ...begins.filter((begin) => numbers.some((each) => each.startsWith(begin))).map(({ length }) => length),
    );
  return longest(allow, number) > longest(deny, number, withoutZeros);
}
