import { expect, test } from "vitest";
import { described } from "../../src/foundation/schemas.ts";
import { csvHead, csvLine, flag, time, timeOrNull, word, words } from "../../src/records/columns.ts";

const columns = {
  text: described(word, ""),
  list: described(words, ""),
  flag: described(flag, ""),
  endedAt: described(time, ""),
  enteredAt: described(timeOrNull, ""),
};
const record = { text: "a", list: ["main", "7"], flag: false, endedAt: 1_767_225_600_000, enteredAt: null };

test("a table has a line of names, and times as ISO 8601 has them", () => {
  expect(csvHead(columns) + csvLine(columns, record)).toBe(
    "text,list,flag,endedAt,enteredAt\r\na,main 7,false,2026-01-01T00:00:00.000Z,\r\n",
  );
});

test.each([
  ['say "hi", twice', '"say ""hi"", twice"'],
  ["two\r\nlines", '"two\r\nlines"'],
  ["=1+1", "'=1+1"],
  ["+14085551234", "'+14085551234"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", `"\t'=1"`],
  ["\0=1", `"\0'=1"`],
  ["＝1", "'＝1"],
  ["＠SUM(A1)", "'＠SUM(A1)"],
  ["Budget;=1+1", `"Budget;'=1+1"`],
  ["a; -1;+1", `"a; '-1;'+1"`],
  ["a;\t =1", `"a;\t '=1"`],
  ["a\n@SUM(A1)", `"a\n'@SUM(A1)"`],
  ["a\r=1", `"a\r'=1"`],
  ['a;"=1"', `"a;""'=1"""`],
  ["a|\u200b＝1", `"a|\u200b'＝1"`],
  ["\u00a0=1", `"\u00a0'=1"`],
  ["a;b", '"a;b"'],
  ["=SUM(A1) Réunion", "'=SUM(A1) Réunion"],
  ["Budget - 2026", "Budget - 2026"],
  ['=HYPERLINK("x","y")', `"'=HYPERLINK(""x"",""y"")"`],
  ["1=1", "1=1"],
])("the text %j is the cell %j", (text, cell) => {
  expect(csvLine({ text: described(word, "") }, { text })).toBe(`${cell}\r\n`);
});
