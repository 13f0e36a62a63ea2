import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  digitsIn,
  endsOfNumber,
  fitsName,
  fitsNumber,
  numberMatcher,
  spellingsOf,
} from "../../src/foundation/text/spelled.ts";

const kept = "15552345678";

describe("numbers in any spelling", () => {
  test.each([
    "15552345678",
    "+1 555 234 5678",
    "+1 (555) 234-5678",
    "1.555.234.5678",
    "1/555/2345678",
    "555-234-5678",
    "555 234 5678 ",
    "15552345678#",
    "001 555 234 5678",
    "0555 2345678",
    "2345678",
    "234-5678",
    "tel:+1-555-234-5678",
    "tel:+1-555-234-5678;ext=12",
    "sip:15552345678@host",
    "<15552345678>",
    "<sip:+15552345678@10.0.0.1:5060>",
    "+1 555 234 5678 ext 12",
    "+1 555 234 5678, ext. 12",
    "+1 555 234 5678 x12",
    "\u202a+1\u00a0555\u2011234\u20115678\u202c",
    "+1 555 234 ５６７８",
  ])("%s fits the number that is kept", (typed) => {
    expect(fitsNumber(typed, kept)).toBe(true);
    expect(endsOfNumber(typed).some((end) => kept.endsWith(end))).toBe(true);
  });

  test.each([
    "345678",
    "5552345679",
    "5552345678 x",
    "Anna",
    "",
    "#",
    "+",
    "25552345678",
    "1555234567",
    "sip:anna@host",
    "5552345678x",
    "<5552345679>",
  ])("%s does not", (typed) => {
    expect(fitsNumber(typed, kept)).toBe(false);
  });

  test("what is kept without country or area is found by the whole number", () => {
    expect(fitsNumber("+1 555 234 5678", "5552345678")).toBe(true);
    expect(fitsNumber("+1 555 234 5678", "2345678")).toBe(true);
    expect(fitsNumber("+44 (0)20 7946 0958", "02079460958")).toBe(true);
    expect(fitsNumber("020 7946 0958", "442079460958")).toBe(true);
    expect(fitsNumber("+1 555 234 5678", "345678")).toBe(false);
  });

  test.each([
    ["8 (495) 123-45-67", "74951234567"],
    ["+7 495 123-45-67", "84951234567"],
    ["8 017 212 34 56", "375172123456"],
    ["06 20 123 4567", "36201234567"],
    ["06 1 234 5678", "3612345678"],
  ])("what some countries dial before a number is none of it: %s", (typed, kept) => {
    expect(fitsNumber(typed, kept)).toBe(true);
    expect(endsOfNumber(typed).some((end) => kept.endsWith(end))).toBe(true);
  });

  test("a number that only begins as they do is another one", () => {
    expect(fitsNumber("808 555 0123", "14085550123")).toBe(false);
    expect(fitsNumber("408 555 0123", "15085550123")).toBe(false);
    expect(fitsNumber("8 495 123 45 67", "74961234567")).toBe(false);
  });

  test.each(["408-555-0123", "+1 (408) 555-0123", "408.555.01.23", "408 555 01 23"])(
    "what a bridge keeps with signs between its digits is found by its end: %s",
    (kept) => {
      expect(fitsNumber("14085550123", kept)).toBe(true);
      expect(endsOfNumber("14085550123").some((end) => kept.endsWith(end))).toBe(true);
    },
  );

  test("a short number, such as an extension, is found as a whole alone", () => {
    expect(fitsNumber("44-20", "4420")).toBe(true);
    expect(fitsNumber("420", "4420")).toBe(false);
  });

  test("a masked number may be the one that is typed, by what it shows", () => {
    expect(fitsNumber("555-234-5678", "*********78")).toBe(true);
    expect(fitsNumber("555-234-5679", "*********78")).toBe(false);
    expect(fitsNumber("4420", "**20")).toBe(true);
    expect(fitsNumber("4420", "***20")).toBe(false);
    const typed = ["555-234-5678", "15552345678"];
    expect(typed.filter((one) => endsOfNumber(one).some((end) => "*********78".endsWith(end)))).toEqual(typed);
  });

  test("a name in the place of a number is found as it is", () => {
    expect(fitsNumber("anna.9", "anna.9")).toBe(true);
    expect(fitsNumber("anna.9", "9")).toBe(false);
    expect(endsOfNumber("anna.9")).toContain("anna.9");
  });
});

test("keys are found as callers key them, and as people read them out", () => {
  for (const typed of ["555123456", "555123456#", "*555123456#", "#555123456#", "555 123 456", " 555-123-456 "]) {
    expect(spellingsOf(typed), typed).toContain("555123456");
  }
  expect(spellingsOf("a 1")).toEqual(["a 1"]);
  for (const text of ["12#3", "*78", "**12#", "123x45"]) expect(digitsIn(text), text).toBeNull();
});

test("to compare one number with many that are kept reads it once, and reads no digits", () => {
  const read = vi.spyOn(String.prototype, "normalize");
  onTestFinished(() => read.mockRestore());
  const isMeant = numberMatcher("+1 (555) 234-5678");
  const before = read.mock.calls.length;
  const found = Array.from({ length: 1_000 }, (_, index) => String(15_552_345_000 + index)).filter(isMeant);

  expect(read).toHaveBeenCalledTimes(before);
  expect(found).toEqual(["15552345678"]);
});

test.each([
  ["GRÖSSE", "Die Größe der Welt"],
  ["grosse", "GRÖSSE"],
  ["reunion", "Réunion du matin"],
  ["Größe", "große Grösse"],
])("a name is found with accents or without: %s in %s", (typed, name) => {
  expect(fitsName(typed, name)).toBe(true);
  expect(fitsName("x", name)).toBe(false);
});
