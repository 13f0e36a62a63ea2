import { createHash } from "node:crypto";
import { allClauses } from "../clauses/all.ts";
import type { Standing } from "../messages.ts";
import type { ClauseResult } from "../run.ts";
import { findingsOf } from "./findings.ts";

/** Words by what they are about. */
export type Conditions = Readonly<Record<string, string>>;

export interface Report {
  readonly adapter: string;
  /** What was tested and by what: version, settings and bridge of the adapter, the kit. */
  readonly tested: Conditions;
  /** How the run was made: telephones, options. */
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

/** All that a report says, for programs. `clauses` has a fixed form: id, standing, outcome, why; the rest is extra. */
export function contentsOf({ adapter, tested, conditions, startedAt, tookMs, results, notes = [] }: Report) {
  const findings = findingsOf(results);
  const findingOf = new Map(findings.flatMap(({ n, clauses }) => clauses.map(({ id }) => [id, n])));
  const clauses = results.map(({ id, standing, outcome, why, ...rest }) => {
    const finding = findingOf.get(id);
    return { id, standing, outcome, why, ...(finding !== undefined && { finding }), ...rest };
  });
  const { word: verdict, text } = verdictOf(results);
  return {
    ...{ adapter, verdict, text, tested, conditions, notes, startedAt: new Date(startedAt).toISOString(), tookMs },
    scores: scores(results),
    findings: findings.map(({ clauses: those, ...finding }) => ({ ...finding, clauses: those.map(({ id }) => id) })),
    open: openClauses(results),
    clauses,
  };
}

/** Names a run: a digest of what was tested and of all that was seen. The same page always names the same run. */
export function runId(report: Report): string {
  return createHash("sha256")
    .update(JSON.stringify(contentsOf(report)))
    .digest("hex")
    .slice(0, 16);
}

/** When it was, what was tested and how, line by line. */
export function circumstancesOf(report: Report): Conditions {
  const { adapter, tested, conditions, startedAt, tookMs } = report;
  const day = `${new Date(startedAt).toISOString().slice(0, 19).replace("T", " ")} UTC, ${(tookMs / 1000).toFixed(1)} s`;
  const all = { run: runId(report), day, adapter, ...tested, ...conditions };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

interface Score {
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

interface Verdict {
  /** `not-shown`: nothing failed, but not all was tested. */
  readonly word: "conforms" | "does-not-conform" | "not-shown";
  readonly text: string;
}

/** Documented clauses without a judgement for one reason, which says what would test them. */
interface OpenClauses {
  /** `untested`: a run made otherwise tests them. */
  readonly because: NonNullable<ClauseResult["because"]> | "untested";
  readonly why: string;
  readonly ids: readonly string[];
}

const documentedClauses = allClauses.filter(({ standing }) => standing === "documented");

/** Also those that were not chosen. */
export function openClauses(results: readonly ClauseResult[]): OpenClauses[] {
  const byId = new Map(results.map((one) => [one.id, one]));
  const open = documentedClauses.flatMap(({ id }) => {
    const result = byId.get(id);
    if (result && result.outcome !== "not-testable") return [];
    const { because = "untested", why } = result ?? { why: "not chosen (--only)" };
    return [{ id, because, why } as const];
  });
  return [...Map.groupBy(open, ({ because, why }) => `${because} ${why}`).values()].flatMap((those) => {
    const [first] = those;
    return first ? [{ because: first.because, why: first.why, ids: those.map(({ id }) => id) }] : [];
  });
}

/** Most ids in the sentence; the list of what is open has all. */
const MOST_IDS = 12;

/** By the documented clauses, also by those that were not chosen. It names each that was not judged, and why. */
export function verdictOf(results: readonly ClauseResult[]): Verdict {
  const count = (outcome: ClauseResult["outcome"]) =>
    results.filter((one) => one.standing === "documented" && one.outcome === outcome).length;
  const [passed, failed, total] = [count("passed"), count("failed"), documentedClauses.length];
  const open = openClauses(results);
  const [untested, unseen, nothing] = (["untested", "unseen", "nothing"] as const).map((because) =>
    open.filter((one) => one.because === because).flatMap(({ ids }) => ids),
  ) as [string[], string[], string[]];
  const parts = [
    ...named(untested, "not tested"),
    ...named(unseen, "cannot be seen from outside"),
    ...named(nothing, "had nothing to judge"),
  ];
  const rest = parts.length === 0 ? "" : `; ${parts.join("; ")}`;
  if (failed > 0) {
    const text = `does not conform: ${failed} of ${total} documented clauses failed, ${passed} passed${rest}`;
    return { word: "does-not-conform", text };
  }
  if (untested.length === 0)
    return { word: "conforms", text: `conforms: ${passed} of ${total} documented clauses passed, none failed${rest}` };
  const text = `not shown to conform: no documented clause failed, ${passed} of ${total} passed${rest}`;
  return { word: "not-shown", text };
}

function named(ids: readonly string[], what: string): string[] {
  if (ids.length === 0) return [];
  const more = ids.length > MOST_IDS ? ` and ${ids.length - MOST_IDS} more` : "";
  return [`${ids.length} ${what} (${ids.slice(0, MOST_IDS).join(", ")}${more})`];
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
