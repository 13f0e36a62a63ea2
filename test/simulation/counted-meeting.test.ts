import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Budget, overBudget } from "../../bench/cost/budget.ts";
import { liveThroughMeeting } from "./counted-meeting.ts";

const budget: Budget = JSON.parse(readFileSync("bench/budget.json", "utf8"));

test("what a meeting costs at the platform is within bench/budget.json, cause by cause", async () => {
  const { measured, violations } = await liveThroughMeeting();

  expect(violations).toEqual([]);
  expect(overBudget(measured, budget)).toEqual([]);
  expect(Object.keys(measured)).toEqual(Object.keys(budget));
});
