import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { ObjectDatabase } from "../durable-objects/node/rows/object-database.ts";
import { unpacked } from "../durable-objects/node/rows/sqlite-file.ts";

/** Objects of one kind, of which each has this table, or has never been used. */
interface ObjectsWanted {
  /** The class, as workerd's folders name it. */
  readonly kind: "DirectoryObject";
  /** Their names begin so on plain Node. */
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
  return opened.flatMap((object) => {
    try {
      return object.exec(isUsed).length > 0 ? object.exec(statement) : [];
    } finally {
      object.close();
    }
  });
}

/** Of the edge on plain Node, which has one file or a database; else of plain workerd, which has a file for each object. */
async function objectsIn({ state, database }: StatePlace, { kind, names }: ObjectsWanted): Promise<readonly Opened[]> {
  const edge = join(state, "edge");
  const file = join(edge, "state.db");
  if (database !== null || existsSync(file)) return objectsOfNode(file, database, names);
  return readdirSync(edge, { recursive: true, encoding: "utf8" })
    .filter((name) => new RegExp(`bridgehead-${kind}/[0-9a-f]+\\.sqlite$`).test(name))
    .map((name) => opened(join(edge, name)));
}

async function objectsOfNode(file: string, url: string | null, names: string): Promise<readonly ObjectDatabase[]> {
  const { exec, close } = url === null ? opened(file) : await openedDatabase(url);
  try {
    const objects = await exec(`SELECT id, name, schema FROM object WHERE name LIKE '${names}%'`);
    const filled: ObjectDatabase[] = [];
    for (const { id, name, schema } of objects) {
      const packed = await exec(`SELECT "table", key, "values" FROM "row" WHERE object = ${id}`);
      const rows = packed.map((row) => ({ ...row, values: unpacked(row.values as string) }));
      const object = new ObjectDatabase();
      const disk = {
        schemaOf: async () => JSON.parse(String(schema)),
        rowsOf: async (_: string, after: unknown) => (after === null ? (rows as never) : []),
      };
      await object.fill(disk, String(name));
      filled.push(object);
    }
    return filled;
  } finally {
    await close();
  }
}

function opened(file: string): Opened {
  const database = new DatabaseSync(file, { readOnly: true });
  return { exec: (statement) => database.prepare(statement).all(), close: () => database.close() };
}

async function openedDatabase(url: string) {
  const client = new Client({ connectionString: url, options: "-c search_path=bridgehead" });
  await client.connect();
  return {
    exec: async (statement: string): Promise<readonly Row[]> => (await client.query(statement)).rows,
    close: () => client.end(),
  };
}
