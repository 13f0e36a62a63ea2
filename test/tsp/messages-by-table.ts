import * as fc from "fast-check";
import type { Field, FieldKind } from "../../src/tsp/fields.ts";
import type { MessageSpec } from "../../src/tsp/messages.ts";
import { defaultCodes } from "../../src/tsp/protocol-table.ts";

/** Any XML character, the troublesome ones often. */
const character = fc.oneof(
  fc.constantFrom("<", ">", "&", '"', "'", "\n", "\r", "\t", " ", "]", "é", "€", "😀", "\u0085", "\u2028", "\ufffd"),
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }),
);
const text = (max: number) => fc.string({ unit: character, minLength: 1, maxLength: Math.floor(max / 4) });
const idText = (max: number) =>
  text(max).filter((id) => id.trim() === id && !id.includes("%") && id.toLowerCase() !== "null");
const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`));

function anyValue(kind: FieldKind): fc.Arbitrary<unknown> {
  switch (kind.kind) {
    case "msg-id":
      return fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/);
    case "conf-key":
    case "ext-conf-id":
    case "sub-conf-id":
    case "call-id":
      return idText(kind.max);
    case "host":
      return fc.constantFrom("tsp1.example.com:80", "[::1]:8443", "https://tsp.example.com/post?a=1&b=2", "h");
    case "text":
      return text(kind.max);
    case "keyed":
      return digits(1, kind.max);
    case "integer":
      return fc.integer({ min: kind.min });
    case "boolean":
      return fc.boolean();
    case "code": {
      const words = defaultCodes[kind.codes];
      const known: readonly number[] = Object.values(words);
      const unknown = fc.integer({ min: -999, max: 999 }).filter((code) => !known.includes(code));
      return fc.oneof(fc.constantFrom(...Object.keys(words)), unknown);
    }
    case "list":
      return fc.array(idText(kind.max), { minLength: 1, maxLength: 5 });
    case "flags":
      return fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    case "phone":
      return fc.record({ country: digits(1, 3), area: digits(0, 5), local: digits(1, 10), extension: digits(0, 6) });
  }
}

const anyText = fc.oneof(
  fc.string({
    unit: fc.oneof(
      character,
      fc.integer({ max: 0xffff }).map((code) => String.fromCharCode(code)),
    ),
  }),
  fc.constantFrom("", " ", "null", "%", "a%b", "0"),
  fc.tuple(fc.constantFrom("4", "x", "é", "😀", "\0"), fc.nat(2_000)).map(([one, times]) => one.repeat(times)),
);

/** A value of the kind's type whose texts may be any, as long as they like. */
export function anyTextFor(kind: FieldKind): fc.Arbitrary<unknown> {
  switch (kind.kind) {
    case "integer":
    case "boolean":
    case "code":
    case "flags":
      return anyValue(kind);
    case "list":
      return fc.array(anyText, { maxLength: 5 });
    case "phone":
      return fc.record({ country: anyText, area: anyText, local: anyText, extension: anyText });
    default:
      return anyText;
  }
}

/** Any message of a table; of the values, at most one is not by the rules of its field but by those of `odd`. */
export function messageBy(
  type: string,
  spec: MessageSpec,
  odd: (kind: FieldKind) => fc.Arbitrary<unknown> = anyValue,
): fc.Arbitrary<Record<string, unknown>> {
  // Made once: to make those of a regular expression costs more than to draw from them.
  const fields = Object.entries(spec.fields).map(([name, field]) => ({
    byRule: fieldOf(name, field, anyValue),
    odd: fieldOf(name, field, odd),
  }));
  return fc
    .nat(fields.length - 1)
    .chain((oddAt) => fc.tuple(...fields.map(({ byRule, odd }, at) => (at === oddAt ? odd : byRule))))
    .map((values) => Object.assign({ type }, ...values));
}

function fieldOf(name: string, field: Field, anyOf: (kind: FieldKind) => fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const isAlwaysThere = field.need === "required" || field.requiredWhen !== undefined || field.noted;
  const value = anyOf(field.kind).map((present): object => ({ [name]: present }));
  return isAlwaysThere ? value : fc.option(value, { nil: {} });
}
