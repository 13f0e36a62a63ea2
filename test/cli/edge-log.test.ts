import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";

/** More than a pipe holds, and less than may wait. */
const LINES = 3_000;
const line = (number: number) => `line ${number} ${"x".repeat(90)}`;
const someLines = `for (let number = 0; number < ${LINES}; number += 1) printLine("line " + number + " " + "x".repeat(90));`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-edge-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts this code with `cli/edge/program.ts`, its standard output there. */
function started(code: string, stdout: number) {
  const command = `import { countLostLines, exitNow, logWritten, printLine, runUntilStopped } from "./cli/edge/program.ts";\n${code}`;
  return spawn(process.execPath, ["--input-type=module", "-e", command], { stdio: ["ignore", stdout, "pipe"] });
}

/** What this code prints into a pipe that does not block, and whose reader is slow. */
async function readSlowly(code: string): Promise<readonly string[]> {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const child = started(`process.stdout; // From now on it does not block.\n${code}`, writer);
  closeSync(writer);
  const parts: Buffer[] = [];
  const buffer = Buffer.alloc(32 * 1024);
  while (child.exitCode === null) {
    await pause(10);
    const bytes = read(reader, buffer);
    parts.push(Buffer.from(buffer.subarray(0, bytes)));
  }
  for (let bytes = read(reader, buffer); bytes > 0; bytes = read(reader, buffer))
    parts.push(Buffer.from(buffer.subarray(0, bytes)));
  closeSync(reader);
  return Buffer.concat(parts).toString().trimEnd().split("\n");
}

function read(reader: number, buffer: Buffer): number {
  try {
    return readSync(reader, buffer);
  } catch {
    return 0; // Nothing is there yet.
  }
}

const all = Array.from({ length: LINES }, (_, number) => line(number));

test.each([
  [
    "that is stopped",
    `setTimeout(() => process.kill(process.pid, "SIGTERM"));
    await runUntilStopped(async () => { ${someLines}; return async () => printLine("the last"); });`,
  ],
  ["that ends at once", `${someLines}; printLine("the last"); exitNow(1);`],
])("a service %s loses no line to a slow reader, and all come in order", async (_, code) => {
  expect(await readSlowly(code)).toEqual([...all, "the last"]);
});

test("lines that a full disk does not take are counted, also those before the count began", async () => {
  const full = openSync("/dev/full", "w");
  const child = started(
    `printLine("one"); await logWritten();
    countLostLines((lines) => console.error(lines));
    printLine("two"); printLine("three"); await logWritten();`,
    full,
  );
  closeSync(full);
  let counted = "";
  child.stderr?.on("data", (data) => (counted += data));
  await once(child, "close");

  expect(
    counted
      .trim()
      .split("\n")
      .map(Number)
      .reduce((sum, lines) => sum + lines),
  ).toBe(3);
});
