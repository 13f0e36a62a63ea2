import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { serialize } from "node:v8";
import { expect, onTestFinished, test } from "vitest";
import { objectsOnDisk } from "../../../durable-objects/home/log/objects-on-disk.ts";
import { SqliteDisk } from "../../../durable-objects/home/log/sqlite-disk.ts";
import { migrate } from "../../../durable-objects/home/migrate/migrate.ts";
import { workerdId } from "../../../durable-objects/home/migrate/workerd-id.ts";

const at = 1_800_000_000_000;
const journal = "CREATE TABLE journal (seq INTEGER PRIMARY KEY, changes TEXT)";
const entry = "CREATE TABLE entry (key TEXT PRIMARY KEY, position INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID";
const allocated = "CREATE TABLE allocated (msg_first INTEGER PRIMARY KEY, holder TEXT)";
const metadata = "CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)";
const keyValues = "CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID";
const alarms =
  "CREATE TABLE _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER, actor_name TEXT) WITHOUT ROWID";

const about = "CREATE TABLE about (domain TEXT PRIMARY KEY)";
const identityOf = (domain: string, confKey: string) => JSON.stringify({ domain, confKey });
const progress = "CREATE TABLE release_progress (domain TEXT PRIMARY KEY)";

/** The files of an edge on workerd. */
class WorkerdState {
  readonly folder = mkdtempSync(join(tmpdir(), "bridgehead-workerd-"));

  constructor() {
    onTestFinished(() => rmSync(this.folder, { recursive: true }));
    mkdirSync(join(this.folder, "objects"));
  }

  file(kind: string, name: string): string {
    const folder = join(this.folder, "objects", `bridgehead-${kind}Object`);
    mkdirSync(folder, { recursive: true });
    return join(
      folder,
      name === "metadata" ? "metadata.sqlite" : `${workerdId(`bridgehead-${kind}Object`, name)}.sqlite`,
    );
  }

  /** Makes the object's database; it stays open, so that what is written lies in the log beside the file. */
  object(kind: string, name: string, ...statements: readonly string[]): DatabaseSync {
    const database = new DatabaseSync(this.file(kind, name));
    onTestFinished(() => database.close());
    database.exec("PRAGMA journal_mode = WAL");
    for (const statement of statements) database.exec(statement);
    return database;
  }

  migrate(...domains: readonly string[]) {
    return this.migrateWith({ acceptsLoss: false }, ...domains);
  }

  migrateWith(how: { readonly acceptsLoss: boolean }, ...domains: readonly string[]) {
    return migrate({ folder: this.folder, domains: domains.map((name) => ({ name, bridges: ["main"] })), at, ...how });
  }

  /** What each domain has that has conferences. */
  domain(name: string): void {
    this.object("IdAllocator", name, keyValues).prepare("INSERT INTO _cf_KV VALUES ('domain', ?)").run(serialize(name));
    this.object("Directory", name, about, `INSERT INTO about VALUES ('${name}')`);
    this.object("HandleIndex", name, progress, `INSERT INTO release_progress VALUES ('${name}')`);
  }

  async stored() {
    const disk = new SqliteDisk(join(this.folder, "state.db"), { readOnly: true });
    const { objects, lastAt, lastObject } = await disk.open();
    await disk.close();
    return { lastAt, lastObject, alarms: Object.fromEntries(objects.map(({ name, alarm }) => [name, alarm])) };
  }

  async rows(name: string, query: string) {
    const [object] = await objectsOnDisk(
      new SqliteDisk(join(this.folder, "state.db"), { readOnly: true }),
      (one) => one === name,
    );
    return object?.exec(query).map((row) => ({ ...row }));
  }
}

test("an id is the keyed hash of the name, as workerd makes it", () => {
  // From files of workerd.
  expect([workerdId("bridgehead-CountsObject", "all"), workerdId("bridgehead-RelayObject", "local/simulated")]).toEqual(
    [
      "f29b8b6def8f2ec51bc9f05f96dd4655f0482eb2bfca46ceffd2573c19ba7748",
      "a16797bf33d581a5d0ecf2a03279d8972f7f4875a4c2013c442b380004398472",
    ],
  );
});

test("objects are taken over with rows, values and alarms, and workerd's files stay as they are", async () => {
  const state = new WorkerdState();
  const allocator = state.object("IdAllocator", "acme", allocated, keyValues, metadata);
  allocator.exec(
    `INSERT INTO allocated VALUES (7, '5551'), (8, '5552'); INSERT INTO _cf_METADATA VALUES (1, ${at}123456)`,
  );
  for (const [key, value] of [
    ["domain", "acme"],
    ["sweepRound", { from: 7, kept: ["5551"] }],
  ] as const)
    allocator.prepare("INSERT INTO _cf_KV VALUES (?, ?)").run(key, serialize(value));
  state.object("IdAllocator", "metadata", alarms);
  // One says its name in its state, one in its journal; of one, the allocator alone knows it.
  state.object(
    "Conference",
    "acme/5550",
    entry,
    `INSERT INTO entry VALUES ('identity', 1, '{"domain":"acme","confKey":"5550"}')`,
  );
  state.object(
    "Conference",
    "acme/5551",
    journal,
    `INSERT INTO journal VALUES (1, '[["head",{}],["identity",{"domain":"acme","confKey":"5551"}]]')`,
  );
  state.object("Conference", "acme/5552", journal, "INSERT INTO journal VALUES (3, NULL)");
  // Of this one, workerd's alarms alone have name and time.
  const listed = workerdId("bridgehead-ConferenceObject", "other/5553");
  state.object(
    "Conference",
    "metadata",
    alarms,
    `INSERT INTO _cf_ALARM VALUES ('${listed}', ${at}000000, 'other/5553')`,
  );
  state.object("Conference", "other/5553", journal, "INSERT INTO journal VALUES (4, NULL)");
  const many =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) INSERT INTO record SELECT i, 'r' || i FROM n";
  state.object("HandleIndex", "acme", progress, "INSERT INTO release_progress VALUES ('acme')");
  state.domain("other");
  state.object("Directory", "acme", "CREATE TABLE record (id INTEGER PRIMARY KEY, data TEXT)", many);
  state.object("Mailbox", "gone", "CREATE TABLE outbox (seq INTEGER PRIMARY KEY, row TEXT)"); // Empty: it needs no name.
  const files = () =>
    readdirSync(join(state.folder, "objects"), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.sqlite(-wal)?$/.test(file))
      .map((file) => [file, readFileSync(join(state.folder, "objects", file)).toString("base64")]);
  const before = files();

  // 2 + 2 values, 1 + 1 + 1 + 1, 1,500, and 1 + 1 + 1 + 1.
  expect(await state.migrate("acme")).toEqual({ objects: 10, conferences: 4, rows: 1512, alarms: 2 });
  expect(readdirSync(state.folder).toSorted()).toEqual(["objects", "state.db", "taken-over"]);

  expect(await state.stored()).toEqual({
    lastAt: at,
    lastObject: 10,
    alarms: {
      "idAllocator/acme": at,
      "directory/acme": null,
      "handles/acme": null,
      "idAllocator/other": null,
      "directory/other": null,
      "handles/other": null,
      "conference/acme/5550": null,
      "conference/acme/5551": null,
      "conference/acme/5552": null,
      "conference/other/5553": at,
    },
  });
  expect(await state.rows("idAllocator/acme", "SELECT key, value FROM entry")).toEqual([
    { key: "domain", value: '"acme"' },
    { key: "sweepRound", value: '{"from":7,"kept":["5551"]}' },
  ]);
  expect(await state.rows("idAllocator/acme", "SELECT name FROM sqlite_master WHERE type = 'table'")).toEqual([
    { name: "allocated" },
    { name: "entry" },
  ]);
  expect(await state.rows("directory/acme", "SELECT count(*) AS n, max(data) AS last FROM record")).toEqual([
    { n: 1500, last: "r999" },
  ]);
  expect(files()).toEqual(before);
  expect(statSync(join(state.folder, "state.db")).mode & 0o777).toBe(0o600);
  await expect(state.migrate("acme")).rejects.toThrow(/state\.db is there already: the state was taken over before/);
  renameSync(join(state.folder, "state.db"), join(state.folder, "state.db-wal"));
  await expect(state.migrate("acme")).rejects.toThrow(/state\.db-wal is there, of a state that is gone: move it away/);
  for (const end of ["wal", "shm"]) rmSync(join(state.folder, `state.db-${end}`), { force: true });
  await expect(state.migrate("acme")).rejects.toThrow(
    /was taken over on 2027-01-15T08:00:00\.000Z, and .*state\.db is gone: restore a backup\. Delete .*taken-over only to/,
  );
});

test("what cannot be named, read or kept stops it, by its file, and leaves nothing behind", async () => {
  const unnamed = new WorkerdState();
  unnamed.object(
    "Conference",
    "acme/5550",
    entry,
    `INSERT INTO entry VALUES ('identity', 1, '{"domain":"acme","confKey":"5551"}')`,
  );
  unnamed.object(
    "Relay",
    "acme/west",
    "CREATE TABLE conference (key TEXT PRIMARY KEY)",
    "INSERT INTO conference VALUES ('5550')",
  );
  await expect(unnamed.migrate("acme")).rejects.toThrow(
    `${unnamed.file("Relay", "acme/west")} (and 1 file more) cannot be named: neither its rows, nor those of other objects, nor the settings say of which domain, bridge or conference it is. Add the domain`,
  );

  const damaged = new WorkerdState();
  writeFileSync(damaged.file("Sessions", "all"), "no database at all, but as long as its header is".repeat(100));
  await expect(damaged.migrate("acme")).rejects.toThrow(
    `${damaged.file("Sessions", "all")} cannot be taken over: file is not a database`,
  );

  const unkept = new WorkerdState();
  const bytes = serialize(new Map([[1, 2]])).toString("hex");
  unkept.object("IdAllocator", "acme", keyValues, `INSERT INTO _cf_KV VALUES ('odd', x'${bytes}')`);
  await expect(unkept.migrate("acme")).rejects.toThrow("its value odd is no JSON");

  const unknown = new WorkerdState();
  unknown.object("Later", "all", journal);
  await expect(unknown.migrate("acme")).rejects.toThrow(
    /bridgehead-LaterObject has objects of a kind that this version/,
  );

  const blob = new WorkerdState();
  blob.object(
    "Counts",
    "all",
    "CREATE TABLE counts (domain TEXT PRIMARY KEY, data BLOB)",
    "INSERT INTO counts VALUES ('acme', x'00ff')",
  );
  await expect(blob.migrate("acme")).rejects.toThrow("counts/all was not written as it was: ");

  for (const { folder } of [unnamed, damaged, unkept, unknown, blob]) expect(readdirSync(folder)).toEqual(["objects"]);
});

test("files that a copy has lost are missed", async () => {
  const whole = new WorkerdState();
  whole.domain("acme");
  whole.object(
    "Conference",
    "acme/5550",
    entry,
    `INSERT INTO entry VALUES ('identity', 1, '${identityOf("acme", "5550")}')`,
  );

  const none = new WorkerdState();
  await expect(none.migrate("acme")).rejects.toThrow(
    `${join(none.folder, "objects")} has no object: is that the whole`,
  );
  await expect(none.migrateWith({ acceptsLoss: true }, "acme")).rejects.toThrow("has no object");
  const empty = whole.file("Conference", "acme/5551");
  writeFileSync(empty, "");
  await expect(whole.migrate("acme")).rejects.toThrow(
    `${empty} cannot be taken over: it is empty, and what it held is`,
  );
  rmSync(empty);
  for (const kind of ["IdAllocator", "Directory", "HandleIndex"]) {
    const folder = dirname(whole.file(kind, "acme"));
    renameSync(folder, `${whole.folder}/away`);
    await expect(whole.migrate("acme")).rejects.toThrow(
      `${folder} has nothing of acme, which has conferences: put the missing file back, or go on without it by --accept-loss`,
    );
    renameSync(`${whole.folder}/away`, folder);
  }
  // A domain that the settings do not have any more may have lost them before its last conference.
  whole.object(
    "Conference",
    "gone/5559",
    entry,
    `INSERT INTO entry VALUES ('identity', 1, '${identityOf("gone", "5559")}')`,
  );
  rmSync(dirname(whole.file("Directory", "acme")), { recursive: true });
  expect(await whole.migrateWith({ acceptsLoss: true }, "acme")).toMatchObject({ objects: 4, conferences: 2 });
});
