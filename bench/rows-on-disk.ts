import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { objectsOnDisk } from "../durable-objects/node/log/objects-on-disk.ts";
import { SqliteDisk } from "../durable-objects/node/log/sqlite-disk.ts";
import { PostgresReader } from "../durable-objects/node/shared/postgres-database.ts";

/** Objects of one kind, of which each has this table, or has never been used. */
interface ObjectsWanted {
  /** The class, as workerd's folders name it. */
  readonly kind: "DirectoryObject";
  /** Their names begin so in the log of the edge on plain Node. */
  readonly names: `directory/${string}`;
  readonly table: string;
}

type Row = Readonly<Record<string, unknown>>;

interface Opened {
  exec(statement: string): readonly Row[];
  close(): void;
}

/** Where the state of a local run is: in its folder, or in a database. */
export interface StatePlace {
  readonly state: string;
  readonly database: string | null;
}

/** What a statement finds in these objects. Reads along with the edge, which goes on. */
export async function rowsOnDisk(place: StatePlace, wanted: ObjectsWanted, statement: string): Promise<readonly Row[]> {
  const opened = await objectsIn(place, wanted);
  if (opened.length === 0) throw new Error(`no ${wanted.kind} is on disk in ${place.database ?? place.state}`);
  const isUsed = `SELECT name FROM sqlite_master WHERE name = '${wanted.table}'`;
  return opened.flatMap((open) => {
    const object = open();
    try {
      return object.exec(isUsed).length > 0 ? object.exec(statement) : [];
    } finally {
      object.close();
    }
  });
}

/**
 * Of the edge on plain Node, which has one file or a database; else of plain workerd, which has a file for each
 * object.
 */
async function objectsIn(
  { state, database }: StatePlace,
  { kind, names }: ObjectsWanted,
): Promise<readonly (() => Opened)[]> {
  const edge = join(state, "edge");
  const runtime = join(edge, "state.db");
  if (database !== null || existsSync(runtime)) {
    const disk = database === null ? new SqliteDisk(runtime, { readOnly: true }) : new PostgresReader(database);
    const objects = await objectsOnDisk(disk, (name) => name.startsWith(names));
    return objects.map((object) => () => object);
  }
  return readdirSync(edge, { recursive: true, encoding: "utf8" })
    .filter((file) => new RegExp(`bridgehead-${kind}/[0-9a-f]+\\.sqlite$`).test(file))
    .map((file) => () => {
      const database = new DatabaseSync(join(edge, file), { readOnly: true });
      return { exec: (statement) => database.prepare(statement).all(), close: () => database.close() };
    });
}
