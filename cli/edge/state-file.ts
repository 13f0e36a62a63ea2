import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { markRestored, openState, requireFormat } from "../../durable-objects/node/sqlite-file.ts";
import { counted } from "../../src/foundation/text/counted.ts";
import { StartError } from "./program.ts";

/** Copies the state of an edge, which may run, into a new file, which is whole or not there. Returns what is in it. */
export function backUp(state: string, file: string): string {
  return copied(state, file, (draft) => stateText(draft));
}

/** Puts a backup in the place of a state, of which there is none. `now`: ms since 1970. Returns what is in it. */
export function restore(file: string, state: string, now: number): string {
  return copied(file, state, (draft) => {
    using database = openState(draft);
    markRestored(database, now);
    return summary(database);
  });
}

/** What is in a state, which an edge may be using, for people. Throws if it cannot be read. */
export function stateText(file: string): string {
  using database = readable(file);
  return `${file}: ${summary(database)}`;
}

function copied(from: string, to: string, finish: (draft: string) => string): string {
  // It would be taken for a part of the copy.
  const inTheWay = [to, `${to}-wal`].find((name) => existsSync(name));
  if (inTheWay !== undefined) throw new StartError(`there is a file ${inTheWay} already: move it away`);
  const draft = `${to}.draft`;
  const removeDraft = () => {
    for (const name of ["", "-journal", "-wal", "-shm"]) rmSync(draft + name, { force: true });
  };
  removeDraft(); // Of a copy that was killed.
  try {
    using source = readable(from);
    source.prepare("VACUUM INTO ?").run(draft);
    const text = finish(draft);
    sync(draft);
    linkSync(draft, to);
    sync(dirname(to));
    return text;
  } finally {
    removeDraft();
  }
}

function readable(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    requireFormat(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
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
