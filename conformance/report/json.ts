import { type Report, scores, verdictOf } from "./summary.ts";

/** For programs. `clauses` has a fixed form: id, standing, outcome, why; the rest is extra. */
export function jsonReport({ adapter, conditions, startedAt, tookMs, results, notes = [] }: Report): string {
  const clauses = results.map(({ id, standing, outcome, why, ...rest }) => ({ id, standing, outcome, why, ...rest }));
  const { word: verdict, text } = verdictOf(results);
  const head = { adapter, verdict, text, notes, conditions, startedAt: new Date(startedAt).toISOString(), tookMs };
  return `${JSON.stringify({ ...head, scores: scores(results), clauses }, null, 1)}\n`;
}
