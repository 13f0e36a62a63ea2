import { expect, test } from "vitest";
import { pageOnDisk } from "../../scripts/generated-page.ts";
import { interfacesPage, page, renewal } from "../../scripts/webex-interfaces.ts";

const { text, gaps, shownBy } = interfacesPage();

test("each operation, page, command, argument and error of the documents has its entry, and none is made up", () => {
  expect(gaps).toEqual([]);
});

test("each of them is shown by a test of its own, or by one that goes through its whole section; npm test finds those that did not run", () => {
  expect(shownBy.size).toBeGreaterThan(600);
  for (const [row, tests] of shownBy) expect(tests.length, row).toBeGreaterThan(0);
});

test(`docs/webex-interfaces.md is up to date (\`${renewal}\` renews it)`, () => {
  expect(pageOnDisk(page) === text).toBe(true);
});
