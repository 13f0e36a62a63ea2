import type { HistoryRow } from "./history.ts";

/** Some rows of a journal, in order, from behind this one on; none: there are no more. Whoever waits has a turn before it resolves. */
export type ReadRows = (after: number) => Promise<readonly HistoryRow[]>;

/** The rows of one transaction. */
export type TransactionRows = readonly [HistoryRow, ...HistoryRow[]];

/** The transactions of a journal from this row on. */
export async function* transactionsFrom(read: ReadRows, row: number): AsyncGenerator<TransactionRows> {
  const grouped = new GroupedRows();
  for (let rows = await read(row - 1); rows.length > 0; rows = await read(rows.at(-1)?.seq ?? 0)) {
    for (const one of rows) yield* grouped.add(one);
  }
  yield* grouped.rest();
}

/** Brings together the rows of each transaction, of rows that come one by one. */
export class GroupedRows {
  #open: HistoryRow[] = [];

  /** The transaction before the one of this row, where the row begins one. */
  add(row: HistoryRow): readonly TransactionRows[] {
    const whole = this.#isOfOpen(row) ? [] : this.rest();
    this.#open.push(row);
    return whole;
  }

  rest(): readonly TransactionRows[] {
    const [first, ...others] = this.#open;
    this.#open = [];
    return first ? [[first, ...others]] : [];
  }

  #isOfOpen({ at, input, changes, progress }: HistoryRow): boolean {
    const last = this.#open.at(-1);
    if (!last || last.at !== at || last.progress.serial !== progress.serial) return false;
    // Behind the row with the changes there are but facts for which it had no room.
    return this.#open.every((row) => row.changes === null) || (input === null && changes === null);
  }
}

/** The rows that are steps: behind the inputs there may be but facts. */
export function inputsOf(rows: TransactionRows): readonly HistoryRow[] {
  return rows.filter((row, index) => index === 0 || row.input !== null);
}

/** Something that goes through a journal, and stands before this row. */
interface Reader {
  readonly next: number;
}

/** Readers that stand where somebody has read on, so that the next page does not begin with the first row. */
export class KeptReaders<Kept extends Reader> {
  readonly #most: number;
  #kept: readonly Kept[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** The nearest one before this row, and nobody else's from now on. */
  handOut(row: number): Kept | null {
    const before = this.#kept.filter(({ next }) => next <= row);
    const nearest = before.toSorted((one, other) => other.next - one.next)[0] ?? null;
    this.#kept = this.#kept.filter((one) => one !== nearest);
    return nearest;
  }

  keep(reader: Kept): void {
    this.#kept = [...this.#kept, reader].slice(-this.#most);
  }
}
