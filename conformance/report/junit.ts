import { XMLBuilder } from "fast-xml-parser";
import { findingsOf } from "./findings.ts";
import { circumstancesOf, type Report, shortened, standings, timeOf, verdictOf } from "./summary.ts";

const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressBooleanAttributes: false });

/** For servers that run tests: a suite for each standing, a case for each clause. */
export function junitReport(report: Report): string {
  const { results, tookMs, startedAt, notes = [] } = report;
  const findings = findingsOf(results);
  const findingOf = new Map(findings.flatMap((finding) => finding.clauses.map(({ id }) => [id, finding])));
  const facts: readonly (readonly [string, string])[] = [
    ["verdict", verdictOf(results).text],
    ...findings.map(
      ({ n, cause, clauses }) => [`finding ${n}`, `${cause}: ${clauses.map(({ id }) => id).join(" ")}`] as const,
    ),
    ...Object.entries(circumstancesOf(report)),
    ...(notes.length > 0 ? [["note", notes.join("; ")] as const] : []),
  ];
  const property = facts.map(([name, value]) => ({ "@_name": name, "@_value": value }));
  const suites = standings.map((standing) => {
    const those = results.filter((result) => result.standing === standing);
    return {
      "@_name": `conformance: ${standing}`,
      "@_tests": those.length,
      "@_failures": those.filter(({ outcome }) => outcome === "failed").length,
      "@_skipped": those.filter(({ outcome }) => outcome === "not-testable").length,
      "@_timestamp": new Date(startedAt).toISOString(),
      properties: { property },
      testcase: those.map(({ id, title, outcome, why, trace, reference, tookMs: took }) => ({
        "@_classname": `conformance.${standing}`,
        "@_name": `${id} ${title}`,
        "@_time": (took / 1000).toFixed(3),
        ...(outcome === "failed" && {
          failure: {
            "@_message": why,
            "@_type": `finding ${findingOf.get(id)?.n}: ${findingOf.get(id)?.cause}`,
            "#text": [
              `see: ${reference}`,
              ...trace.map(
                ({ at, from, to, title: what, body }) => `${timeOf(at)} ${from} → ${to}: ${what}\n${shortened(body)}`,
              ),
            ].join("\n"),
          },
        }),
        ...(outcome === "not-testable" && { skipped: { "@_message": why } }),
        ...(outcome === "passed" && why !== "" && { "system-out": why }),
      })),
    };
  });
  const root = { "@_name": "bridgehead-conformance", "@_time": (tookMs / 1000).toFixed(3), testsuite: suites };
  return `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ testsuites: root })}`;
}
