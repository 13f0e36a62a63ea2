import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Sql, SqlRow, SqlValue } from "../../durable-objects/sql.ts";

/** Making one, with its tables and statements, costs more than most worlds write into it. */
const spare: Database[] = [];

/** A database in memory that outlives the object above it. */
export class Database implements Sql {
  static open(): Database {
    return spare.pop() ?? new Database();
  }

  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  readonly #schema = new Set<string>();

  exec(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] {
    if (query.startsWith("CREATE")) {
      // Each life of an object asks for its tables; one that is there need not be made again.
      if (!this.#schema.has(query)) this.#database.exec(query);
      this.#schema.add(query);
      return [];
    }
    let statement = this.#statements.get(query);
    if (!statement) {
      statement = this.#database.prepare(query);
      this.#statements.set(query, statement);
    }
    if (query.startsWith("SELECT")) return statement.all(...bindings) as SqlRow[];
    statement.run(...bindings);
    return [];
  }

  transaction<Value>(work: () => Value): Value {
    this.exec("BEGIN");
    try {
      const value = work();
      this.exec("COMMIT");
      return value;
    } catch (error) {
      this.exec("ROLLBACK");
      throw error;
    }
  }

  /** Another one may have it now, as if it were new. */
  close(): void {
    for (const { name } of this.exec("SELECT name FROM sqlite_master WHERE type = 'table'"))
      this.exec(`DELETE FROM ${name}`);
    spare.push(this);
  }
}
