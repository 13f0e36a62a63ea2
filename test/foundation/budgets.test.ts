import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Budget, budgets } from "../../src/foundation/guard/budgets.ts";

test("the page of security has each budget as the code has it", () => {
  const rows = Object.values<Budget>(budgets).map(
    ({ of, limit, by, beyond }) => `| ${of} | ${limit} | ${by} | ${beyond} |`,
  );
  const page = readFileSync("docs/security.md", "utf8").split("\n");
  const first = page.indexOf("| what | at most | of | beyond |");

  expect(page.slice(first + 2, page.indexOf("", first))).toEqual(rows);
});

test("what is counted by is what people read", () => {
  expect(budgets.read).toMatchObject({ limit: "200 a second, 2,000 at once", perSecond: 200 });
  expect(budgets.signIn).toMatchObject({ limit: "20 a minute, 60 at once", perSecond: 1 / 3, burst: 60 });
});
