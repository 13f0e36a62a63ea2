import { type Report, scores } from "./summary.ts";

/** For programs. `clauses` has a fixed form: id, standing, outcome, why; the rest is extra. */
export function jsonReport({ adapter, startedAt, tookMs, results }: Report): string {
  const clauses = results.map(({ id, standing, outcome, why, ...rest }) => ({ id, standing, outcome, why, ...rest }));
  const report = { adapter, startedAt: new Date(startedAt).toISOString(), tookMs, scores: scores(results), clauses };
  return `${JSON.stringify(report, null, 1)}\n`;
}
