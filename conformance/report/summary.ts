import type { Standing } from "../messages.ts";
import type { ClauseResult } from "../run.ts";

export interface Report {
  readonly adapter: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tookMs: number;
  readonly results: readonly ClauseResult[];
}

export const standings: readonly Standing[] = ["documented", "unconfirmed", "inferred"];

export const standingWords: Readonly<Record<Standing, string>> = {
  documented: "stands in a public document",
  unconfirmed: "about a message that no public document names",
  inferred: "follows from the documents only by reason",
};

export interface Score {
  readonly standing: Standing;
  readonly passed: number;
  readonly failed: number;
  readonly notTestable: number;
}

export function scores(results: readonly ClauseResult[]): Score[] {
  return standings.map((standing) => {
    const count = (outcome: ClauseResult["outcome"]) =>
      results.filter((one) => one.standing === standing && one.outcome === outcome).length;
    return { standing, passed: count("passed"), failed: count("failed"), notTestable: count("not-testable") };
  });
}

/** Every documented clause that could be tested passed, and one could. */
export function conforms(results: readonly ClauseResult[]): boolean {
  const [documented] = scores(results);
  return documented !== undefined && documented.failed === 0 && documented.passed > 0;
}

/** The time of day with milliseconds (UTC). */
export function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}
