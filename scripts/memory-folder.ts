import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statfsSync,
} from "node:fs";
import { join } from "node:path";
import { atExit, removeFolder } from "./at-exit.ts";

const memory = "/dev/shm";
/** The tests had 0.8 GB at most. */
const enoughBytes = 4 * 1024 ** 3;

/**
 * Has the temporary files of this process and of those that it starts in memory, where there is room for them and
 * nobody has said where they go. Tests kill processes and never the machine: to sync a disk would prove nothing,
 * and take a sixth of the time.
 */
export function keepTemporaryFilesInMemory(): void {
  if (process.env.TMPDIR !== undefined || !isFitHere()) return;
  const isRunning = (pid: number) => existsSync(`/proc/${pid}`);
  for (const name of readdirSync(memory)) if (isLeft(name, isRunning)) removeOwn(join(memory, name));
  const folder = mkdtempSync(join(memory, `bridgehead-test-${process.pid}-`));
  atExit(() => removeFolder(folder));
  // As /tmp: PostgreSQL and Asterisk are other users.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
}

/** Whether this is the folder of a run that was killed, and could not remove it. */
function isLeft(name: string, isRunning: (pid: number) => boolean): boolean {
  const [, pid] = /^bridgehead-test-(\d+)-/.exec(name) ?? [];
  return pid !== undefined && !isRunning(Number(pid));
}

function removeOwn(folder: string): void {
  try {
    removeFolder(folder);
  } catch {
    // Another user's.
  }
}

function isFitHere(): boolean {
  try {
    accessSync(memory, constants.W_OK);
    const { bavail, bsize } = statfsSync(memory);
    return isFit(readFileSync("/proc/mounts", "utf8"), bavail * bsize);
  } catch {
    return false;
  }
}

/** Whether programs may be run there, and there is room; `mounts`: as of `/proc/mounts`. */
function isFit(mounts: string, free: number): boolean {
  const options = mounts.split("\n").flatMap((line) => {
    const [, folder, kind, options = ""] = line.split(" ");
    return folder === memory && kind === "tmpfs" ? [options.split(",")] : [];
  });
  const last = options.at(-1);
  return last?.includes("rw") === true && !last.includes("noexec") && free >= enoughBytes;
}
