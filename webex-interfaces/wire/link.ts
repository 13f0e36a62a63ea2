import { cut, err, ok, type Result } from "../doors/foundation.ts";
import type { Argument } from "../tables/url.ts";

/** Returns an argument's text on the wire, or the rule that it breaks. The client checks back URLs and pages. */
export function argumentText(text: string, { is, min = 0, max }: Argument): Result<string, string> {
  switch (is) {
    case "whole": {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      const fits = value >= min && value <= (max ?? value);
      return fits
        ? ok(String(value))
        : err(`must be a whole number from ${min}${max === undefined ? "" : ` to ${max}`}`);
    }
    case "flag":
      if (/^(?:1|yes|true)$/i.test(text)) return ok("1");
      return /^(?:0|no|false)$/i.test(text) ? ok("0") : err("must be 1 or 0");
    case "key":
      return isMeetingKey(text) ? ok(text) : err(`must be the meeting number, only digits (it is ${shown(text)})`);
    default:
      if (!isPlainText(text)) return err("has a character that a form cannot carry, such as a control character");
      return max === undefined || [...text].length <= max ? ok(text) : err(`must have at most ${max} characters`);
  }
}

/** True for 1 to 20 digits; no known key is longer. */
export function isMeetingKey(value: string): boolean {
  return /^\d{1,20}$/.test(value);
}

/** True without lone surrogates, which have no UTF-8 form, and control characters, which browsers change. */
export function isPlainText(value: string): boolean {
  return value.isWellFormed() && !/[^\P{Cc}\t\n\r]/u.test(value);
}

/** Parses a back URL; `null` if it is not a complete HTTP or HTTPS URL. */
export function addressOf(text: string): URL | null {
  return /^https?:\/\/[^\s\\]+$/i.test(text) && isPlainText(text) ? URL.parse(text) : null;
}

/** True if a date's three arguments are not a day. February 29 without a year is one. */
export function isNoDay(
  given: Readonly<Record<string, string>>,
  [year, month, day]: readonly [string, string, string],
): boolean {
  if (given[month] === undefined || given[day] === undefined) return false;
  return Number(given[day]) > new Date(Date.UTC(Number(given[year] ?? 2_000), Number(given[month]), 0)).getUTCDate();
}

/** Returns the text without a URL's user and query, which may be secret. */
export function shown(text: string): string {
  return JSON.stringify(cut(text.replace(/\/\/[^/]*@/, "//…@").replace(/[?#].*$/s, "?…"), 60));
}
