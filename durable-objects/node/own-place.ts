import type { KeptValues, OwnPlace } from "../platform/object-place.ts";
import { hasTable, type Sql } from "../platform/platform.ts";
import { EntryTable, entryTableSql } from "../platform/tables/entry-table.ts";
import { nodePost } from "./node-post.ts";
import type { LifePlace } from "./runtime.ts";

type Shared = Pick<OwnPlace, "log" | "measures" | "newId" | "machineNow" | "giveWay">;

/** Makes the place of an instance on the Node runtime. `shared` is common to all objects of the process. */
export function ownPlaceOf(life: LifePlace, shared: Shared): OwnPlace {
  const { sql, now, after, setAlarm, getAlarm, abort, deleteAll, sockets, outside, restoredAt } = life;
  return {
    ...shared,
    ...{ sql, now, after, setAlarm, getAlarm, abort, deleteAll },
    ...{ kept: keptIn(sql), sockets: { all: sockets } },
    ...(restoredAt !== null && { restoredAt }),
    post: (request) => outside((mayLeave) => nodePost(request, mayLeave)),
    onDisk: () => outside(async () => {}),
    fetch: (address, init) => outside(() => fetch(address, init)),
  };
}

/** Keeps values in a table of the object. The first value creates the table. */
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
