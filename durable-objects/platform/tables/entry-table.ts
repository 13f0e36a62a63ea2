import type { Sql } from "../platform.ts";

export const entryTableSql =
  "CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID";

/** A table with one value for each name. Without the table nothing is there. */
export class EntryTable<Values> {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  read<Name extends keyof Values & string>(name: Name): Values[Name] | undefined {
    const [row] = this.#sql.exec("SELECT value FROM entry WHERE key = ?", name);
    return row && JSON.parse(String(row.value));
  }

  write<Name extends keyof Values & string>(name: Name, value: Values[Name]): void {
    this.#sql.exec(
      "INSERT INTO entry VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      ...[name, JSON.stringify(value)],
    );
  }

  delete(name: keyof Values & string): void {
    this.#sql.exec("DELETE FROM entry WHERE key = ?", name);
  }
}
