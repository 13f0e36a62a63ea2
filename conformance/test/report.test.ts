import { expect, test } from "vitest";
import { allClauses } from "../clauses/all.ts";
import { isWithoutFailure, jsonReport, textReport } from "../report.ts";
import type { ClauseResult } from "../run.ts";

function reportOf(change: (id: string) => Partial<ClauseResult>) {
  const results = allClauses.map(({ id, kind, standing, reference, title }): ClauseResult => {
    const head = { id, kind, standing, reference, title };
    return { ...head, outcome: "passed", why: "", tookMs: 1, trace: [], ...change(id) };
  });
  const tested = { version: "4.2" };
  return { adapter: "http://a/", tested, conditions: {}, startedAt: 0, tookMs: 1_000, results, notes: ["a note"] };
}

const documented = allClauses.filter(({ standing }) => standing === "documented").length;

test("keeps the form of clauses in the JSON report", () => {
  const { clauses } = JSON.parse(jsonReport(reportOf(() => ({}))));

  expect(clauses).toHaveLength(allClauses.length);
  expect(Object.entries(clauses[0]).slice(0, 4)).toEqual([
    ["id", "T28"],
    ["standing", "documented"],
    ["outcome", "passed"],
    ["why", ""],
  ]);
});

test("shows the traffic once for clauses with the same failure", () => {
  const trace = [{ at: 0, from: "adapter", to: "WebEx 1", title: "A2W_X", body: "<a>\n</a>" }] as const;
  const failed = (n: string) => ({ outcome: "failed", why: `no answer to ${n}`, trace }) as const;
  const text = textReport(reportOf((id) => (/^T20[ab]$/.test(id) ? failed(`M${id.length}1`) : {})));

  expect(text).toContain("    alike: T20b\n    00:00:00.000  adapter → WebEx 1: A2W_X\n");
  expect(text.match(/<a> <\/a>/g)).toHaveLength(1);
  expect(text).toContain(`does not conform: 2 of ${documented} documented clauses failed`);
});

test("counts the chosen clauses with --only and names those without a result", () => {
  const { results, ...report } = reportOf((id) => (id === "4.1b" ? { outcome: "not-testable" } : {}));
  const chosen = results.filter(({ id, kind }) => kind === "judged" || /^4\.1[abc]$/.test(id));

  expect(textReport({ ...report, results: chosen })).toContain(
    `2 of ${documented} documented clauses played (--only), all passed; 1 not tested (4.1b); no result for the others\n`,
  );
  const failed = chosen.map((result) => (result.id === "4.1a" ? { ...result, outcome: "failed" as const } : result));
  expect(textReport({ ...report, results: failed })).toContain("(--only); 1 failed (4.1a); 1 not tested (4.1b); no ");
});

test.each([
  ["4.1a", "failed", false, "does not conform: 1 of"],
  ["4.10a", "failed", true, "conforms:"],
  ["4.1a", "not-testable", true, "not shown to conform:"],
] as const)("decides by documented clauses: %s %s", (changed, outcome, passes, verdict) => {
  const report = reportOf((id) => (id === changed ? { outcome } : {}));

  expect(isWithoutFailure(report.results)).toBe(passes);
  expect(textReport(report).trimEnd().split("\n").at(-1)).toMatch(verdict);
});
