import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { backUp, restore } from "../../cli/edge/state-file.ts";
import { type StateFile, stateFile } from "../../durable-objects/node/rows/sqlite-file.ts";

const at = Date.UTC(2026, 10, 21);
const name = "conference/local/555120777";

let folder: string;
let file: string;
let backup: string;
let state: StateFile;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-state-"));
  file = join(folder, "state.db");
  backup = join(folder, "backup.db");
  state = stateFile(file);
  state.open();
  put("1");
});
afterEach(() => {
  state.close();
  rmSync(folder, { recursive: true });
});

function put(key: string): void {
  const rows = [{ table: "call", key, values: `[${key}]` }];
  state.write({ at, deleted: [], changes: [{ name, alarm: null, schema: ["…"], replaces: false, rows }] });
}

/** Moves the state away, and puts the backup in its place. */
function putBack(now: number) {
  state.close();
  for (const left of readdirSync(folder)) if (left.startsWith("state.db")) rmSync(join(folder, left));
  restore(backup, file, now);
  state = stateFile(file);
  return state.open();
}

test("backs up all that is written, while the edge goes on", () => {
  expect(backUp(file, backup)).toBe("1 conference, as of 2026-11-21T00:00:00.000Z");
  put("2");
  expect(statSync(backup).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).filter((one) => one.startsWith("backup"))).toEqual(["backup.db"]);

  putBack(at);
  expect(state.schemaOf(name)).toEqual(["…"]);
  expect(state.rowsOf(name, null)).toEqual([{ table: "call", key: "1", values: "[1]" }]);
});

test("marks what was restored, later each time, by whatever clock", () => {
  backUp(file, backup);
  expect(putBack(at + 5_000)).toMatchObject({ restoredAt: at + 5_000, trustsClock: true });
  rmSync(backup);
  backUp(file, backup);
  expect(putBack(0).restoredAt).toBe(at + 5_001);
});

test("restores a backup that another program has locked for a moment", async () => {
  backUp(file, backup);
  state.close();
  rmSync(file);
  const lock = `const { DatabaseSync } = require("node:sqlite");
    const { parentPort, workerData } = require("node:worker_threads");
    const other = new DatabaseSync(workerData);
    other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    parentPort.postMessage("");
    setTimeout(() => other.close(), 200);`;
  const program = new Worker(lock, { eval: true, workerData: backup });
  const [ended] = [once(program, "exit"), await once(program, "message")];
  expect(restore(backup, file, at)).toBe("1 conference, as of 2026-11-21T00:00:00.000Z");
  await ended;
});

test("overwrites nothing", () => {
  writeFileSync(backup, "mine");
  expect(() => backUp(file, backup)).toThrow(`${backup} is there already: move it away`);
  rmSync(backup);
  backUp(file, backup);
  expect(() => restore(backup, file, at)).toThrow(`${file} is there already: move it away`);
  state.close();
  renameSync(file, `${file}-wal`);
  expect(() => restore(backup, file, at)).toThrow(`${file}-wal is there already: move it away`);
});

test.each<[string, () => void, string]>([
  ["is not there", () => {}, "there is no "],
  ["is no state", () => writeFileSync(backup, "no database"), "(file is not a database)"],
  ["is of another format", () => writeFileSync(backup, ""), "is no state of this release (format 0, not 1)"],
])("puts nothing in the place of a state from a backup that %s", (_, write, says) => {
  state.close();
  rmSync(file);
  write();

  expect(() => restore(backup, file, at)).toThrow(says);
  expect(readdirSync(folder).filter((left) => left.startsWith("state"))).toEqual([]);
});

test("replaces the draft of a copy that was killed", () => {
  writeFileSync(`${backup}.draft`, "half");
  backUp(file, backup);
  expect(existsSync(`${backup}.draft`)).toBe(false);
  expect(putBack(at).lastAt).toBe(at);
});
