import { expect, test } from "vitest";
import type { LogRow } from "../../../durable-objects/node/log/disk.ts";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import { atOnce, RuntimeOnTest } from "./runtime-on-test.ts";

const hourMs = 3_600_000;
/** By its nature, as `npm run mutate` has little patience. */
const slow = { timeout: 180_000 };

/** An object with one table. */
function table(columns: string) {
  return ({ sql, after }: LifePlace) => ({
    make: (rows: number) => {
      sql.exec(`CREATE TABLE t (${columns})`);
      for (let n = 1; n <= rows; n += 1) sql.exec("INSERT INTO t VALUES (?, 'x')", n);
    },
    run: (statement: string, ...bindings: readonly (string | number)[]) => sql.exec(statement, ...bindings),
    slow: () => new Promise<void>((resolve) => void after(5_000, resolve)),
  });
}

const twoColumns = table("id INTEGER PRIMARY KEY, a TEXT");
const count = "SELECT count(*) AS n FROM t";

/** Of an object whose life goes on: it was about to rest when a call came. */
async function makeImage(test: RuntimeOnTest): Promise<void> {
  await test.clock.pass(9_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  void test.askOf("two", "make", 0);
  await test.clock.pass(2_000);
  const asked = test.runtime.call("sessions", "one", "run", [count]);
  await test.clock.pass(1);
  test.disk.held = null;
  resolve();
  await asked;
  await test.clock.pass(100);
  expect(test.disk.flushes.at(-1)?.images.length).toBe(1);
}

test("a table whose columns change is written anew, also a large one", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1_001);
  await test.clock.pass(20_000);
  await test.begin();
  await test.ask("run", "ALTER TABLE t ADD COLUMN b TEXT");
  await test.ask("run", "UPDATE t SET b = 'y' WHERE id = 5");
  await test.clock.pass(hourMs + 20_000);
  expect(await test.ask("run", "SELECT count(*) AS n, count(b) AS b FROM t")).toEqual([{ n: 1_001, b: 1 }]);
  expect([test.made.length, test.lines]).toEqual([3, []]);
});

test("a table that is dropped leaves nothing behind", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1);
  await test.clock.pass(20_000);
  await test.ask("run", "DROP TABLE t");
  await test.clock.pass(20_000);
  expect(await test.ask("run", "SELECT name FROM sqlite_master")).toEqual([]);
  expect([test.made.length, test.lines]).toEqual([3, []]);
});

test("a key that begins with a mark of the byte order is one like others", async () => {
  const test = await RuntimeOnTest.start(table("id TEXT PRIMARY KEY, a TEXT"));
  await test.ask("make", 1_001);
  await test.clock.pass(20_000);
  await test.ask("run", "INSERT INTO t VALUES (?, 'x')", "\uFEFFkey");
  await test.clock.pass(hourMs - 20_000);
  await test.ask("run", count);
  expect(test.made.length).toBe(2); // To load it takes long, so it stays for an hour.
  await test.clock.pass(hourMs + 20_000);
  expect(await test.ask("run", "SELECT count(*) AS n FROM t WHERE id = ?", "\uFEFFkey")).toEqual([{ n: 1 }]);
  expect([test.made.length, test.lines]).toEqual([3, []]);
});

test("a large table without a primary key is written whole", async () => {
  const test = await RuntimeOnTest.start(table("id INTEGER, a TEXT"));
  await test.ask("make", 1_001);
  await test.clock.pass(20_000);
  await test.ask("run", "DELETE FROM t WHERE id = 7");
  await test.clock.pass(20_000);
  expect(await test.ask("run", count)).toEqual([{ n: 1_000 }]);
});

test("a call that comes while its object is about to rest is carried out", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 0);
  await test.clock.pass(9_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  void test.askOf("two", "make", 0);
  await test.clock.pass(2_000);
  const slow = test.runtime.call("sessions", "one", "slow", []);
  await test.clock.pass(1);
  test.disk.held = null;
  resolve();
  await test.clock.pass(6_000);
  expect(await slow).toBe(undefined);
});

test("a call that comes while the image of its object is on its way finds all that was written", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1);
  await test.clock.pass(9_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  test.disk.held = promise;
  await test.clock.pass(2_000);
  const asked = test.runtime.call("sessions", "one", "run", [count]);
  await test.clock.pass(1);
  test.disk.held = null;
  resolve();
  expect(await asked).toEqual([{ n: 1 }]);
  expect(test.made.length).toBe(2);
});

test("rows that no image holds stay in the log while others go", slow, async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.askOf("early", "make", 0);
  for (let n = 0; n < 1_200; n += 1) await test.askOf("early", "run", "INSERT INTO t VALUES (NULL, 'x')");
  await test.askOf("kept", "make", 1);
  await test.clock.pass(8_000);
  await test.askOf("kept", "run", "INSERT INTO t VALUES (NULL, 'x')");
  await test.clock.pass(4_000);
  expect(test.disk.flushes.flatMap(({ droppable }) => droppable ?? []).length).toBe(1);
  await test.begin();
  expect(await test.askOf("kept", "run", count)).toEqual([{ n: 2 }]);
  expect(await test.askOf("early", "run", count)).toEqual([{ n: 1_200 }]);
});

test("a log that is too long becomes images; an object of which none can be made keeps its own rows alone", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  const disk = new SqliteDisk(test.file, { sync: atOnce });
  await disk.open();
  const bodyOf = (statement: string) => JSON.stringify([[statement]]);
  const broken = Array.from({ length: 25 }, () => ({ object: 1, body: bodyOf("this is no SQL") }));
  const made = { object: 2, body: bodyOf("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)") };
  const added = Array.from({ length: 50_000 }, () => ({ object: 2, body: bodyOf("INSERT INTO t VALUES (NULL, 'x')") }));
  const rows = [...broken, made, ...added].map((row, at): LogRow => ({ ...row, position: at + 1 }));
  const created = ["sessions/broken", "sessions/long"].map((name, at) => [at + 1, name] as const);
  await disk.flush({ texts: [], created, rows, images: [], deleted: [], droppable: null }, test.clock.now);
  await disk.close();

  await test.begin();
  await test.ask("make", 0);
  await test.clock.pass(3_000);
  await test.ask("run", "INSERT INTO t VALUES (NULL, 'x')");

  await test.begin();
  const stored = await new SqliteDisk(test.file, { readOnly: true }).open();
  expect(stored.rows.filter(([, object]) => object === 1).length).toBe(25);
  expect(stored.rows.length).toBeLessThan(30);
  expect(await test.askOf("long", "run", count)).toEqual([{ n: 50_000 }]);
  expect(test.lines.map(({ event, object }) => `${event} ${object}`)).toEqual(["object-broke sessions/broken"]);
});

test("an object whose image cannot be made breaks alone", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1);
  await test.askOf("two", "run", 'CREATE TABLE "order" (a)');
  await test.clock.pass(30_000);
  expect(test.lines.map(({ event, object }) => `${event} ${object}`)).toEqual(["object-broke sessions/two"]);
  expect(await test.askOf("two", "run", 'SELECT count(*) AS n FROM "order"')).toEqual([{ n: 0 }]);
  expect(test.runtime.fault).toBe(null);
});

test("the rows of a large table that are all deleted behind its image stay deleted", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 0);
  await test.ask("run", "DELETE FROM t"); // SQLite decides how to do it before anybody watches.
  for (let n = 1; n <= 1_001; n += 1) await test.ask("run", "INSERT INTO t VALUES (NULL, 'x')");
  await makeImage(test);
  await test.ask("run", "DELETE FROM t");
  await test.clock.pass(hourMs + 20_000);
  expect(await test.ask("run", count)).toEqual([{ n: 0 }]);
  expect(test.made.length).toBe(3);
});

test("an index is there after its object has rested", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1);
  await test.ask("run", "CREATE INDEX i ON t (a)");
  await test.clock.pass(20_000);
  expect(await test.ask("run", "SELECT name FROM sqlite_master WHERE type = 'index'")).toEqual([{ name: "i" }]);
  expect(test.made.length).toBe(2);
});

test("a table that is dropped in the life that has made its image leaves nothing behind", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1);
  await makeImage(test);
  await test.ask("run", "DROP TABLE t");
  await test.clock.pass(20_000);
  expect(await test.ask("run", "SELECT name FROM sqlite_master")).toEqual([]);
  const disk = new SqliteDisk(test.file, { readOnly: true });
  await disk.open();
  expect((await disk.read(1, [])).image.parts).toEqual([]);
  await disk.close();
});

test("an infinite number is refused, since the log would hold another one", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1);
  for (const infinite of [Infinity, -Infinity])
    await expect(test.ask("run", "DELETE FROM t WHERE id >= ?", infinite)).rejects.toThrow("an infinite number");
  expect(await test.ask("run", count)).toEqual([{ n: 1 }]);
});

test("an object of which nothing is new since its image gets no other one", async () => {
  const test = await RuntimeOnTest.start(twoColumns);
  await test.ask("make", 1);
  await test.clock.pass(20_000);
  await test.ask("run", count);
  test.disk.flushes.length = 0;
  await test.clock.pass(20_000);
  expect(test.disk.flushes.flatMap(({ images }) => images)).toEqual([]);
});
