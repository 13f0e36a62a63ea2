import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { backUp, restore, restoreInto } from "../../../durable-objects/node/log/backup.ts";
import type { Flush } from "../../../durable-objects/node/log/disk.ts";
import { SqliteDisk } from "../../../durable-objects/node/log/sqlite-disk.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-backup-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A folder with the state of an edge that has ended. */
async function newState() {
  const folder = newFolder();
  const path = (name: string) => join(folder, name);
  const state = path("state.db");
  const disk = new SqliteDisk(state);
  await disk.open();
  await disk.close();
  return { folder, state, path };
}

/** But for what SQLite keeps beside a database. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => !/-(?:wal|shm)$/.test(name));
}

function written(position: number): Flush {
  const rows = [{ position, object: 1, body: `["${"row ".repeat(1_000)}"]` }];
  const created = position === 1 ? [[1, "sessions/all"] as const] : [];
  return { texts: [], created, rows, images: [], deleted: [], droppable: null };
}

test("a backup has all that was on disk at one moment while more is written, and what is restored says so", async () => {
  const folder = newFolder();
  const [state, file, restored] = ["state.db", "backup.db", "restored.db"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const disk = new SqliteDisk(state);
  expect((await disk.open()).restoredAt).toBeNull();
  let position = 0;
  const write = () => disk.flush(written(++position), position);
  while (position < 500) await write();

  const backingUp = backUp(state, file);
  for (let more = 0; more < 100; more += 1) await write();
  const { at, bytes } = await backingUp;

  expect([statSync(file).mode & 0o777, statSync(file).size]).toEqual([0o600, bytes]);
  expect(at).toBeGreaterThanOrEqual(500);
  await disk.close();
  expect(readdirSync(folder).toSorted()).toEqual(["backup.db", "state.db"]);

  await restore(file, restored, 7_000);
  await restore(file, join(folder, "again.db"), 8_000);
  const copy = new SqliteDisk(restored);
  const stored = await copy.open();
  await copy.close();
  expect(stored).toMatchObject({
    lastAt: at,
    lastPosition: at,
    restoredAt: 7_000,
    objects: [{ name: "sessions/all" }],
  });
  expect(stored.rows).toHaveLength(at);
  expect(statSync(restored).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).toSorted()).toEqual(["again.db", "backup.db", "restored.db", "state.db"]);
});

test("each restore is told from those before it, also by a clock that is behind", async () => {
  const folder = newFolder();
  const file = (name: string) => join(folder, name);
  const disk = new SqliteDisk(file("state.db"));
  await disk.open();
  await disk.close();
  const restored: (number | null)[] = [];
  for (const [from, to, at] of [
    ["state.db", "1.db", 7_000],
    ["1.db", "2.db", 7_000],
    ["2.db", "3.db", 5_000],
    ["3.db", "4.db", 9_000],
  ] as const) {
    await restore(file(from), file(to), at);
    const copy = new SqliteDisk(file(to), { readOnly: true });
    restored.push((await copy.open()).restoredAt);
    await copy.close();
  }

  expect(restored).toEqual([7_000, 7_001, 7_002, 9_000]);
});

test("neither serves, restores nor changes a file of another format", async () => {
  const folder = newFolder();
  const [state, restored] = [join(folder, "state.db"), join(folder, "restored.db")];
  const disk = new SqliteDisk(state);
  await disk.open();
  await disk.close();
  const later = new DatabaseSync(state);
  later.exec("PRAGMA user_version = 2; DROP TABLE part");
  later.close();
  const says = "has format 2, and this version reads format 1";
  await expect(disk.open()).rejects.toThrow(`${state} ${says}`);
  await expect(restore(state, restored, 1)).rejects.toThrow(says);
  await disk.close();
  const after = new DatabaseSync(state);
  expect(after.prepare("SELECT name FROM sqlite_master WHERE name = 'part'").all()).toEqual([]);
  after.close();
});

test("nothing is overwritten, and what is no whole state is not restored", async () => {
  const { folder, state, path } = await newState();
  const [text, other] = [path("text"), path("other.db")];
  writeFileSync(text, "no database at all, but as long as its header is".repeat(100));
  new DatabaseSync(other).exec("CREATE TABLE about (at INTEGER)");
  const before = readdirSync(folder);

  await expect(backUp(state, text)).rejects.toThrow(`${text} is there already`);
  await expect(restore(other, state, 1)).rejects.toThrow(`${state} is there already`);
  for (const end of ["-wal", "-shm", "-journal", ".rescued"]) {
    const gone = join(folder, "gone.db");
    // SQLite would apply it to what is put beside it.
    writeFileSync(`${gone}${end}`, "");
    await expect(restore(state, gone, 1)).rejects.toThrow(`${gone}${end} is there already`);
    rmSync(`${gone}${end}`);
  }
  await expect(backUp(state, join(folder, "missing", "file"))).rejects.toThrow(
    `there is no folder ${join(folder, "missing")}`,
  );
  await expect(backUp(text, join(folder, "new.db"))).rejects.toThrow(
    `${text} cannot be copied to ${join(folder, "new.db")} (file is not a database)`,
  );
  await expect(restore(text, join(folder, "new.db"), 1)).rejects.toThrow(`${text} is not a backup of Bridgehead`);
  await expect(backUp(folder, join(folder, "new.db"))).rejects.toThrow(
    `${folder} is a folder, and not the state of an edge`,
  );
  await expect(restore(folder, join(folder, "new.db"), 1)).rejects.toThrow(
    `${folder} is a folder, and not a backup of Bridgehead`,
  );
  await expect(restore("/dev/null", join(folder, "new.db"), 1)).rejects.toThrow(
    "/dev/null is no file, and not a backup of Bridgehead",
  );
  await expect(restore(other, join(folder, "new.db"), 1)).rejects.toThrow(
    `${other} does not hold the whole state of an edge`,
  );

  expect(readdirSync(folder)).toEqual(before);
});

test.each([
  ["state.db", "state.db/x.db"],
  ["state.db", "/proc/x.db"],
  ["state.db", "x".repeat(255)],
  ["none.db", "x.db"],
  ["state.db/x.db", "x.db"],
])("why %s cannot be copied to %s names both", async (from, to) => {
  const { folder } = await newState();
  const before = readdirSync(folder);
  const [source, copy] = [resolve(folder, from), resolve(folder, to)];
  const says = `${source} cannot be copied to ${copy} (E`;

  await expect(backUp(source, copy)).rejects.toThrow(says);
  await expect(restore(source, copy, 1)).rejects.toThrow(says);
  expect(readdirSync(folder)).toEqual(before);
});

test("of two backups to one file one is made, and the other says that it is; what is not its own it neither deletes nor replaces", async () => {
  const { folder, state, path } = await newState();
  const [file, link] = [path("backup.db"), path("link.db")];
  const [one, other] = await Promise.allSettled([backUp(state, file), backUp(state, file)]);
  expect([one.status, String((other as PromiseRejectedResult).reason)]).toEqual([
    "fulfilled",
    `Error: ${file}.draft is there: another copy is being made; delete it if that one was killed`,
  ]);
  const late = path("late.db");
  const made = backUp(state, late);
  writeFileSync(late, "somebody else's");
  await expect(made).rejects.toThrow(`${late} came while it was made`);
  rmSync(late);
  symlinkSync(join(folder, "nowhere"), link);
  await expect(backUp(state, link)).rejects.toThrow(`${link} is there already`);
  expect(filesIn(folder)).toEqual(["backup.db", "link.db", "state.db"]);
});

test("a copy that is not finished is no backup, nor what a whole one is about to replace", async () => {
  const { folder, state, path } = await newState();
  const [file, rescued] = [path("new.db.draft"), path("state.db.rescued")];
  await backUp(state, file);
  await expect(restore(file, path("new.db"), 1)).rejects.toThrow(
    `${file} is the name of a copy that is not finished: give the backup another one`,
  );
  writeFileSync(rescued, "");
  await expect(backUp(state, path("backup.db"))).rejects.toThrow(
    `${rescued} holds more than ${state}: start the edge, which puts it in its place`,
  );
  expect(filesIn(folder)).toEqual(["new.db.draft", "state.db", "state.db.rescued"]);
});

test("what is left of a restore that was killed is in the way of no other", async () => {
  const { folder, state, path } = await newState();
  const [file, anew] = [path("backup.db"), path("new.db")];
  await backUp(state, file);
  writeFileSync(`${anew}.draft`, "half");
  await restore(file, anew, 1);
  expect(filesIn(folder)).toEqual(["backup.db", "new.db", "state.db"]);
});

test.each([100, 4_096, 10_000])("a backup that lacks its last %i bytes is not restored", async (lacks) => {
  const { state, path } = await newState();
  const file = path("backup.db");
  const { bytes } = await backUp(state, file);
  truncateSync(file, bytes - lacks);

  await expect(restore(file, path("new.db"), 1)).rejects.toThrow(
    `${file} is cut short: it has ${bytes - lacks} of ${bytes} bytes`,
  );
});

/** A backup with so many pages that one of them has nothing but rows. */
async function aBackup() {
  const { state, path } = await newState();
  const disk = new SqliteDisk(state);
  await disk.open();
  for (let position = 1; position <= 50; position += 1) await disk.flush(written(position), position);
  await disk.close();
  await backUp(state, path("backup.db"));
  return { file: path("backup.db"), restored: path("restored.db") };
}

test("a state that is no file and is made of a backup says that it was put back, so that no id comes twice", async () => {
  const { file } = await aBackup();
  const marked: number[] = [];
  const target = {
    flush: async () => {},
    keepDoubt: async () => {},
    markRestored: async (at: number) => void marked.push(at),
  };
  expect(await restoreInto(target, file, 7_000)).toMatchObject({ objects: 1 });
  expect(marked).toEqual([7_000]);
});

test("a backup that can be read, and contradicts itself, is not restored", async () => {
  const { file, restored } = await aBackup();
  const opened = openSync(file, "r+");
  // How many free pages it has: https://www.sqlite.org/fileformat.html, section 1.3.
  writeSync(opened, Buffer.from([0, 0, 0, 5]), 0, 4, 36);
  closeSync(opened);

  await expect(restore(file, restored, 7_000)).rejects.toThrow(/does not hold the whole state .*should be 5/);
});
