import type { Standing } from "../messages.ts";
import type { ClauseResult } from "../run.ts";

/** One thing that is wrong with the adapter, and the clauses that fail by it. */
export interface ReportFinding {
  /** From 1 on. */
  readonly n: number;
  readonly cause: string;
  /** The strongest of its clauses. */
  readonly standing: Standing;
  /** The first one shows it. */
  readonly clauses: readonly ClauseResult[];
}

const strongest: readonly Standing[] = ["documented", "unconfirmed", "inferred"];

/** All failures by their causes: first what documents demand, then what stops most clauses. */
export function findingsOf(results: readonly ClauseResult[]): ReportFinding[] {
  const failed = results.filter(({ outcome }) => outcome === "failed");
  const byStanding = failed.toSorted((a, b) => strongest.indexOf(a.standing) - strongest.indexOf(b.standing));
  return [...Map.groupBy(byStanding, ({ cause, why }) => cause ?? why)]
    .map(([cause, clauses]) => ({ cause, clauses, standing: clauses[0]?.standing ?? "inferred" }))
    .toSorted(
      (a, b) => strongest.indexOf(a.standing) - strongest.indexOf(b.standing) || b.clauses.length - a.clauses.length,
    )
    .map((finding, index) => ({ n: index + 1, ...finding }));
}
