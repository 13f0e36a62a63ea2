import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { protocolPage, rulesNamedIn } from "../../scripts/protocol-page.ts";

const { text, gaps } = protocolPage();

test("each message and each rule has a place in the code and a test that names it", () => {
  expect(gaps).toEqual([]);
});

test("docs/protocol.md is up to date (`npm run docs protocol.md` renews it)", () => {
  expect(readFileSync("docs/protocol.md", "utf8") === text).toBe(true);
});

test.each([
  ["(protocol T38)", ["T38"]],
  ["(protocol T36 to T38, 4.9 F5)", ["T36", "T37", "T38", "4.9", "F5"]],
  ["(protocol 4.13, section 5, rows 13, 14)", ["4.13", "row 13", "row 14"]],
  ["(protocol section 5, rows 1 and 3): T4 is not meant", ["row 1", "row 3"]],
  ["protocol\n * 2.2.1, 4.1 step 4", ["2.2.1", "4.1"]],
  ["the protocol has 50 messages", []],
])("%j names rules %j", (comment, ids) => {
  expect(rulesNamedIn(comment)).toEqual(ids);
});
