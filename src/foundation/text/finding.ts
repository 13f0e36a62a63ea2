import { printable } from "./printable.ts";

/** What one check found. */
export interface Finding {
  /** `warn`: it works, and is not right. `WRONG`: it does not work. */
  readonly verdict: "ok" | "warn" | "WRONG";
  readonly about: string;
  readonly says: string;
}

/** The same, before it is said what it is about. */
export type CheckResult = Omit<Finding, "about">;

/** The line for a person. */
export function findingLine({ verdict, about, says }: Finding): string {
  return printable(`${verdict.padEnd(5)} ${about}: ${says}`);
}
