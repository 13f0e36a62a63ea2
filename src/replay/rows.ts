import type { HistoryRow } from "./history.ts";

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

/** The rows that are steps: behind the inputs there may be but facts. */
export function inputsOf(rows: TransactionRows): readonly HistoryRow[] {
  return rows.filter((row, index) => index === 0 || row.input !== null);
}

/** What the transaction changed; `null`: it was too long to be kept. */
export function changesOf(rows: TransactionRows): HistoryRow["changes"] {
  return rows.find(({ changes }) => changes !== null)?.changes ?? null;
}
