import { contentsOf, type Report, runId } from "./summary.ts";

/** For programs. `run` is the digest of all else. */
export function jsonReport(report: Report): string {
  return `${JSON.stringify({ run: runId(report), ...contentsOf(report) }, null, 1)}\n`;
}
