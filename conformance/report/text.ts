import { plainTerminal, type Terminal, table } from "../doors/foundation.ts";
import type { ClauseResult } from "../run.ts";
import { findingsOf, type ReportFinding } from "./findings.ts";
import {
  circumstancesOf,
  openClauses,
  outcomeWords,
  type Report,
  scores,
  shortened,
  timeOf,
  verdictOf,
} from "./summary.ts";

const words = { ...outcomeWords, failed: "FAILED" };

/** What was found, with the wire of the clause that shows it; then a line for each clause; then the verdict. */
export function textReport(report: Report, terminal: Terminal = plainTerminal): string {
  const { results, notes = [] } = report;
  const findings = findingsOf(results);
  const byClause = new Map(findings.flatMap(({ n, clauses }) => clauses.map(({ id }) => [id, n])));
  const summary = table(
    [
      { title: "", text: ({ standing }) => standing },
      { title: "passed", text: ({ passed }) => String(passed) },
      { title: "failed", text: ({ failed }) => String(failed), style: ({ failed }) => (failed > 0 ? "red" : null) },
      { title: "not testable", text: ({ notTestable }) => String(notTestable) },
    ],
    scores(results),
    terminal,
  );
  const open = openClauses(results).map(({ because, why, ids }) => {
    const untested =
      because === "untested" ? "not tested" : because === "unseen" ? "not to be seen" : "nothing to judge";
    return `${untested}: ${why}\n    ${ids.join(" ")}`;
  });
  const how = Object.entries(circumstancesOf(report)).map(([name, value]) => `${name}: ${value}`);
  const noted = notes.flatMap((note) => [terminal.style("red", note), ""]);
  return [
    ...noted,
    ...findings.flatMap((finding) => [...linesOfFinding(finding, terminal), ""]),
    ...results.flatMap((result) => linesOf(result, byClause.get(result.id), terminal)),
    "",
    ...summary,
    "",
    ...(open.length > 0 ? [...open, ""] : []),
    ...how,
    "",
    // Again where the eye is when a run has ended.
    ...noted,
    verdictOf(results).text,
    "",
  ].join("\n");
}

function linesOfFinding({ n, cause, clauses }: ReportFinding, terminal: Terminal): string[] {
  const [shows] = clauses;
  if (!shows) return [];
  const entries = shows.trace.flatMap(({ at, from, to, title, body }) => [
    `    ${timeOf(at)}  ${from} → ${to}: ${title}`,
    ...(body === "" ? [] : [terminal.style("dim", `                  ${shortened(body).replaceAll("\n", " ")}`)]),
  ]);
  return [
    `${terminal.style("red", `finding ${n}: ${cause}`)}`,
    `    ${clauses.length === 1 ? "clause" : `${clauses.length} clauses`}: ${clauses.map(({ id }) => id).join(" ")}`,
    `    shown by ${shows.id} (${shows.standing}): ${shows.title}`,
    `    why: ${shows.why}`,
    `    see: ${shows.reference}`,
    ...entries,
  ];
}

function linesOf(
  { id, standing, title, outcome, why }: ClauseResult,
  finding: number | undefined,
  terminal: Terminal,
): string[] {
  const style = outcome === "failed" ? "red" : outcome === "passed" ? "green" : "dim";
  const mark = standing === "documented" ? "" : ` (${standing})`;
  const line = `${terminal.style(style, words[outcome].padEnd(12))}  ${id.padEnd(6)}  ${title}${mark}`;
  const reason = finding === undefined ? why : `finding ${finding}: ${why}`;
  return why === "" ? [line] : [line, `                      ${reason}`];
}
