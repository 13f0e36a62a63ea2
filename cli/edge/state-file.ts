import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StateCopy } from "../../durable-objects/node/rows/postgres-disk.ts";
import {
  lockedFor,
  markRestored,
  openState,
  requireFormat,
  rowsIn,
} from "../../durable-objects/node/rows/sqlite-file.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { reasonOf, sqliteCode } from "../../src/foundation/text/reason.ts";
import { StartError } from "./program.ts";

/** Copies the state of an edge, which may run, into a new file, which is whole or not there. Returns what is in it. */
export function backUp(state: string, file: string): string {
  return copied(state, file, readable);
}

/** Puts a backup in the place of a state, of which there is none. `now`: ms since 1970. Returns what is in it. */
export function restore(file: string, state: string, now: number): string {
  return copied(file, state, (draft) => {
    const database = openState(draft);
    markRestored(database, now);
    return database;
  });
}

/** What is in a state, which an edge may be using, for people. Throws if it cannot be read. */
export function stateText(file: string): string {
  using database = readable(file);
  return summary(database);
}

/** Returns a copy of a state for another disk, and a summary of it. */
export function copyOf(file: string): StateCopy & Disposable & { readonly text: string; readonly restoredAt: number } {
  const database = readable(file);
  const noted = database.prepare("SELECT name, value FROM meta").all();
  const { lastAt = 0, restoredAt = 0 } = Object.fromEntries(noted.map(({ name, value }) => [name, Number(value)]));
  const objects = database.prepare("SELECT name, alarm FROM object ORDER BY id");
  return {
    ...rowsIn(database),
    objects: () => objects.iterate() as Iterable<{ name: string; alarm: number | null }>,
    ...{ lastAt, restoredAt, text: summary(database) },
    [Symbol.dispose]: () => database.close(),
  };
}

function copied(from: string, to: string, open: (draft: string) => DatabaseSync): string {
  // A log would be taken for one of the copy.
  const inTheWay = [to, `${to}-wal`].find((name) => existsSync(name));
  if (inTheWay !== undefined) throw new StartError(`${inTheWay} is there already: move it away`);
  const draft = `${to}.draft`;
  removeDatabase(draft); // Of a copy that was killed.
  try {
    writeFileSync(draft, "", { mode: 0o600 });
    vacuum(from, draft);
    const text = checked(open(draft));
    sync(draft);
    linkSync(draft, to);
    sync(dirname(to));
    return text;
  } finally {
    removeDatabase(draft);
  }
}

function vacuum(from: string, to: string): void {
  using database = readable(from);
  database.prepare("VACUUM INTO ?").run(to);
}

function checked(copy: DatabaseSync): string {
  using database = copy;
  return summary(database);
}

function removeDatabase(file: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(file + end, { force: true });
}

function readable(file: string): DatabaseSync {
  if (!existsSync(file)) throw new StartError(`there is no ${file}`);
  let database: DatabaseSync | null = null;
  try {
    // What only reads would leave the log behind.
    database = new DatabaseSync(file, lockedFor);
    requireFormat(database, file);
    return database;
  } catch (error) {
    database?.close();
    throw new StartError(sqliteCode(error) === null ? reasonOf(error) : `cannot read ${file} (${reasonOf(error)})`);
  }
}

function summary(database: DatabaseSync): string {
  const conferences = database.prepare("SELECT count(*) AS count FROM object WHERE name GLOB 'conference/*'").get();
  const lastAt = database.prepare("SELECT value FROM meta WHERE name = 'lastAt'").get()?.value ?? 0;
  return `${counted(Number(conferences?.count), "conference")}, as of ${new Date(Number(lastAt)).toISOString()}`;
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
