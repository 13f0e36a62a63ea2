import { closeSync, existsSync, openSync, readSync, type Stats, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { codeOf, reasonOf } from "../../../src/foundation/text/reason.ts";
import { type Copied, copyState } from "./copy-state.ts";
import type { Disk } from "./disk.ts";
import { draftOf, isSame, isThere, leftOf, publish, removeDatabase, rescuedFrom } from "./files.ts";
import { SqliteDisk } from "./sqlite-disk.ts";

export interface Backup {
  readonly bytes: number;
  /** When the last of what it holds was written. */
  readonly at: EpochMs;
}

/** A state that can be read, of one moment. */
export type StateSource = Pick<Disk, "open" | "read" | "close">;

/** In one step, for what an edge writes between two steps would make the copy begin anew. The edge goes on writing meanwhile. */
const allPages = 2 ** 31 - 1;

/** Copies the state of an edge, which may run, into one new file: all that was on disk at one moment. */
export function backUp(state: string, file: string): Promise<Backup> {
  return named(state, file, () => {
    requireFile(state, "the state of an edge");
    requireSettled(state);
    return copyChecked(state, file, (draft) => copy(state, draft));
  });
}

/** Throws where a rescue of the state was not to its end. */
export function requireSettled(state: string): void {
  const rescued = rescuedFrom(state);
  if (isThere(rescued))
    throw new Error(`${rescued} holds more than ${state}: start the edge, which puts it in its place`);
}

/**
 * The same of a state that is no file: the backup is one like others, which goes into any runtime. `from`: as
 * people name it.
 */
export function backUpOf(source: StateSource, from: string, file: string): Promise<Backup> {
  return named(from, file, () =>
    copyChecked(from, file, async (draft) => {
      removeDatabase(draft);
      const disk = new SqliteDisk(draft);
      try {
        await disk.open();
        await copyState(source, disk);
      } finally {
        await disk.close();
        await source.close();
      }
    }),
  );
}

/** Throws where the file is no whole backup. */
export function requireBackup(file: string): void {
  requireWhole(file);
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    checked(database, file);
  } finally {
    database.close();
  }
}

/** Copies a backup into an empty state that is no file, which says of itself that it was put back. */
export async function restoreInto(
  target: Pick<Disk, "flush" | "markRestored" | "keepDoubt">,
  file: string,
  at: EpochMs,
): Promise<Copied> {
  const source = new SqliteDisk(file, { readOnly: true });
  try {
    const copied = await copyState(source, target);
    await target.markRestored(at);
    return copied;
  } finally {
    await source.close();
  }
}

/** Makes a state of a backup, which says of itself that it was put back. */
export function restore(file: string, state: string, at: EpochMs): Promise<Backup> {
  return named(file, state, () => {
    requireWhole(file);
    if (isSame(draftOf(state), file))
      throw new Error(`${file} is the name of a copy that is not finished: give the backup another one`);
    // No edge runs, nor another restore: what is there is of one that was killed.
    removeDatabase(draftOf(state));
    const mark = async (draft: string) => {
      const disk = new SqliteDisk(draft);
      await disk.markRestored(at);
      await disk.close();
    };
    return copyChecked(file, state, (draft) => copy(file, draft), mark);
  });
}

/** What the system and SQLite say of a failure names at most one file, which may be the draft. */
async function named(from: string, to: string, copied: () => Promise<Backup>): Promise<Backup> {
  try {
    return await copied();
  } catch (error) {
    if (codeOf(error) === "") throw error;
    throw new Error(`${from} cannot be copied to ${to} (${reasonOf(error)})`);
  }
}

async function copyChecked(
  from: string,
  to: string,
  fill: (draft: string) => Promise<void>,
  change: (draft: string) => Promise<void> = async () => {},
): Promise<Backup> {
  const left = leftOf(to);
  if (left !== undefined) throw new Error(`${left} is there already: move it away, or name another file`);
  if (!existsSync(dirname(to))) throw new Error(`there is no folder ${dirname(to)}`);
  const draft = draftOf(to);
  if (isThere(draft))
    throw new Error(`${draft} is there: another copy is being made; delete it if that one was killed`);
  writeFileSync(draft, "", { mode: 0o600, flag: "wx" });
  try {
    await fill(draft);
    const at = oneFile(draft, from);
    await change(draft);
    if (isThere(to)) throw new Error(`${to} came while it was made`);
    publish(draft, to);
    return { at, bytes: statSync(to).size };
  } finally {
    removeDatabase(draft);
  }
}

async function copy(from: string, draft: string): Promise<void> {
  // After a kill the next edge holds the file until it has read the log.
  const source = new DatabaseSync(from, { readOnly: true, timeout: 10_000 });
  try {
    await backup(source, draft, { rate: allPages });
  } finally {
    source.close();
  }
}

/** SQLite says of a folder that it has a "disk I/O error". */
function requireFile(file: string, what: string): Stats {
  const stat = statSync(file);
  if (!stat.isFile()) throw new Error(`${file} is ${stat.isDirectory() ? "a folder" : "no file"}, and not ${what}`);
  return stat;
}

/**
 * Throws where a backup is no file of SQLite, or shorter than its header says.
 * SQLite would read zeros in place of the last bytes.
 */
function requireWhole(file: string): void {
  const stat = requireFile(file, "a backup of Bridgehead");
  const header = Buffer.alloc(100);
  const opened = openSync(file, "r");
  try {
    readSync(opened, header);
  } finally {
    closeSync(opened);
  }
  if (header.toString("latin1", 0, 16) !== "SQLite format 3\0")
    throw new Error(`${file} is not a backup of Bridgehead`);
  // What SQLite has not yet put into the file itself may lie beside it.
  if (existsSync(`${file}-wal`)) return;
  // https://www.sqlite.org/fileformat.html, section 1.3: 1 stands for 65,536.
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const bytes = pageBytes * header.readUInt32BE(28);
  if (stat.size < bytes) throw new Error(`${file} is cut short: it has ${stat.size} of ${bytes} bytes`);
}

/** Makes the draft one file, without a log beside it. Returns and throws as `checked`. */
function oneFile(draft: string, from: string): EpochMs {
  const database = new DatabaseSync(draft);
  try {
    database.exec("PRAGMA journal_mode = DELETE");
    return checked(database, from);
  } finally {
    database.close();
  }
}

/** When the state in this database was last written. Throws where it is not whole, or no state of an edge. */
function checked(database: DatabaseSync, from: string): EpochMs {
  try {
    const faults = database.prepare("PRAGMA integrity_check(3)").all();
    const [about] = database.prepare("SELECT at FROM about").all();
    if (faults.length === 1 && faults[0]?.integrity_check === "ok" && about) return Number(about.at);
    throw new Error(faults.map((fault) => fault.integrity_check).join("; "));
  } catch (error) {
    throw new Error(`${from} does not hold the whole state of an edge (${reasonOf(error)})`);
  }
}
