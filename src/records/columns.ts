import * as v from "valibot";
import { described } from "../foundation/schemas.ts";

export const word = v.string();
export const words = v.array(word);
export const flag = v.boolean();
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Milliseconds since 1970. */
export const time = v.pipe(v.number(), v.integer());
export const timeOrNull = v.nullable(time);

export function meaningOf(of: v.GenericSchema): string {
  return v.getDescription(of) ?? "";
}

/** The same in records of calls and of conferences. */
export const reference = described(word, "`customerReference` of the domain's settings when this ended; may be empty");

export const fromBridge = described(
  flag,
  "`true`: the edge found it on the bridge, for example after a loss of state; earlier data is from the agent",
);

/** The head of a table of such records: names of columns. */
export function csvHead(columns: v.ObjectEntries): string {
  return `${Object.keys(columns).join(",")}\r\n`;
}

/** One line of that table (RFC 4180). Times are written as ISO 8601 has them, lists with blanks between. */
export function csvLine(columns: v.ObjectEntries, record: Readonly<Record<string, unknown>>): string {
  const cells = Object.keys(columns).map((name) => cell(name, record[name]));
  return `${cells.join(",")}\r\n`;
}

function cell(name: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return name.endsWith("At") ? new Date(value).toISOString() : String(value);
  const text = Array.isArray(value) ? value.join(" ") : String(value);
  const safe = text.replace(formulaSign, "'$&");
  return needsQuotes.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * A sign that begins a formula at the start of a cell. A spreadsheet may split at `;`, tab or `|`, and then ignores
 * our quotes. Some drop blanks and invisible characters, and read full-width signs as normal ones.
 */
const formulaSign = /[=+\-@＝＋－＠﹦﹢﹣﹫](?<=(?:^|[;,|"\p{Cc}\p{Zl}\p{Zp}])[\p{C}\p{M}\p{Z}]*.)/gu;
const needsQuotes = /[";,|\p{Cc}\p{Zl}\p{Zp}]|^\p{Z}|\p{Z}$/u;
