import { DatabaseSync, type Session, type StatementSync } from "node:sqlite";
import { sqliteCode } from "../../../src/foundation/text/reason.ts";
import type { Sql, SqlRow, SqlValue } from "../../platform/platform.ts";
import { changedKeys } from "./changed-keys.ts";
import type { Image, ImageChange, ImagePart } from "./disk.ts";

/** The numbers of statements' texts in the log. */
export interface StatementTexts {
  /** Its number; the text itself, where there are too many texts to number. */
  numberOf(text: string): number | string;
  textOf(number: number): string;
}

/** As it stands in a row of the log. */
type Recorded = readonly [text: number | string, ...bindings: readonly SqlValue[]];

interface DatabaseOptions {
  /** Called after each statement that has changed something. */
  readonly wrote?: () => void;
  /** There is no room, or the disk fails: whoever catches that may be half done. */
  readonly failed?: (error: unknown) => void;
  /** A copy of a database that is to be this one. */
  readonly file?: string;
}

/** A commit goes through all written pages that are not in the file yet: a larger cache makes it slower. */
const cacheKiB = 256;
/** A table with more rows has a part for each of them in its image. */
const largeTable = 1_000;
const reads = /^\s*(?:SELECT|WITH)\b/i;
const makes = /^\s*(?:CREATE|DROP|ALTER)\b/i;
/** A statement that only changes or deletes may change nothing, and is not recorded then. */
const changes = /^\s*(?:UPDATE|DELETE)\b(?![\s\S]*\bRETURNING\b)/i;
const written = /^\s*(?:(?:INSERT|REPLACE)(?:\s+OR\s+\w+)?\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+(\w+)/i;

interface Prepared {
  readonly statement: StatementSync;
  readonly kind: "reads" | "makes" | "changes" | "writes";
  readonly table: string | undefined;
}

/**
 * The database of one object, beyond its cache in a temporary file. It records what is written, for the
 * log, and makes images of itself.
 */
export class ObjectDatabase implements Sql {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, Prepared>();
  readonly #texts: StatementTexts;
  readonly #wrote: () => void;
  readonly #failed: (error: unknown) => void;
  #recorded: Recorded[] = [];
  #depth = 0;
  /** So many of them the transaction that is open did not write. */
  #recordedBefore = 0;
  /** Tables that were written since the last image; `null`: all may have been. */
  #touched: Set<string> | null = new Set();
  /** The tables that the last image has. */
  #imaged: ReadonlySet<string> = new Set();
  /** What happens to large tables since the last image. */
  readonly #sessions = new Map<string, Session>();

  constructor(texts: StatementTexts, { wrote = () => {}, failed = () => {}, file = "" }: DatabaseOptions = {}) {
    this.#database = new DatabaseSync(file);
    if (file !== "") this.#touched = null;
    this.#texts = texts;
    this.#wrote = wrote;
    this.#failed = failed;
    this.#database.exec(
      `PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA temp_store = FILE; PRAGMA cache_size = ${-cacheKiB}`,
    );
  }

  exec(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] {
    try {
      return this.#exec(query, bindings);
    } catch (error) {
      if (isOfFile(error)) this.#failed(error);
      throw error;
    }
  }

  #exec(query: string, bindings: readonly SqlValue[]): readonly SqlRow[] {
    const { statement, kind, table } = this.#prepared(query);
    if (kind === "reads") return statement.all(...bindings) as SqlRow[];
    // In the log, which is JSON, it would become another value.
    if (bindings.some((value) => value === Infinity || value === -Infinity))
      throw new RangeError("an infinite number cannot be kept");
    if (kind === "makes") {
      const before = this.#schemaVersion;
      statement.run(...bindings);
      if (this.#schemaVersion !== before) this.#record(query, bindings, undefined);
      return [];
    }
    if (kind === "changes") {
      if (Number(statement.run(...bindings).changes) > 0) this.#record(query, bindings, table);
      return [];
    }
    const rows = statement.all(...bindings) as SqlRow[];
    this.#record(query, bindings, table);
    return rows;
  }

  transaction<Value>(work: () => Value): Value {
    const [depth, before] = [this.#depth, this.#recorded.length];
    if (depth === 0) this.#recordedBefore = before;
    this.#prepared(`SAVEPOINT nested${depth}`).statement.run();
    this.#depth += 1;
    try {
      const value = work();
      this.#prepared(`RELEASE nested${depth}`).statement.run();
      return value;
    } catch (error) {
      this.#recorded.length = before;
      // A disk that is full may have taken back all of it already.
      if (this.#database.isOpen && this.#database.isTransaction)
        this.#database.exec(`ROLLBACK TO nested${depth}; RELEASE nested${depth}`);
      // To commit needs room, too.
      if (isOfFile(error)) this.#failed(error);
      throw error;
    } finally {
      this.#depth = depth;
    }
  }

  /** What was written since the last call, but in no open transaction, as a row of the log; `null`: nothing. */
  removeRecorded(): string | null {
    const whole = this.#depth === 0 ? this.#recorded : this.#recorded.slice(0, this.#recordedBefore);
    this.#recorded = [];
    return whole.length === 0 ? null : JSON.stringify(whole);
  }

  /** Fills an empty database. */
  restore(image: Image, bodies: readonly string[]): void {
    this.#database.exec("BEGIN");
    for (const make of image.schema) this.#database.exec(make);
    for (const { table, rows } of image.parts) {
      for (const row of JSON.parse(rows) as SqlValue[][]) {
        const places = row.map(() => "?").join();
        this.#prepared(`INSERT INTO ${table} VALUES (${places})`).statement.run(...row);
      }
    }
    this.#imaged = new Set(image.parts.map(({ table }) => table));
    for (const { table, key } of image.parts) if (key !== "") this.#watch(table);
    for (const body of bodies) {
      for (const [text, ...bindings] of JSON.parse(body) as Recorded[]) {
        const query = typeof text === "number" ? this.#texts.textOf(text) : text;
        const { statement, kind, table } = this.#prepared(query);
        statement.all(...bindings);
        this.#touch(kind, table);
      }
    }
    this.#database.exec("COMMIT");
  }

  /** What must change in the image on disk so that it holds all that was written. */
  changeOfImage(): Pick<ImageChange, "schema" | "replaced" | "parts" | "gone"> {
    const tables = this.#all("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, rowid");
    const names = new Set(
      this.#all("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name)),
    );
    const replaced = [...this.#imaged].filter((table) => !names.has(table));
    const parts: ImagePart[] = [];
    const gone: Omit<ImagePart, "rows">[] = [];
    for (const table of names) {
      const session = this.#sessions.get(table);
      if (session) {
        for (const key of changedKeys(session.patchset())) {
          const rows = this.#rows(`SELECT * FROM ${table} WHERE ${this.#keyIs(table)}`, ...JSON.parse(key));
          if (rows.length > 0) parts.push({ table, key, rows: JSON.stringify(rows) });
          else gone.push({ table, key });
        }
        session.close();
        this.#sessions.delete(table);
        this.#watch(table);
      } else if (this.#touched === null || this.#touched.has(table)) {
        replaced.push(table);
        parts.push(...this.#partsOf(table));
      }
    }
    this.#touched = new Set();
    this.#imaged = names;
    return { schema: tables.map(({ sql }) => String(sql)), replaced, parts, gone };
  }

  /** To load it costs more than others do. */
  get isLarge(): boolean {
    return this.#sessions.size > 0;
  }

  close(): void {
    this.#database.close();
  }

  #partsOf(table: string): readonly ImagePart[] {
    const rows = this.#rows(`SELECT * FROM ${table}`);
    const columns = this.#keyColumns(table).map(({ cid }) => Number(cid));
    if (rows.length === 0) return [];
    if (rows.length <= largeTable || columns.length === 0) return [{ table, key: "", rows: JSON.stringify(rows) }];
    this.#watch(table);
    return rows.map((row) => ({
      table,
      key: JSON.stringify(columns.map((column) => row[column])),
      rows: JSON.stringify([row]),
    }));
  }

  /** From now on, what changes in it is written down row by row. */
  #watch(table: string): void {
    if (this.#sessions.has(table)) return;
    this.#sessions.set(table, this.#database.createSession({ table }));
    // A statement from before that empties the table may do so at one blow, and tell the session nothing.
    this.#statements.clear();
  }

  #keyIs(table: string): string {
    return this.#keyColumns(table)
      .map(({ name }) => `${name} IS ?`)
      .join(" AND ");
  }

  /** In the order in which the table has them, as a patchset names them. */
  #keyColumns(table: string): readonly SqlRow[] {
    return this.#all("SELECT cid, name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY cid", table);
  }

  #all(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] {
    return this.#prepared(query).statement.all(...bindings) as SqlRow[];
  }

  #rows(query: string, ...bindings: readonly SqlValue[]): readonly (readonly SqlValue[])[] {
    const statement = this.#database.prepare(query);
    statement.setReturnArrays(true);
    return statement.all(...bindings) as unknown as SqlValue[][];
  }

  #record(query: string, bindings: readonly SqlValue[], table: string | undefined): void {
    this.#recorded.push([this.#texts.numberOf(query), ...bindings]);
    this.#touch(table === undefined ? "makes" : "writes", table);
    this.#wrote();
  }

  #touch(kind: Prepared["kind"], table: string | undefined): void {
    if (kind !== "makes" && table !== undefined) return void this.#touched?.add(table);
    // The rows in an image fit its schema alone.
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    this.#touched = null;
  }

  get #schemaVersion(): unknown {
    return this.#all("PRAGMA schema_version")[0]?.schema_version;
  }

  #prepared(query: string): Prepared {
    const known = this.#statements.get(query);
    if (known) return known;
    const statement = this.#database.prepare(query);
    const kind = reads.test(query) ? "reads" : makes.test(query) ? "makes" : changes.test(query) ? "changes" : "writes";
    const prepared: Prepared = { statement, kind, table: written.exec(query)?.[1] };
    this.#statements.set(query, prepared);
    return prepared;
  }
}

/** Whether SQLite lacks memory or room, or cannot read or write: nothing that the statement could help. */
export function isOfFile(error: unknown): boolean {
  return faultsOfFile.has(sqliteCode(error) ?? 0);
}

/** SQLITE_NOMEM, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_CANTOPEN. */
const faultsOfFile: ReadonlySet<number> = new Set([7, 10, 11, 13, 14]);
