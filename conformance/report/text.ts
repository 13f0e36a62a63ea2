import { plainTerminal, type Terminal, table } from "../../src/foundation/table.ts";
import type { ClauseResult } from "../run.ts";
import { outcomeWords, type Report, scores, shortened, timeOf, verdictOf } from "./summary.ts";

const words = { ...outcomeWords, failed: "FAILED" };

/** One line for each clause; under one that failed, why, and what was on the wire. */
export function textReport(
  { results, tookMs, conditions, notes = [] }: Report,
  terminal: Terminal = plainTerminal,
): string {
  const lines = results.flatMap((result) => linesOf(result, terminal));
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
  const how = Object.entries(conditions).map(([name, value]) => `${name}: ${value}`);
  const verdict = `${verdictOf(results).text} (${(tookMs / 1000).toFixed(1)} s)`;
  const noted = notes.flatMap((note) => [terminal.style("red", note), ""]);
  // Again where the eye is when a run has ended.
  return [...noted, ...lines, "", ...summary, "", ...how, "", ...noted, verdict, ""].join("\n");
}

function linesOf({ id, standing, title, outcome, why, trace, reference }: ClauseResult, terminal: Terminal): string[] {
  const style = outcome === "failed" ? "red" : outcome === "passed" ? "green" : "dim";
  const mark = standing === "documented" ? "" : ` (${standing})`;
  const line = `${terminal.style(style, words[outcome].padEnd(12))}  ${id.padEnd(6)}  ${title}${mark}`;
  if (outcome !== "failed") return why === "" ? [line] : [line, `                      ${why}`];
  const entries = trace.flatMap(({ at, from, to, title: what, body }) => [
    `    ${timeOf(at)}  ${from} → ${to}: ${what}`,
    ...(body === "" ? [] : [terminal.style("dim", `                  ${shortened(body).replaceAll("\n", " ")}`)]),
  ]);
  return [line, `    why: ${why}`, `    see: ${reference}`, ...entries];
}
