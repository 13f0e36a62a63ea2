import { callInClauses } from "./call-in.ts";
import { callOutClauses } from "./call-out.ts";
import type { Clause } from "./clause.ts";
import { createClauses } from "./create.ts";
import { roomClauses } from "./rooms.ts";

/** All clauses, in the order of the report. */
export const allClauses: readonly Clause[] = [
  ...createClauses,
  ...callInClauses,
  ...callOutClauses,
  ...roomClauses,
];
