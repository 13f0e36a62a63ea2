import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Budget, type BudgetedUnits, overBudget } from "../../bench/cost/budget.ts";
import { liveThroughMeeting } from "./counted-meeting.ts";

const budget: Budget = JSON.parse(readFileSync("bench/budget.json", "utf8"));
const settingsPage = readFileSync("docs/settings.md", "utf8");

/** One meeting is as every other one: its clock and its ids are the same. */
let usually: ReturnType<typeof liveThroughMeeting> | undefined;
const usualMeeting = () => (usually ??= liveThroughMeeting());

test("what a meeting costs at the platform is within bench/budget.json, cause by cause", async () => {
  const { measured, violations } = await usualMeeting();

  expect(violations).toEqual([]);
  expect(overBudget(measured, budget)).toEqual([]);
  expect(Object.keys(measured)).toEqual(Object.keys(budget));
});

test("what it costs to compare TransIDs over the whole domain stands in docs/settings.md (protocol T40)", async () => {
  const [usual, domain] = [await usualMeeting(), await liveThroughMeeting({ protocol: { transIds: "domain" } })];
  const more = (unit: keyof BudgetedUnits) => sumOf(domain.measured, unit) - sumOf(usual.measured, unit);

  expect(domain.violations).toEqual([]);
  expect(settingsPage).toContain(`${sumOf(usual.measured, "workerRequests")} documents`);
  expect(settingsPage).toContain(`${more("objectRequests")} calls and ${more("rowsWritten")} rows more`);
});

function sumOf(measured: Budget, unit: keyof BudgetedUnits): number {
  return Object.values(measured).reduce((total, units) => total + units[unit], 0);
}
