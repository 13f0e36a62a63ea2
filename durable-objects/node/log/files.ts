import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** A database, and what SQLite keeps beside it. */
const ends = ["", "-journal", "-wal", "-shm"];

export function removeDatabase(file: string): void {
  for (const end of ends) rmSync(`${file}${end}`, { force: true });
}

/** A whole copy of a state that is about to take its place. */
export function rescuedFrom(file: string): string {
  return `${file}.rescued`;
}

/** Also a link that leads nowhere. */
export function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** Whether both names lead to one file. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((file) => statSync(file, { throwIfNoEntry: false }));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

/** What is there of a state; `undefined`: nothing. It would change another state of its name. */
export function leftOf(file: string): string | undefined {
  return [...ends.map((end) => `${file}${end}`), rescuedFrom(file)].find(isThere);
}

/** What is to become this file, and is worth nothing before it is whole. */
export function draftOf(file: string): string {
  return `${file}.draft`;
}

/** Gives a draft that is whole its name, in the same folder: after a loss of power, too, there is a whole file or none. */
export function publish(draft: string, file: string): void {
  // To close has copied its log into it, and SQLite does not say where that failed.
  if (statSync(`${draft}-wal`, { throwIfNoEntry: false })?.size)
    throw new Error(`${draft} could not be written whole: make room, or look at the disk`);
  sync(draft);
  renameSync(draft, file);
  sync(dirname(file));
}

function sync(path: string): void {
  const opened = openSync(path, "r");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
