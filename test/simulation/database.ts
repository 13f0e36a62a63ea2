import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ConferenceStore } from "../../durable-objects/conference-store.ts";
import type { Sql, SqlRow, SqlValue } from "../../durable-objects/platform.ts";

/** Making one, with its tables and statements, costs more than most worlds write into it. */
const spare = new Map<string, Database[]>();

interface Prepared {
  readonly statement: StatementSync;
  readonly kind: "read" | "write" | "control";
}

function prepare(database: DatabaseSync, query: string): Prepared {
  const isRead = /^\s*(?:SELECT|WITH)\b/i.test(query);
  const isWrite = /^\s*(?:INSERT|UPDATE|DELETE)\b/i.test(query);
  return { statement: database.prepare(query), kind: isRead ? "read" : isWrite ? "write" : "control" };
}

/** A database in memory that outlives the object above it, and counts what the platform would bill. */
export class Database implements Sql {
  /** `kind`: databases of one kind have the same tables. */
  static open(kind = ""): Database {
    return spare.get(kind)?.pop() ?? new Database(kind);
  }

  readonly #kind: string;

  rowsWritten = 0;
  transactions = 0;
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, Prepared>();
  readonly #schema = new Set<string>();

  constructor(kind = "") {
    this.#kind = kind;
  }

  exec(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] {
    if (query.startsWith("CREATE")) {
      // Each life of an object asks for its tables; one that is there need not be made again.
      if (!this.#schema.has(query)) this.#database.exec(query);
      this.#schema.add(query);
      return [];
    }
    let prepared = this.#statements.get(query);
    if (!prepared) {
      prepared = prepare(this.#database, query);
      this.#statements.set(query, prepared);
    }
    const { statement, kind } = prepared;
    if (kind === "read") return statement.all(...bindings) as SqlRow[];
    const { changes } = statement.run(...bindings);
    if (kind === "write") this.rowsWritten += Number(changes);
    return [];
  }

  transaction<Value>(work: () => Value): Value {
    this.exec("BEGIN");
    try {
      const value = work();
      this.exec("COMMIT");
      this.transactions += 1;
      return value;
    } catch (error) {
      this.exec("ROLLBACK");
      this.#schema.clear(); // A table that the transaction made is gone.
      throw error;
    }
  }

  /** Nothing is left, not even tables. */
  clear(): void {
    for (const { name } of this.#tables()) this.#database.exec(`DROP TABLE ${name}`);
    this.#statements.clear();
    this.#schema.clear();
  }

  /** Another one may have it now, as if it were new. */
  close(): void {
    for (const { name } of this.#tables()) this.exec(`DELETE FROM ${name}`);
    this.rowsWritten = 0;
    this.transactions = 0;
    spare.set(this.#kind, [...(spare.get(this.#kind) ?? []), this]);
  }

  #tables(): readonly SqlRow[] {
    return this.exec("SELECT name FROM sqlite_master WHERE type = 'table'");
  }
}

/** What another life of a conference would find on this disk. */
export function conferenceOn(disk: Database): ConferenceStore {
  return new ConferenceStore(disk, () => {});
}
