import { chmodSync, mkdtempSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { atExit, removeFolder } from "./at-exit.ts";

const memory = "/dev/shm";
/** The tests had 0.8 GB at most. */
const enoughBytes = 4 * 1024 ** 3;

/**
 * Has the temporary files of this process and of those that it starts in memory, where there is room for them and nobody has said where they go.
 * Tests kill processes and no machine: there a disk that is synced proves nothing, and takes a sixth of their time.
 */
export function keepTemporaryFilesInMemory(): void {
  if (process.env.TMPDIR !== undefined || !isFit(readText("/proc/mounts"), freeBytes())) return;
  const folder = mkdtempSync(join(memory, "bridgehead-test-"));
  atExit(() => removeFolder(folder));
  // As /tmp: PostgreSQL and Asterisk are other users.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
}

/** Whether programs may be run there, and there is room; `mounts` as of `/proc/mounts`. */
export function isFit(mounts: string, free: number): boolean {
  const options = mounts.split("\n").flatMap((line) => {
    const [, folder, kind, options = ""] = line.split(" ");
    return folder === memory && kind === "tmpfs" ? [options.split(",")] : [];
  });
  const last = options.at(-1);
  return last?.includes("rw") === true && !last.includes("noexec") && free >= enoughBytes;
}

function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
