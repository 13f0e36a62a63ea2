import { allClauses } from "../clauses/all.ts";
import type { Standing } from "../messages.ts";
import type { ClauseResult } from "../run.ts";

/** How the run was made: version of the kit, telephones, options; each in words. */
export type Conditions = Readonly<Record<string, string>>;

export interface Report {
  readonly adapter: string;
  readonly conditions: Conditions;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly tookMs: number;
  readonly results: readonly ClauseResult[];
  /** About the run as a whole: what ended it before its time. */
  readonly notes?: readonly string[];
}

export const standings: readonly Standing[] = ["documented", "unconfirmed", "inferred"];

export const standingWords: Readonly<Record<Standing, string>> = {
  documented: "stands in a public document",
  unconfirmed: "about a message that no public document names",
  inferred: "follows from the documents only by reason",
};

export const outcomeWords: Readonly<Record<ClauseResult["outcome"], string>> = {
  passed: "passed",
  failed: "failed",
  "not-testable": "not testable",
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

export interface Verdict {
  /** `not-shown`: nothing failed, but not all was tested. */
  readonly word: "conforms" | "does-not-conform" | "not-shown";
  readonly text: string;
}

const documentedClauses = allClauses.filter(({ standing }) => standing === "documented");

/** By the documented clauses, also by those that were not chosen. */
export function verdictOf(results: readonly ClauseResult[]): Verdict {
  const count = (outcome: ClauseResult["outcome"]) =>
    results.filter((one) => one.standing === "documented" && one.outcome === outcome).length;
  const [passed, failed, total] = [count("passed"), count("failed"), documentedClauses.length];
  const left = total - passed - failed;
  if (failed > 0) {
    const text = `does not conform: ${failed} of ${total} documented clauses failed, ${passed} passed, ${left} were not tested`;
    return { word: "does-not-conform", text };
  }
  const byId = new Map(results.map((one) => [one.id, one]));
  const isOpen = documentedClauses.some(({ id, kind }) => {
    const result = byId.get(id);
    // What came was judged, or there was nothing to judge; and what nobody sees from outside stays open for everybody.
    return kind === "played" ? result?.outcome !== "passed" : result === undefined;
  });
  if (!isOpen) {
    const others =
      left === 0 ? "" : `; ${left} cannot be seen from outside, or are about what this adapter never sends`;
    return { word: "conforms", text: `conforms: ${passed} of ${total} documented clauses passed${others}` };
  }
  const text = `not shown to conform: no documented clause failed, ${passed} of ${total} passed, ${left} were not tested`;
  return { word: "not-shown", text };
}

/** Every documented clause that could be tested passed, and one could: the exit code goes by it. */
export function isWithoutFailure(results: readonly ClauseResult[]): boolean {
  const [documented] = scores(results);
  return documented !== undefined && documented.failed === 0 && documented.passed > 0;
}

/** Of one document in a report that a person reads; the one for programs has them whole. */
const MOST_CHARACTERS = 4_000;

export function shortened(body: string): string {
  const isLong = body.length > MOST_CHARACTERS;
  return isLong ? `${body.slice(0, MOST_CHARACTERS)}… (${body.length} characters)` : body;
}

/** The time of day with milliseconds (UTC). */
export function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}
