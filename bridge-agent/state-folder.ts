import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export function journalFile(folder: string): string {
  return join(folder, "journal.sqlite");
}

/** Makes the folder of key and journal if need be. An error names the setting. */
export function makeStateFolder(folder: string): void {
  try {
    makeFolder(folder);
    writeFileSync(journalFile(folder), "", { flag: "a" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`state: nothing can be written in ${folder} (${why}); name a folder such as "/var/lib/bridgehead"`);
  }
}

/** One level after the other: Node's own `recursive` tries for ever where the system makes no folders, as in /proc. */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  mkdirSync(folder);
}
