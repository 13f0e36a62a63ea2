import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { Flush } from "../../../durable-objects/home/log/disk.ts";
import { SqliteDisk } from "../../../durable-objects/home/log/sqlite-disk.ts";
import { atOnce } from "./home-on-test.ts";

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "state.db");
}

function flushOf(position: number): Flush {
  const created = position === 1 ? [[1, "counts/one"] as const] : [];
  return { texts: [], created, rows: [{ position, object: 1, body: "[]" }], images: [], deleted: [], from: null };
}

/** With one flush on it. */
async function diskThatFails() {
  const file = newFile();
  let fault: Error | null = null;
  const sync = async (log: number) => {
    const error = fault;
    fault = null;
    if (error) throw error;
    await atOnce(log);
  };
  const failNextSync = () => {
    fault = new Error("EIO: i/o error, fdatasync");
  };
  const disk = new SqliteDisk(file, { sync });
  await disk.open();
  await disk.flush(flushOf(1), 1);
  return { file, disk, failNextSync };
}

test("a flush resolves once the log of SQLite is synced", async () => {
  const syncs: PromiseWithResolvers<void>[] = [];
  const disk = new SqliteDisk(newFile(), {
    sync: () => {
      const sync = Promise.withResolvers<void>();
      syncs.push(sync);
      return sync.promise;
    },
  });
  await disk.open();
  let isDone = false;
  const flushed = disk.flush(flushOf(1), 1).then(() => {
    isDone = true;
  });
  await new Promise(setImmediate);
  expect([syncs.length, isDone]).toEqual([1, false]);
  syncs[0]?.resolve();
  await flushed;
  await disk.close();
});

test("where the sync fails the flush fails, and what it wrote is copied into the file before anything else is written", async () => {
  const { file, disk, failNextSync } = await diskThatFails();
  failNextSync();
  await expect(disk.flush(flushOf(2), 2)).rejects.toThrow("EIO");
  await expect(disk.flush(flushOf(3), 3)).rejects.toThrow("the state is not open");
  rmSync(`${file}-wal`, { force: true });
  await disk.probe(3);
  const { rows } = await disk.open();
  expect(rows).toEqual([
    [1, 1],
    [2, 1],
  ]);
  await disk.close();
});

test("after a failed sync nothing is written while somebody else reads the file, which keeps the log from being copied", async () => {
  const { file, disk, failNextSync } = await diskThatFails();
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT * FROM about").all();
  failNextSync();
  await expect(disk.flush(flushOf(2), 2)).rejects.toThrow("EIO");
  for (const at of [3, 4]) await expect(disk.probe(at)).rejects.toThrow("read by nobody else");
  reader.close();
  await disk.probe(5);
  expect(statSync(`${file}-wal`).size).toBeLessThan(10_000);
  await disk.flush(flushOf(3), 5);
  expect((await disk.open()).rows.map(([position]) => position)).toEqual([1, 2, 3]);
  await disk.close();
});

test("a log that is deleted while the edge runs is noticed, and nothing of it is lost", async () => {
  const file = newFile();
  const disk = new SqliteDisk(file, { sync: atOnce });
  await disk.open();
  await disk.flush(flushOf(1), 1);
  await disk.flush(flushOf(2), 2);
  rmSync(`${file}-wal`);
  await expect(disk.flush(flushOf(3), 3)).rejects.toThrow("state.db-wal was deleted or replaced while the edge runs");
  await disk.probe(4);
  await disk.flush(flushOf(3), 5);
  const copy = new SqliteDisk(file, { readOnly: true });
  expect((await copy.open()).rows.map(([position]) => position)).toEqual([1, 2, 3]);
  await copy.close();
  await disk.close();
});
