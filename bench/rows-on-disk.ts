import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { objectsOnDisk } from "../durable-objects/home/log/objects-on-disk.ts";

/** Objects of one kind, of which each has this table, or has never been used. */
interface ObjectsWanted {
  /** The class, as workerd's folders name it. */
  readonly kind: "ConferenceObject" | "DirectoryObject";
  /** Their names begin so in the log of the edge at home. */
  readonly names: `${"conference" | "directory"}/${string}`;
  readonly table: string;
}

type Row = Readonly<Record<string, unknown>>;

interface Opened {
  exec(statement: string): readonly Row[];
  close(): void;
}

/** What a statement finds in these objects. Reads along with the edge, which goes on. `state`: the folder of the local run. */
export async function rowsOnDisk(state: string, wanted: ObjectsWanted, statement: string): Promise<readonly Row[]> {
  const edge = join(state, "edge");
  const opened = await objectsIn(edge, wanted);
  if (opened.length === 0) throw new Error(`no ${wanted.kind} is on disk in ${edge}`);
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

/** Of the edge at home, which has one file; else of plain workerd, which has one for each object. */
async function objectsIn(edge: string, { kind, names }: ObjectsWanted): Promise<readonly (() => Opened)[]> {
  const home = join(edge, "state.db");
  if (existsSync(home)) {
    const objects = await objectsOnDisk(home, (name) => name.startsWith(names));
    return objects.map((object) => () => object);
  }
  return readdirSync(edge, { recursive: true, encoding: "utf8" })
    .filter((file) => new RegExp(`bridgehead-${kind}/[0-9a-f]+\\.sqlite$`).test(file))
    .map((file) => () => {
      const database = new DatabaseSync(join(edge, file), { readOnly: true });
      return { exec: (statement) => database.prepare(statement).all(), close: () => database.close() };
    });
}
