import { expect, test } from "vitest";
import { type RecordLine, RecordLines } from "../../cli/operator/record-lines.ts";

function cut(format: "csv" | "ndjson", text: string, size: number): readonly RecordLine[] {
  const lines = new RecordLines(format);
  const found: RecordLine[] = [];
  for (let at = 0; at < text.length; at += size) found.push(...lines.read(text.slice(at, at + size)));
  return found;
}

const table = 'cursor,number\r\n7-1,"two\r\nlines, ""quoted"""\r\n7-2,14085551234\r\n7-3,"not wh';
const ofTable = [
  { cursor: null, text: "cursor,number" },
  { cursor: "7-1", text: '7-1,"two\r\nlines, ""quoted"""' },
  { cursor: "7-2", text: "7-2,14085551234" },
];
const lines = '{"cursor":"7-1","number":"\\"a,b"}\n{"cursor":"7-2"}\n{"cursor":"7';
const ofLines = [
  { cursor: "7-1", text: '{"cursor":"7-1","number":"\\"a,b"}' },
  { cursor: "7-2", text: '{"cursor":"7-2"}' },
];

test("an export is taken apart into whole lines with their places, whatever pieces it comes in", () => {
  for (let size = 1; size <= table.length; size++) {
    expect(cut("csv", table, size), `table in pieces of ${size}`).toEqual(ofTable);
    expect(cut("ndjson", lines, size), `lines in pieces of ${size}`).toEqual(ofLines);
  }
});
