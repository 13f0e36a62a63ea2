import { ObjectDatabase } from "./object-database.ts";
import { SqliteDisk } from "./sqlite-disk.ts";
import { Texts } from "./texts.ts";

/** The database of an object as it is on disk, for whoever looks at it from outside the edge; `null`: there is none of this name. */
export async function objectOnDisk(file: string, name: string): Promise<ObjectDatabase | null> {
  const disk = new SqliteDisk(file, { readOnly: true });
  try {
    const { objects, rows, texts } = await disk.open();
    const found = objects.find((object) => object.name === name);
    if (!found) return null;
    const positions = rows.flatMap(([position, object]) => (object === found.object ? position : []));
    const { image, bodies } = await disk.read(found.object, positions);
    const database = new ObjectDatabase(new Texts(texts), () => {});
    database.restore(image, bodies);
    return database;
  } finally {
    await disk.close();
  }
}
