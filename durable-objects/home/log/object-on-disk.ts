import { ObjectDatabase } from "./object-database.ts";
import { SqliteDisk } from "./sqlite-disk.ts";
import { Texts } from "./texts.ts";

/** The database of an object as it is on disk, for whoever looks at it from outside the edge; `null`: there is none of this name. */
export async function objectOnDisk(file: string, name: string): Promise<ObjectDatabase | null> {
  return (await objectsOnDisk(file, (one) => one === name))[0] ?? null;
}

/** Those whose name is wanted, as they are on disk at one moment. */
export async function objectsOnDisk(
  file: string,
  isWanted: (name: string) => boolean,
): Promise<readonly ObjectDatabase[]> {
  const disk = new SqliteDisk(file, { readOnly: true });
  try {
    const { objects, rows, texts } = await disk.open();
    const known = new Texts(texts);
    const found: ObjectDatabase[] = [];
    for (const { object, name } of objects) {
      if (!isWanted(name)) continue;
      const positions = rows.flatMap(([position, of]) => (of === object ? position : []));
      const { image, bodies } = await disk.read(object, positions);
      const database = new ObjectDatabase(known, () => {});
      database.restore(image, bodies);
      found.push(database);
    }
    return found;
  } finally {
    await disk.close();
  }
}
