import { EntryTable, entryTableSql } from "../platform/entry-table.ts";
import type { KeptValues, OwnPlace } from "../platform/object-place.ts";
import { hasTable } from "../platform/platform.ts";
import { fetchPost } from "../platform/post.ts";
import type { LifePlace } from "./home.ts";

/** What an object asks of its place, on plain Node. `shared`: what all objects of the process share. */
export function ownPlaceOf(life: LifePlace, shared: Pick<OwnPlace, "log" | "measures" | "newId">): OwnPlace {
  const { sql, now, after, setAlarm, getAlarm, abort, deleteAll, sockets, outside } = life;
  return {
    ...shared,
    ...{ sql, now, after, setAlarm, getAlarm, abort, deleteAll, kept: keptIn(sql), sockets: { all: sockets } },
    post: (request) => outside(() => fetchPost(request)),
    fetch: (address, init) => outside(() => fetch(address, init)),
  };
}

/** In a table of the object's own, which the first value makes. */
function keptIn(sql: LifePlace["sql"]): KeptValues {
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
