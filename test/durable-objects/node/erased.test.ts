import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import { RuntimeOnTest } from "./runtime-on-test.ts";

const number = "14085551234";
const minuteMs = 60_000;

function records({ sql }: LifePlace) {
  return {
    make: (rows: number) => {
      sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, number TEXT, more TEXT)");
      for (let n = 1; n <= rows; n += 1) sql.exec("INSERT INTO t VALUES (?, ?, ?)", n, `1408666${n}`, "x".repeat(200));
    },
    keep: (id: number) => void sql.exec("INSERT OR REPLACE INTO t VALUES (?, ?, ?)", id, number, "y".repeat(900)),
    touch: (value: number) => void sql.exec("UPDATE t SET more = ? WHERE id = 1", String(value)),
    erase: () => void sql.exec("UPDATE t SET number = '' WHERE number = ?", number),
    count: () => sql.exec("SELECT count(*) AS n FROM t")[0]?.n,
  };
}

/** Which files of the state have the number, as bytes. */
function filesWithNumber({ file }: RuntimeOnTest): readonly string[] {
  const folder = dirname(file);
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(number));
}

test.each([
  ["a small table", 20],
  ["a large one, of which each row is kept by itself", 1_200],
])("a number that is erased is in no file of the state an hour later: %s", async (_, rows) => {
  const test = await RuntimeOnTest.start(records);
  await test.ask("make", rows);
  await test.clock.pass(minuteMs);
  for (const id of [3, rows - 1, rows + 1]) await test.ask("keep", id);
  await test.clock.pass(minuteMs);
  await test.askOf("two", "make", 500);
  await test.clock.pass(15 * minuteMs);
  expect(filesWithNumber(test)).not.toEqual([]);

  await test.ask("erase");
  expect(filesWithNumber(test)).not.toEqual([]);
  await test.clock.pass(60 * minuteMs);

  expect(filesWithNumber(test)).toEqual([]);
  await test.begin();
  expect(await test.ask("count")).toBe(rows + 1);
  expect(test.lines).toEqual([]);
});

test("also where something goes on all the time, so that nothing rests, and where another object has older rows", async () => {
  const test = await RuntimeOnTest.start(records);
  for (const name of ["one", "two"]) {
    await test.askOf(name, "make", 20);
    await test.askOf(name, "keep", 3);
  }
  for (const name of ["one", "two"]) await test.askOf(name, "erase");
  for (let second = 0; second < 60 * 60; second += 9) {
    for (const name of ["one", "two"]) await test.askOf(name, "touch", second);
    await test.clock.pass(9_000);
  }

  expect(filesWithNumber(test)).toEqual([]);
  expect(test.made.length).toBe(2);
  expect(test.lines).toEqual([]);
});

test("what many objects have left in the log goes twenty objects at a time", async () => {
  const test = await RuntimeOnTest.start(records);
  const names = Array.from({ length: 90 }, (_, index) => `object ${index}`);
  for (const name of names) {
    await test.askOf(name, "make", 1);
    await test.askOf(name, "keep", 1);
    await test.askOf(name, "erase");
  }
  await test.begin();
  test.made.length = 0;
  await test.clock.pass(31 * minuteMs);
  expect(test.made.length).toBe(90);
  const together = test.disk.flushes.map(({ images }) => images.length).filter((images) => images > 0);
  expect(together).toEqual([20, 20, 20, 20, 10]);
  await test.clock.pass(30 * minuteMs);
  expect(filesWithNumber(test)).toEqual([]);
});

test("while somebody reads the state it stays, and goes ten minutes after that", async () => {
  const test = await RuntimeOnTest.start(records);
  await test.ask("make", 20);
  await test.ask("keep", 3);
  await test.clock.pass(minuteMs);
  const reader = new DatabaseSync(test.file, { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM log").all();
  await test.ask("erase");
  await test.clock.pass(60 * minuteMs);
  expect(filesWithNumber(test)).not.toEqual([]);
  reader.close();

  await test.clock.pass(10 * minuteMs);

  expect(filesWithNumber(test)).toEqual([]);
  expect(await test.ask("count")).toBe(20);
  expect(test.lines).toEqual([]);
});

test("what a life before has left in the log of SQLite goes, though nothing is written", async () => {
  const test = await RuntimeOnTest.start(records);
  await test.ask("make", 20);
  await test.ask("keep", 3);
  await test.ask("erase");
  await test.clock.pass(minuteMs);
  expect(filesWithNumber(test)).not.toEqual([]);

  await test.begin();
  await test.clock.pass(60 * minuteMs);

  expect(filesWithNumber(test)).toEqual([]);
});
