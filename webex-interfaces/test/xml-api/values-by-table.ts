import * as fc from "fast-check";
import type { Fields, Kind } from "../../client/xml-api/fields.ts";

/** Texts with what XML and WebEx find hard: markup, entities, blanks, several scripts, a CDATA's end. */
const anyText = fc
  .array(
    fc.constantFrom(..."aZ09 &<>\"'%#;]é漢😀\n\t", "&amp;", "]]>", "<!--", "&#38;", "\u0085", "\u00a0", "\u200b"),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

const anyTime = fc
  .date({ min: new Date("1999-01-01T00:00:00Z"), max: new Date("2099-12-31T23:59:59Z"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 19));

/** A value that the kind allows. */
export function valueBy(kind: Kind): fc.Arbitrary<unknown> {
  switch (kind.kind) {
    case "text":
    case "secret":
      return anyText.map((text) => [...text].slice(0, kind.max ?? 1_000).join(""));
    case "digits":
      return fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);
    case "whole":
      return fc.integer({ min: Math.max(kind.min ?? -9_999, -9_999), max: Math.min(kind.max ?? 99_999, 99_999) });
    case "decimal":
      return fc.integer({ min: -9_999, max: 9_999 }).map((value) => value / 100);
    case "yes-or-no":
      return kind.only ? fc.constant(true) : fc.boolean();
    case "time":
      return anyTime;
    case "one-of":
      return fc.constantFrom(...kind.values);
    case "group":
      return kind.choice ? anyOne(kind.fields) : valuesBy(kind.fields, kind.oneOrMore);
    case "list":
      return fc.array(valueBy(kind.of), { minLength: 1, maxLength: Math.min(kind.most ?? 3, 3) });
    case "open":
      return fc.record({ anything: anyText, more: fc.record({ name: anyText }) });
  }
}

function anyOne(fields: Fields): fc.Arbitrary<Record<string, unknown>> {
  return fc.oneof(...Object.entries(fields).map(([name, kind]) => fc.record({ [name]: valueBy(kind) })));
}

/** Values that the fields allow: what is required, one of those of which at least one is, and any of the others. */
export function valuesBy(fields: Fields, oneOrMore?: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  if (oneOrMore) {
    return fc.oneof(
      ...oneOrMore.map((name) => valuesBy({ ...fields, [name]: { ...(fields[name] as Kind), need: "required" } })),
    );
  }
  const parts = Object.entries(fields).map(([name, kind]) => {
    const value = valueBy(kind).map((found): [string, unknown][] => [[name, found]]);
    return kind.need === undefined ? fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, value) : value;
  });
  return fc.tuple(...parts).map((found) => Object.fromEntries(found.flat()));
}
