import { DatabaseSync } from "node:sqlite";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { reasonOf, sqliteCode } from "../../../src/foundation/text/reason.ts";
import { type Disk, type Flush, NoState, type Rows, rowsAtOnce, type Stored, type StoredRow } from "./disk.ts";

/** Version of the tables. This release reads no other one. */
const format = 1;
const tables = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS object (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, alarm INTEGER, schema TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS row (object INTEGER NOT NULL, "table" TEXT NOT NULL, key TEXT NOT NULL, "values" TEXT NOT NULL,
    UNIQUE (object, "table", key));
`;
/** In characters. Longer rows are compressed, such as the two that a mute adds to a journal. */
const longRow = 500;
/** Text that journal rows have in common. A change of it needs a new `format`. */
const dictionary = Buffer.from(
  [
    ...['[["command/","command":{"type":"mute","answerBy":,"privilege":"speak","by":[{"type":"request","transId":"'],
    ...['","attendeeId":"","extCallId":"","extConfId":"","number":"","room":"main","muted":true,"message":{"type":"'],
    ...['[{"kind":"command-issued","command":"","type":"unmute","call":""},{"kind":"document-confirmed","transId":"'],
    ...['{"type":"bridge","bridge":"","reports":[{"number":,"report":{"type":"result","commandId":"","result":"ok"'],
    ...['{"type":"webex","transId":"","messages":[{"type":"update-caller","msgId":"","replyTo":"http","extConfId":"'],
    ...['{"bridge":"","serial":,"msgIds":[{"first":,"end":},{"first":,"end":}],"transIds":[{"first":,"end":}],'],
    ...['"streams":[["","",]],"published":{"upTo":,"row":,"directory":"","counted":{"upTo":,"counts":{"requests":{'],
    ...['"confirmed":,"refused":0},"hosts":[{"confirmed":,"failed":0,"givenUp":0,"tookMs":,"host":"http://",'],
    ...['"lastFailure":null}],"outcomes":{"conference-created":1,"call-entered":,"call-left":}}},"now":'],
  ]
    .join("")
    .replaceAll('"', '\\"'),
);
/** Deleted values can remain in the write-ahead log for this long. */
const emptyLogEveryMs = 15 * 60_000;
const emptyAgainMs = 1_000;
/** Longest wait for another program's lock, such as a backup's. Only the disk's thread waits. */
export const lockedFor = { timeout: 5_000 };
/** SQLite errors that need a user. A full disk can have room again later. */
const faults = { readOnly: 8, corrupt: 11, cannotOpen: 14, noDatabase: 26 };

/** The synchronous form of `Disk`. */
export type StateFile = {
  readonly [Name in Exclude<keyof Disk, "lease" | "place">]: (
    ...asked: Parameters<Disk[Name]>
  ) => Awaited<ReturnType<Disk[Name]>>;
};

/** Opens the state file. Throws `NoState` if a user must act, and SQLite's error if the disk is full. */
export function openState(file: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, lockedFor);
    // `secure_delete` overwrites erased telephone numbers.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
    if (database.prepare("SELECT 1 FROM sqlite_master").get()) requireFormat(database, file);
    database.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version = ${format}; COMMIT`);
    return database;
  } catch (error) {
    database?.close();
    if (!Object.values(faults).includes(sqliteCode(error) ?? 0)) throw error;
    throw new NoState(`cannot read or write the state in ${file} (${reasonOf(error)})`);
  }
}

/** Throws `NoState` if this release cannot read the database. */
export function requireFormat(database: DatabaseSync, file: string): void {
  const found = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  if (found !== format)
    throw new NoState(`${file} is no state of this release (format ${found}, not ${format}): move it away`);
}

/** Reads and writes the state of an edge, one SQLite file. */
export function stateFile(file: string): StateFile {
  let open: ReturnType<typeof prepared> | null = null;
  const opened = () => {
    if (!open) throw new Error("the state is not open");
    return open;
  };
  return {
    open: () => {
      const database = openState(file);
      open = prepared(database);
      return storedIn(database);
    },
    schemaOf: (name) => opened().schemaOf(name),
    rowsOf: (name, after) => opened().rowsOf(name, after),
    write: (flush) => write(opened(), flush),
    trustClock: () => void opened().note.run("trustsClock", 1),
    close: () => {
      if (!open) return;
      open.database.close();
      open = null;
    },
  };
}

function prepared(database: DatabaseSync) {
  setTimeout(() => emptyLog(database), emptyLogEveryMs).unref();
  return {
    database,
    ...rowsIn(database),
    keep: database.prepare(
      `INSERT INTO object (name, alarm, schema) VALUES (?1, ?2, ifnull(?3, '[]'))
       ON CONFLICT (name) DO UPDATE SET alarm = ?2, schema = ifnull(?3, schema) RETURNING id`,
    ),
    put: database.prepare(`INSERT INTO row VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "values" = excluded."values"`),
    remove: database.prepare(`DELETE FROM row WHERE object = ? AND "table" = ? AND key = ?`),
    empty: database.prepare("DELETE FROM row WHERE object = (SELECT id FROM object WHERE name = ?)"),
    forget: database.prepare("DELETE FROM object WHERE name = ?"),
    note: database.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)"),
  };
}

/** Empties the write-ahead log. Tries again if the file is in use, instead of delaying writes. */
function emptyLog(database: DatabaseSync): void {
  if (!database.isOpen) return;
  let isEmpty = false;
  try {
    database.exec("PRAGMA busy_timeout = 0");
    isEmpty = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 0;
  } catch {
    // The next write reports the failure.
  }
  database.exec(`PRAGMA busy_timeout = ${lockedFor.timeout}`);
  setTimeout(() => emptyLog(database), isEmpty ? emptyLogEveryMs : emptyAgainMs).unref();
}

export function rowsIn(database: DatabaseSync): Pick<StateFile, "schemaOf" | "rowsOf"> {
  const schema = database.prepare("SELECT schema FROM object WHERE name = ?");
  const rows = database.prepare(
    `SELECT "table", key, "values" FROM row WHERE object = (SELECT id FROM object WHERE name = ?)
     AND ("table", key) > (?, ?) ORDER BY "table", key LIMIT ?`,
  );
  return {
    schemaOf: (name) => JSON.parse(String(schema.get(name)?.schema ?? "[]")),
    rowsOf: (name, after) => {
      const found = rows.all(name, after?.table ?? "", after?.key ?? "", rowsAtOnce) as unknown as readonly StoredRow[];
      return found.map((row) => ({ ...row, values: unpacked(row.values) }));
    },
  };
}

/** Reads the state while another thread writes it. */
export function readState(file: string): Rows & { close(): Promise<void> } {
  const database = new DatabaseSync(file, { ...lockedFor, readOnly: true });
  return { ...rowsIn(database), close: async () => database.close() };
}

function storedIn(database: DatabaseSync): Stored {
  const noted = database.prepare("SELECT name, value FROM meta").all();
  const {
    lastAt = 0,
    restoredAt = null,
    trustsClock = 0,
  } = Object.fromEntries(noted.map(({ name, value }) => [name, Number(value)]));
  const alarms = database.prepare("SELECT name, alarm FROM object WHERE alarm IS NOT NULL").all();
  // This start has read it. The write also shows if the disk has room.
  database.exec("INSERT OR REPLACE INTO meta VALUES ('trustsClock', 0)");
  return {
    alarms: alarms.map(({ name, alarm }) => [String(name), Number(alarm)]),
    lastAt: Math.max(lastAt, restoredAt ?? 0),
    restoredAt,
    trustsClock: trustsClock === 1,
  };
}

function write(
  { database, keep, put, remove, empty, forget, note }: ReturnType<typeof prepared>,
  { at, deleted, changes }: Flush,
): void {
  database.exec("BEGIN IMMEDIATE");
  for (const name of deleted) {
    empty.run(name);
    forget.run(name);
  }
  for (const { name, alarm, schema, replaces, rows } of changes) {
    if (replaces) empty.run(name);
    const id = Number(keep.get(name, alarm, schema && JSON.stringify(schema))?.id);
    for (const { table, key, values } of rows) {
      if (values === null) remove.run(id, table, key);
      else put.run(id, table, key, packed(values));
    }
  }
  note.run("lastAt", at);
  database.exec("COMMIT");
}

function packed(values: string): string | Uint8Array {
  return values.length < longRow ? values : deflateRawSync(values, { dictionary });
}

/** Returns the values of a row, decompressed. */
export function unpacked(values: string | Uint8Array | null): string {
  return values instanceof Uint8Array ? inflateRawSync(values, { dictionary }).toString() : String(values);
}

/** Marks the state as restored from a backup, at a later time than any before. */
export function markRestored(database: DatabaseSync, at: EpochMs): void {
  const { restoredAt, lastAt } = storedIn(database);
  const note = database.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
  note.run("restoredAt", Math.max(at, lastAt, (restoredAt ?? 0) + 1));
  // A restored state is often older than a week.
  note.run("trustsClock", 1);
}
