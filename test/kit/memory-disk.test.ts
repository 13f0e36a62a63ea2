import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Flush } from "../../durable-objects/node/log/disk.ts";
import { SqliteDisk } from "../../durable-objects/node/log/sqlite-disk.ts";
import { MemoryDisk } from "./memory-disk.ts";

const nothing: Flush = { texts: [], created: [], rows: [], images: [], deleted: [], droppable: null };
const part = (table: string, key: string, rows: string) => ({ table, key, rows });
const image = { schema: ["CREATE TABLE a (b)"], replaced: [], parts: [], gone: [] };

/** What a runtime writes one after the other. */
const flushes: readonly Flush[] = [
  {
    ...nothing,
    texts: [[1, "INSERT INTO a VALUES (?)"]],
    created: [
      [1, "sessions/one"],
      [2, "sessions/two"],
    ],
    rows: [
      { position: 1, object: 1, alarm: 500, body: "[[1,1]]" },
      { position: 2, object: 2, alarm: 600, body: "[[1,2]]" },
      { position: 3, object: 1, body: "[[1,3]]" },
    ],
  },
  {
    ...nothing,
    rows: [{ position: 4, object: 2, alarm: null, body: "[]" }],
    images: [
      { ...image, object: 1, upTo: 4, alarm: 500, parts: [part("a", "", "[[1],[3]]"), part("c", "[1]", "[[1]]")] },
    ],
  },
  {
    ...nothing,
    rows: [{ position: 5, object: 1, body: '[["DELETE FROM a"]]' }],
    droppable: { before: 5, except: [2] },
  },
  {
    ...nothing,
    images: [
      {
        ...image,
        object: 1,
        upTo: 5,
        alarm: null,
        replaced: ["a"],
        gone: [{ table: "c", key: "[1]" }],
        parts: [part("c", "[2]", "[[2]]")],
      },
    ],
  },
  { ...nothing, deleted: [2], created: [[3, "sessions/two"]], rows: [{ position: 6, object: 3, body: "[[1,9]]" }] },
];

test("a disk in memory holds what a disk of SQLite holds, flush by flush", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const real = new SqliteDisk(join(folder, "state.db"));
  const memory = new MemoryDisk();
  await real.open();
  for (const [index, flush] of flushes.entries()) {
    await real.flush(flush, 100 + index);
    memory.flush(flush, 100 + index);

    const stored = await real.open();
    expect(memory.open(), `flush ${index}`).toEqual(stored);
    for (const { object } of stored.objects) {
      const positions = stored.rows.flatMap(([position, of]) => (of === object ? position : []));
      expect(memory.read(object, positions), `flush ${index}`).toEqual(await real.read(object, positions));
    }
  }
  await real.close();
});

test("each row of the log is heard of with its statements, and a row that is missed is an error", () => {
  const heard: unknown[] = [];
  const disk = new MemoryDisk((name, statements) => heard.push([name, statements]));
  for (const flush of flushes.slice(0, 3)) disk.flush(flush, 1);

  expect(heard.slice(0, 2)).toEqual([
    ["sessions/one", [["INSERT INTO a VALUES (?)", [1]]]],
    ["sessions/two", [["INSERT INTO a VALUES (?)", [2]]]],
  ]);
  expect(() => disk.read(1, [1])).toThrow("the log lacks row 1");
});
