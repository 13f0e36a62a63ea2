import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { interfacesPage } from "../page/interfaces-page.ts";

const { text, gaps, shownBy } = interfacesPage();

test("each operation, page, command, argument and error of the documents has its entry, and none is made up", () => {
  expect(gaps).toEqual([]);
});

test("each of them is shown by a test of its own, or by one that goes through its whole section; npm test finds those that did not run", () => {
  expect(shownBy.size).toBeGreaterThan(600);
  for (const [row, tests] of shownBy) expect(tests.length, row).toBeGreaterThan(0);
});

test("each has a row on the page, with links to files that there are", () => {
  const names = [...text.matchAll(/^\| ((?:\\\||[^|])+) \| /gm)].map(([, name = ""]) => name);
  const links = new Set([...text.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = ""]) => file));

  expect([...shownBy.keys()].filter((row) => !names.some((name) => row.endsWith(`: ${name}`)))).toEqual([]);
  expect(links.size).toBeGreaterThan(20);
  expect([...links].filter((file) => !existsSync(file))).toEqual([]);
});
