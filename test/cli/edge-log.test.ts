import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";

/** More than a pipe holds, and less than may wait. */
const LINES = 2_000;
const line = (number: number) => `line ${number} ${"x".repeat(90)}`;
const someLines = `for (let number = 0; number < ${LINES}; number += 1) printLine("line " + number + " " + "x".repeat(90));`;

const endsAtOnce = `exitNow(1, "edge", { level: "error", event: "edge-ended", msg: "the last" });`;

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

/** What this code prints into a pipe that does not block, and whose reader is slow; behind what stands in the pipe. */
async function readSlowly(code: string, before = ""): Promise<readonly string[]> {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  if (before !== "") writeSync(writer, before);
  const child = started(`process.stdout; // From now on it does not block.\nconsole.error("begins");\n${code}`, writer);
  closeSync(writer);
  await once(child.stderr ?? expect.unreachable(), "data");
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

test("a stopped service writes all lines in order to a slow reader", async () => {
  const lines = await readSlowly(
    `setTimeout(() => process.kill(process.pid, "SIGTERM"));
    await runUntilStopped(async () => { ${someLines}; return async () => printLine("the last"); });`,
  );

  expect(lines).toEqual([...all, "the last"]);
});

test.each(["", 'printLine("under way");'])(
  "what ends a service is read also where nobody has read before (%s)",
  async (before) => {
    const lines = await readSlowly(`${before} ${endsAtOnce}`, "x".repeat(64 * 1024));

    expect(lines).toContainEqual(expect.stringContaining("the last"));
  },
);

test("a full disk delays the end of a service by one second at most", async () => {
  const full = openSync("/dev/full", "w");
  const child = started(
    `printLine("x".repeat(2_000_000));
    countLostLines((lines) => console.error(lines));
    printLine("x".repeat(2_000_000)); printLine("kept"); await logWritten(); process.exit(0);`,
    full,
  );
  closeSync(full);
  let counted = "";
  child.stderr?.on("data", (data) => (counted += data));
  await once(child, "close");

  expect(counted).toBe("1\n1\n");
});
