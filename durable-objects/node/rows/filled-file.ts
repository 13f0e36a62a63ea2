import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import type { DiskPlace } from "./disk.ts";
import { ObjectDatabase } from "./object-database.ts";
import { readState } from "./sqlite-file.ts";

interface Wanted {
  readonly place: DiskPlace;
  readonly name: string;
  readonly file: string;
}

/** `/tmp` can be in memory. SQLite prefers `/var/tmp` for the same reason. */
const folderOfLarge = existsSync("/var/tmp") ? "/var/tmp" : tmpdir();

/**
 * Fills a file with an object's database in a thread, because a million rows take half a minute. Opens it with
 * `open`, then deletes its name, so that the file goes when it is closed.
 */
export async function filledFile<Opened>(
  place: DiskPlace,
  name: string,
  open: (file: string) => Opened,
): Promise<Opened> {
  const folder = mkdtempSync(join(folderOfLarge, "bridgehead-"));
  try {
    const wanted: Wanted = { place, name, file: join(folder, "object.db") };
    await once(new Worker(fileURLToPath(import.meta.url), { workerData: { filled: wanted } }), "exit");
    return open(wanted.file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { filled }: { readonly filled?: Wanted } = isMainThread ? {} : (workerData ?? {});
// Run after all modules of the bundle are loaded.
if (filled) setImmediate(() => void fill(filled));

async function fill({ place, name, file }: Wanted): Promise<void> {
  const rows = "file" in place ? readState(place.file) : await sessionOf(place.database);
  const database = new ObjectDatabase(() => {}, file);
  await database.fill(rows, name);
  database.close();
  await rows.close();
}

async function sessionOf(url: string) {
  const { Session } = await import("./postgres-disk.ts");
  const session = new Session(url);
  await session.open();
  return session;
}
