import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-test-"));
});
afterEach(() => {
  child?.kill("SIGTERM"); // A test that failed leaves nothing behind.
  rmSync(folder, { recursive: true, force: true });
});

test("restarts a part until it works and prints its reason once", async () => {
  const room = join(folder, "room");
  const part = `
    if (require("node:fs").existsSync(${JSON.stringify(room)})) setInterval(() => {}, 1_000);
    else { console.error('one line\\n{"level":"error","msg":"the disk is full"}\\n{"time":"2026-11-2'); process.exitCode = 1; }`;
  const launch = { command: process.execPath, args: ["-e", part], env: {} };
  const options = { name: "part", launch, logFile: join(folder, "part.log") };
  const supervisor = `
    import { Part } from "./scripts/supervise.ts";
    const part = new Part({ ...${JSON.stringify(options)}, onStart: (pid) => console.log("pid", pid) });
    part.start();
    process.on("SIGTERM", () => part.stop(0).then(() => process.exit(0)));`;
  const supervised = spawn(process.execPath, ["--input-type=module", "-e", supervisor], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = supervised;
  const exited = new Promise((done) => supervised.once("exit", done));
  const lines: string[] = [];
  const last = new Promise<void>((stays) => {
    createInterface({ input: supervised.stdout }).on("line", (line) => {
      lines.push(line);
      const starts = lines.filter((one) => one.startsWith("pid")).length;
      if (starts === 4) writeFileSync(room, "");
      if (starts >= 4 && line.startsWith("part    process")) stays();
    });
  });
  await last;
  supervised.kill("SIGTERM");

  expect(await exited).toBe(0);
  expect(lines.filter((line) => line.startsWith("part")).map((line) => line.replace(/\d+$/, "N"))).toEqual([
    "part    process N",
    "part    ended (exit code 1: the disk is full); is started again",
    "part    process N",
  ]);
});
