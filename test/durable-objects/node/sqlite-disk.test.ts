import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { nodeTimers } from "../../../durable-objects/node/node-clock.ts";
import { rowsAtOnce } from "../../../durable-objects/node/rows/disk.ts";
import { filledFile } from "../../../durable-objects/node/rows/filled-file.ts";
import { ObjectDatabase } from "../../../durable-objects/node/rows/object-database.ts";
import { sqliteDisk } from "../../../durable-objects/node/rows/sqlite-disk.ts";
import { stateFile } from "../../../durable-objects/node/rows/sqlite-file.ts";
import { wait } from "../../../src/foundation/time/timers.ts";
import { DiskOnTest, newStateFile } from "./runtime-on-test.ts";
import { checkStored, flushOf, storedCases } from "./stored-cases.ts";

test.each(storedCases)("keeps %s", async (_, flushes) => {
  const disk = new DiskOnTest(newStateFile());
  await disk.open();
  await checkStored(disk, flushes);
  await disk.close();
});

test("a start gets alarms, the time of the last flush, and whether the clock is trusted once", () => {
  const file = newStateFile();
  const opened = () => {
    const state = stateFile(file);
    return { state, stored: state.open() };
  };
  const { state, stored } = opened();
  expect(stored).toEqual({ alarms: [], lastAt: 0, restoredAt: null, trustsClock: false });
  state.write(flushOf(7, { name: "sessions/a", alarm: 5_000 }, { name: "sessions/b", alarm: 6_000 }));
  state.write(flushOf(9, { name: "sessions/b", alarm: null }));
  state.trustClock();
  state.close();
  const second = opened();
  expect(second.stored).toEqual({ alarms: [["sessions/a", 5_000]], lastAt: 9, restoredAt: null, trustsClock: true });
  second.state.write({ at: 10, deleted: ["sessions/a"], changes: [] });
  second.state.close();
  const third = opened();
  expect(third.stored).toEqual({ alarms: [], lastAt: 10, restoredAt: null, trustsClock: false });
  third.state.close();
});

test("an erased number is in no byte of the folder once the log was emptied", () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const file = newStateFile();
  const state = stateFile(file);
  state.open();
  const filesWithNumber = () =>
    readdirSync(dirname(file)).filter((name) => readFileSync(join(dirname(file), name)).includes("14085551234"));
  const rowsWith = (number: string) =>
    Array.from({ length: 300 }, (_, id) => {
      const padding = "x".repeat(id % 50 === 0 ? 9_000 : id % 200);
      const keyed = {
        table: "n",
        key: `["14085551234 ${id}"]`,
        values: number === "" ? null : `["${number} ${id}",1]`,
      };
      return [{ table: "t", key: `[${id}]`, values: JSON.stringify([id, number, padding]) }, keyed];
    });
  const rows = [rowsWith("14085551234").flat(), rowsWith("").flat()] as const;
  const names = Array.from({ length: 10 }, (_, index) => `sessions/${index}`);
  for (const name of names) state.write(flushOf(1, { name, schema: ["CREATE TABLE t (id)"], rows: rows[0] }));
  expect(filesWithNumber()).not.toEqual([]);

  state.write({ at: 2, deleted: names.slice(0, 3), changes: [] });
  const [replaced = "", ...others] = names.slice(3);
  state.write(flushOf(3, { name: replaced, schema: ["CREATE TABLE other (id)"], replaces: true }));
  for (const name of others) state.write(flushOf(4, { name, rows: rows[1] }));
  vi.advanceTimersByTime(15 * 60_000);
  expect(filesWithNumber()).toEqual([]);
  state.close();
});

const ofOther = (file: string) => {
  const other = new DatabaseSync(file);
  other.exec("CREATE TABLE theirs (a); PRAGMA user_version = 77");
  other.close();
};

test.each<[string, (file: string) => void, string]>([
  ["of another format", ofOther, "is no state of this release (format 77, not 1): move it away"],
  ["that is no database", (file) => writeFileSync(file, "hello".repeat(1_000)), "cannot read or write the state in"],
  ["that is a folder", (file) => mkdirSync(file), "cannot read or write the state in"],
])("refuses a state %s, and leaves it", (_, make, why) => {
  const file = newStateFile();
  make(file);
  const before = statSync(file).size;
  const failed = expect.objectContaining({ name: "NoState", message: expect.stringContaining(why) });
  expect(() => stateFile(file).open()).toThrow(failed);
  expect(statSync(file).size).toBe(before);
});

test("a flush that fails midway leaves nothing of it", () => {
  const file = newStateFile();
  const state = stateFile(file);
  state.open();
  const row = { table: "t", key: "[1]", values: "[1]" };
  const broken = { table: "t", key: null as unknown as string, values: "[2]" };
  expect(() => state.write(flushOf(1, { name: "sessions/a", rows: [row, broken] }))).toThrow();
  const database = new DatabaseSync(file, { readOnly: true });
  expect(database.prepare("SELECT * FROM object, row").all()).toEqual([]);
  database.close();
});

test("the disk's thread answers, hands errors over as they are, and answers nothing more once it has ended", async () => {
  const file = newStateFile();
  const disk = sqliteDisk(file);
  await expect(disk.write(flushOf(1))).rejects.toThrow("the state is not open");
  await disk.open();
  for (const [, flushes] of storedCases.slice(0, 3)) await checkStored(disk, flushes);
  await disk.close();
  await expect(disk.write(flushOf(1))).rejects.toThrow("the disk's thread has ended");
  writeFileSync(file, "hello".repeat(1_000));
  const broken = sqliteDisk(file);
  await expect(broken.open()).rejects.toMatchObject({ name: "NoState" });
  await broken.close();
});

test("waits for another program's lock without blocking the process", async () => {
  const file = newStateFile();
  stateFile(file).open();
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  const disk = sqliteDisk(file);
  let isOpen = false;
  const opened = disk.open().then(() => {
    isOpen = true;
  });
  await wait(nodeTimers, 300);
  expect(isOpen).toBe(false);
  other.exec("COMMIT");
  await opened;
  other.exec("BEGIN IMMEDIATE");
  const written = disk.write(flushOf(1, { name: "sessions/a", alarm: 5_000 }));
  await wait(nodeTimers, 300);
  other.exec("COMMIT");
  await written;
  expect(await disk.open()).toMatchObject({ alarms: [["sessions/a", 5_000]] });
  other.close();
  await disk.close();
});

test("empties the log later if the state is being read", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const file = newStateFile();
  const state = stateFile(file);
  state.open();
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec("BEGIN; SELECT * FROM object");
  state.write(flushOf(1, { name: "sessions/14085551234", alarm: 5_000 }));
  state.write({ at: 2, deleted: ["sessions/14085551234"], changes: [] });
  const logSize = () => statSync(`${file}-wal`).size;
  vi.advanceTimersByTime(15 * 60_000);
  expect(logSize()).toBeGreaterThan(0);
  reader.close();
  vi.advanceTimersByTime(1_000);
  expect(logSize()).toBe(0);
  state.close();
});

test("rewrites rows for a new column, but not an index or table", () => {
  const database = new ObjectDatabase();
  database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT) STRICT");
  database.exec(
    "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO t SELECT i, 'x' FROM n",
  );
  expect(database.takeChange()?.rows).toHaveLength(30_000);
  database.exec("CREATE INDEX t_v ON t (v)");
  database.exec("CREATE TABLE other (id INTEGER PRIMARY KEY)");
  database.exec("INSERT INTO other VALUES (1)");
  const change = database.takeChange();
  expect(change).toMatchObject({ replaces: false, rows: [{ table: "other", key: "[1]", values: "[1]" }] });
  expect(change?.schema).toHaveLength(3);
  database.exec("ALTER TABLE t ADD COLUMN w TEXT");
  expect(database.takeChange()).toMatchObject({ replaces: true, rows: { length: 30_001 } });
  database.close();
});

test("an object with many rows is filled by a thread of its own, with all of them, and what changes later is known", async () => {
  const file = newStateFile();
  const disk = sqliteDisk(file);
  await disk.open();
  const count = 2 * rowsAtOnce + 1;
  const rows = Array.from({ length: count }, (_, id) => ({
    table: "t",
    key: JSON.stringify([id]),
    values: JSON.stringify([id, `text ${id}`]),
  }));
  const schema = ["CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)"];
  const change = { name: "directory/a", alarm: null, schema, replaces: false, rows };
  await disk.write({ at: 1, deleted: [], changes: [change] });

  const database = new ObjectDatabase();
  await database.fill(disk, "directory/a", (open) => filledFile({ file }, "directory/a", open));
  expect(database.exec("SELECT count(*) AS rows, sum(id) AS sum FROM t")).toEqual([
    { rows: count, sum: (count * (count - 1)) / 2 },
  ]);
  expect(database.takeChange()).toBe(null);
  database.exec("UPDATE t SET v = 'other' WHERE id = 3");
  expect(database.takeChange()?.rows).toEqual([{ table: "t", key: "[3]", values: '[3,"other"]' }]);
  database.close();
  await disk.close();
});
