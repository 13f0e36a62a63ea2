import { isRefused } from "../../src/bridge/prompt-call.ts";
import { hash } from "../../src/foundation/hash.ts";
import type { BridgeName, CallId, ConfKey, DomainName, EpochMs } from "../../src/foundation/ids.ts";
import { digitsIn } from "../../src/foundation/text/spelled.ts";
import { dayMs, hourMs, minuteMs, type Timers } from "../../src/foundation/time/timers.ts";
import type { CallRow, ConferenceRow, PromptRow } from "../../src/records/rows.ts";
import type { ConferenceRpc } from "../../src/rpc/conference.ts";
import type { Filling } from "../../src/rpc/directory.ts";
import type { WaitingDocuments } from "../../src/rpc/directory-feed.ts";
import type { HolderPage } from "../../src/rpc/id-allocator.ts";
import type { DomainSettings } from "../../src/settings/domain-settings.ts";
import type { DomainPorts, Platform, Sql, SqlRow, SqlValue } from "../platform/platform.ts";
import { type DomainRetention, retentionAt } from "../platform/retention.ts";
import { LazyTables } from "../platform/tables/lazy-tables.ts";
import { type Running, runningOf } from "./running.ts";

type StorePorts = Pick<DomainPorts & Platform, "domain" | "nonce" | "sql" | "now">;

/** What the parts of a directory share. */
export interface DirectoryContext extends StorePorts, Timers, Pick<Platform, "log" | "giveWay" | "machineNow"> {
  readonly store: DirectoryStore;
  conference(domain: DomainName, confKey: ConfKey): Pick<ConferenceRpc, "publish">;
  /** The conferences that were allocated ids, as `IdAllocatorRpc` has them. */
  conferencesOf(domain: DomainName, lastMs: number, before: number | null): Promise<HolderPage>;
  /** Called after the commit of a visible change. */
  changed(): Promise<void>;
}

export interface DirectoryIdentity extends DomainRetention {
  readonly domain: DomainName;
  /** The directory's own name, which is new after a loss of all data. */
  readonly directory: string;
  /** Time of its first row. */
  readonly began: EpochMs;
}

/**
 * `unreached`: since when sweeps do not reach the conference.
 * `unfilled`: conferences that were never asked for all their rows since this directory began, or failed.
 * `arrival`: when the row was first stored as ended, in microseconds since 1970 by the directory's clock; it rises.
 * `reversed`: the number from its end, because users search by the end of a number.
 * `life`: -1 for a call in the prompt, whose `conference` is `@` and its bridge.
 */
export const tables = [
  `CREATE TABLE IF NOT EXISTS conference (key TEXT NOT NULL, life INTEGER NOT NULL, began INTEGER NOT NULL,
   version INTEGER NOT NULL, arrival INTEGER, status TEXT NOT NULL, bridge TEXT NOT NULL, handles TEXT NOT NULL,
   name TEXT NOT NULL, ended_by TEXT, unreached INTEGER, data TEXT NOT NULL, PRIMARY KEY (key, life, began)) WITHOUT ROWID`,
  // Without the arrival, SQLite fetches each row to test it.
  "CREATE INDEX IF NOT EXISTS conference_running ON conference (key, arrival) WHERE arrival IS NULL",
  "CREATE INDEX IF NOT EXISTS conference_arrival ON conference (arrival) WHERE arrival IS NOT NULL",
  `CREATE TABLE IF NOT EXISTS call (conference TEXT NOT NULL, life INTEGER NOT NULL, call TEXT NOT NULL, began INTEGER NOT NULL,
   version INTEGER NOT NULL, arrival INTEGER, status TEXT NOT NULL, bridge TEXT NOT NULL, number TEXT NOT NULL,
   reversed TEXT NOT NULL, attendee TEXT NOT NULL, named TEXT NOT NULL, entered_at INTEGER, ended_by TEXT, data TEXT NOT NULL,
   PRIMARY KEY (conference, life, call, began)) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS call_number ON call (reversed, entered_at)",
  "CREATE INDEX IF NOT EXISTS call_attendee ON call (attendee) WHERE attendee > ''",
  "CREATE INDEX IF NOT EXISTS call_id ON call (call)",
  "CREATE INDEX IF NOT EXISTS call_prompt ON call (arrival, began) WHERE life = -1",
  "CREATE INDEX IF NOT EXISTS call_named ON call (named) WHERE named > ''",
  "CREATE INDEX IF NOT EXISTS call_arrival ON call (arrival) WHERE arrival IS NOT NULL",
  "CREATE TABLE IF NOT EXISTS erased (number TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS about (domain TEXT PRIMARY KEY, directory TEXT NOT NULL, began INTEGER NOT NULL, kept_ms INTEGER NOT NULL,
   removed_at INTEGER, refills INTEGER NOT NULL) WITHOUT ROWID`,
  "CREATE TABLE IF NOT EXISTS unfilled (key TEXT PRIMARY KEY) WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)",
  "CREATE TABLE IF NOT EXISTS minute (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, data TEXT NOT NULL)",
  `CREATE TABLE IF NOT EXISTS sender (source TEXT PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL, key TEXT, data TEXT NOT NULL,
   waiting TEXT) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS sender_waiting ON sender (key) WHERE waiting IS NOT NULL",
  // The key is the posting order, so no index is needed, and no row of another receiver or time is read.
  `CREATE TABLE IF NOT EXISTS webhook (url TEXT NOT NULL, due INTEGER NOT NULL, id INTEGER NOT NULL,
   queued_at INTEGER NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL, refused INTEGER NOT NULL,
   PRIMARY KEY (url, due, id)) WITHOUT ROWID`,
  "CREATE TABLE IF NOT EXISTS webhook_receiver (url TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS alert (id TEXT PRIMARY KEY, kind TEXT NOT NULL, about TEXT NOT NULL,
   total INTEGER NOT NULL, since INTEGER NOT NULL, latest INTEGER NOT NULL, why TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, up_to INTEGER NOT NULL, person TEXT NOT NULL,
   at INTEGER NOT NULL, note TEXT NOT NULL) WITHOUT ROWID`,
];

const firstRefillMs = 2_000;
const mostRefillPauseMs = 6 * hourMs;
/** A conference that is still broken after so many, about a week, never sends its rows. */
const mostRefills = 40;

/** Batch size when all running conferences are read. */
const portion = 500;

/** Queries read these, so that none takes a call in the prompt for one of a conference. */
export const conferenceCalls = "(SELECT * FROM call WHERE life >= 0)";
export const promptCalls = "(SELECT * FROM call WHERE life = -1)";

/** A call that was refused in the prompt. `place`: order of arrival. */
export interface RefusedCall extends Pick<PromptRow, "number" | "at" | "end"> {
  readonly place: number;
}

interface Backlog {
  readonly key: ConfKey;
  readonly waiting: readonly WaitingDocuments[];
}

/** A row that is stored now, and the one before; `null`: there was none. */
interface Stored<Row> {
  readonly before: Row | null;
  readonly row: Row;
  readonly arrival: number | null;
}

/** `null`: it was stored already. `laterVersion`: a later one is. */
export type Upserted<Row> = Stored<Row> | { readonly laterVersion: number } | null;

interface Held {
  about?: DirectoryIdentity | null;
  running?: Map<ConfKey, Running>;
  prompts?: Map<string, RefusedCall | null>;
  backlogs?: Map<string, Backlog>;
}

/** The tables of a domain's directory. The first write makes them all. */
export class DirectoryStore {
  readonly #ports: StorePorts;
  readonly #sql: Sql;
  readonly #tables: LazyTables;
  /** Rows in memory, read at first use, then changed with those on disk. */
  #held: Held = {};

  constructor(ports: StorePorts) {
    this.#ports = ports;
    this.#sql = ports.sql;
    this.#tables = new LazyTables(ports.sql, "about", ...tables);
  }

  /** `null`: no data was ever stored. */
  get about(): DirectoryIdentity | null {
    const query = "SELECT domain, directory, began, kept_ms AS keptMs, removed_at AS removedAt FROM about";
    this.#held.about ??= this.read<DirectoryIdentity>(query)[0] ?? null;
    return this.#held.about;
  }

  /** The running conferences by key. */
  get running(): Map<ConfKey, Running> {
    this.#held.running ??= this.#readRunning();
    return this.#held.running;
  }

  /** Calls in the prompt by ID; `null` if not refused. */
  get prompts(): Map<string, RefusedCall | null> {
    this.#held.prompts ??= this.#readPrompts();
    return this.#held.prompts;
  }

  /** Pending documents by sender. */
  get backlogs(): Map<string, Backlog> {
    const query = "SELECT source, key, waiting FROM sender WHERE waiting IS NOT NULL AND key IS NOT NULL";
    this.#held.backlogs ??= new Map(
      this.read<{ source: string; key: ConfKey; waiting: string }>(query).map(({ source, key, waiting }) => [
        source,
        { key, waiting: JSON.parse(waiting) },
      ]),
    );
    return this.#held.backlogs;
  }

  /** The domain, which never changes; empty: no data was ever stored. */
  get domain(): DomainName | "" {
    return this.about?.domain ?? "";
  }

  /** For answers while the conferences have not sent all their rows. */
  get filling(): Filling {
    return this.refillAfterMs === null ? {} : { isFilling: true };
  }

  /** Milliseconds until conferences that lack rows here are asked again; `null`: all rows are here, or will never be. */
  get refillAfterMs(): number | null {
    const [row] = this.read("SELECT refills, (SELECT min(key) FROM unfilled) AS missing FROM about");
    const refills = Number(row?.refills ?? 0);
    if (!row || refills >= mostRefills || (refills > 0 && row.missing === null)) return null;
    return refills === 0 ? firstRefillMs : Math.min(2 ** refills * minuteMs, mostRefillPauseMs);
  }

  /** Rows with the columns that the query names; none where there are no tables. */
  read<Row extends object = SqlRow>(query: string, ...values: readonly SqlValue[]): readonly Row[] {
    return this.#tables.read(query, ...values) as readonly object[] as readonly Row[];
  }

  /** The values of the column `data`. */
  data<Value>(query: string, ...values: readonly SqlValue[]): readonly Value[] {
    return this.read<{ data: string }>(query, ...values).map(({ data }) => JSON.parse(data));
  }

  exec(query: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    return this.#sql.exec(query, ...values);
  }

  /** Writes for a domain, all or nothing. */
  transaction<Value>(domain: DomainName, work: () => Value): Value {
    try {
      return this.#sql.transaction(() => {
        this.#tables.make();
        this.#keep(this.aboutNow(domain));
        return work();
      });
    } catch (error) {
      this.#held = {};
      throw error;
    }
  }

  #readRunning(): Map<ConfKey, Running> {
    const all = new Map<ConfKey, Running>();
    const query = "SELECT unreached, data FROM conference WHERE arrival IS NULL AND key > ? ORDER BY key LIMIT ?";
    for (let rows: readonly { unreached: number | null; data: string }[] | null = null; rows?.length !== 0; ) {
      rows = this.read(query, [...all.keys()].at(-1) ?? "", portion);
      for (const { unreached, data } of rows) {
        const one = runningOf(JSON.parse(data), unreached);
        all.set(one.key, one);
      }
    }
    return all;
  }

  settings(domain: DomainName): DomainSettings | undefined {
    return this.#ports.domain(domain)?.settings;
  }

  aboutNow(name: DomainName): DirectoryIdentity {
    const known = this.about;
    const domain = this.#ports.domain(name);
    const keptMs = domain && domain.settings.recordsDays * dayMs;
    const directory = known?.directory ?? this.#ports.nonce();
    const now = this.#ports.now();
    return { domain: name, directory, began: known?.began ?? now, ...retentionAt(now, keptMs, known) };
  }

  #keep({ domain, directory, began, keptMs, removedAt }: DirectoryIdentity): void {
    const { about } = this;
    if (about?.keptMs === keptMs && about.removedAt === removedAt) return;
    this.#sql.exec(
      `INSERT INTO about (domain, directory, began, kept_ms, removed_at, refills) VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (domain)
       DO UPDATE SET kept_ms = excluded.kept_ms, removed_at = excluded.removed_at`,
      ...[domain, directory, began, keptMs, removedAt],
    );
    delete this.#held.about;
  }

  /** Within a transaction; so is what follows. */
  putConference(row: ConferenceRow, version: number, now: EpochMs): Upserted<ConferenceRow> {
    const { conference: key, life, createdAt: began, status, bridge, topic: name, endedBy: ended_by } = row;
    if (row.endedAt === null) this.#deleteLost(row);
    const columns = { status, bridge, handles: row.extConfIds.join(" "), name, ended_by };
    const put = this.#put("conference", { key, life, began }, row, version, now, columns);
    const running = this.running;
    const known = running.get(key as ConfKey);
    if (put && "row" in put && put.arrival === null)
      running.set(key as ConfKey, runningOf(row, known?.unreached ?? null));
    else if (put && "row" in put && known?.life === life && known.createdAt === began) running.delete(known.key);
    return put;
  }

  /** Deletes a running conference that its object does not have. Requires a transaction. */
  deleteRunning(key: ConfKey): void {
    this.exec("DELETE FROM call WHERE conference = ? AND arrival IS NULL", key);
    this.exec("DELETE FROM conference WHERE key = ? AND arrival IS NULL", key);
    this.running.delete(key);
  }

  /** A key has one running conference. Deletes rows of a lost one. */
  #deleteLost({ conference, life, createdAt }: ConferenceRow): void {
    const others =
      "DELETE FROM conference WHERE key = ? AND arrival IS NULL AND NOT (life = ? AND began = ?) RETURNING 1";
    if (this.#sql.exec(others, conference, life, createdAt).length === 0) return;
    this.#sql.exec("DELETE FROM call WHERE conference = ? AND arrival IS NULL AND life <> ?", conference, life);
    this.running.delete(conference as ConfKey);
  }

  putCall(said: CallRow, version: number, now: EpochMs): Upserted<CallRow> {
    const { dialledAt, enteredAt, endedAt } = said;
    const isErased = this.#isErased(said.number, dialledAt ?? enteredAt ?? endedAt ?? now);
    const row = isErased ? { ...said, number: "", attendeeId: "" } : said;
    const { conference, life, call, began, status, bridge, number, attendeeId: attendee, extCallId: named } = row;
    const ofPerson = { number, reversed: reversed(number), attendee, named };
    const columns = { status, bridge, ...ofPerson, entered_at: enteredAt, ended_by: row.endedBy };
    return this.#put("call", { conference, life, call, began }, row, version, now, columns);
  }

  /** The rows of calls in the prompt to which a bridge gave this id, the latest first. */
  promptRows(bridge: BridgeName, call: CallId): readonly PromptRow[] {
    const query = `SELECT data FROM ${promptCalls} WHERE conference = ? AND call = ? ORDER BY began DESC`;
    return this.data(query, `@${bridge}`, call);
  }

  /** `known`: the row that it replaces. Within a transaction. */
  putPrompt(said: PromptRow, known: PromptRow | null, now: EpochMs): void {
    const isErased = this.#isErased(said.number, said.at);
    const row = isErased || known?.number === "" ? { ...said, number: "" } : said;
    if (known && known.at !== row.at) this.deletePrompt(known);
    const status = row.end === null ? "prompt" : isRefused(row) && !isErased ? "refused" : "over";
    const ofPerson = { number: row.number, reversed: reversed(row.number), attendee: "", named: "" };
    const columns = { status, bridge: row.bridge, ...ofPerson, ended_by: row.end?.why ?? null };
    const put = this.#put("call", promptId(row), row, null, now, columns);
    if (put && "row" in put) this.prompts.set(promptName(row), refusedCall(status, row, put.arrival));
  }

  #readPrompts(): Map<string, RefusedCall | null> {
    const query = "SELECT status, arrival, data FROM call INDEXED BY call_prompt WHERE life = -1";
    const rows = this.read<{ status: string; arrival: number | null; data: string }>(query);
    const calls = rows.map(({ data, ...more }) => ({ row: JSON.parse(data) as PromptRow, ...more }));
    return new Map(calls.map(({ status, arrival, row }) => [promptName(row), refusedCall(status, row, arrival)]));
  }

  deletePrompt(row: PromptRow): void {
    const { conference, life, call, began } = promptId(row);
    const where = "conference = ? AND life = ? AND call = ? AND began = ?";
    this.#sql.exec(`DELETE FROM call WHERE ${where}`, conference, life, call, began);
    this.prompts.delete(promptName(row));
  }

  /** Limits the rows of calls in the prompt: keeps current ones, then the latest. */
  deletePromptBeyond(most: number): void {
    const select = "SELECT data FROM call INDEXED BY call_prompt WHERE life = -1 AND arrival";
    for (const oldest of ["> 0 ORDER BY arrival", "IS NULL ORDER BY began"]) {
      const beyond = Math.max(0, this.prompts.size - most);
      for (const row of beyond > 0 ? this.data<PromptRow>(`${select} ${oldest} LIMIT ?`, beyond) : [])
        this.deletePrompt(row);
    }
  }

  #put<Row extends CallRow | ConferenceRow | PromptRow>(
    table: "call" | "conference",
    id: Columns,
    row: Row,
    given: number | null,
    now: EpochMs,
    columns: Columns,
  ): Upserted<Row> {
    const ids = Object.values(id);
    const where = Object.keys(id)
      .map((name) => `${name} = ?`)
      .join(" AND ");
    const [known] = this.#sql.exec(`SELECT * FROM ${table} WHERE ${where}`, ...ids);
    const data = JSON.stringify(row);
    if (known?.data === data) return null;
    const version = given ?? Number(known?.version ?? 0) + 1;
    if (known && Number(known.version) >= version) return { laterVersion: Number(known.version) };
    const stored = (known?.arrival ?? null) as number | null;
    const isNew = columns.ended_by !== null && stored === null;
    const arrival = isNew ? this.#nextArrival(arrivalAt(now)) : stored;
    const all: Columns = { ...id, ...columns, version, arrival, data };
    // Setting a column again costs a row in each of its indexes.
    const changed = Object.entries(all).filter(([name, value]) => known?.[name] !== value);
    const names = changed.map(([name]) => name);
    const values = changed.map(([, value]) => value);
    if (known)
      this.#sql.exec(`UPDATE ${table} SET ${names.map((name) => `${name} = ?`)} WHERE ${where}`, ...values, ...ids);
    else this.#sql.exec(`INSERT INTO ${table} (${names}) VALUES (${names.map(() => "?")})`, ...values);
    return { before: known ? JSON.parse(String(known.data)) : null, row, arrival };
  }

  /** Dates rows from a clock that was days ahead as of now. Otherwise all later rows would follow them. */
  #nextArrival(now: number): number {
    const last = this.lastArrival;
    if (last < now + arrivalAt(dayMs)) return Math.max(now, last + 1);
    const ahead = this.#sql.exec(
      `SELECT 'call' AS kind, arrival FROM call WHERE arrival > ?
       UNION ALL SELECT 'conference', arrival FROM conference WHERE arrival > ? ORDER BY arrival`,
      ...[now, now],
    );
    for (const [index, { kind, arrival = null }] of ahead.entries())
      this.#sql.exec(`UPDATE ${kind} SET arrival = ? WHERE arrival = ?`, now + 1 + index, arrival);
    delete this.#held.prompts;
    return now + 1 + ahead.length;
  }

  /** 0: nothing has ended. */
  get lastArrival(): number {
    // Queries use the index only with this condition.
    const lasts = ["call", "conference"].map((table) => {
      return this.read(`SELECT max(arrival) AS last FROM ${table} WHERE arrival IS NOT NULL`)[0]?.last;
    });
    return Math.max(...lasts.map(Number));
  }

  /** Erases these numbers from all calls that began until now, also from later rows of theirs. Returns the number of calls. */
  erase(numbers: readonly string[], now: EpochMs): number {
    // Without the number, a later admission of the caller can no longer be found.
    const update = `UPDATE call SET number = '', reversed = '', attendee = '',
      data = json_replace(data, '$.number', '', '$.attendeeId', ''),
      status = CASE status WHEN 'refused' THEN 'over' ELSE status END WHERE reversed = ? RETURNING call`;
    const erased = numbers.flatMap((number) => this.#sql.exec(update, reversed(number)));
    for (const name of new Set(numbers.map((number) => this.nameOf(number))))
      this.#sql.exec("INSERT OR REPLACE INTO erased (number, at) VALUES (?, ?)", name, now);
    delete this.#held.prompts;
    return erased.length;
  }

  /** `at`: start of the call. */
  #isErased(number: string, at: EpochMs): boolean {
    if (number === "") return false;
    const [row] = this.#sql.exec("SELECT at FROM erased WHERE number = ?", this.nameOf(number));
    return row !== undefined && at <= Number(row.at);
  }

  /** A hash that hides the number. */
  nameOf(number: string): string {
    const digits = digitsIn(number) ?? number;
    const key = this.about?.directory ?? "";
    return `${hash(`${key} ${digits}`)} ${hash(`${digits} ${key}`)}`;
  }

  /** Deletes some of the oldest rows from before this time. Returns true if there may be more. */
  deleteBefore(at: EpochMs, atMost: number): boolean {
    const deleted = ["call", "conference"].map((table) => {
      const old = `SELECT arrival FROM ${table} WHERE arrival < ? ORDER BY arrival LIMIT ?`;
      return this.exec(`DELETE FROM ${table} WHERE arrival IN (${old}) RETURNING arrival`, arrivalAt(at), atMost);
    });
    const audit = "DELETE FROM audit WHERE at < ? AND id IN (SELECT id FROM audit ORDER BY id LIMIT ?) RETURNING id";
    deleted.push(this.exec(audit, at, atMost));
    this.exec("DELETE FROM call WHERE life = -1 AND arrival IS NULL AND began < ?", at);
    delete this.#held.prompts;
    delete this.#held.backlogs;
    this.exec("DELETE FROM erased WHERE at < ?", at);
    return deleted.some(({ length }) => length === atMost);
  }
}

type Columns = Readonly<Record<string, SqlValue>>;

export function arrivalAt(at: EpochMs): number {
  return Math.floor(at * 1_000);
}

export function reversed(text: string): string {
  return [...text].reverse().join("");
}

function promptId({ bridge, call, at }: PromptRow) {
  return { conference: `@${bridge}`, life: -1, call, began: at };
}

function promptName({ bridge, call, at }: PromptRow): string {
  return `${bridge} ${call} ${at}`;
}

function refusedCall(status: string, { number, at, end }: PromptRow, place: number | null): RefusedCall | null {
  return status === "refused" && place !== null ? { number, at, end, place } : null;
}
