import { type Units, unitNames } from "./units.ts";

/** The limits for a meeting, and for an hour of a tenant's connected agent. The active time is left out: it depends on the machine. */
export interface Budget {
  readonly meeting: Partial<Units>;
  readonly tenantHour: Partial<Units>;
}

const tolerance = 1.05;

/** A sentence for each unit that is more than 5 % above its budget, or has none. */
export function overBudget(measured: Budget, budget: Budget): readonly string[] {
  return (["meeting", "tenantHour"] as const).flatMap((scope) =>
    unitNames.flatMap((unit) => {
      const [used = 0, allowed] = [measured[scope][unit], budget[scope][unit]];
      if (unit === "activeMs" || (allowed !== undefined && used <= allowed * tolerance)) return [];
      return [`${scope}: ${used.toFixed(0)} ${unit}, but the budget is ${allowed ?? "not set"}`];
    }),
  );
}
