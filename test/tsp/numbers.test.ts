import { expect, test } from "vitest";
import { dayPrefix, elevenDigits, lastSequence } from "../../src/tsp/numbers.ts";

test.each([
  ["2002-08-05T00:00:00Z", "52491"],
  ["2002-08-05T23:59:59.999Z", "52491"],
  ["2024-01-01T12:00:00Z", "60310"],
  ["2026-01-01T00:00:00Z", "61041"],
  ["2132-09-01T00:00:00Z", "00000"],
])("the day of %s begins its numbers with %s (protocol T32, section 5, row 18)", (at, prefix) => {
  expect(dayPrefix(Date.parse(at))).toBe(prefix);
});

test("a number is the day's five digits and six of the sequence (protocol T31)", () => {
  expect(elevenDigits("52491", 123)).toBe("52491000123");
  expect(elevenDigits("52491", 0)).toBe("52491000000");
  expect(elevenDigits("52491", lastSequence)).toBe("52491999999");
});

test.each([
  ["52491", 1_000_000],
  ["52491", -1],
  ["52491", 1.5],
  ["2491", 1],
])("no number is made of day %s and sequence %d", (prefix, sequence) => {
  expect(() => elevenDigits(prefix, sequence)).toThrow(RangeError);
});
