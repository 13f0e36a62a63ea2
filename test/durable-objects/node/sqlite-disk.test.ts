import {
  chmodSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Flush } from "../../../durable-objects/node/log/disk.ts";
import { SqliteDisk, syncing } from "../../../durable-objects/node/log/sqlite-disk.ts";
import { atOnce } from "./runtime-on-test.ts";

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "state.db");
}

function flushOf(position: number, body = "[]"): Flush {
  const created = position === 1 ? [[1, "sessions/one"] as const] : [];
  return { texts: [], created, rows: [{ position, object: 1, body }], images: [], deleted: [], droppable: null };
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
  const opened = disk.open();
  await new Promise(setImmediate);
  syncs.pop()?.resolve();
  await opened;
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

test("a sync is made at once where little goes on, and beside where flush follows flush or the disk is slow", async () => {
  let now = 0;
  let takesMs = 0.3;
  const made: string[] = [];
  const by = (how: string) => () => {
    made.push(how);
    now += takesMs;
  };
  const sync = syncing(() => now, { atOnce: by("at once"), beside: async () => by("beside")() });
  const after = async (pauseMs: number) => {
    now += pauseMs;
    await sync(1);
    return made.at(-1);
  };
  expect([await after(5), await after(0.5), await after(0), await after(2)]).toEqual([
    "at once",
    "beside",
    "beside",
    "at once",
  ]);
  takesMs = 40;
  expect([await after(5), await after(100), await after(100)]).toEqual(["at once", "beside", "beside"]);
  takesMs = 0.3;
  expect([await after(100), await after(100)]).toEqual(["beside", "at once"]);
});

test("a disk that is slow to fail holds up the event loop once", async () => {
  let now = 0;
  const made: string[] = [];
  const fail = (how: string) => () => {
    made.push(how);
    now += 30_000;
    throw new Error("EIO");
  };
  const sync = syncing(() => now, { atOnce: fail("at once"), beside: async () => fail("beside")() });
  for (let attempts = 0; attempts < 3; attempts++) {
    now += 1_000;
    await expect(sync(1)).rejects.toThrow("EIO");
  }
  expect(made).toEqual(["at once", "beside", "beside"]);
});

/** When the log was written last, as each sync finds it. */
async function watchedDisk(file: string) {
  const writtenAt: number[] = [];
  let fails = false;
  const disk = new SqliteDisk(file, {
    sync: async (log) => {
      writtenAt.push(fstatSync(log).mtimeMs);
      if (fails) throw new Error("EIO: i/o error, fdatasync");
      await atOnce(log);
    },
  });
  const long = new Date(0);
  /** Nothing has written the log since. */
  const age = () => utimesSync(`${file}-wal`, long, long);
  const failing = (on: boolean) => {
    fails = on;
  };
  return { disk, writtenAt, age, failing };
}

test("where the sync fails the flush fails, and the log is written and synced anew before anything else is, also while somebody reads it", async () => {
  const file = newFile();
  const { disk, writtenAt, age, failing } = await watchedDisk(file);
  await disk.open();
  await disk.flush(flushOf(1), 1);
  const reader = new DatabaseSync(file, { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT * FROM about").all();
  failing(true);
  await expect(disk.flush(flushOf(2), 2)).rejects.toThrow("EIO");
  await expect(disk.flush(flushOf(3), 3)).rejects.toThrow("the state is not open");
  age();
  await expect(disk.probe(3)).rejects.toThrow("EIO");
  expect(writtenAt.at(-1)).toBeGreaterThan(0);
  failing(false);
  age();
  writtenAt.length = 0;
  await disk.probe(3);
  expect(writtenAt.map((at) => at > 0)).toEqual([true, true]); // The log anew, and then the probe.
  age();
  writtenAt.length = 0;
  await disk.flush(flushOf(3), 4);
  expect(writtenAt.length).toBe(1);
  expect((await disk.open()).rows.map(([position]) => position)).toEqual([1, 2, 3]);
  reader.close();
  await disk.close();
});

test("what a process has left in the log is written and synced anew before the next one goes on, and only then copied", async () => {
  const file = newFile();
  const first = await watchedDisk(file);
  await first.disk.open();
  await first.disk.flush(flushOf(1, "x".repeat(10_000_000)), 1);
  first.failing(true);
  await expect(first.disk.flush(flushOf(2, "x".repeat(10_000_000)), 2)).rejects.toThrow("EIO");
  first.age();
  const sizes: number[] = [];
  const disk = new SqliteDisk(file, {
    sync: async (log) => {
      sizes.push(statSync(file).size, fstatSync(log).mtimeMs);
    },
  });
  expect((await disk.open()).rows.length).toBe(2);
  expect(sizes.map((size) => size > 1_000_000)).toEqual([false, true]);
  await disk.flush(flushOf(3, "x".repeat(10_000_000)), 3);
  expect(statSync(file).size).toBeGreaterThan(20_000_000);
  await disk.close();
});

test("where the disk has lost what a failed sync was of, all that was confirmed before is there", async () => {
  for (const ends of ["goes on", "is stopped"]) {
    const file = newFile();
    const wal = `${file}-wal`;
    let loses = false;
    const disk = new SqliteDisk(file, {
      sync: async (log) => {
        if (!loses) return atOnce(log);
        // As where the system drops the pages that it could not write: what is read is what the disk has.
        writeFileSync(wal, Buffer.concat([before, Buffer.alloc(Math.max(0, statSync(wal).size - before.length))]));
        throw new Error("EIO");
      },
    });
    await disk.open();
    for (let position = 1; position <= 40; position++) await disk.flush(flushOf(position, "[]".repeat(500)), position);
    const before = readFileSync(wal);
    loses = true;
    await expect(disk.flush(flushOf(41, "[]".repeat(50_000)), 41)).rejects.toThrow("EIO");
    loses = false;
    if (ends === "goes on") await disk.probe(42);
    await disk.close();
    const next = new SqliteDisk(file, { sync: atOnce });
    expect((await next.open()).rows.length).toBe(40);
    await next.close();
    const database = new DatabaseSync(file);
    expect(database.prepare("PRAGMA integrity_check").all()).toMatchObject([{ integrity_check: "ok" }]);
    database.close();
  }
});

test("while somebody else writes, the log is not written anew", async () => {
  const file = newFile();
  const { disk, age, failing } = await watchedDisk(file);
  await disk.open();
  await disk.flush(flushOf(1), 1);
  failing(true);
  await expect(disk.flush(flushOf(2), 2)).rejects.toThrow("EIO");
  failing(false);
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  age();
  await expect(disk.probe(3)).rejects.toThrow("database is locked");
  expect(statSync(`${file}-wal`).mtimeMs).toBe(0);
  other.close();
  await disk.probe(4);
  await disk.close();
});

test("a disk that keeps failing stops the process for no copy and no sync of the whole", async () => {
  const file = newFile();
  const { disk, failing } = await watchedDisk(file);
  await disk.open();
  await disk.flush(flushOf(1, "x".repeat(100_000)), 1);
  failing(true);
  await expect(disk.flush(flushOf(2), 2)).rejects.toThrow("EIO");
  await expect(disk.probe(2)).rejects.toThrow("EIO");
  const { size } = statSync(`${file}-wal`);
  for (const at of [3, 4]) {
    await expect(disk.probe(at)).rejects.toThrow("EIO");
    expect([statSync(file).size < 100_000, statSync(`${file}-wal`).size]).toEqual([true, size]);
  }
  await disk.close();
});

test("a state that vanishes while the edge tries its disk is not begun anew", async () => {
  const file = newFile();
  const { disk, failing } = await watchedDisk(file);
  await disk.open();
  await disk.flush(flushOf(1), 1);
  failing(true);
  await expect(disk.flush(flushOf(2), 2)).rejects.toThrow("EIO");
  failing(false);
  const away = newFile();
  const ends = ["", "-wal", "-shm"].filter((end) => existsSync(`${file}${end}`));
  for (const end of ends) renameSync(`${file}${end}`, `${away}${end}`);
  for (const at of [3, 4]) await expect(disk.probe(at)).rejects.toThrow("was deleted or replaced while the edge runs");
  // Nor with another one.
  const other = new SqliteDisk(file, { sync: atOnce });
  await other.open();
  await other.close();
  await expect(disk.probe(5)).rejects.toThrow("was deleted or replaced while the edge runs");
  for (const end of ends) renameSync(`${away}${end}`, `${file}${end}`);
  await disk.probe(5);
  expect((await disk.open()).rows.map(([position]) => position)).toEqual([1, 2]);
  await disk.close();
});

test("a first start that fails midway leaves no state", async () => {
  const file = newFile();
  const exec = vi.spyOn(DatabaseSync.prototype, "exec").mockImplementationOnce(() => {
    throw new Error("disk I/O error");
  });
  onTestFinished(() => exec.mockRestore());
  const disk = new SqliteDisk(file, { sync: atOnce });
  await expect(disk.open()).rejects.toThrow("disk I/O error");
  expect(existsSync(file)).toBe(false);
  expect(await disk.open()).toMatchObject({ lastPosition: 0 });
  await disk.close();
});

test("a first start whose log cannot be copied into the file leaves no state", async () => {
  const file = newFile();
  // As on a full disk: SQLite does not say that it has copied nothing.
  const close = vi.spyOn(DatabaseSync.prototype, "close").mockImplementationOnce(() => {});
  onTestFinished(() => close.mockRestore());
  const disk = new SqliteDisk(file, { sync: atOnce });
  await expect(disk.open()).rejects.toThrow(`${file}.draft could not be written whole: make room`);
  expect(existsSync(file)).toBe(false);
});

test("a log that lacks rows of an object is said, and not passed over", async () => {
  const file = newFile();
  const disk = new SqliteDisk(file, { sync: atOnce });
  await disk.open();
  for (const position of [1, 2]) await disk.flush(flushOf(position), position);
  const other = new DatabaseSync(file);
  other.exec("DELETE FROM log WHERE position = 1");
  other.close();
  await expect(disk.read(1, [1, 2])).rejects.toThrow("the log lacks 1 rows of object 1");
  await disk.close();
});

const deletedOrReplaced: [string, (log: string, older: string) => void][] = [
  ["deleted", (log) => rmSync(log)],
  ["replaced by an older one", (log, older) => renameSync(older, log)],
];

/** With 80 flushes on it, beside a reader that keeps SQLite from copying all of them into the file. */
async function readDisk() {
  const file = newFile();
  const disk = new SqliteDisk(file, { sync: atOnce });
  await disk.open();
  await disk.flush(flushOf(1), 1);
  const older = `${file}-older`;
  copyFileSync(`${file}-wal`, older);
  const reader = new DatabaseSync(file);
  reader.exec("BEGIN");
  reader.prepare("SELECT * FROM about").all();
  for (let position = 2; position <= 80; position++) await disk.flush(flushOf(position), position);
  return { file, disk, reader, older };
}

const flushed = Array.from({ length: 80 }, (_, at) => at + 1);

/** What the next start finds after a kill at this moment. */
async function positionsAfterKill(file: string) {
  const copy = newFile();
  for (const end of ["", "-wal", "-shm"])
    if (existsSync(`${file}${end}`)) copyFileSync(`${file}${end}`, `${copy}${end}`);
  const next = new SqliteDisk(copy, { sync: atOnce });
  const { rows } = await next.open();
  await next.close();
  return rows.map(([position]) => position);
}

test.each(deletedOrReplaced)(
  "a log that is %s while the edge runs is noticed, and a kill loses nothing of it, though it is being read",
  async (_, change) => {
    const { file, disk, reader, older } = await readDisk();
    change(`${file}-wal`, older);
    await expect(disk.flush(flushOf(81), 81)).rejects.toThrow(/state\.db-wal was deleted or replaced .* begun anew$/);
    // Another process that reads keeps its lock on an old -shm, and a new edge would believe what is in there.
    expect([existsSync(`${file}-wal`), existsSync(`${file}-shm`)]).toEqual([false, false]);
    expect(await positionsAfterKill(file)).toEqual(flushed);
    await disk.probe(82);
    await disk.flush(flushOf(81), 83);
    reader.close(); // As the last that has the old file open.
    expect(await positionsAfterKill(file)).toEqual([...flushed, 81]);
    await disk.close();
  },
);

test.each(deletedOrReplaced)(
  "a log that is %s and cannot be copied is kept at hand until it can be",
  async (_, change) => {
    const { file, disk, reader, older } = await readDisk();
    change(`${file}-wal`, older);
    chmodSync(file, 0o600);
    mkdirSync(`${file}.rescued.draft`); // Where the copy wants a file.
    const before = readdirSync(dirname(file));
    await expect(disk.flush(flushOf(81), 81)).rejects.toThrow(
      /, and what it held cannot be copied \(.+\): the edge must/,
    );
    await expect(disk.probe(82)).rejects.toThrow(/ cannot be copied /);
    expect(readdirSync(dirname(file))).toEqual(before);
    rmdirSync(`${file}.rescued.draft`);
    await expect(disk.probe(83)).rejects.toThrow(/begun anew$/);
    await disk.probe(84);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await disk.flush(flushOf(81), 85);
    expect((await disk.open()).rows.map(([position]) => position)).toEqual([...flushed, 81]);
    reader.close();
    await disk.close();
  },
);

test("a log that is put back after its copy has begun is taken no more, and a copy that is late undoes nothing", async () => {
  const { file, disk, reader } = await readDisk();
  const away = `${file}.away`;
  renameSync(`${file}-wal`, away);
  rmSync(`${file}-shm`);
  mkdirSync(`${file}-shm`); // In the way of the last step: the copy is whole by then.
  await expect(disk.flush(flushOf(81), 81)).rejects.toThrow(/ cannot be copied /);
  renameSync(away, `${file}-wal`);
  rmdirSync(`${file}-shm`);
  await expect(disk.flush(flushOf(81), 82)).rejects.toThrow(/ begun anew$/);
  await disk.probe(83);
  await disk.flush(flushOf(81), 84);
  expect(await positionsAfterKill(file)).toEqual([...flushed, 81]);
  expect(existsSync(`${file}.rescued`)).toBe(false);
  reader.close();
  await disk.close();
});

test("a log that was begun anew goes on once nobody reads the copy, which is read at once", async () => {
  const { file, disk, reader } = await readDisk();
  rmSync(`${file}-wal`);
  await expect(disk.flush(flushOf(81), 81)).rejects.toThrow(/ begun anew$/);
  const backup = new DatabaseSync(file, { readOnly: true });
  backup.exec("BEGIN");
  backup.prepare("SELECT * FROM about").all();
  for (const at of [82, 83]) await expect(disk.probe(at)).rejects.toThrow("database is locked");
  backup.close();
  await disk.probe(84);
  await disk.flush(flushOf(81), 85);
  expect((await disk.open()).rows.map(([position]) => position)).toEqual([...flushed, 81]);
  reader.close();
  await disk.close();
});

test("two edges on one state hear of each other, and neither writes where the other has", async () => {
  const file = newFile();
  const [one, other] = [new SqliteDisk(file, { sync: atOnce }), new SqliteDisk(file, { sync: atOnce })];
  await one.open();
  await one.flush(flushOf(1), 1);
  await other.open();
  await other.flush(flushOf(2), 2);
  await expect(one.flush(flushOf(2), 3)).rejects.toThrow(`another edge writes to ${file}: stop one of the two`);
  await one.flush(flushOf(3), 4);
  expect((await one.open()).rows.map(([position]) => position)).toEqual([1, 2, 3]);
  await one.close();
  await other.close();
});

test("a copy of a log that a kill cut short is deleted", async () => {
  const file = newFile();
  writeFileSync(`${file}.rescued.draft`, "half");
  const disk = new SqliteDisk(file, { sync: atOnce });
  await disk.open();
  expect(existsSync(`${file}.rescued.draft`)).toBe(false);
  await disk.close();
});

test("a whole copy that a kill kept from its place takes it at the next start, without a foreign log", async () => {
  const { file, disk, reader, older } = await readDisk();
  reader.close();
  await disk.close();
  copyFileSync(file, `${file}.rescued`);
  renameSync(older, `${file}-wal`);
  expect((await disk.open()).rows.map(([position]) => position)).toEqual(flushed);
  expect(existsSync(`${file}.rescued`)).toBe(false);
  await disk.close();
});

test("a database of another program is no state, and stays as it is", async () => {
  const file = newFile();
  const other = new DatabaseSync(file);
  other.exec("CREATE TABLE theirs (a); PRAGMA user_version = 77");
  await expect(new SqliteDisk(file).open()).rejects.toThrow(`${file} is a database of another program`);
  expect(other.prepare("SELECT name FROM sqlite_master").all()).toEqual([{ name: "theirs" }]);
});

test.each([
  ["state.db", "is empty"],
  ["state.db-wal", "is there, and"],
])("a state of which only %s is left was lost, and is begun anew by nobody but a person", async (name, says) => {
  const file = newFile();
  const left = join(dirname(file), name);
  writeFileSync(left, name === "state.db" ? "" : "rows");
  const disk = new SqliteDisk(file);

  await expect(disk.open()).rejects.toThrow(`${left} ${says}`);
  await expect(disk.open()).rejects.toThrow("restore a backup, or move");
  expect(readdirSync(dirname(file))).toEqual([name]);
});

test("a first start that a kill cut short is made again", async () => {
  const file = newFile();
  writeFileSync(`${file}.draft`, "half");
  const disk = new SqliteDisk(file);

  expect(await disk.open()).toMatchObject({ lastPosition: 0, lastAt: 0, restoredAt: null });
  await disk.close();
  expect(readdirSync(dirname(file))).toEqual(["state.db"]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("of an object that is deleted no part of its image stays, nor in the log of SQLite for long", async () => {
  const file = newFile();
  const later: (() => void)[] = [];
  const after = (_: number, run: () => void) => {
    later.push(run);
    return () => {};
  };
  const disk = new SqliteDisk(file, { sync: atOnce, after });
  await disk.open();
  const part = { table: "t", key: "", rows: '[["4420999"]]' };
  const image = { object: 1, upTo: 1, alarm: null, schema: [], replaced: [], parts: [part], gone: [] };
  await disk.flush({ ...flushOf(1), images: [image] }, 1);
  for (const clean of later.splice(0)) clean();
  await disk.flush({ ...flushOf(2), rows: [], deleted: [1] }, 2);

  expect(later).toHaveLength(1);
  const [count] = new DatabaseSync(file, { readOnly: true }).prepare("SELECT count(*) AS parts FROM part").all();
  expect(count?.parts).toBe(0);
  await disk.close();
});

test("an alarm that was taken back is none at the next start, and a row that leaves it alone changes none", async () => {
  const disk = new SqliteDisk(newFile(), { sync: atOnce });
  await disk.open();
  const alarms = async () => (await disk.open()).objects.map(({ alarm }) => alarm);
  const row = (position: number, alarm?: number | null) => {
    const { rows, ...others } = flushOf(position);
    return { ...others, rows: rows.map((one) => ({ ...one, ...(alarm !== undefined && { alarm }) })) };
  };
  await disk.flush(row(1, 5_000), 1);
  await disk.flush(row(2), 2);
  expect(await alarms()).toEqual([5_000]);
  await disk.flush(row(3, null), 3);
  expect(await alarms()).toEqual([null]);
  await disk.close();
});
