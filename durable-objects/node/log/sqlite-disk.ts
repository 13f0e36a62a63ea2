import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { reasonOf, sqliteCode } from "../../../src/foundation/text/reason.ts";
import { answeredFor, doubtIn, type KeptDoubt } from "../doubt.ts";
import type { Disk, Flush, Image, ImagePart, Stored } from "./disk.ts";
import { draftOf, leftOf, publish, removeDatabase, rescuedFrom } from "./files.ts";
import { NoState } from "./no-state.ts";

/** An alarm that is taken back; a row that leaves it alone has NULL. */
const noAlarm = -1;

/** Format of the tables and their values. The edge refuses a file of another format. */
const format = 1;

const tables = `
  CREATE TABLE about (one INTEGER PRIMARY KEY, at INTEGER NOT NULL, position INTEGER NOT NULL, object INTEGER NOT NULL);
  CREATE TABLE log (position INTEGER PRIMARY KEY, object INTEGER NOT NULL, alarm INTEGER, body TEXT NOT NULL);
  CREATE TABLE statement (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
  CREATE TABLE object (object INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, up_to INTEGER NOT NULL, alarm INTEGER, schema TEXT NOT NULL);
  CREATE TABLE part (object INTEGER, name TEXT, key TEXT, rows TEXT NOT NULL, PRIMARY KEY (object, name, key)) WITHOUT ROWID;
  CREATE TABLE restored (at INTEGER PRIMARY KEY);
  CREATE TABLE time (one INTEGER PRIMARY KEY, doubt TEXT NOT NULL);
  INSERT INTO about VALUES (1, 0, 0, 0);
`;

const texts = {
  text: "INSERT OR REPLACE INTO statement VALUES (?, ?)",
  created: "INSERT INTO object VALUES (?, ?, 0, NULL, '[]')",
  row: "INSERT INTO log VALUES (?, ?, ?, ?)",
  image: "UPDATE object SET up_to = ?, alarm = ?, schema = ? WHERE object = ?",
  replaced: "DELETE FROM part WHERE object = ? AND name = ?",
  part: "INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?)",
  gone: "DELETE FROM part WHERE object = ? AND name = ? AND key = ?",
  deletedParts: "DELETE FROM part WHERE object = ?",
  deleted: "DELETE FROM object WHERE object = ?",
  droppable: "DELETE FROM log WHERE position < ? AND object NOT IN (SELECT value FROM json_each(?))",
  restored: "INSERT INTO restored SELECT max(?, ifnull(max(at) + 1, 0)) FROM restored",
  doubt: "INSERT OR REPLACE INTO time VALUES (1, ?)",
  lastAt: "SELECT at FROM about",
  objectsEarlier: "UPDATE object SET alarm = max(?, alarm - ?) WHERE alarm > ?",
  rowsEarlier: "UPDATE log SET alarm = max(?, alarm - ?) WHERE alarm > ?",
  about: "UPDATE about SET at = ?, position = max(position, ?), object = max(object, ?)",
  schema: "SELECT schema FROM object WHERE object = ?",
  parts: "SELECT name AS 'table', key, rows FROM part WHERE object = ?",
  bodies: "SELECT body FROM log WHERE position IN (SELECT value FROM json_each(?)) ORDER BY position",
} as const;

interface DiskOptions {
  /** Beside an edge that uses the file, of which it shows one moment, or on a copy. */
  readonly readOnly?: boolean;
  /** No log is there, and nobody uses the file: no other one is made beside it. */
  readonly isAlone?: boolean;
  /** Resolves once all that was written to this file survives a loss of power. */
  readonly sync?: (file: number) => Promise<void>;
  /** Runs it so much later, unless the process ends before. Returns what takes that back. */
  readonly after?: (ms: number, run: () => void) => () => void;
}

/** So long what was deleted may stand in SQLite's log: to begin that anew makes the flushes behind it slower. */
const cleanAfterMs = 10 * 60_000;

function afterUnlessEnded(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
}

/** A flush so soon behind the last one has company. */
const busyMs = 1;
/** A commit writes some pages, whatever is in it. */
const bytesOfCommit = 16 * 1024;
/** More than this of the log is not left for a start to read. */
const mostUncopied = 16 * 1024 * 1024;
/** What took longer than this may take long again. */
const quickMs = 1;

/**
 * Where little goes on, at once: to wake another thread, and be woken by it, costs as much as the sync.
 * Where flush follows flush, or the disk is slow, in another thread: what comes meanwhile gathers for the next.
 */
export function syncing(
  now = () => performance.now(),
  { atOnce, beside } = { atOnce: fdatasyncSync, beside: promisify(fdatasync) },
): (file: number) => Promise<void> {
  let endedAt = Number.NEGATIVE_INFINITY;
  let tookMs = 0;
  return async (file) => {
    const begunAt = now();
    try {
      if (begunAt - endedAt >= busyMs && tookMs <= quickMs) atOnce(file);
      else await beside(file);
    } finally {
      endedAt = now();
      tookMs = endedAt - begunAt;
    }
  };
}

/** The state of an edge in one file of SQLite. */
export class SqliteDisk implements Disk {
  readonly probeEveryMs = 1_000;
  readonly #file: string;
  readonly #readOnly: boolean;
  readonly #isAlone: boolean;
  readonly #sync: (file: number) => Promise<void>;
  #database: DatabaseSync | null = null;
  readonly #statements = new Map<string, StatementSync>();
  /** Which file is open; `null`: none. */
  #opened: number | null = null;
  /** SQLite's log of what it has not copied into the file yet. */
  #wal: number | null = null;
  #walInode: number | null = null;
  /** The log is not that of this connection, also where somebody puts it back: what the copy lacks would be lost. */
  #isForeignLog = false;
  /**
   * A sync of the log has failed, or the process before ended amid one: the system may take what is lost
   * for written.
   */
  #isUnsynced: boolean;
  /** Bytes of the log that are not in the file yet, roughly. */
  #uncopied = 0;
  readonly #after: NonNullable<DiskOptions["after"]>;
  /** `null`: nothing was deleted since the log was emptied. */
  #cancelClean: (() => void) | null = null;

  constructor(
    file: string,
    { readOnly = false, isAlone = false, sync = syncing(), after = afterUnlessEnded }: DiskOptions = {},
  ) {
    this.#file = file;
    this.#readOnly = readOnly;
    this.#isAlone = isAlone;
    this.#isUnsynced = !readOnly;
    this.#sync = sync;
    this.#after = after;
  }

  async open(): Promise<Stored> {
    this.#close();
    try {
      const stored = this.#open();
      if (this.#isUnsynced) await this.#syncAnew();
      return stored;
    } catch (error) {
      // The next attempt begins from the start.
      this.#close();
      throw error;
    }
  }

  #open(): Stored {
    if (!this.#readOnly) {
      const isAnother = finishRescue(this.#file) || this.#opened === null;
      if (isAnother) makeNew(this.#file);
      else this.#requireFile();
    }
    const place = pathToFileURL(this.#file);
    if (this.#isAlone) place.searchParams.set("immutable", "1"); // https://www.sqlite.org/uri.html
    const database = new DatabaseSync(place, { readOnly: this.#readOnly });
    this.#database = database;
    if (this.#readOnly) database.exec("BEGIN");
    const found = database.prepare("SELECT name FROM sqlite_master").all();
    if (found.length > 0 && !found.some(({ name }) => name === "about"))
      throw new NoState(`${this.#file} is a database of another program: move it away, or say where the state is`);
    const written = formatOf(database);
    if (found.length > 0 && written !== format)
      throw new NoState(
        `${this.#file} has format ${written}, and this version reads format ${format}: use the version that wrote it, or restore a backup`,
      );
    if (!this.#readOnly) {
      // What NORMAL leaves out of FULL, to sync the log behind each commit, is done by `sync`, and nothing
      // is copied before that.
      // What is deleted is overwritten: a number that somebody has erased must not stay in a free page.
      database.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA secure_delete = ON");
      lay(database);
      this.#wal = openSync(walOf(this.#file), "r+");
      const { ino, size } = fstatSync(this.#wal);
      this.#walInode = ino;
      this.#uncopied = size;
      this.#cleanLater();
    }
    this.#opened = inodeOf(this.#file);
    const all = (query: string) => database.prepare(query).all() as Record<string, string | number | null>[];
    const rows = all(
      "SELECT position, log.object, log.alarm FROM log JOIN object USING (object) WHERE position > up_to ORDER BY position",
    );
    const alarms = new Map<number, EpochMs | null>();
    for (const { object, alarm } of rows)
      if (alarm !== null && alarm !== undefined) alarms.set(Number(object), alarm === noAlarm ? null : Number(alarm));
    const [about] = all("SELECT * FROM about");
    const [restored] = all("SELECT max(at) AS at FROM restored");
    const [time] = all("SELECT doubt FROM time");
    return {
      objects: all("SELECT object, name, alarm FROM object").map(({ object, name, alarm }) => {
        const number = Number(object);
        const known = alarms.get(number);
        const set = alarm === null ? null : Number(alarm);
        return { object: number, name: String(name), alarm: known === undefined ? set : known };
      }),
      rows: rows.map(({ position, object }) => [Number(position), Number(object)] as const),
      texts: all("SELECT number, text FROM statement").map(
        ({ number, text }) => [Number(number), String(text)] as const,
      ),
      lastPosition: Number(about?.position),
      lastObject: Number(about?.object),
      lastAt: Number(about?.at),
      restoredAt: typeof restored?.at === "number" ? restored.at : null,
      doubt: doubtIn(time?.doubt),
    };
  }

  async read(object: number, positions: readonly number[]): Promise<{ image: Image; bodies: readonly string[] }> {
    const [stored] = this.#all("schema", object);
    const image: Image = {
      schema: JSON.parse(String(stored?.schema ?? "[]")),
      parts: this.#all("parts", object) as unknown as readonly ImagePart[],
    };
    const bodies = positions.length === 0 ? [] : this.#all("bodies", JSON.stringify(positions));
    if (bodies.length !== positions.length)
      throw new Error(`the log lacks ${positions.length - bodies.length} rows of object ${object}`);
    return { image, bodies: bodies.map(({ body }) => String(body)) };
  }

  async flush({ texts: statements, created, rows, images, deleted, droppable }: Flush, at: EpochMs): Promise<void> {
    let bytes = 0;
    for (const { body } of rows) bytes += body.length;
    for (const { parts } of images) for (const part of parts) bytes += part.rows.length;
    await this.#synced(() => {
      for (const [number, text] of statements) this.#all("text", number, text);
      for (const object of deleted) {
        this.#all("deletedParts", object);
        this.#all("deleted", object);
      }
      for (const [object, name] of created) this.#all("created", object, name);
      for (const { position, object, alarm, body } of rows)
        this.#all("row", position, object, alarm === undefined ? null : (alarm ?? noAlarm), body);
      for (const { object, upTo, alarm, schema, replaced, parts, gone } of images) {
        for (const table of replaced) this.#all("replaced", object, table);
        for (const { table, key, rows: body } of parts) this.#all("part", object, table, key, body);
        for (const { table, key } of gone) this.#all("gone", object, table, key);
        this.#all("image", upTo, alarm, JSON.stringify(schema), object);
      }
      if (droppable) this.#all("droppable", droppable.before, JSON.stringify(droppable.except));
      this.#all("about", at, rows.at(-1)?.position ?? 0, created.at(-1)?.[0] ?? 0);
    }, bytes);
    if (deleted.length + images.length > 0 || droppable) this.#cleanLater();
  }

  async probe(at: EpochMs): Promise<void> {
    if (!this.#database) await this.open();
    await this.#synced(() => this.#all("about", at, 0, 0));
  }

  async markRestored(at: EpochMs): Promise<void> {
    if (!this.#database) await this.open();
    await this.#synced(() => this.#all("restored", at));
  }

  async keepDoubt(doubt: KeptDoubt): Promise<void> {
    await this.#synced(() => this.#all("doubt", JSON.stringify(doubt)));
  }

  /**
   * What was written later than this counts as written now, and alarms come as much earlier. Returns by
   * how much; 0 or less: nothing was written later. This time is in no doubt.
   */
  async setBack(to: EpochMs): Promise<number> {
    const { lastAt, doubt } = await this.open();
    const byMs = lastAt - to;
    await this.#synced(() => {
      if (byMs > 0) for (const name of ["objectsEarlier", "rowsEarlier"] as const) this.#all(name, to, byMs, to);
      this.#all("about", to, 0, 0);
      this.#all("doubt", JSON.stringify(answeredFor(doubt, byMs)));
    });
    return byMs;
  }

  async close(): Promise<void> {
    this.#close();
  }

  /** `bytes`: of what is written, roughly. */
  async #synced(work: () => void, bytes = 0): Promise<void> {
    this.#transaction(work);
    await this.#syncLog();
    this.#uncopied += bytesOfCommit + bytes;
    if (this.#uncopied > mostUncopied) this.#copyLog();
  }

  async #syncLog(): Promise<void> {
    const wal = this.#wal;
    if (wal === null) return;
    this.#isUnsynced = true;
    try {
      await this.#sync(wal);
    } catch (error) {
      // The next attempt finds out what there is of the log.
      this.#close();
      throw error;
    }
    this.#isUnsynced = false;
  }

  /** Into the file, as far as nobody reads what was there before. */
  #copyLog(): void {
    this.#database?.exec("PRAGMA wal_checkpoint(PASSIVE)");
    this.#uncopied = 0;
  }

  #cleanLater(): void {
    this.#cancelClean ??= this.#after(cleanAfterMs, () => {
      this.#cancelClean = null;
      if (!this.#emptyLog()) this.#cleanLater();
    });
  }

  /** False: the log has what is not synced, or somebody reads it, such as a backup. */
  #emptyLog(): boolean {
    const database = this.#database;
    if (!database) return true;
    if (this.#isUnsynced || this.#isForeignLog || inodeOf(walOf(this.#file)) !== this.#walInode) return false;
    try {
      return database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 0;
    } catch {
      return false; // The next flush finds out what is wrong.
    } finally {
      this.#uncopied = fileSize(walOf(this.#file));
    }
  }

  /**
   * What a sync has lost counts as written: the next one is of that, too, where all of the log is written
   * once more.
   */
  async #syncAnew(): Promise<void> {
    // With the lock of who writes: nobody else begins the log anew meanwhile.
    this.#transaction(() => {
      if (this.#wal !== null) writeAgain(this.#wal);
    });
    await this.#syncLog();
  }

  #transaction(work: () => void): void {
    const database = this.#database;
    if (!database) throw new Error("the state is not open");
    this.#requireFile();
    if (this.#wal !== null && inodeOf(walOf(this.#file)) !== this.#walInode) this.#isForeignLog = true;
    if (this.#isForeignLog) {
      const what = `${walOf(this.#file)} was deleted or replaced while the edge runs`;
      // Its pages are at hand for as long as the file stays open.
      this.#rescue(database, what);
      this.#close();
      throw new Error(`${what}: it is begun anew`);
    }
    database.exec("BEGIN IMMEDIATE");
    try {
      work();
      database.exec("COMMIT");
    } catch (error) {
      // A disk that is full may have ended the transaction by itself.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw isTaken(error) ? new Error(`another edge writes to ${this.#file}: stop one of the two`) : error;
    }
  }

  /** SQLite would go on writing to a file that nobody finds again, or begin with another one. */
  #requireFile(): void {
    if (inodeOf(this.#file) !== this.#opened)
      throw new Error(`${this.#file} was deleted or replaced while the edge runs: put it back`);
  }

  /**
   * Replaces the file by a copy of all that this connection still sees.
   * Beside a reader a checkpoint copies a part, and the rest would count for it at the next start.
   */
  #rescue(database: DatabaseSync, what: string): void {
    const draft = draftOf(rescuedFrom(this.#file));
    try {
      removeDatabase(draft);
      writeFileSync(draft, "", { mode: statSync(this.#file).mode & 0o777 });
      database.prepare("VACUUM INTO ?").run(draft);
      publish(draft, rescuedFrom(this.#file));
      finishRescue(this.#file);
      this.#opened = inodeOf(this.#file);
    } catch (error) {
      try {
        removeDatabase(draft);
      } catch {
        // The next attempt tries again.
      }
      const why = reasonOf(error);
      throw new Error(`${what}, and what it held cannot be copied (${why}): the edge must not end before that`);
    }
  }

  #all(name: keyof typeof texts, ...values: readonly (string | number | null)[]) {
    let statement = this.#statements.get(name);
    if (!statement) {
      if (!this.#database) throw new Error("the state is not open");
      statement = this.#database.prepare(texts[name]);
      this.#statements.set(name, statement);
    }
    return statement.all(...values) as Record<string, string | number | null>[];
  }

  #close(): void {
    this.#cancelClean?.();
    this.#cancelClean = null;
    this.#isForeignLog = false;
    this.#statements.clear();
    const [wal, database] = [this.#wal, this.#database];
    this.#wal = null;
    this.#database = null;
    if (database && this.#isUnsynced) closeUncopied(database, this.#file);
    else database?.close();
    if (wal !== null) closeSync(wal);
  }
}

/** Whether somebody else has written at this place of the log, or an object of this number. */
function isTaken(error: unknown): boolean {
  // SQLITE_CONSTRAINT_PRIMARYKEY, https://www.sqlite.org/rescode.html
  return error instanceof Error && "errcode" in error && error.errcode === 1555;
}

/**
 * Throws where the state of this file was lost, is damaged, or cannot be read by this user. It makes nothing, and
 * changes nothing.
 */
export async function requireReadable(file: string): Promise<void> {
  // The next start goes on with what was rescued.
  const found = existsSync(rescuedFrom(file)) ? rescuedFrom(file) : file;
  if (found === file && !hasState(file)) return;
  accessSync(found, constants.R_OK | constants.W_OK);
  accessSync(dirname(found), constants.W_OK | constants.X_OK);
  const [log, index] = ["-wal", "-shm"].map((end) => existsSync(`${found}${end}`));
  // SQLite would make the one that it lacks, and leave it there.
  if (log !== index) return;
  const disk = new SqliteDisk(found, { readOnly: true, isAlone: !log });
  try {
    await disk.open();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new NoState(`${found} is damaged (${reasonOf(error)}): ${remedyFor(file)}`);
  } finally {
    await disk.close();
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isDamage(error: unknown): boolean {
  return [11, 26].includes(sqliteCode(error) ?? 0);
}

function makeNew(file: string): void {
  // SQLite would make files beside it that nobody can write to, and complain of them later.
  if (hasState(file)) return accessSync(file, constants.R_OK | constants.W_OK);
  const draft = draftOf(file);
  removeDatabase(draft);
  writeFileSync(draft, "", { mode: 0o600 });
  const database = new DatabaseSync(draft);
  try {
    lay(database);
  } finally {
    database.close();
  }
  publish(draft, file);
}

/**
 * A new state is whole or not there, so that an empty file is one whose content was lost. Throws where it
 * was.
 */
function hasState(file: string): boolean {
  const left = leftOf(file);
  if (left === undefined) return false;
  const isLost = (what: string) => new NoState(`${what}: the state is lost; ${remedyFor(file)}`);
  if (left !== file) throw isLost(`${left} is there, and ${file} is not`);
  const found = lstatSync(file);
  // SQLite keeps its log beside the file to which it leads.
  if (found.isSymbolicLink()) throw new NoState(`${file} is a link: name the folder of the file itself as state`);
  if (!found.isFile()) throw new NoState(`${file} is no file: move it away`);
  if (found.size === 0) throw isLost(`${file} is empty`);
  return true;
}

function remedyFor(file: string): string {
  return `restore a backup, or move ${dirname(file)} away and begin without a conference`;
}

function formatOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.user_version);
}

function lay(database: DatabaseSync): void {
  database.exec("PRAGMA journal_mode = WAL");
  // A kill must not leave tables without their format: the next start would refuse them.
  if (formatOf(database) !== format) database.exec(`BEGIN; ${tables} PRAGMA user_version = ${format}; COMMIT`);
}

/** Each byte of a file, where it is. */
function writeAgain(file: number): void {
  const bytes = Buffer.alloc(1 << 20);
  for (let at = 0; ; ) {
    const length = readSync(file, bytes, 0, bytes.length, at);
    if (length === 0) return;
    at += writeSync(file, bytes, 0, length, at);
  }
}

/**
 * Leaves the log as it is, for whoever closes last, and may only read, copies nothing. What opens it next
 * looks at each page of the log: by what this connection remembers, it would copy what the disk has lost.
 */
function closeUncopied(database: DatabaseSync, file: string): void {
  let last: DatabaseSync | null = null;
  try {
    last = new DatabaseSync(file, { readOnly: true });
    last.prepare("SELECT count(*) FROM sqlite_master").all();
  } catch {
    // It is no state, or gone.
  }
  database.close();
  last?.close();
}

function fileSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function inodeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.ino ?? null;
}

/**
 * A kill may have cut a rescue short: a whole copy takes its place, a draft is worth nothing. Whether there
 * was one.
 */
function finishRescue(file: string): boolean {
  const rescued = rescuedFrom(file);
  removeDatabase(draftOf(rescued));
  if (!existsSync(rescued)) return false;
  // Before the copy has its name: SQLite would apply a foreign -wal to it.
  for (const end of ["-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
  publish(rescued, file);
  return true;
}

function walOf(file: string): string {
  return `${file}-wal`;
}
