import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What was bundled, and the files that it was made of. */
export interface Bundled {
  readonly contents: Uint8Array;
  readonly inputs: readonly string[];
}

/** The clock of a file system goes in steps: what is younger than this may have changed since it was read. */
const youngMs = 50;

/** A file as it was when it was bundled. A change of any kind sets the time of its inode. */
type Seen = readonly [path: string, changedMs: number, size: number];

/**
 * The bundle that `make` makes, kept in `folder` until one of its files changes: to make it costs half a second, and a
 * run of all tests starts more than a hundred edges. `name` says all that it depends on beside its files.
 */
export async function keptBundle(
  folder: string,
  name: string,
  make: () => Promise<Bundled>,
  now = Date.now,
): Promise<Uint8Array> {
  const file = join(folder, `${createHash("sha256").update(name).digest("hex")}.bundle`);
  const kept = read(file);
  if (kept) return kept;
  const startedAt = now();
  const { contents, inputs } = await make();
  const seen = inputs.map(look);
  if (seen.every((each) => each !== null && each[1] < startedAt - youngMs))
    keep(folder, file, JSON.stringify(seen), contents);
  return contents;
}

/** Its first line is what was seen, the rest the bundle. */
function read(file: string): Uint8Array | null {
  try {
    const bytes = readFileSync(file);
    const end = bytes.indexOf("\n");
    const seen: readonly Seen[] = JSON.parse(bytes.toString("utf8", 0, end));
    const isAsSeen = ([path, changedMs, size]: Seen) => {
      const now = look(path);
      return now !== null && now[1] === changedMs && now[2] === size;
    };
    return seen.every(isAsSeen) ? bytes.subarray(end + 1) : null;
  } catch {
    return null;
  }
}

function look(path: string): Seen | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? [path, found.ctimeMs, found.size] : null;
}

/** Whole or not at all: others read it meanwhile. Where nothing can be written, nothing is kept. */
function keep(folder: string, file: string, seen: string, contents: Uint8Array): void {
  const half = `${file}.${randomUUID()}`;
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    return;
  }
  try {
    writeFileSync(half, Buffer.concat([Buffer.from(`${seen}\n`), contents]));
    renameSync(half, file);
  } catch {
    rmSync(half, { force: true });
  }
}
