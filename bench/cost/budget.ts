import type { Units } from "./units.ts";

/** Not the rows read, which are not counted in virtual time, nor the active time, which depends on the machine. */
export const budgetedUnits = [
  ...(["workerRequests", "objectRequests", "socketMessages", "rowsWritten", "alarms"] as const),
];

export type BudgetedUnits = Pick<Units, (typeof budgetedUnits)[number]>;

/** By cause. */
export type Budget = Readonly<Record<string, BudgetedUnits>>;

const tolerance = 1.05;

/** A sentence for each unit that is more than 5 % above its budget, or has none. */
export function overBudget(measured: Budget, budget: Budget): readonly string[] {
  return Object.entries(measured).flatMap(([cause, units]) =>
    budgetedUnits.flatMap((unit) => {
      const [used, allowed] = [units[unit], budget[cause]?.[unit]];
      if (allowed !== undefined && used <= allowed * tolerance) return [];
      return [`${cause}: ${used.toFixed(0)} ${unit}, but the budget is ${allowed ?? "not set"}`];
    }),
  );
}
