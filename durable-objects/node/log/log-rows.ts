import type { Droppable } from "./disk.ts";

/** With more rows that no image holds, images are made: all of them are read again at a start. */
const mostRows = 50_000;
/** Images that are made of a log that is too long, with each flush. */
const imagesTogether = 20;
/** Rows that are searched for their objects. */
const searchedRows = 1_000;
/** Rows that may go are deleted some at a time. */
const deletedTogether = 1_000;

type Row = readonly [position: number, object: number];

/** The rows of the log that no image holds, and which may go. */
export class LogRows {
  /** In the order of the log, also of what an image holds by now. */
  #rows: Row[];
  /** Their positions, by object. */
  readonly #needed = new Map<number, number[]>();
  /** Of so many rows, at the beginning, nobody keeps the others behind them. */
  #passed = 0;
  #imageUpTo = 0;
  /** Objects of which no image can be made. Their rows stay, and keep no others. */
  readonly #setAside = new Set<number>();

  constructor(rows: readonly Row[]) {
    this.#rows = [...rows];
    for (const [position, object] of rows) this.#need(position, object);
  }

  add(position: number, object: number): void {
    this.#rows.push([position, object]);
    this.#need(position, object);
  }

  /** The positions of those that an image of this object lacks. */
  of(object: number): readonly number[] {
    return this.#needed.get(object) ?? [];
  }

  /** An image holds all rows of the object, or the object is gone. */
  release(object: number): void {
    this.#needed.delete(object);
    this.#setAside.delete(object);
  }

  setAside(object: number): void {
    this.#setAside.add(object);
  }

  /** Nobody is to need a row up to this position. */
  imageUpTo(position: number): void {
    this.#imageUpTo = position;
  }

  /** Objects of which an image is wanted next: they have the oldest rows. */
  get toImage(): ReadonlySet<number> {
    const objects = new Set<number>();
    this.#pass();
    const isTooLong = this.#rows.length - this.#passed > mostRows;
    for (const row of this.#rows.slice(this.#passed, this.#passed + searchedRows)) {
      if (objects.size === imagesTogether || !(isTooLong || row[0] <= this.#imageUpTo)) break;
      if (this.#keeps(row)) objects.add(row[1]);
    }
    return objects;
  }

  /** `null`: too few of them to be worth it. `last`: the position of the last row. */
  takeDroppable(last: number, atLeast = deletedTogether): Droppable | null {
    this.#pass();
    if (this.#passed < atLeast) return null;
    this.#rows = this.#rows.slice(this.#passed);
    this.#passed = 0;
    return { before: this.#rows[0]?.[0] ?? last + 1, except: [...this.#setAside] };
  }

  #need(position: number, object: number): void {
    const positions = this.#needed.get(object);
    if (positions) positions.push(position);
    else this.#needed.set(object, [position]);
  }

  #pass(): void {
    for (let row = this.#rows[this.#passed]; row && !this.#keeps(row); row = this.#rows[this.#passed])
      this.#passed += 1;
  }

  #keeps([position, object]: Row): boolean {
    const first = this.#needed.get(object)?.[0];
    return first !== undefined && first <= position && !this.#setAside.has(object);
  }
}
