import type { DecisionProgress } from "../conference/decide.ts";
import type { InputRow } from "../conference/inputs.ts";

/** Entries that a transaction changed on disk, by key; `null` deletes one. */
export type StoredEntries = readonly (readonly [key: string, value: unknown])[];

/** One row of a conference's journal. */
export interface HistoryRow extends InputRow {
  /** Changes of its whole transaction, in its last row; `null` in earlier rows, and if they were too long. */
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
  // After the row with the changes come only facts that did not fit into it.
  return open.every((row) => row.changes === null) || (input === null && changes === null);
}

/** In bytes, as JSON. */
const MOST_LENGTH = 200_000;
const encoder = new TextEncoder();

/** What one answer holds: at least one item, however long. */
export class Page<Item extends object> {
  readonly items: Item[] = [];
  #length = 0;

  /** Returns false if the item does not fit. */
  add(item: Item): boolean {
    const length = encoder.encode(JSON.stringify(item)).length;
    if (this.items.length > 0 && this.#length + length > MOST_LENGTH) return false;
    this.items.push(item);
    this.#length += length;
    return true;
  }
}
