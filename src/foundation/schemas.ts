import * as v from "valibot";
import type { ConfKey } from "./ids.ts";

/** The type of the values that a schema lets through, for reading alone. Types that share a schema are variants of their own. */
export type Checked<Schema extends v.GenericSchema> = Fixed<v.InferOutput<Schema>>;
type Fixed<Value> = unknown extends Value
  ? Value
  : Value extends string | number | boolean | null | undefined
    ? Value
    : Value extends { readonly type: infer Type }
      ? Each<Value, Type>
      : { readonly [Key in keyof Value]: Fixed<Value[Key]> };
type Each<Value, Type> = Type extends string
  ? { readonly [Key in keyof Value]: Key extends "type" ? Type : Fixed<Value[Key]> }
  : never;

/** A text with a type of its own: an id, or a word of a list. */
export function text<Name extends string>(): v.GenericSchema<string, Name> {
  return v.string() as v.GenericSchema as v.GenericSchema<string, Name>;
}

/** What a schema describes, under a type of its own. */
export function as<Value>(schema: v.GenericSchema): v.GenericSchema<unknown, Value> {
  return schema as v.GenericSchema<unknown, Value>;
}

/** A field of an answer, or a column of a record: what may stand there, and what it means. */
export function described<const Schema extends v.GenericSchema>(schema: Schema, meaning: string): Schema {
  return v.pipe(schema, v.description(meaning)) as v.GenericSchema as Schema;
}

export const time = described(v.number(), "Milliseconds since 1970-01-01T00:00Z.");

export const confKey = described(text<ConfKey>(), "The ConfKey: WebEx's meeting number, which callers key.");

/** What of a schema leads to the names within an object. */
interface SchemaPart {
  readonly kind?: string;
  readonly type?: string;
  readonly entries?: Readonly<Record<string, SchemaPart>>;
  readonly value?: SchemaPart;
  readonly item?: SchemaPart;
  /** Of one that may be absent. */
  readonly wrapped?: SchemaPart;
  readonly pipe?: readonly SchemaPart[];
  /** Of kinds of objects, which `type` names; or words. */
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

/** The names that an object may have at this path of what the schema describes; `value`: what stands there as a whole. */
export function namesIn(schema: SchemaPart, path: readonly string[], value?: unknown): string[] {
  const { wrapped, pipe, options } = schema;
  const within =
    wrapped ??
    pipe?.find(({ entries, value, item }) => entries ?? value ?? item) ??
    (options as readonly SchemaPart[] | undefined)?.find(
      ({ entries }) => entries?.type?.literal === Object(value).type,
    );
  if (within) return namesIn(within, path, value);
  const [step, ...rest] = path;
  if (step === undefined) return Object.keys(schema.entries ?? {});
  return namesIn(schema.entries?.[step] ?? schema.value ?? schema.item ?? {}, rest, Object(value)[step]);
}
