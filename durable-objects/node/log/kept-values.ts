import type { KeptValues } from "../../platform/object-place.ts";
import { hasTable, type Sql } from "../../platform/platform.ts";
import { EntryTable, entryTableSql } from "../../platform/tables/entry-table.ts";

/** In a table of the object's own, which the first value makes. */
export function keptIn(sql: Sql): KeptValues {
  const table = new EntryTable<Readonly<Record<string, unknown>>>(sql);
  const isThere = () => hasTable(sql, "entry");
  return {
    get: <Value>(name: string) => (isThere() ? (table.read(name) as Value | undefined) : undefined),
    put: (name, value) => {
      if (!isThere()) sql.exec(entryTableSql);
      table.write(name, value);
    },
  };
}
