import { DatabaseSync } from "node:sqlite";
import type { Sql, SqlRow } from "../../durable-objects/sql.ts";

/** A database in memory that outlives the object above it and counts what the platform would bill. */
export class MemorySql implements Sql {
  rowsWritten = 0;
  transactions = 0;
  readonly #database = new DatabaseSync(":memory:");

  exec(query: string, ...bindings: readonly (string | number | null)[]): readonly SqlRow[] {
    const statement = this.#database.prepare(query);
    if (/^\s*(?:SELECT|WITH)\b/i.test(query)) return statement.all(...bindings) as SqlRow[];
    const { changes } = statement.run(...bindings);
    if (/^\s*(?:INSERT|UPDATE|DELETE)\b/i.test(query)) this.rowsWritten += Number(changes);
    return [];
  }

  /** Nothing is left, not even tables. */
  clear(): void {
    for (const row of this.#database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()) {
      this.#database.exec(`DROP TABLE ${row.name}`);
    }
  }

  transaction<Value>(work: () => Value): Value {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.#database.exec("COMMIT");
      this.transactions += 1;
      return value;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }
}
