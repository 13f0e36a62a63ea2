import * as v from "valibot";
import { address, open, personal } from "../foundation/shown.ts";

/** One column of a record: what may stand there, and what it means. */
interface RecordColumn<Schema extends v.GenericSchema = v.GenericSchema> {
  readonly schema: Schema;
  readonly meaning: string;
}

export type Columns = Readonly<Record<string, RecordColumn>>;

export const word = open(v.string());
export const words = v.array(word);
/** A telephone number or name of a person. */
export const person = personal(v.string());
export const host = address(v.string());
export const flag = open(v.boolean());
export const count = open(v.pipe(v.number(), v.integer(), v.minValue(0)));
/** Milliseconds since 1970. */
export const time = open(v.pipe(v.number(), v.integer()));
export const timeOrNull = v.nullable(time);

export function column<const Schema extends v.GenericSchema>(schema: Schema, meaning: string): RecordColumn<Schema> {
  return { schema, meaning };
}

/** The same in records of calls and of conferences. */
export const reference = column(word, "`customerReference` of the domain's settings when this ended; may be empty");

export const fromBridge = column(
  flag,
  "`true`: the edge did not know it when it began, as after a loss of its state; what was before is what the agent of the bridge knew",
);

/** The schema of a record with these columns. */
export function recordOf<const Kind extends string, Of extends Columns>(kind: Kind, columns: Of) {
  const schemas = Object.entries(columns).map(([name, { schema }]) => [name, schema]);
  return v.object({
    kind: v.literal(kind),
    ...(Object.fromEntries(schemas) as { [Name in keyof Of]: Of[Name]["schema"] }),
  });
}

/** The head of a table of such records: names of columns. */
export function csvHead(columns: Columns): string {
  return `${Object.keys(columns).join(",")}\r\n`;
}

/** One line of that table (RFC 4180). Times are written as ISO 8601 has them, lists with blanks between. */
export function csvLine(columns: Columns, record: Readonly<Record<string, unknown>>): string {
  const cells = Object.entries(columns).map(([name, { schema }]) => cell(record[name], schema));
  return `${cells.join(",")}\r\n`;
}

function cell(value: unknown, schema: v.GenericSchema): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return isTime(schema) ? new Date(value).toISOString() : String(value);
  const text = Array.isArray(value) ? value.join(" ") : String(value);
  // A spreadsheet takes what begins so for a formula; some drop what is invisible, and read full-width signs as others.
  const safe = /^[\p{Cc}=+\-@＝＋－＠]/u.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function isTime(schema: v.GenericSchema): boolean {
  return schema === time || schema === timeOrNull;
}
