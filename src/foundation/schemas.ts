import * as v from "valibot";
import type { ConfKey } from "./ids.ts";

/** The type of what a schema describes, for reading alone. */
export type Shown<Value> = Value extends string | number | boolean | null | undefined
  ? Value
  : { readonly [Name in keyof Value]: Shown<Value[Name]> };
export type Answer<Schema extends v.GenericSchema> = Shown<v.InferOutput<Schema>>;

/** A text of which the code knows more: an id, or a word of a list of its own. */
export function text<Name extends string>(): v.GenericSchema<string, Name> {
  return v.string() as v.GenericSchema as v.GenericSchema<string, Name>;
}

/** As all times are told. */
export const time = v.pipe(v.number(), v.description("Milliseconds since 1970-01-01T00:00Z."));

export const confKey = v.pipe(
  text<ConfKey>(),
  v.description("The ConfKey: WebEx's meeting number, which callers key."),
);
