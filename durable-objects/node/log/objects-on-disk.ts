import type { Disk } from "./disk.ts";
import { ObjectDatabase } from "./object-database.ts";
import { Texts } from "./texts.ts";

/** The databases of objects as they are on disk at one moment, for whoever looks at them from outside the edge, and closes them. */
export async function objectsOnDisk(
  disk: Pick<Disk, "open" | "read" | "close">,
  isWanted: (name: string) => boolean,
): Promise<readonly ObjectDatabase[]> {
  try {
    const { objects, rows, texts } = await disk.open();
    const rowsOf = Map.groupBy(rows, ([, object]) => object);
    const known = new Texts(texts);
    const found: ObjectDatabase[] = [];
    for (const { object, name } of objects) {
      if (!isWanted(name)) continue;
      const positions = (rowsOf.get(object) ?? []).map(([position]) => position);
      const { image, bodies } = await disk.read(object, positions);
      const database = new ObjectDatabase(known);
      database.restore(image, bodies);
      found.push(database);
    }
    return found;
  } finally {
    await disk.close();
  }
}
