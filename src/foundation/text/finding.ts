import { printable } from "./printable.ts";
import { reasonOf } from "./reason.ts";

export interface Finding {
  /** `warn`: it works, and is not right. `WRONG`: it does not work. */
  readonly verdict: "ok" | "warn" | "WRONG";
  readonly about: string;
  readonly says: string;
}

/** The same, before it is said what it is about. */
export type CheckResult = Omit<Finding, "about">;

export function right(says: string): CheckResult {
  return { verdict: "ok", says };
}

/** It works, and is not right. */
export function warn(says: string): CheckResult {
  return { verdict: "warn", says };
}

export function wrong(says: string): CheckResult {
  return { verdict: "WRONG", says };
}

/** Makes the checks one after the other; what one throws is wrong. */
export async function* findingsOf(
  checks: Readonly<Record<string, () => CheckResult | Promise<CheckResult>>>,
): AsyncGenerator<Finding> {
  for (const [about, check] of Object.entries(checks)) {
    const made = (async () => check())();
    yield { about, ...(await made.catch((error: unknown) => wrong(reasonOf(error)))) };
  }
}

export function findingLine({ verdict, about, says }: Finding): string {
  return printable(`${verdict.padEnd(5)} ${about}: ${says}`);
}
