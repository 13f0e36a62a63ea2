import type { DecisionProgress } from "../conference/decide.ts";
import type { InputRow } from "../conference/inputs.ts";

/** What a transaction changed on disk, by keys; `null` deletes an entry. */
export type StoredEntries = readonly (readonly [key: string, value: unknown])[];

/** One row of a conference's journal. */
export interface HistoryRow extends InputRow {
  /** Of its whole transaction, in its last row; `null` in the rows before, and where they were too long. */
  readonly changes: StoredEntries | null;
  readonly progress: DecisionProgress;
}

/** The rows of one transaction. */
export type TransactionRows = readonly [HistoryRow, ...HistoryRow[]];

export function* transactionsIn(rows: Iterable<HistoryRow>): Generator<TransactionRows> {
  let open: [HistoryRow, ...HistoryRow[]] | null = null;
  for (const row of rows) {
    if (open && isOfSame(open, row)) open.push(row);
    else {
      if (open) yield open;
      open = [row];
    }
  }
  if (open) yield open;
}

function isOfSame(open: TransactionRows, { at, input, changes, progress }: HistoryRow): boolean {
  const [first] = open;
  if (first.at !== at || first.progress.serial !== progress.serial) return false;
  // Behind the row with the changes there are but facts for which it had no room.
  return open.every((row) => row.changes === null) || (input === null && changes === null);
}
