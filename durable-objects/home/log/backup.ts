import { existsSync, statSync, writeFileSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { reasonOf } from "../../../src/foundation/text/reason.ts";
import { publish, removeDatabase } from "./files.ts";
import { SqliteDisk } from "./sqlite-disk.ts";

export interface Backup {
  readonly bytes: number;
  /** When the last of what it holds was written. */
  readonly at: EpochMs;
}

/** In one step, for what an edge writes between two steps would make the copy begin anew. The edge goes on writing meanwhile. */
const allPages = 2 ** 31 - 1;

/** Copies the state of an edge, which may run, into one new file: all that was on disk at one moment. */
export function backUp(state: string, file: string): Promise<Backup> {
  return copyChecked(state, file, async () => {});
}

/** Makes a state of a backup, which says of itself that it was put back. */
export function restore(file: string, state: string, at: EpochMs): Promise<Backup> {
  return copyChecked(file, state, async (draft) => {
    const disk = new SqliteDisk(draft);
    await disk.markRestored(at);
    await disk.close();
  });
}

async function copyChecked(from: string, to: string, change: (draft: string) => Promise<void>): Promise<Backup> {
  if (existsSync(to)) throw new Error(`${to} is there already`);
  const draft = `${to}.draft`;
  removeDatabase(draft);
  try {
    writeFileSync(draft, "", { mode: 0o600 });
    const source = new DatabaseSync(from, { readOnly: true });
    try {
      await backup(source, draft, { rate: allPages });
    } finally {
      source.close();
    }
    const at = checked(draft, from);
    await change(draft);
    publish(draft, to);
    return { at, bytes: statSync(to).size };
  } finally {
    removeDatabase(draft);
  }
}

/** When the state in this file was last written. Throws where it is not whole, or no state of an edge. */
function checked(file: string, from: string): EpochMs {
  const database = new DatabaseSync(file);
  try {
    // It is one file, without a log beside it.
    database.exec("PRAGMA journal_mode = DELETE");
    const faults = database.prepare("PRAGMA integrity_check").all();
    const [about] = database.prepare("SELECT at FROM about").all();
    if (faults.length === 1 && faults[0]?.integrity_check === "ok" && about) return Number(about.at);
    throw new Error(faults.map((fault) => fault.integrity_check).join("; "));
  } catch (error) {
    throw new Error(`${from} does not hold the whole state of an edge (${reasonOf(error)})`);
  } finally {
    database.close();
  }
}
