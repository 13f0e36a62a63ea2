import { describe, expect, test } from "vitest";
import { digitsIn, endsOfNumber, fitsNumber, spellingsOf } from "../../src/foundation/text/spelled.ts";

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

  test("a short number, such as an extension, is found as a whole alone", () => {
    expect(fitsNumber("44-20", "4420")).toBe(true);
    expect(fitsNumber("420", "4420")).toBe(false);
  });

  test("a masked number may be the one that is typed, by what it shows", () => {
    expect(fitsNumber("555-234-5678", "*********78")).toBe(true);
    expect(fitsNumber("555-234-5679", "*********78")).toBe(false);
    expect(fitsNumber("4420", "**20")).toBe(true);
    expect(fitsNumber("4420", "***20")).toBe(false);
    for (const typed of ["555-234-5678", "15552345678"])
      expect(endsOfNumber(typed).some((end) => "*********78".endsWith(end))).toBe(true);
  });

  test("a name in the place of a number is found as it is", () => {
    expect(fitsNumber("anna.9", "anna.9")).toBe(true);
    expect(fitsNumber("anna.9", "9")).toBe(false);
    expect(endsOfNumber("anna.9")).toContain("anna.9");
  });
});

test("keys are found as callers key them, and as people read them out", () => {
  for (const typed of ["555123456", "555123456#", "*555123456#", "555 123 456", " 555-123-456 "]) {
    expect(spellingsOf(typed)).toContain("555123456");
  }
  expect(spellingsOf("a 1")).toEqual(["a 1"]);
  for (const text of ["12#3", "*78", "**12#", "123x45"]) expect(digitsIn(text), text).toBeNull();
});
