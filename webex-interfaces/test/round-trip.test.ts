import * as fc from "fast-check";
import { expect, test } from "vitest";
import { operations } from "../tables/operations.ts";
import type { Fields, Kind, Operation } from "../tables/schema.ts";
import { read, write } from "../wire/codec.ts";
import { parseXml, writeXml } from "../wire/xml.ts";

/** Generates values that a table allows. A text of the schema does not begin or end with a space. */
function valuesOf(kind: Kind): fc.Arbitrary<unknown> {
  switch (kind.is) {
    case "text":
    case "secret":
      return fc.string({ unit: "grapheme", minLength: 1, maxLength: Math.min(kind.max ?? 20, 20) }).filter((text) => {
        const isTrimmed = text.trim() === text && text.isWellFormed() && [...text].length <= (kind.max ?? 20);
        return isTrimmed && !/[\p{Cc}\ufffe\uffff]/u.test(text);
      });
    case "digits":
      return fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);
    case "whole":
      return fc.integer({ min: kind.min ?? -1_000, max: Math.min(kind.max ?? 100_000, 100_000) });
    case "decimal":
      return fc.integer({ min: -1_000, max: 1_000 }).map((whole) => whole / 8);
    case "flag":
      return fc.boolean();
    case "time":
      return fc
        .date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true })
        .map((date) => date.toISOString().slice(0, 19));
    case "word":
      return fc.constantFrom(...kind.of);
    case "open":
      return fc.constant({ item: ["one", "two"], more: { deep: "three" } });
    case "list":
      return fc.array(valuesOf(kind.of), { minLength: 1, maxLength: Math.min(kind.max ?? 2, 2) });
    case "group":
      return groupOf(kind.of, kind.anyOf);
  }
}

function groupOf(fields: Fields, anyOf: readonly string[] = []): fc.Arbitrary<Record<string, unknown>> {
  const all = Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, valuesOf(kind)]));
  const needed = Object.keys(fields).filter((name) => fields[name]?.need || anyOf.includes(name));
  // An element without content counts as absent.
  return fc.record(all, { requiredKeys: needed }).map((values) => withoutEmpty(values) as Record<string, unknown>);
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty).filter((item) => !isEmpty(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, inner]) => [name, withoutEmpty(inner)])
      .filter(([, inner]) => !isEmpty(inner)),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

const all: readonly Operation[] = Object.values(operations);
const runs = Number(process.env.RUNS ?? 5);

test.each(all.map((one) => [one.name, one] as const))(
  "%s: the site reads what the client writes, and the client what the site writes",
  (_, operation) => {
    const { request, answer, anyOf, prefix } = operation;
    const passes = (side: Fields, writing: Parameters<typeof write>[2], mode: "strict" | "lenient") =>
      fc.assert(
        fc.property(groupOf(side, side === request ? anyOf : []), (values) => {
          const written = write({ of: side, ...(side === request && anyOf && { anyOf }) }, values, writing);
          if (!written.ok) throw new Error(JSON.stringify(written.error));
          const root = parseXml(writeXml({ name: "root", content: written.value }));
          if (!root.ok) throw new Error(JSON.stringify(root.error));
          expect(read(root.value, { of: side }, mode)).toEqual({ ok: true, value: { values, wrong: [] } });
        }),
        { numRuns: runs, seed: 71 },
      );

    passes(request, {}, "strict");
    passes(answer, { picks: true, prefix }, "lenient");
  },
);
