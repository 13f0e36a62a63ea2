import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  choice,
  decimal,
  digits,
  group,
  groupWith,
  type Kind,
  type Leaf,
  list,
  listTo,
  oneOf,
  open,
  readLeaf,
  sayKind,
  secret,
  secretTo,
  text,
  textTo,
  time,
  whole,
  wholeFrom,
  writeLeaf,
  yes,
  yesOrNo,
} from "../../client/xml-api/fields.ts";
import { valueBy } from "./values-by-table.ts";

describe("read", () => {
  test.each<[string, Leaf, string, unknown]>([
    ["a text as it is", text, " a\n", " a\n"],
    ["digits longer than a number holds", digits, " 904417273305512268 ", "904417273305512268"],
    ["a whole number", whole, " +42 ", 42],
    ["no number but -1", whole, "-1", -1],
    ["a number with a point", decimal, "2.50", 2.5],
    ["yes", yesOrNo, "TRUE", true],
    ["no", yesOrNo, "0", false],
    ["a time", time, "2/9/2026 7:05:00", "2026-02-09T07:05:00"],
    ["a day", time, "02/09/2026", "2026-02-09T00:00:00"],
    ["a leap day", time, "02/29/2028 00:00:00", "2028-02-29T00:00:00"],
    ["a word", oneOf("A", "B"), " B ", "B"],
  ])("%s", (_, leaf, raw, value) => {
    expect(readLeaf(raw, leaf)).toEqual({ ok: true, value });
  });

  test.each<[Leaf, string, string]>([
    [digits, "12a", "must be digits"],
    [digits, "1".repeat(65), "must be digits"],
    [whole, "1.5", "must be a whole number"],
    [whole, "9007199254740993", "must be a whole number"],
    [whole, "0x10", "must be a whole number"],
    [decimal, "1e9", "must be a number"],
    [decimal, ".", "must be a number"],
    [yesOrNo, "yes", "must be true or false"],
    [time, "2026-02-09", "must be a time that there is, like 11/28/2026 10:10:00"],
    [time, "02/29/2026 00:00:00", "must be a time that there is, like 11/28/2026 10:10:00"],
    [time, "01/01/2026 24:00:00", "must be a time that there is, like 11/28/2026 10:10:00"],
    [time, "01/01/2026 10:60:00", "must be a time that there is, like 11/28/2026 10:10:00"],
    [oneOf("A", "B"), "a", "must be one of A, B"],
  ])("%o is not %s", (leaf, raw, error) => {
    expect(readLeaf(raw, leaf)).toEqual({ ok: false, error });
  });
});

test.each<[Kind, string]>([
  [text, "text"],
  [textTo(16), "text of at most 16 characters"],
  [secret, "secret text"],
  [secretTo(16), "secret text of at most 16 characters"],
  [digits, "digits, as text"],
  [whole, "whole number"],
  [wholeFrom(1, 3), "whole number from 1 to 3"],
  [decimal, "number"],
  [yesOrNo, "true or false"],
  [yes, "true"],
  [time, "time, such as 2026-11-28T10:10:00"],
  [oneOf("A", "B"), "one of A, B"],
  [group({ a: text }), "elements"],
  [choice({ a: text, b: text }), "elements: exactly one of them"],
  [groupWith(["a", "b"], { a: text, b: text }), "elements: with a or b"],
  [list(digits), "list, each: digits, as text"],
  [listTo(3, group({})), "list of at most 3, each: elements"],
  [open, "any elements: no public document describes them"],
])("%o is said", (kind, said) => {
  expect(sayKind(kind)).toBe(said);
});

describe("written", () => {
  test.each<[Leaf, unknown, string]>([
    [textTo(2), "😀😀", "😀😀"],
    [digits, "007", "007"],
    [digits, 712475001, "712475001"],
    [wholeFrom(0, 99), 99, "99"],
    [whole, -0, "0"],
    [decimal, 0.25, "0.25"],
    [yesOrNo, true, "true"],
    [time, "2026-02-09T07:05:00", "02/09/2026 07:05:00"],
    [oneOf("A"), "A", "A"],
  ])("%o of %j", (leaf, value, written) => {
    expect(writeLeaf(value, leaf)).toEqual({ ok: true, value: written });
  });

  test.each<[Leaf, unknown, string]>([
    [text, 1, "must be a text"],
    [textTo(2), "abc", "must have at most 2 characters"],
    [secretTo(2), "abc", "must have at most 2 characters"],
    [text, "\uD800", "must have only characters that XML has"],
    [digits, -1, "must be digits, as text"],
    [digits, 1e19, "must be digits in quotation marks: a number of JSON does not hold so many"],
    [digits, "-1", "must be digits, as text"],
    [digits, "9223372036854775808", "must be at most 9223372036854775807"],
    [digits, "1".repeat(64), "must be at most 9223372036854775807"],
    [yes, false, "must be true, or be left out"],
    [wholeFrom(0, 99), 100, "must be a whole number from 0 to 99"],
    [wholeFrom(0), -1, "must be a whole number from 0"],
    [wholeFrom(Number.MIN_SAFE_INTEGER, 5), 6, "must be a whole number up to 5"],
    [whole, 1.5, "must be a whole number"],
    [whole, "1", "must be a whole number"],
    [decimal, Number.NaN, "must be a number"],
    [decimal, 1e21, "must be a number"],
    [yesOrNo, "true", "must be true or false"],
    [time, new Date(0), "must be a time that there is, like 2026-11-28T10:10:00"],
    [time, "2026-02-09T07:05:00Z", "must be a time that there is, like 2026-11-28T10:10:00"],
    [oneOf("A", "B"), "C", "must be one of A, B"],
    [oneOf("A"), undefined, "must be one of A"],
  ])("%o refuses %j", (leaf, value, error) => {
    expect(writeLeaf(value, leaf)).toEqual({ ok: false, error });
  });
});

test.each<[string, Leaf]>([
  ["text", text],
  ["digits", digits],
  ["whole", whole],
  ["decimal", decimal],
  ["yes or no", yesOrNo],
  ["time", time],
  ["one of", oneOf("A", "B")],
])("what is written of a %s is read as the same value", (_, leaf) => {
  fc.assert(
    fc.property(valueBy(leaf), (value) => {
      const written = writeLeaf(value, leaf);

      expect(written.ok && readLeaf(written.value, leaf)).toEqual({ ok: true, value });
    }),
  );
});
