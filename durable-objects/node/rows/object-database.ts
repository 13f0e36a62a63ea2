import { DatabaseSync, type Session, type StatementSync } from "node:sqlite";
import type { Sql, SqlRow, SqlValue } from "../../platform/platform.ts";
import { changedRows } from "./changed-rows.ts";
import { type ObjectChange, type Rows, rowsAtOnce, type StoredRow } from "./disk.ts";

/** SQLite keeps the rest in a temporary file. Small pages save memory, because most objects are small. */
const [usual, large] = ["page_size = 1024; PRAGMA cache_size = -256", "cache_size = -32768"];

type InFile = (open: (file: string) => DatabaseSync) => Promise<DatabaseSync>;

/**
 * The working database of one object. SQLite's session extension tracks changed rows for the disk. So each table
 * needs a primary key without NULL.
 */
export class ObjectDatabase implements Sql {
  #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #keys = new Map<string, readonly string[]>();
  readonly #changed: () => void;
  #session: Session;
  /** `schema_version` at the last flush. */
  #schemaVersion = 0;
  /** `total_changes()` at the last flush. */
  #changes = 0;
  /** True if a statement since the last flush can have altered an existing table. */
  #isAltered = false;
  #depth = 0;
  /** True if loading the object takes long. */
  isLarge = false;

  /** Calls `changed` after each statement that changed a row. `file`: by default, an unnamed temporary database. */
  constructor(changed: () => void = () => {}, file = "") {
    this.#changed = changed;
    this.#database = opened(file, file === "" ? usual : large);
    this.#session = this.#database.createSession();
  }

  exec(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] {
    const rows = this.#all(query, ...bindings);
    if (this.#totalChanges !== this.#changes) this.#changed();
    return rows;
  }

  transaction<Value>(work: () => Value): Value {
    const name = `nested${this.#depth}`;
    this.#prepared(`SAVEPOINT ${name}`).run();
    this.#depth += 1;
    try {
      const value = work();
      this.#prepared(`RELEASE ${name}`).run();
      return value;
    } catch (error) {
      if (this.#database.isOpen && this.#database.isTransaction)
        this.#database.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  /** Fills the empty database from disk. `inFile` fills a file instead, for an object with many rows. */
  async fill(disk: Rows, name: string, inFile?: InFile): Promise<void> {
    const schema = await disk.schemaOf(name);
    let rows: readonly StoredRow[] = schema.length === 0 ? [] : await disk.rowsOf(name, null);
    this.isLarge = rows.length === rowsAtOnce;
    if (this.isLarge && inFile) {
      this.#database.close();
      this.#database = await inFile((file) => opened(file, large));
      this.#session = this.#database.createSession();
    } else {
      this.#database.exec(["BEGIN", ...schema].join(";"));
      while (rows.length > 0) {
        this.#insert(rows);
        rows = rows.length < rowsAtOnce ? [] : await disk.rowsOf(name, rows.at(-1) ?? null);
      }
      this.#database.exec("COMMIT");
    }
    this.#noteWritten();
  }

  #insert(rows: readonly StoredRow[]): void {
    for (const { table, values } of rows) {
      const row = JSON.parse(String(values)) as SqlValue[];
      this.#prepared(`INSERT INTO ${table} VALUES (${row.map(() => "?").join()})`).run(...row);
    }
  }

  /** Returns the changes since the last call or since `fill`. `null` if there are none. */
  takeChange(): Omit<ObjectChange, "name" | "alarm"> | null {
    // The object broke during a transaction.
    if (this.#depth > 0) this.#database.exec("ROLLBACK TO nested0");
    const schema = this.#schema;
    // New tables and indexes leave the rows on disk as they are.
    const isWhole = schema !== null && (this.#schemaVersion === 0 || this.#isAltered);
    const rows = isWhole ? this.#allRows() : this.#changedRows();
    const replaces = isWhole && this.#schemaVersion > 0;
    this.#noteWritten();
    return schema === null && rows.length === 0 ? null : { schema, rows, replaces };
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  get #totalChanges(): number {
    return Number(this.#prepared("SELECT total_changes() AS changes").get()?.changes);
  }

  get #version(): number {
    return Number(this.#prepared("PRAGMA schema_version").get()?.schema_version);
  }

  /** Statements that create the tables. `null` if they have not changed. */
  get #schema(): readonly string[] | null {
    if (this.#version === this.#schemaVersion) return null;
    this.#keys.clear();
    const made = this.#all("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, rowid");
    return made.map(({ sql }) => String(sql));
  }

  #noteWritten(): void {
    this.#changes = this.#totalChanges;
    this.#schemaVersion = this.#version;
    this.#isAltered = false;
    // Start the new session first: without a session, SQLite can empty a table without reporting its rows.
    const session = this.#database.createSession();
    this.#session.close();
    this.#session = session;
  }

  #changedRows(): readonly StoredRow[] {
    return Array.from(changedRows(this.#session.patchset()), ({ table, key }) => this.#stored(table, key));
  }

  #allRows(): readonly StoredRow[] {
    const tables = this.#all("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name));
    return tables.flatMap((table) => {
      const key = this.#keyOf(table);
      if (key.length === 0) throw new Error(`the table ${table} has no primary key`);
      return this.#lists(`SELECT ${key.join()} FROM ${table}`).map((values) => this.#stored(table, values));
    });
  }

  #stored(table: string, key: readonly SqlValue[]): StoredRow {
    const where = this.#keyOf(table).map((name) => `${name} IS ?`);
    const [row] = this.#lists(`SELECT * FROM ${table} WHERE ${where.join(" AND ")}`, ...key);
    return { table, key: JSON.stringify(key), values: row ? JSON.stringify(row) : null };
  }

  /** Columns of the primary key, in table order, as in a patchset. */
  #keyOf(table: string): readonly string[] {
    const known = this.#keys.get(table);
    if (known) return known;
    const columns = this.#all("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY cid", table);
    const key = columns.map(({ name }) => String(name));
    this.#keys.set(table, key);
    return key;
  }

  #all(query: string, ...bindings: readonly SqlValue[]): readonly SqlRow[] {
    return this.#prepared(query).all(...bindings) as SqlRow[];
  }

  #lists(query: string, ...bindings: readonly SqlValue[]): readonly SqlValue[][] {
    const statement = this.#prepared(query, " ");
    statement.setReturnArrays(true);
    return statement.all(...bindings) as unknown as SqlValue[][];
  }

  /** `kind` separates statements with the same text that return rows in another form. */
  #prepared(query: string, kind = ""): StatementSync {
    const known = this.#statements.get(query + kind);
    if (known) return known;
    const statement = this.#database.prepare(query);
    if (/^\s*(?:ALTER|DROP)\b/i.test(query)) this.#isAltered = true;
    else this.#statements.set(query + kind, statement);
    return statement;
  }
}

function opened(file: string, size: string): DatabaseSync {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA ${size}; PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA temp_store = FILE`);
  return database;
}
