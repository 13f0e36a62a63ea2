import { Client, type QueryResult, types } from "pg";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { networkReason } from "../../../src/foundation/text/reason.ts";
import { type Timers, wait, within } from "../../../src/foundation/time/timers.ts";
import type { EdgeOfPair, PairView } from "../../../src/operators/edge-pair.ts";
import { nodeTimers } from "../node-clock.ts";
import {
  type Disk,
  type DiskPlace,
  type Flush,
  type Lease,
  NoState,
  type ObjectChange,
  type Rows,
  rowsAtOnce,
  type Stored,
  type StoredRow,
} from "./disk.ts";

export type Self = Pick<EdgeOfPair, "name" | "url" | "version">;
type Row = Readonly<Record<string, string | number | boolean | null>>;

export interface EdgePorts {
  readonly timers: Timers;
  /** Monotonic time in ms, including the machine's sleep. */
  passedMs(): number;
  /** Reports why this edge is not active, as the end of a sentence, and the URL of the active edge. */
  waits(why: string, activeUrl: string | null): void;
  /** Called when this edge is no longer active. Its process must end. */
  lost(error: Error): void;
}

/** A copy of a state from another disk. */
export interface StateCopy extends Rows {
  objects(): Iterable<Pick<ObjectChange, "name" | "alarm">>;
  readonly lastAt: EpochMs;
}

/** Version of the tables. This release reads no other one. */
const format = 1;
/** An edge may act for this long after it sent its last committed statement. A new active edge waits as long. */
const leaseMs = 3_000;
/** Taken off the lease for clock drift and network delay. */
const marginMs = 200;
const beatEveryMs = 500;
const lookEveryMs = 200;
const connectWithinMs = 1_000;
/** A commit can wait this long for a replica. */
const silentWithinMs = 10_000;
export const advisoryLock = 4_867_201;
/** As numbers, like times and ids: none has more than 53 bits. */
types.setTypeParser(types.builtins.INT8, Number);
/** PostgreSQL warns with this code if a commit did not wait for its replica. */
const warning = "01000";

/**
 * The time-outs end the session of a silent edge, and release its lock. The planner settings force the use of
 * indexes, because PostgreSQL cannot estimate the number of rows in JSON.
 */
export const sessionSettings = {
  ...{ idle_session_timeout: leaseMs, idle_in_transaction_session_timeout: leaseMs, tcp_user_timeout: leaseMs },
  ...{ synchronous_commit: "on", default_transaction_isolation: "read committed" },
  ...{ enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off", jit: "off" },
};
/** Settings that only the server can change. */
const serverSettings = { fsync: "on", transaction_read_only: "off" };
const noPooler = "connect to PostgreSQL itself, not to a pooler";

const tables = `
  CREATE SCHEMA IF NOT EXISTS bridgehead;
  CREATE TABLE IF NOT EXISTS bridgehead.state (one boolean PRIMARY KEY DEFAULT true CHECK (one), format integer NOT NULL,
    name text NOT NULL DEFAULT '', url text NOT NULL DEFAULT '', since bigint NOT NULL DEFAULT 0, stopped boolean NOT NULL DEFAULT true,
    beat bigint NOT NULL DEFAULT 0, at bigint NOT NULL DEFAULT 0, restored_at bigint, trusts_clock boolean NOT NULL DEFAULT false);
  CREATE TABLE IF NOT EXISTS bridgehead.standby (name text PRIMARY KEY, url text NOT NULL, version text NOT NULL, seen timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS bridgehead.object (id bigserial PRIMARY KEY, name text NOT NULL UNIQUE, alarm bigint, schema text);
  CREATE TABLE IF NOT EXISTS bridgehead.row (object bigint, "table" text COLLATE "C", key text COLLATE "C", "values" text NOT NULL,
    PRIMARY KEY (object, "table", key));
  INSERT INTO bridgehead.state (format) VALUES (${format}) ON CONFLICT DO NOTHING;
`;

const writeText = `
  WITH kept AS (
      INSERT INTO bridgehead.object AS o (name, alarm, schema)
      SELECT name, alarm, schema FROM json_to_recordset($1) AS c(name text, alarm bigint, schema text)
      ON CONFLICT (name) DO UPDATE SET alarm = excluded.alarm, schema = coalesce(excluded.schema, o.schema)
      RETURNING id, name),
    removed AS (
      DELETE FROM bridgehead.row AS r USING kept, json_to_recordset($3) AS g(name text, "table" text, key text)
      WHERE g.name = kept.name AND r.object = kept.id AND r."table" = g."table" AND r.key = g.key),
    put AS (
      INSERT INTO bridgehead.row SELECT kept.id, p."table", p.key, p."values"
      FROM kept JOIN json_to_recordset($2) AS p(name text, "table" text, key text, "values" text) USING (name)
      ON CONFLICT (object, "table", key) DO UPDATE SET "values" = excluded."values")
  UPDATE bridgehead.state SET at = $4, beat = beat + 1`;
const emptyText = `DELETE FROM bridgehead.row USING bridgehead.object AS o WHERE row.object = o.id AND o.name = ANY($1)`;
const deleteText = "DELETE FROM bridgehead.object WHERE name = ANY($1)";
const lookText = `
  SELECT pg_try_advisory_lock(${advisoryLock}) AS mine, name, url, stopped FROM bridgehead.state`;
const standbyText = `
  INSERT INTO bridgehead.standby VALUES ($1, $2, $3, now())
  ON CONFLICT (name) DO UPDATE SET url = excluded.url, version = excluded.version, seen = excluded.seen`;
const rowsText = `
  SELECT "table", key, "values" FROM bridgehead.row WHERE object = (SELECT id FROM bridgehead.object WHERE name = $1)
  AND ("table", key) > ($2, $3) ORDER BY "table", key LIMIT ${rowsAtOnce}`;

/** Splits a URL with several hosts, as in libpq: `postgresql://user@one,other:5433/bridgehead`. */
export function hostsOf(url: string): readonly string[] {
  const [, begin = "", hosts = "", rest = ""] = /^([^:]+:\/\/(?:[^@/]*@)?)([^/?]*)(.*)$/s.exec(url) ?? [];
  return hosts.split(",").map((host) => `${begin}${host}${rest}`);
}

/**
 * Waits until this edge holds the database's lock and no other edge is active. Rejects with `NoState` if a user must
 * act.
 */
export async function acquireDatabase(url: string, self: Self, ports: EdgePorts): Promise<PostgresDisk> {
  const hosts = hostsOf(url);
  for (let at = 0; ; at += 1) {
    const disk = new PostgresDisk(hosts[at % hosts.length] ?? url, ports, hosts.length > 1);
    try {
      await disk.begin(self);
      return disk;
    } catch (error) {
      disk.cut();
      if (error instanceof Error && error.name === "NoState") throw error;
      ports.waits(`the database cannot be used (${networkReason(error)})`, null);
      await wait(ports.timers, lookEveryMs);
    }
  }
}

/** Waits for the lock. Returns true if its last holder stopped in order. */
async function standBy(session: Session, self: Self, ports: EdgePorts): Promise<boolean> {
  await prepare(session);
  for (let looks = 0; ; looks += 1) {
    if (looks % 5 === 0) await session.ask(standbyText, [self.name, self.url, self.version]);
    const { rows } = await session.ask(lookText);
    const { mine, name, url: activeUrl, stopped } = rows[0] ?? {};
    if (mine) {
      await session.ask("DELETE FROM bridgehead.standby WHERE name = $1", [self.name]);
      return Boolean(stopped);
    }
    const isOwn = name === self.name;
    const why = isOwn
      ? `the lock of ${name}, this edge, has no living owner, or another edge has this name`
      : `${name} is active`;
    ports.waits(why, isOwn ? null : String(activeUrl));
    await wait(ports.timers, lookEveryMs);
  }
}

export async function prepare(session: Session): Promise<void> {
  if (await stateIn(session)) return;
  // Two edges can start at the same time.
  await session.ask(`BEGIN; SELECT pg_advisory_xact_lock(${advisoryLock}, 1); ${tables} COMMIT`);
  await stateIn(session);
}

/** Copies a state into the open transaction of a session. */
export async function copyInto(session: Session, from: StateCopy): Promise<void> {
  for (const { name, alarm } of from.objects()) {
    const objects = JSON.stringify([{ name, alarm, schema: JSON.stringify(await from.schemaOf(name)) }]);
    let rows: readonly StoredRow[] = [];
    do {
      rows = await from.rowsOf(name, rows.at(-1) ?? null);
      const put = JSON.stringify(rows.map((row) => ({ name, ...row })));
      await session.ask(writeText, [objects, put, "[]", from.lastAt], "write");
    } while (rows.length === rowsAtOnce);
  }
}

/** Rejects if the session lacks a setting that fencing or durability depends on. A Unix socket has no `tcp_user_timeout`. */
async function requireSettings(session: Session): Promise<void> {
  const needed = Object.entries({ ...sessionSettings, ...serverSettings }).filter(
    ([name]) => !/^enable|^jit/.test(name),
  );
  const { rows } = await session.ask(
    `SELECT name, setting FROM pg_settings JOIN json_each_text($1) ON key = name AND value <> setting
     WHERE name <> 'tcp_user_timeout' OR inet_client_addr() IS NOT NULL ORDER BY name`,
    [JSON.stringify(Object.fromEntries(needed))],
  );
  if (rows.length === 0) return;
  const isServers = rows.every(({ name }) => String(name) in serverSettings);
  const found = rows.map(({ name, setting }) => `${name} = ${setting}`).join(", ");
  throw new Error(`its session has ${found}: ${isServers ? "change this on the server" : noPooler}`);
}

/**
 * Rejects if the server's session is not this connection's own. A pooler gives the backend to another connection
 * between two statements.
 */
export async function requireOwnSession(session: Session, url: string): Promise<void> {
  const other = new Session(url);
  const backendOf = async (of: Session) => (await of.ask("SELECT pg_backend_pid() AS pid")).rows[0]?.pid;
  try {
    const own = await backendOf(session);
    await other.open();
    await other.ask("BEGIN");
    if ((await backendOf(other)) === own || (await backendOf(session)) !== own)
      throw new Error(`a pooler gives its sessions to several connections: ${noPooler}`);
  } finally {
    other.cut();
  }
}

/** Returns the missing protection against the loss of a machine, as the end of a sentence; `null` if there is none. */
export async function durabilityFault(session: Session, hasSeveralHosts: boolean): Promise<string | null> {
  const { rows } = await session.ask("SELECT current_setting('synchronous_standby_names') AS names");
  return hasSeveralHosts && rows[0]?.names === ""
    ? "its URL names several hosts, and synchronous_standby_names is empty"
    : null;
}

/** Returns `null` if the tables are not made yet. Rejects on a replica, and with `NoState` for another release. */
export async function stateIn(session: Session): Promise<Row | null> {
  const about = await session.ask(
    `SELECT pg_is_in_recovery() AS replica, current_setting('server_encoding') AS encoding,
     to_regclass('bridgehead.state') AS made`,
  );
  const { replica, encoding, made } = about.rows[0] ?? {};
  if (replica) throw new Error("this machine of the database is a replica");
  if (encoding !== "UTF8")
    throw new NoState(`the database has the encoding ${encoding}: make one with ENCODING 'UTF8'`);
  await requireSettings(session);
  if (made === null) return null;
  const { rows } = await session.ask("SELECT * FROM bridgehead.state");
  const found = rows[0]?.format;
  if (found !== format)
    throw new NoState(`the database has no state of this release (format ${found}, not ${format}): name another one`);
  return rows[0] ?? null;
}

/**
 * The state of two edges in PostgreSQL. Only the session that holds the lock writes, so an edge without the lock
 * cannot write.
 */
export class PostgresDisk implements Disk {
  readonly #session: Session;
  /** A session for reads, so that long ones do not delay a flush. */
  readonly #reads: Session;
  readonly #ports: EdgePorts;
  readonly #hasSeveralHosts: boolean;
  readonly lease: Lease;
  readonly place: Extract<DiskPlace, { readonly database: string }>;
  /** Monotonic time at which the last committed transaction was sent. */
  #heldSince = Number.NEGATIVE_INFINITY;
  #heard = Promise.withResolvers<void>();
  /** The last transaction. `null` if none is running. */
  #writing: Promise<void> | null = null;
  #isClosed = false;

  constructor(url: string, ports: EdgePorts, hasSeveralHosts: boolean) {
    this.#hasSeveralHosts = hasSeveralHosts;
    this.#session = new Session(url, ports);
    this.#reads = new Session(url, ports);
    this.place = { database: url };
    this.#ports = ports;
    const isHeld = () => ports.passedMs() - this.#heldSince < leaseMs - marginMs;
    this.lease = {
      get isHeld() {
        return isHeld();
      },
      renewed: () => this.#heard.promise,
    };
  }

  /** Waits for the lock, then becomes active. The former edge can still hold a lease from a replaced database server. */
  async begin(self: Self): Promise<void> {
    await this.#session.open(sessionSettings);
    await requireOwnSession(this.#session, this.place.database);
    const isOrderly = await standBy(this.#session, self, this.#ports);
    for (let leftMs = isOrderly ? 0 : leaseMs; leftMs > 0; leftMs -= beatEveryMs) {
      await this.#commit("UPDATE bridgehead.state SET stopped = false, beat = beat + 1");
      await wait(this.#ports.timers, beatEveryMs);
    }
    await this.#reads.open();
    const acts = "UPDATE bridgehead.state SET name = $1, url = $2, since = $3, stopped = false, beat = beat + 1";
    await this.#commit(acts, [self.name, self.url, Date.now()]);
    for (const session of [this.#session, this.#reads]) session.onLost(this.#ports.lost);
    this.#beatLater();
  }

  async open(): Promise<Stored> {
    const { rows } = await this.#reads.ask<Omit<Stored, "alarms">>(
      `SELECT greatest(at, restored_at) AS "lastAt", restored_at AS "restoredAt", trusts_clock AS "trustsClock"
       FROM bridgehead.state`,
    );
    const alarms = await this.#reads.ask<{ name: string; alarm: number }>(
      "SELECT name, alarm FROM bridgehead.object WHERE alarm IS NOT NULL",
    );
    await this.#commit("UPDATE bridgehead.state SET trusts_clock = false, beat = beat + 1");
    const stored = rows[0] as Omit<Stored, "alarms">;
    return { ...stored, alarms: alarms.rows.map(({ name, alarm }) => [name, alarm]) };
  }

  schemaOf(name: string): Promise<readonly string[]> {
    return this.#reads.schemaOf(name);
  }

  rowsOf(name: string, after: StoredRow | null): Promise<readonly StoredRow[]> {
    return this.#reads.rowsOf(name, after);
  }

  async write({ at, deleted, changes }: Flush): Promise<void> {
    const objects = changes.map(({ name, alarm, schema }) => ({
      name,
      alarm,
      schema: schema && JSON.stringify(schema),
    }));
    const rows = changes.flatMap(({ name, rows }) => rows.map((row) => ({ name, ...row })));
    const [gone, put] = [rows.filter(({ values }) => values === null), rows.filter(({ values }) => values !== null)];
    const asked = [JSON.stringify(objects), JSON.stringify(put), JSON.stringify(gone), at];
    const emptied = [...deleted, ...changes.filter(({ replaces }) => replaces).map(({ name }) => name)];
    if (emptied.length === 0) return this.#commit(writeText, asked, "write");
    await this.#alone(async () => {
      await this.#session.ask("BEGIN");
      await this.#session.ask(emptyText, [emptied]);
      await this.#session.ask(deleteText, [deleted]);
      await this.#session.ask(writeText, asked, "write");
      const { command } = await this.#session.ask("COMMIT");
      // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, not with an error.
      if (command !== "COMMIT") throw new Error("the database has taken a transaction back");
    });
  }

  trustClock(): Promise<void> {
    return this.#commit("UPDATE bridgehead.state SET trusts_clock = true, beat = beat + 1");
  }

  /** Returns both edges, for users. Rejects if the database does not answer. */
  async view(): Promise<PairView> {
    const { rows } = await this.#reads.ask<PairView["active"]>("SELECT name, url, since FROM bridgehead.state");
    const standbys = await this.#reads.ask<PairView["standbys"][number]>(
      `SELECT name, url, version, (extract(epoch FROM now() - seen) * 1000)::bigint AS "silentMs" FROM bridgehead.standby
       WHERE seen > now() - interval '1 day' ORDER BY name`,
    );
    const fault = await durabilityFault(this.#reads, this.#hasSeveralHosts);
    return { active: rows[0] as PairView["active"], standbys: standbys.rows, fault };
  }

  /** Stops in order, so that the other edge becomes active without a wait. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#commit("UPDATE bridgehead.state SET stopped = true, beat = beat + 1");
    await Promise.all([this.#session.close(), this.#reads.close()]);
  }

  /** Leaves the database as if the network had failed. */
  cut(): void {
    for (const session of [this.#session, this.#reads]) session.cut();
  }

  #commit(text: string, values: readonly unknown[] = [], name?: string): Promise<void> {
    return this.#alone(async () => void (await this.#session.ask(text, values, name)));
  }

  /** Runs transactions one at a time, since they share a session. */
  async #alone(transaction: () => Promise<void>): Promise<void> {
    const before = this.#writing;
    const writing = (async () => {
      await before;
      const sentAt = this.#ports.passedMs();
      await transaction();
      this.#heldSince = sentAt;
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    })();
    this.#writing = writing;
    try {
      await writing;
    } finally {
      if (this.#writing === writing) this.#writing = null;
    }
  }

  /** Renews the lease when there is nothing to write. */
  #beatLater(): void {
    const { timers, lost } = this.#ports;
    timers.after(beatEveryMs, () => {
      if (this.#isClosed) return;
      if (!this.#writing) this.#commit("UPDATE bridgehead.state SET beat = beat + 1", [], "beat").catch(lost);
      this.#beatLater();
    });
  }
}

/** A connection to one database server. */
export class Session implements Rows {
  readonly #url: string;
  readonly #timers: Timers;
  #client: Client | null = null;
  #lost: (error: Error) => void = () => {};
  /** Resolves when the last query is over. */
  #last: Promise<void> = Promise.resolve();

  constructor(url: string, { timers }: Pick<EdgePorts, "timers"> = { timers: nodeTimers }) {
    this.#url = url;
    this.#timers = timers;
  }

  /** Connects, with these settings of the session. By default, it can be silent for long, whatever the database says. */
  async open(settings: Readonly<Record<string, string | number>> = { idle_session_timeout: 0 }): Promise<void> {
    const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${String(value).replace(" ", "\\ ")}`);
    const client = new Client({
      ...{ connectionString: this.#url, connectionTimeoutMillis: connectWithinMs, keepAlive: true },
      options: options.join(" "),
    });
    this.#client = client;
    client.on("error", (error) => this.#lost(error));
    client.on("notice", ({ code, message }) => code === warning && this.#lost(new Error(message)));
    await client.connect();
  }

  onLost(lost: (error: Error) => void): void {
    this.#lost = lost;
  }

  /** Rejects if the answer is late. The outcome of the query is then unknown. */
  /** `Found`: the columns that the query returns. */
  async ask<Found extends object = Row>(
    text: string,
    values: readonly unknown[] = [],
    name?: string,
  ): Promise<QueryResult<Found>> {
    // The client takes one query at a time.
    const before = this.#last;
    const over = Promise.withResolvers<void>();
    this.#last = over.promise;
    await before;
    try {
      const client = this.#client;
      if (!client) throw new Error("the connection to the database is closed");
      const query = { text, values: [...values], ...(name !== undefined && { name }) };
      return await within(this.#timers, silentWithinMs, "the database", client.query<Found>(query));
    } finally {
      over.resolve();
    }
  }

  async schemaOf(name: string): Promise<readonly string[]> {
    const { rows } = await this.ask("SELECT schema FROM bridgehead.object WHERE name = $1", [name]);
    return JSON.parse(String(rows[0]?.schema ?? "[]"));
  }

  async rowsOf(name: string, after: StoredRow | null): Promise<readonly StoredRow[]> {
    return (await this.ask<StoredRow>(rowsText, [name, after?.table ?? "", after?.key ?? ""])).rows;
  }

  async close(): Promise<void> {
    this.#lost = () => {};
    await this.#client?.end();
    this.#client = null;
  }

  cut(): void {
    this.#lost = () => {};
    (
      this.#client as unknown as { readonly connection: { readonly stream: { destroy(): void } } } | null
    )?.connection.stream.destroy();
    this.#client = null;
  }
}
