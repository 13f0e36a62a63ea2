import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Refusal } from "./refusals.ts";
import { type Tree, typeNamed, type Value } from "./schema.ts";
import { seed } from "./seed.ts";
import {
  type ServiceCode,
  type SessionRow,
  type SiteRow,
  type TspAccountRow,
  tableNames,
  tables,
  type UserRow,
} from "./tables.ts";
import { type TimeZone, writeTime } from "./times.ts";

/** Session tickets and cookies lapse after this long without use. */
export const IDLE_MS = 30 * 60_000;
/** The rate limit counts over this long. */
export const RATE_WINDOW_MS = 60_000;
/** Some are made of what a request names, so their number has no end. */
const MOST_STATEMENTS = 500;

export interface SiteOptions {
  /** A file, or `:memory:`. */
  readonly file: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Another text each time that nobody can guess: tickets, cookies, first passwords. */
  readonly draw: () => string;
  /** Where browsers reach the site, such as `http://127.0.0.1:8796`. */
  readonly address: string;
  /** Told each user's password by name: at first, and whenever one of them has changed. */
  readonly onPasswords?: (passwords: Passwords) => void;
}

export type Passwords = Readonly<Record<string, string>>;

/** The data of one site, and what every part of the site asks of them. */
export class Site {
  readonly now: () => number;
  readonly draw: () => string;
  readonly address: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #onPasswords: SiteOptions["onPasswords"];
  /** As they were told last. */
  #told = "";

  constructor({ file, now, draw, address, onPasswords }: SiteOptions) {
    this.now = now;
    this.draw = draw;
    this.address = address;
    this.#onPasswords = onPasswords;
    this.#db = new DatabaseSync(file);
    // What the system has taken outlives the process; that is all that a simulated site needs.
    this.#db.exec("PRAGMA synchronous = OFF");
    if (!this.one("SELECT 1 FROM sqlite_master WHERE name = 'sites'")) this.atOnce(() => this.#fill());
    this.#tellPasswords();
  }

  /** Everything is as on the first day, but for the passwords of those who were there then: they stay. */
  reset(): void {
    const users = this.all<UserRow>("SELECT * FROM users");
    this.#db.exec("PRAGMA foreign_keys = OFF");
    this.atOnce(() => {
      for (const name of tableNames) this.#db.exec(`DROP TABLE IF EXISTS ${name}`);
      this.#fill();
      for (const { web_ex_id, password } of users) this.update("users", { password }, "web_ex_id = ?", web_ex_id);
    });
    this.#db.exec("PRAGMA foreign_keys = ON");
  }

  close(): void {
    this.#db.close();
  }

  all<Row>(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#prepared(sql).all(...values) as unknown as Row[];
  }

  one<Row>(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined;
  }

  /** Returns the id of the row that was put in. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#prepared(sql).run(...values).lastInsertRowid);
  }

  insert(table: string, row: Readonly<Record<string, SQLInputValue>>): number {
    const names = Object.keys(row);
    const marks = names.map(() => "?").join(", ");
    return this.run(`INSERT INTO ${table} (${names.join(", ")}) VALUES (${marks})`, ...Object.values(row));
  }

  update(
    table: string,
    row: Readonly<Record<string, SQLInputValue>>,
    where: string,
    ...values: readonly SQLInputValue[]
  ): void {
    const names = Object.keys(row);
    if (names.length === 0) return;
    const changes = names.map((name) => `${name} = ?`).join(", ");
    this.run(`UPDATE ${table} SET ${changes} WHERE ${where}`, ...Object.values(row), ...values);
  }

  /** All or nothing. */
  atOnce<Result>(act: () => Result): Result {
    this.#db.exec("BEGIN");
    let result: Result;
    try {
      result = act();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
    this.#tellPasswords();
    return result;
  }

  next(counter: string): number {
    this.run("UPDATE counters SET value = value + 1 WHERE name = ?", counter);
    return this.one<{ value: number }>("SELECT value FROM counters WHERE name = ?", counter)?.value ?? 0;
  }

  get row(): SiteRow {
    return this.one<SiteRow>("SELECT * FROM sites") as SiteRow;
  }

  get settings(): Tree {
    return JSON.parse(this.row.settings);
  }

  /** Of one of the site's pages, or of the site itself. */
  url(page = "", query: Readonly<Record<string, string | number>> = {}): string {
    const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
    return `${this.address}/${this.row.name}/${page}${text === "" ? "" : `?${text}`}`;
  }

  zone(id: number | Value | undefined): TimeZone {
    const zone = timeZones[Number(id ?? this.row.time_zone)];
    if (!zone) throw new Refusal("invalid", `there is no time zone ${id}`);
    return zone;
  }

  time(at: number, zone: number): string {
    return writeTime(at, this.zone(zone));
  }

  userById(id: number): UserRow {
    return this.one<UserRow>("SELECT * FROM users WHERE user_id = ?", id) as UserRow;
  }

  userNamed(name: string): UserRow | undefined {
    return this.one<UserRow>("SELECT * FROM users WHERE web_ex_id = ?", name);
  }

  userByEmail(email: string): UserRow | undefined {
    return this.one<UserRow>("SELECT * FROM users WHERE email = ?", email);
  }

  session(key: Value | undefined, services?: readonly ServiceCode[]): SessionRow {
    const session = this.one<SessionRow>("SELECT * FROM sessions WHERE session_key = ?", Number(key));
    if (!session || (services && !services.includes(session.service))) throw new Refusal("noSession");
    return session;
  }

  /** The one by index, or else the default one. */
  tspAccount(userId: number, index?: Value): TspAccountRow | undefined {
    return this.all<TspAccountRow>(
      "SELECT * FROM tsp_accounts WHERE user_id = ? ORDER BY is_default DESC, account_index",
      userId,
    ).find((account) => index === undefined || account.account_index === index);
  }

  /** Those that have lapsed go, and of tokens, which never lapse, all but the last thousand. */
  issue(kind: "session-ticket" | "login-ticket" | "access-token" | "cookie", userId: number): string {
    const value = this.draw();
    this.run("DELETE FROM credentials WHERE kind <> 'access-token' AND last_used <= ?", this.now() - IDLE_MS);
    this.insert("credentials", { value, kind, user_id: userId, last_used: this.now() });
    this.run(
      "DELETE FROM credentials WHERE rowid IN (SELECT rowid FROM credentials WHERE kind = 'access-token' ORDER BY rowid DESC LIMIT -1 OFFSET 1000)",
    );
    return value;
  }

  /** Whose it is, and it lapses later; `undefined` if it is not one of the site, or has lapsed. */
  bearer(kinds: readonly string[], value: string): UserRow | undefined {
    const found = this.one<{ user_id: number; kind: string; last_used: number }>(
      "SELECT * FROM credentials WHERE value = ?",
      value,
    );
    if (!found || !kinds.includes(found.kind)) return undefined;
    if (this.now() - found.last_used >= IDLE_MS && found.kind !== "access-token") return undefined;
    this.run("UPDATE credentials SET last_used = ? WHERE value = ?", this.now(), value);
    return this.userById(found.user_id);
  }

  /** Keeps the last thousand. */
  mail(receiver: string, about: string): void {
    this.insert("mails", { at: this.now(), receiver, about });
    this.run("DELETE FROM mails WHERE rowid <= (SELECT max(rowid) FROM mails) - 1000");
  }

  /** Keeps the last thousand. */
  note(way: string, operation: string, webExId: string, result: string, detail: string | null): void {
    this.insert("requests", { at: this.now(), way, operation, web_ex_id: webExId, result, detail });
    this.run("DELETE FROM requests WHERE rowid <= (SELECT max(rowid) FROM requests) - 1000");
  }

  get passwords(): Passwords {
    const users = this.all<UserRow>("SELECT * FROM users ORDER BY user_id");
    return Object.fromEntries(users.map(({ web_ex_id, password }) => [web_ex_id, password]));
  }

  /** To prepare one costs more than most do. */
  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= MOST_STATEMENTS) this.#statements.clear();
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #tellPasswords(): void {
    if (!this.#onPasswords) return;
    const { passwords } = this;
    const text = JSON.stringify(passwords);
    if (text === this.#told) return;
    this.#onPasswords(passwords);
    this.#told = text;
  }

  #fill(): void {
    this.#db.exec(tables);
    seed(this);
  }
}

/** By their ids: their order in the schema. */
export const timeZones: readonly TimeZone[] = zonesOfSchema();

function zonesOfSchema(): readonly TimeZone[] {
  const shape = typeNamed("com.timeZoneNames")?.();
  const names = shape?.kind === "one-of" ? shape.values : [];
  return names.map((name, id) => {
    const [, sign = "+", hours = "", minutes = ""] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    return { id, name, offset: (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) };
  });
}
