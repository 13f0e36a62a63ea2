import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ConferenceStore } from "../../durable-objects/conference/conference-store.ts";
import type { Progress } from "../../durable-objects/conference/progress.ts";
import { hasTable, type Sql, type SqlRow, type SqlValue } from "../../durable-objects/platform/platform.ts";
import type { BridgeName } from "../../src/foundation/ids.ts";

const writesEntry = /^(?:INSERT INTO|DELETE FROM) entry/;

/** A database in memory that outlives the object above it, and counts what the platform would bill. */
export class Database implements Sql {
  transactions = 0;
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  readonly #schema = new Set<string>();
  readonly #begin = this.#database.prepare("BEGIN");
  readonly #commit = this.#database.prepare("COMMIT");
  readonly #changes = this.#database.prepare("SELECT total_changes() AS rows");
  readonly #lastChanges = this.#database.prepare("SELECT changes() AS rows");
  /** Among the rows written. A conference writes its state so, once in so many rows of its journal. */
  entriesWritten = 0;

  get rowsWritten(): number {
    return Number(this.#changes.get()?.rows);
  }

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
    const rows = statement.all(...bindings) as SqlRow[]; // Of one that writes: no rows, and for less than `run` costs.
    if (writesEntry.test(query)) this.entriesWritten += Number(this.#lastChanges.get()?.rows);
    return rows;
  }

  transaction<Value>(work: () => Value): Value {
    this.#begin.get();
    try {
      const value = work();
      this.#commit.get();
      this.transactions += 1;
      return value;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      this.#schema.clear(); // A table that the transaction made is gone.
      throw error;
    }
  }

  /** All that is in it. */
  dump(): readonly SqlRow[] {
    return this.#tables().flatMap(({ name }) => this.exec(`SELECT * FROM ${name}`));
  }

  /** What brings back all rows of now. */
  saved(): () => void {
    const saved = this.#tables().map(({ name }) => ({ name, rows: this.exec(`SELECT * FROM ${name}`) }));
    return () => {
      for (const { name } of this.#tables()) this.exec(`DELETE FROM ${name}`);
      for (const { name, rows } of saved)
        for (const row of rows) {
          const columns = Object.keys(row);
          const places = columns.map(() => "?").join();
          this.exec(`INSERT INTO ${name} (${columns.join()}) VALUES (${places})`, ...Object.values(row));
        }
    };
  }

  /** Nothing is left, not even tables. */
  clear(): void {
    for (const { name } of this.#tables()) this.#database.exec(`DROP TABLE ${name}`);
    this.#statements.clear();
    this.#schema.clear();
  }

  close(): void {
    this.#database.close();
  }

  #tables(): readonly SqlRow[] {
    return this.exec("SELECT name FROM sqlite_master WHERE type = 'table'");
  }
}

/** What another life of a conference would find on this disk. */
export function conferenceOn(disk: Database): ConferenceStore {
  return new ConferenceStore(disk, () => {});
}

/** The bridge of the conference on this disk, without reading all of it. */
export function bridgeOn(disk: Database): BridgeName | null {
  if (!hasTable(disk, "journal")) return null;
  const [last] = disk.exec("SELECT progress FROM journal ORDER BY seq DESC LIMIT 1");
  return last ? (JSON.parse(String(last.progress)) as Progress).bridge : null;
}
