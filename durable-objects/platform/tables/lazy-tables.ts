import { hasTable, type Sql, type SqlRow, type SqlValue } from "../platform.ts";

/** Tables that the first write makes: an object that was only asked something has none, and is not billed for any. */
export class LazyTables {
  readonly #sql: Sql;
  readonly #makes: readonly string[];
  readonly #name: string;
  /** Whether they were seen. The transaction that makes them may fail, so only a later look shows it. */
  #areThere: boolean;

  /** `makes`: how they are made; the last one has this name. */
  constructor(sql: Sql, name: string, ...makes: readonly string[]) {
    this.#sql = sql;
    this.#name = name;
    this.#makes = makes;
    this.#areThere = this.areThere;
  }

  get areThere(): boolean {
    return this.#areThere || hasTable(this.#sql, this.#name);
  }

  /** No rows where there are no tables. */
  read(query: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    return this.areThere ? this.#sql.exec(query, ...values) : [];
  }

  /** Makes the tables. Called before the first write of a transaction. */
  make(): void {
    if (this.#areThere) return;
    this.#areThere = this.areThere;
    if (!this.#areThere) for (const make of this.#makes) this.#sql.exec(make);
  }
}
