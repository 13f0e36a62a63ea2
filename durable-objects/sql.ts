export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** An SQLite database that belongs to one object alone. */
export interface Sql {
  exec(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[];
  /** All or nothing; what `work` throws comes out again after everything was taken back. */
  transaction<Value>(work: () => Value): Value;
}

export function hasTable(sql: Sql, name: string): boolean {
  return sql.exec("SELECT name FROM sqlite_master WHERE name = ?", name).length > 0;
}

export function storageSql(storage: DurableObjectStorage): Sql {
  return {
    exec: (query, ...bindings) => storage.sql.exec<Record<string, SqlValue>>(query, ...bindings).toArray(),
    transaction: (work) => storage.transactionSync(work),
  };
}
