import * as fc from "fast-check";
import { type Fields, type Kind, open, writeLeaf } from "../../client/xml-api/fields.ts";
import type { entries } from "../../site/operations.ts";
import { valueBy, valuesBy } from "../xml-api/values-by-table.ts";

/** The type that the simulated site has for a request or a part of it. */
export type Shape = ReturnType<NonNullable<ReturnType<typeof entries.get>>["request"]>;
type Group = Extract<Shape, { kind: "group" }>;
type Values = Readonly<Record<string, unknown>>;

/** Values that both the client's table and the site's type allow: what either requires, and any of the rest that both have. */
export function valuesForBoth(fields: Fields, shape: Shape, oneOrMore: readonly string[] = []): fc.Arbitrary<Values> {
  if (shape.kind !== "group") return Object.keys(fields).length > 0 ? valuesBy(fields) : valueBy(open).map(asGroup);
  const shared = shape.elements.filter(({ name }) => fields[name] !== undefined);
  const parts = shared.map((element) => {
    const kind = fields[element.name] as Kind;
    const value = valueForBoth(kind, element.shape()).map((found): [string, unknown][] => [[element.name, found]]);
    const isRequired =
      kind.need === "required" || (element.required && !shape.onlyOne) || element.name === oneOrMore[0];
    return { value, isRequired };
  });
  if (shape.onlyOne) return fc.oneof(...parts.map(({ value }) => value)).map((found) => Object.fromEntries(found));
  const each = parts.map(({ value, isRequired }) =>
    isRequired ? value : fc.oneof({ weight: 3, arbitrary: fc.constant<[string, unknown][]>([]) }, value),
  );
  return fc.tuple(...each).map((found) => Object.fromEntries(found.flat()));
}

function valueForBoth(kind: Kind, shape: Shape): fc.Arbitrary<unknown> {
  if (kind.kind === "list")
    return fc.array(valueForBoth(kind.of, shape), { minLength: 1, maxLength: Math.min(kind.most ?? 3, 3) });
  if (kind.kind === "group") return valuesForBoth(kind.fields, shape, kind.oneOrMore);
  if (kind.kind === "digits") return fc.nat().map(String);
  if (kind.kind === "text" && shape.kind === "one-of") return fc.constantFrom(...shape.values);
  if (kind.kind === "text" && shape.kind === "text")
    return valueBy({ kind: "text", max: Math.min(kind.max ?? 200, shape.longest) });
  return valueBy(kind);
}

function asGroup(value: unknown): Values {
  return value as Values;
}

/** The client's values as the site has them: keys as numbers, times as on the wire. */
export function asSiteHas(values: Values, fields: Fields, shape: Shape): unknown {
  const named = (name: string) => (shape as Group).elements.find((element) => element.name === name)?.shape() as Shape;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      valueAsSiteHas(value, fields[name] ?? open, shape.kind === "group" ? named(name) : shape),
    ]),
  );
}

function valueAsSiteHas(value: unknown, kind: Kind, shape: Shape): unknown {
  switch (kind.kind) {
    case "group":
      return asSiteHas(value as Values, kind.fields, shape);
    case "list":
      return (value as readonly unknown[]).map((item) => valueAsSiteHas(item, kind.of, shape));
    case "open":
      return value;
    default: {
      if (typeof value === "boolean" && shape.kind === "yesno") return value;
      if (shape.kind === "whole" || shape.kind === "number") return Number(value);
      const written = writeLeaf(value, kind);
      return written.ok ? written.value : undefined;
    }
  }
}

/** Where the client's table and the site's type do not say the same, one line each. */
export function differencesOf(fields: Fields, shape: Shape, path = ""): readonly string[] {
  if (shape.kind !== "group") return [];
  const found: string[] = [];
  for (const { name, required, most, shape: inner } of shape.elements) {
    const place = path === "" ? name : `${path}.${name}`;
    const kind = fields[name];
    if (!kind) {
      found.push(`${place} is the site's alone`);
      continue;
    }
    if (kind.need === "required" && !required) found.push(`${place} is required by the client alone`);
    if (kind.need !== "required" && required && !shape.onlyOne) found.push(`${place} is required by the site alone`);
    const one = kind.kind === "list" ? kind.of : kind;
    const own = inner();
    const times = kind.kind === "list" ? (kind.most ?? Number.POSITIVE_INFINITY) : 1;
    if (times !== most) found.push(`${place} may come ${times} times for the client, ${most} for the site`);
    const [ofClient, ofSite] = [limitsOf(one), limitsOf(own)];
    if (ofClient !== ofSite) found.push(`${place} is ${ofClient} for the client, ${ofSite} for the site`);
    if (one.kind === "group" && own.kind === "group" && Boolean(one.choice) !== own.onlyOne)
      found.push(`${place} is a choice for one of them alone`);
    if (one.kind === "group") found.push(...differencesOf(one.fields, own, place));
    else if (one.kind === "yes-or-no" && one.only) {
      if (own.kind !== "one-of" || String(own.values).toLowerCase() !== "true,true")
        found.push(`${place} may be false for the site alone`);
    } else if (own.kind === "one-of" && one.kind !== "one-of")
      found.push(`${place} is one of a list for the site alone`);
    else if (own.kind === "one-of" && one.kind === "one-of" && String(own.values) !== String(one.values))
      found.push(`${place} has other values`);
  }
  const names = shape.elements.map(({ name }) => name);
  const shared = Object.keys(fields).filter((name) => names.includes(name));
  found.push(
    ...Object.keys(fields)
      .filter((name) => !names.includes(name))
      .map((name) => `${path === "" ? name : `${path}.${name}`} is the client's alone`),
  );
  if (String(shared) !== String(names.filter((name) => shared.includes(name)))) found.push(`${path} has another order`);
  return found;
}

/** The limits of a text or of a whole number, in words; "" of anything else. The site has times as text, and keys as numbers. */
function limitsOf(kind: Kind | Shape): string {
  switch (kind.kind) {
    case "text":
      return longest("longest" in kind ? kind.longest : kind.max);
    case "secret":
      return longest(kind.max);
    case "time":
      return longest();
    case "digits":
      return range();
    case "whole":
      return "least" in kind ? range(kind.least, kind.most) : range(kind.min, kind.max);
    default:
      return "";
  }
}

function longest(characters = Number.POSITIVE_INFINITY): string {
  return `of ${characters} characters`;
}

/** As far as numbers are whole. */
function range(least = Number.MIN_SAFE_INTEGER, most = Number.MAX_SAFE_INTEGER): string {
  return `${Math.max(least, Number.MIN_SAFE_INTEGER)} to ${Math.min(most, Number.MAX_SAFE_INTEGER)}`;
}
