import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeFolder } from "../bridge-agent/state-folder.ts";
import { reason, StartError } from "./start-error.ts";

/** Held as long as this process lives, whatever it dies of: the system lets go of the lock. */
let lock: DatabaseSync | undefined;

/** The state folder (BRIDGEHEAD_STATE), made if need be, and from now on ours alone. */
export function stateFolder(): string {
  const folder = resolve(process.env.BRIDGEHEAD_STATE || ".bridgehead");
  const lockFile = join(folder, "lock");
  try {
    makeFolder(folder);
    writeFileSync(lockFile, "", { flag: "a" });
  } catch (error) {
    throw new StartError(
      `cannot write to the state folder ${folder} (${reason(error)}); set BRIDGEHEAD_STATE to another`,
    );
  }
  try {
    lock = new DatabaseSync(lockFile, { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    if (!/locked/.test(reason(error))) throw error;
    throw new StartError(
      `the state folder ${folder} is in use by another run; stop that one, or set BRIDGEHEAD_STATE to another folder`,
    );
  }
  return folder;
}
