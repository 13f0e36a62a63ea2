import { cut, err, ok, type Result } from "../doors/foundation.ts";
import type { Argument } from "../tables/url.ts";

/** The text of an argument, or what its value must be. Back URLs and pages of the site are checked by the client. */
export function argumentText(value: unknown, { is, min = 0, max }: Argument): Result<string, string> {
  switch (is) {
    case "whole":
      return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= (max ?? value)
        ? ok(String(value))
        : err(`must be a whole number from ${min}${max === undefined ? "" : ` to ${max}`} (it is ${shown(value)})`);
    case "flag":
      return typeof value === "boolean" ? ok(value ? "1" : "0") : err(`must be true or false (it is ${shown(value)})`);
    case "key": {
      const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
      return typeof text === "string" && isMeetingKey(text)
        ? ok(text)
        : err(`must be the meeting number, only digits (it is ${shown(value)})`);
    }
    default: {
      const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
      if (typeof text !== "string") return err("must be a text");
      if (!isPlainText(text)) return err("has a character that a form cannot carry, such as a control character");
      return max === undefined || [...text].length <= max ? ok(text) : err(`must have at most ${max} characters`);
    }
  }
}

/** The value of an argument's text, or what it must be. */
export function argumentValue(text: string, { is, min = 0, max }: Argument): Result<string | number | boolean, string> {
  switch (is) {
    case "whole": {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      const fits = value >= min && value <= (max ?? value);
      return fits ? ok(value) : err(`must be a whole number from ${min}${max === undefined ? "" : ` to ${max}`}`);
    }
    case "flag":
      if (/^(?:1|yes|true)$/i.test(text)) return ok(true);
      return /^(?:0|no|false)$/i.test(text) ? ok(false) : err("must be 1 or 0");
    default:
      return ok(text);
  }
}

/** No known key is longer than 20 digits. */
export function isMeetingKey(value: string): boolean {
  return /^\d{1,20}$/.test(value);
}

/** Lone surrogates have no UTF-8 form, and browsers drop or replace control characters. */
export function isPlainText(value: string): boolean {
  return value.isWellFormed() && !/[^\P{Cc}\t\n\r]/u.test(value);
}

/** The address of a back URL; `null` if it is not a whole one with http or https. */
export function addressOf(value: unknown): URL | null {
  const isWhole = typeof value === "string" && /^https?:\/\/[^\s\\]+$/i.test(value) && isPlainText(value);
  return isWhole ? URL.parse(value) : null;
}

/** True if the three arguments of a date name no day that there is. Without a year, the 29th of February is one. */
export function isNoDay(
  given: Readonly<Record<string, unknown>>,
  [year, month, day]: readonly [string, string, string],
): boolean {
  if (given[month] === undefined || given[day] === undefined) return false;
  return Number(given[day]) > new Date(Date.UTC(Number(given[year] ?? 2_000), Number(given[month]), 0)).getUTCDate();
}

/** Without the user and the query of an address, which may hold secrets. */
export function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return value === null ? "null" : `a ${typeof value}`;
  return JSON.stringify(cut(value.replace(/\/\/[^/]*@/, "//…@").replace(/[?#].*$/s, "?…"), 60));
}
