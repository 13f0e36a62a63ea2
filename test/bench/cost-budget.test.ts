import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Budget, overBudget } from "../../bench/cost/budget.ts";
import { combine, microDollars, type Units, unitNames } from "../../bench/cost/units.ts";

const units: Units = {
  ...{ workerRequests: 100, objectRequests: 300, socketMessages: 200 },
  ...{ rowsRead: 1_000, rowsWritten: 400, alarms: 60, activeMs: 8_000 },
};
const measured: Budget = { meeting: units, tenantHour: combine([units]) };

test("a unit that is more than 5 % above its budget is told; 5 % are let pass, and so is the active time", () => {
  const budget = { meeting: { ...units, rowsWritten: 381, activeMs: 1 }, tenantHour: { ...units, alarms: 57 } };

  expect(overBudget(measured, budget)).toEqual(["tenantHour: 60 alarms, but the budget is 57"]);
});

test("a unit without a budget is told", () => {
  const { rowsRead: _, ...rest } = units;

  expect(overBudget(measured, { meeting: rest, tenantHour: units })).toEqual([
    "meeting: 1000 rowsRead, but the budget is not set",
  ]);
});

test("bench/budget.json has each unit that is judged", () => {
  const budget = JSON.parse(readFileSync("bench/budget.json", "utf8")) as Budget;
  const judged = unitNames.filter((unit) => unit !== "activeMs");

  expect(Object.keys(budget.meeting)).toEqual(judged);
  expect(Object.keys(budget.tenantHour)).toEqual(judged);
});

test("a million of each unit costs what the platform's list says", () => {
  const one = (unit: keyof Units) => microDollars({ ...combine([]), [unit]: 1 });

  expect(Object.fromEntries(unitNames.map((unit) => [unit, Number(one(unit).toFixed(6))]))).toEqual({
    ...{
      workerRequests: 0.3,
      objectRequests: 0.15,
      socketMessages: 0.0075,
      rowsRead: 0.001,
      rowsWritten: 1,
      alarms: 0,
    },
    activeMs: 0.0016,
  });
});
