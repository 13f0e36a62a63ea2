import { expect, test } from "vitest";
import { type Budget, overBudget } from "../../bench/cost/budget.ts";
import type { Units } from "../../bench/cost/units.ts";

const units: Units = {
  workerRequests: 100,
  objectRequests: 300,
  socketMessages: 200,
  rowsRead: 1_000,
  rowsWritten: 400,
  alarms: 60,
  activeMs: 8_000,
};

test("a unit that is more than 5 % above its budget is told with its cause; 5 % are let pass, and so is the active time", () => {
  const budget = { create: { ...units, rowsWritten: 381, activeMs: 1 }, mutes: { ...units, alarms: 57 } };

  expect(overBudget({ create: units, mutes: units }, budget)).toEqual(["mutes: 60 alarms, but the budget is 57"]);
});

test("a cause or a unit without a budget is told", () => {
  const { rowsWritten: _, ...rest } = units;
  const none = { ...units, workerRequests: 0, objectRequests: 0, socketMessages: 0, rowsWritten: 0 };

  expect(overBudget({ create: units, mutes: none }, { create: rest } as unknown as Budget)).toEqual([
    "create: 400 rowsWritten, but the budget is not set",
    "mutes: 0 workerRequests, but the budget is not set",
    "mutes: 0 objectRequests, but the budget is not set",
    "mutes: 0 socketMessages, but the budget is not set",
    "mutes: 0 rowsWritten, but the budget is not set",
    "mutes: 60 alarms, but the budget is not set",
  ]);
});
