import { expect, test } from "vitest";
import { allPrintable, printable, printableJson } from "../../src/foundation/text/printable.ts";

test.each([
  ["clears the screen", "\u001b[2J", "\\u001b[2J"],
  ["the same in one character", "\u009b2J", "\\u009b2J"],
  ["ends the line", "a\nb\u2028c", "a\\u000ab\\u2028c"],
  ["turns the direction", "\u202egpj.exe", "\\u202egpj.exe"],
  ["is an invisible tag", "\u{e0041}", "\\u{e0041}"],
  ["is of another language", "Zoë 会議 🙂", "Zoë 会議 🙂"],
])("what %s is shown so that it does nothing", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test("JSON means the same, and holds nothing that steers a terminal", () => {
  const data = { "a\u007f": "\u001b[2J\u009b2J\u0080 \u202e\u2028\u{e0041} Zoë 会議" };
  const json = printableJson(JSON.stringify(data, null, 1));

  expect(json).toBe('{\n "a\\u007f": "\\u001b[2J\\u009b2J\\u0080 \\u202e\\u2028\\udb40\\udc41 Zoë 会議"\n}');
  expect(JSON.parse(json)).toEqual(data);
});

test("all texts of some data are made printable, and nothing else changes", () => {
  expect(allPrintable({ key: "\u001b", list: ["\u0007", 3, null, { "a\u001b": true }] })).toEqual({
    key: "\\u001b",
    list: ["\\u0007", 3, null, { "a\\u001b": true }],
  });
});
