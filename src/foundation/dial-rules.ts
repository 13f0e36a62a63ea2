import type { PhoneNumber } from "./ids.ts";

interface DialRules {
  /** Begins of numbers that may be dialled, "+" and digits; "+" alone: every number. */
  readonly allow: readonly string[];
  /** Begins that may not: the longest of both lists counts, of two alike this one. Zeros in between do not help. */
  readonly deny: readonly string[];
}

/** How a begin is written, and what is said of another text. */
export const numberBegin = {
  form: /^\+([1-9]\d{0,14})?$/,
  wrong:
    'must be "+" and the digits with which numbers begin, from a country code on, or "+" alone for all; no country code begins with 0',
};

/** The country codes of one and two digits (ITU-T E.164, annex); all others have three. */
const shortCountryCode = /^(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** How WebEx, or whoever speaks for it, cuts a number says nothing: a bridge dials the digits in a row. */
function cut({ country, area, local }: Omit<PhoneNumber, "extension">): {
  readonly code: string;
  readonly rest: string;
} {
  const digits = dialledDigits({ country, area, local });
  const code = shortCountryCode.exec(digits)?.[0] ?? digits.slice(0, 3);
  return { code, rest: digits.slice(code.length) };
}

/** A number as people write it, "+" and digits. */
export function phoneNumberOf(text: string): PhoneNumber {
  const { code, rest } = cut({ country: text.replaceAll(/\D/g, ""), area: "", local: "" });
  return { country: code, area: "", local: rest, extension: "" };
}

export function dialledDigits({ country, area, local }: Omit<PhoneNumber, "extension">): string {
  return country + area + local;
}

/** How many digits it has. The zero that is dialled within a country, which WebEx may send behind the country code, is none of them. */
function digitsOf(number: PhoneNumber): number {
  const { code, rest } = cut(number);
  return code.length + rest.replace(/^0/, "").length;
}

/** Of any telephone, with its country code (E.164). */
const LONGEST_NUMBER = 15;
/** With more digits, somebody could dial on from a number that is allowed: by a calling card, or through a telephone system. */
const LONGEST_EXTENSION = 10;

/** Why nobody can dial a number, whoever asks: the edge refuses it for WebEx and operators, and the agent for its edge. */
export type WrongNumber = "malformed-number" | "long-number" | "long-extension";

/** What is wrong with this number; `null`: it can be dialled. Anything but digits could be a pause, a trunk or a host to a bridge. */
export function wrongNumber(number: PhoneNumber): WrongNumber | null {
  const { country, area, local, extension } = number;
  const isNumber = /^[1-9]\d*$/.test(country) && /^\d*$/.test(area) && /^\d+$/.test(local) && /^\d*$/.test(extension);
  if (!isNumber) return "malformed-number";
  if (digitsOf(number) > LONGEST_NUMBER) return "long-number";
  return extension.length > LONGEST_EXTENSION ? "long-extension" : null;
}

export function mayDial({ allow, deny }: DialRules, number: PhoneNumber): boolean {
  const { code, rest } = cut(number);
  const dialled = `+${code}${rest}`;
  // The zeros that are dialled within a country: a trunk may leave them out.
  const withoutZeros = `+${code}${rest.replace(/^0+/, "")}`;
  const longest = (begins: readonly string[], ...numbers: readonly string[]) =>
    Math.max(
      0,
      ...begins.filter((begin) => numbers.some((each) => each.startsWith(begin))).map(({ length }) => length),
    );
  return longest(allow, dialled) > longest(deny, dialled, withoutZeros);
}
