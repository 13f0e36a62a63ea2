import type { DirectoryRecord } from "../conference/conference-record.ts";
import type { Fact } from "../conference/facts.ts";
import type { EpochMs } from "../foundation/ids.ts";

/** What one row of a conference's journal says. */
export interface FactRow {
  readonly seq: number;
  readonly at: EpochMs;
  readonly facts: readonly Fact[];
}

/** The records of what is over, in order, each with its row. */
export function endedIn(
  rows: readonly FactRow[],
): readonly { readonly seq: number; readonly record: DirectoryRecord }[] {
  return rows.flatMap(({ seq, facts }) =>
    facts.flatMap((fact) => ("record" in fact ? [{ seq, record: fact.record }] : [])),
  );
}
