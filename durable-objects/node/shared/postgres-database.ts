import { Client, types } from "pg";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { codeOf, networkWords, reasonOf } from "../../../src/foundation/text/reason.ts";
import { silentLongMs } from "../../../src/operators/edge-pair.ts";
import { doubtIn, type KeptDoubt } from "../doubt.ts";
import type { Flush, Image, ImagePart, Stored } from "../log/disk.ts";
import { NoState } from "../log/no-state.ts";
import { noAlarm, postgresFormat, tables } from "./postgres-tables.ts";
import {
  type Beat,
  type GivenBack,
  type Holding,
  type Peer,
  requireLatest,
  requireWhole,
  type SharedDatabase,
  type Writer,
} from "./shared-database.ts";

type Row = Readonly<Record<string, string | number | null>>;

const connectWithinMs = 1_000;
/** What nobody waits for any more ends at the server, too. */
const statementWithinMs = 30_000;
const readWithinMs = 10_000;
const hostWithinMs = 2_000;
const viewWithinMs = 1_000;
/** Of a connection on which nothing is said, the system finds out whether it is dead. */
const keepAliveAfterMs = 5_000;
/**
 * A wait for a replica that was cancelled: the server says that all is well, and warns that it is on one
 * machine alone.
 */
const warning = "01000";
const bigint = 20;

/** Several hosts may be named, as libpq has it: `postgresql://user@one,other:5433/bridgehead`. */
export function hostsOf(url: string): readonly string[] {
  const [, begin = "", hosts = "", rest = ""] = /^([^:]+:\/\/(?:[^@/]*@)?)([^/?]*)(.*)$/s.exec(url) ?? [];
  return hosts.split(",").map((host) => `${begin}${host}${rest}`);
}

/** The state of two edges in PostgreSQL. */
export class PostgresDatabase implements SharedDatabase {
  readonly #urls: readonly string[];
  /** Counts up with each host that is tried. */
  #place = 0;
  readonly #writes = new Connection(() => this.#connect());
  /** What takes long holds up no flush. */
  readonly #reads = new Connection(() => this.#connectBeside());
  /** What is for people, who ask as often as they like. */
  readonly #views = new Connection(() => this.#connectBeside());

  constructor(url: string) {
    this.#urls = hostsOf(url);
  }

  /** Asks one host after the other. */
  async prepare(mayBegin: boolean): Promise<void> {
    const faults: unknown[] = [];
    while (faults.length < this.#urls.length) {
      const place = this.#place;
      try {
        return await this.#prepare(mayBegin);
      } catch (error) {
        if (error instanceof Error && error.name === "NoState") throw error;
        faults.push(error);
        // One that let it in is left, too, whatever it says then.
        if (this.#place === place) this.#place += 1;
        this.#writes.cut();
      }
    }
    throw joined(faults);
  }

  async #prepare(mayBegin: boolean): Promise<void> {
    const isThere = await this.#writes.alone(async (client) => {
      const asked = "SELECT to_regclass('bridgehead.edge') AS edge, current_setting('server_encoding') AS encoding";
      const [known] = (await client.query<Row>(asked)).rows;
      requireUtf8(known?.encoding);
      if (known?.edge == null) return false;
      await holdingOf(client);
      return true;
    }, hostWithinMs);
    if (isThere) return;
    if (!mayBegin)
      throw new NoState(
        "there is no state in the database. If there was one, stop both edges, and restore a backup: an edge that starts begins with none",
      );
    await this.#writes.alone(async (client) => {
      await client.query(tables);
      await holdingOf(client);
    }, readWithinMs);
  }

  async holding(): Promise<Holding> {
    return holdingIn(await this.#ask(selectHolding));
  }

  async view(): Promise<{ readonly holding: Holding; readonly peers: readonly Peer[] }> {
    return this.#views.alone(
      async (client) => ({
        holding: await holdingOf(client),
        peers: (await client.query<Row>(selectPeers)).rows as unknown as readonly Peer[],
      }),
      viewWithinMs,
    );
  }

  async check(): Promise<void> {
    const connection = new Connection(() => this.#connectBeside());
    try {
      await loadOn(connection, null);
    } finally {
      connection.cut();
    }
  }

  async acquire(
    { epoch, flush }: Pick<Holding, "epoch" | "flush">,
    { holder, life, since, why, after }: Parameters<SharedDatabase["acquire"]>[1],
  ): Promise<boolean> {
    const rows = await this.#ask(
      `UPDATE bridgehead.edge SET epoch = greatest(epoch, $3) + 1, holder = $4, life = $5, since = $6, why = $7, given_back = NULL
       WHERE one AND epoch = $1 AND flush = $2 RETURNING 1 AS done`,
      [epoch, flush, after, holder, life, since, why],
    );
    return rows.length > 0;
  }

  /** A connection that was not used for long may be dead. */
  load(by: Writer): Promise<Stored> {
    this.#reads.cut();
    return loadOn(this.#reads, by);
  }

  read(by: Writer, object: number, positions: readonly number[]): Promise<{ image: Image; bodies: readonly string[] }> {
    return this.#reads.alone(async (client) => {
      try {
        await requireFlush(client, by);
      } catch (error) {
        // The next connection may be to another machine, also under one name.
        this.#reads.cut();
        throw error;
      }
      return readBy(client, object, positions);
    }, readWithinMs);
  }

  async flush({ epoch, flush, life }: Writer, { rows, ...others }: Flush, at: EpochMs): Promise<boolean> {
    const logged = rows.map(({ position, object, alarm, body }) => ({
      ...{ position, object, body },
      ...(alarm !== undefined && { alarm: alarm ?? noAlarm }),
    }));
    const { texts, created, images, deleted, droppable } = others;
    const isRowsAlone = texts.length + created.length + images.length + deleted.length === 0 && droppable === null;
    const other = {
      ...{ texts, created, deleted, droppable, lastObject: created.at(-1)?.[0] ?? 0 },
      images: images.map(({ schema, ...image }) => ({ ...image, schema: JSON.stringify(schema) })),
    };
    const [done] = await this.#ask(
      `SELECT bridgehead.flush_${postgresFormat}($1, $2, $3, $4, $5, $6) AS done`,
      [epoch, flush, life, at, JSON.stringify(logged), isRowsAlone ? null : JSON.stringify(other)],
      "flush",
    );
    return Boolean(done?.done);
  }

  async markRestored({ epoch, flush, life }: Writer, at: EpochMs): Promise<boolean> {
    const rows = await this.#ask(
      `WITH by AS (UPDATE bridgehead.edge SET flush = $2 WHERE ${isLast} RETURNING 1)
       INSERT INTO bridgehead.restored SELECT greatest($4, (SELECT max(at) + 1 FROM bridgehead.restored)) FROM by RETURNING 1 AS done`,
      [epoch, flush, life, at],
    );
    return rows.length > 0;
  }

  async keepDoubt({ epoch, flush, life }: Writer, doubt: KeptDoubt): Promise<boolean> {
    const rows = await this.#ask(
      `WITH by AS (UPDATE bridgehead.edge SET flush = $2 WHERE ${isLast} RETURNING 1)
       INSERT INTO bridgehead.time SELECT true, $4 FROM by ON CONFLICT (one) DO UPDATE SET doubt = excluded.doubt RETURNING 1 AS done`,
      [epoch, flush, life, JSON.stringify(doubt)],
    );
    return rows.length > 0;
  }

  async setBack({ epoch, flush, life }: Writer, to: EpochMs): Promise<boolean> {
    const rows = await this.#ask(
      `WITH before AS (SELECT at FROM bridgehead.edge),
         by AS (UPDATE bridgehead.edge SET flush = $2, at = $4 WHERE ${isLast} RETURNING 1),
         objects AS (UPDATE bridgehead.object SET alarm = greatest($4, alarm - (before.at - $4)) FROM before, by WHERE alarm > $4 RETURNING 1),
         rows AS (UPDATE bridgehead.log SET alarm = greatest($4, alarm - (before.at - $4)) FROM before, by WHERE alarm > $4 RETURNING 1)
       SELECT 1 AS done FROM by`,
      [epoch, flush, life, to],
    );
    return rows.length > 0;
  }

  async giveBack({ epoch, flush, life }: Writer, why: GivenBack): Promise<boolean> {
    const rows = await this.#ask(
      `UPDATE bridgehead.edge SET flush = $2, given_back = $4 WHERE ${isLast} RETURNING 1 AS done`,
      [epoch, flush, life, why],
    );
    return rows.length > 0;
  }

  async beat({ name, life, url, version, settings, position, fault }: Beat): Promise<boolean> {
    const rows = await this.#say(
      `WITH said AS (
         INSERT INTO bridgehead.peer AS known VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp()) ON CONFLICT (name) DO UPDATE SET life = excluded.life,
           url = excluded.url, version = excluded.version, settings = excluded.settings, position = excluded.position, fault = excluded.fault, seen = excluded.seen
         WHERE known.life = excluded.life OR known.seen < excluded.seen - interval '${silentLongMs} ms' RETURNING 1 AS done),
       gone AS (DELETE FROM bridgehead.peer USING said WHERE life = $2 AND name <> $1)
       SELECT done FROM said`,
      [name, life, url, version, settings, position, fault],
    );
    return rows.length > 0;
  }

  async leave(life: string): Promise<void> {
    await this.#say("DELETE FROM bridgehead.peer WHERE life = $1", [life]);
  }

  reset(): void {
    // A primary that was replaced, and does not know it, connects and writes nothing.
    if (this.#writes.isOpen) this.#place += 1;
    for (const connection of [this.#writes, this.#reads, this.#views]) connection.cut();
  }

  /** `name`: the server plans it once. */
  #ask(text: string, values?: readonly unknown[], name?: string): Promise<readonly Row[]> {
    return this.#writes.alone(async (client) => {
      const { rows } = await client.query<Row>({ text, ...(values && { values: [...values] }), ...(name && { name }) });
      return rows;
    });
  }

  /** For people: no flush waits for it. */
  #say(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return this.#views.alone(async (client) => (await client.query<Row>(text, [...values])).rows, viewWithinMs);
  }

  /** To the machine that is written to: another one may have been replaced, and not know it. */
  #connectBeside(): Promise<Client> {
    return connect(this.#url, withoutReplica);
  }

  /** Where there is no connection, the next host is tried the next time. */
  async #connect(): Promise<Client> {
    const place = this.#place;
    try {
      return await connect(this.#url);
    } catch (error) {
      if (this.#place === place) this.#place += 1;
      throw error;
    }
  }

  get #url(): string {
    return this.#urls[this.#place % this.#urls.length] ?? "";
  }
}

const selectHolding =
  'SELECT format, epoch, flush, holder, life, since, why, given_back AS "givenBack", position FROM bridgehead.edge';

/** By the clock of a database that has failed over, something may have been seen later than now. */
const selectPeers = `SELECT name, life, url, version, settings, position, fault, greatest(0, extract(epoch FROM clock_timestamp() - seen) * 1000)::bigint AS "seenMsAgo"
  FROM bridgehead.peer WHERE seen > clock_timestamp() - interval '1 day' ORDER BY name`;

/** Whose last flush is the one before. */
const isLast = "one AND epoch = $1 AND flush = $2 - 1 AND life = $3";

async function holdingOf(client: Client): Promise<Holding> {
  return holdingIn((await client.query<Row>(selectHolding)).rows);
}

function holdingIn([row]: readonly Row[]): Holding {
  if (!row) throw new NoState("the table bridgehead.edge has no row: restore a backup");
  const { format, ...holding } = row;
  // The other edge may have been upgraded meanwhile.
  if (format !== postgresFormat)
    throw new NoState(
      `the database has format ${format}, and this version reads format ${postgresFormat}: use the version that wrote it, or restore a backup`,
    );
  return holding as unknown as Holding;
}

/** A connection, which is made anew once it was cut or has ended. */
class Connection {
  readonly #connect: () => Promise<Client>;
  #open: Promise<Client> | null = null;
  #hasWarned = false;
  #last: Promise<void> = Promise.resolve();
  /** How often it was cut. */
  #cuts = 0;

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  /** It is connected, or about to be. */
  get isOpen(): boolean {
    return this.#open !== null;
  }

  cut(): void {
    this.#cuts += 1;
    const open = this.#open;
    this.#open = null;
    // Not by `end`, which waits for the other side.
    open?.then((client) => client.connection.stream.destroy()).catch(() => {});
  }

  /** One after the other: a connection does one thing at a time. `withinMs`: see `limited`. */
  alone<Value>(work: (client: Client) => Promise<Value>, withinMs?: number): Promise<Value> {
    const cuts = this.#cuts;
    const done = this.#last.then(async () => {
      if (this.#cuts !== cuts) throw new Error("the connection to the database was cut");
      const client = await this.#client();
      this.#hasWarned = false;
      const value = await limited(client, withinMs, work, () => this.cut());
      if (this.#hasWarned)
        throw new Error("the database did not wait for its replica: what it wrote is on one machine");
      return value;
    });
    this.#last = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  async #client(): Promise<Client> {
    if (this.#open) return this.#open;
    const open = this.#connect();
    this.#open = open;
    const forget = () => {
      if (this.#open === open) this.#open = null;
    };
    try {
      const client = await open;
      client.on("end", forget);
      client.on("notice", ({ code }) => {
        if (code === warning) this.#hasWarned = true;
      });
      return client;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

/** `by`: what must be there; `null`: anything. */
async function loadOn(connection: Connection, by: Writer | null): Promise<Stored> {
  return connection.alone(async (client) => {
    await client.query(oneMoment);
    if (by) await requireFlush(client, by);
    const stored = await loadBy(client);
    await client.query("COMMIT");
    return stored;
  }, readWithinMs);
}

async function requireFlush(client: Client, { epoch, flush, life }: Writer): Promise<void> {
  const found = await holdingOf(client);
  if (found.epoch !== epoch || found.life !== life || found.flush < flush)
    throw new Error("this machine of the database has another state than the one that is written to");
}

/** The state as it is at one moment, for whoever looks at it from outside the edges, which go on. */
export class PostgresReader {
  readonly #url: string;
  #client: Client | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /** Of several hosts, what the latest has: one that was replaced may not know it. */
  async open(): Promise<Stored> {
    const opened = await Promise.allSettled(hostsOf(this.#url).map(openAt));
    const [latest, ...others] = opened
      .flatMap((one) => (one.status === "fulfilled" ? [one.value] : []))
      .sort(({ holding: a }, { holding: b }) => b.epoch - a.epoch || b.flush - a.flush);
    if (!latest) throw joined(opened.map((one) => (one.status === "rejected" ? one.reason : null)));
    for (const { client } of others) client.connection.stream.destroy();
    this.#client = latest.client;
    return latest.stored;
  }

  async read(object: number, positions: readonly number[]): Promise<{ image: Image; bodies: readonly string[] }> {
    if (!this.#client) throw new Error("the state is not open");
    return limited(this.#client, readWithinMs, (client) => readBy(client, object, positions));
  }

  async close(): Promise<void> {
    await this.#client?.end();
    this.#client = null;
  }
}

/** A database that an edge is to use. */
interface LookedAt {
  readonly hasState: boolean;
  /** Why the others cannot be used, but for replicas. */
  readonly away: readonly unknown[];
}

/** Asks each host. Rejects where none can be written to. */
export async function lookAtDatabase(url: string): Promise<LookedAt> {
  const looks = await Promise.allSettled(hostsOf(url).map(lookAtHost));
  const faults: readonly unknown[] = looks.map((look) => (look.status === "rejected" ? look.reason : null));
  const found = looks.find((look) => look.status === "fulfilled");
  if (!found) throw joined(faults);
  return { hasState: found.value, away: faults.filter((one) => one !== null && !(one instanceof IsReplica)) };
}

function lookAtHost(url: string): Promise<boolean> {
  return connected(url, hostWithinMs, async (client) => {
    const { rows } = await client.query<Row>(
      `SELECT current_setting('server_encoding') AS encoding, to_regclass('bridgehead.edge') IS NOT NULL AS state,
         has_database_privilege(current_database(), 'CREATE') AS may`,
    );
    const [about] = rows;
    requireUtf8(about?.encoding);
    if (about?.state) {
      const holding = await holdingOf(client);
      requireWhole(holding);
      requireLatest(holding);
    } else if (!about?.may) throw new NoState("its user may make no schema in it: let the database be the user's own");
    client.connection.stream.destroy();
    return Boolean(about?.state);
  });
}

function requireUtf8(encoding: unknown): void {
  if (encoding !== "UTF8")
    throw new NoState(`the database's encoding is ${encoding}, and must be UTF8: make it anew with that`);
}

/** What all hosts say, with the code of one that would say it again. */
function joined(faults: readonly unknown[]): Error {
  const codes = faults.map(codeOf);
  // PostgreSQL's own begin with a digit.
  const code = codes.find((one) => /^\d/.test(one)) ?? codes.find((one, _, all) => all.every((other) => other === one));
  return Object.assign(new Error([...new Set(faults.map(reasonOf))].join("; ")), { code: code ?? "" });
}

class IsReplica extends Error {}

function openAt(url: string) {
  return connected(url, readWithinMs, async (client) => {
    await client.query(oneMoment);
    const holding = await holdingOf(client);
    requireWhole(holding);
    return { client, holding, stored: await loadBy(client) };
  });
}

/** The connection ends where the work fails, or takes longer. */
async function connected<Value>(
  url: string,
  withinMs: number,
  work: (client: Client) => Promise<Value>,
): Promise<Value> {
  const client = await connect(url);
  try {
    return await limited(client, withinMs, work);
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
}

/** Cuts the connection where the work takes longer: it may be dead, and nobody else would notice. */
async function limited<Value>(
  client: Client,
  withinMs: number | undefined,
  work: (client: Client) => Promise<Value>,
  cut: () => void = () => client.connection.stream.destroy(),
): Promise<Value> {
  let isLate = false;
  const end = () => {
    isLate = true;
    cut();
  };
  const late = withinMs === undefined ? undefined : setTimeout(end, withinMs);
  try {
    return await work(client);
  } catch (error) {
    throw isLate ? reportOf(hostOf(client), error, true) : error;
  } finally {
    clearTimeout(late);
  }
}

/** All that is read in it is of one moment. */
const oneMoment = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/** What an edge says of itself waits for no replica, and nobody for that. */
const withoutReplica = "-c synchronous_commit=local";

/** Rejects where nothing can be written there. */
async function connect(url: string, options?: string): Promise<Client> {
  const client = new Client({
    ...(options && { options }),
    ...{ connectionString: url, connectionTimeoutMillis: connectWithinMs, statement_timeout: statementWithinMs },
    ...{ keepAlive: true, keepAliveInitialDelayMillis: keepAliveAfterMs, application_name: "bridgehead" },
    types: { getTypeParser: (oid, format) => (oid === bigint ? Number : types.getTypeParser(oid, format)) },
  });
  client.on("error", () => {}); // What is under way rejects.
  const begunAt = performance.now();
  const late = setTimeout(() => client.connection.stream.destroy(), 2 * connectWithinMs);
  try {
    await client.connect();
    const { rows } = await client.query<Row>("SHOW transaction_read_only");
    if (rows[0]?.transaction_read_only === "on")
      throw new IsReplica("this database is a replica, and cannot be written to");
    return client;
  } catch (error) {
    client.connection.stream.destroy();
    if (error instanceof IsReplica) throw error;
    throw reportOf(hostOf(client), error, performance.now() - begunAt >= connectWithinMs);
  } finally {
    clearTimeout(late);
  }
}

function hostOf({ host, port }: Client): string {
  return `${host}:${port}`;
}

/** With the host, which neither PostgreSQL nor the library names, and the code that PostgreSQL has for it. */
function reportOf(host: string, error: unknown, isLate: boolean): Error {
  const report = (says: string, code = "") => Object.assign(new Error(`${host}${says}`), { code });
  const [code, says] = [codeOf(error), reasonOf(error)];
  if (says.includes("password must be a string")) return report(" asks for a password, and the URL has none", "28P01");
  if (says.includes("not support SSL")) return report(" has no TLS, which sslmode asks for", "28000");
  const words = networkWords.get(code);
  // A name may be unknown for good, and the rest passes.
  if (words !== undefined) return report(`: ${words}`, code === "ENOTFOUND" ? code : "");
  return code === "" && isLate ? report(" does not answer") : report(`: ${says}`, code);
}

async function loadBy(client: Client): Promise<Stored> {
  const all = async (query: string) => (await client.query<Row>(query)).rows;
  const objects = await all("SELECT object, name, alarm FROM bridgehead.object");
  const rows = await all(
    "SELECT position, object, log.alarm FROM bridgehead.log JOIN bridgehead.object USING (object) WHERE position > up_to ORDER BY position",
  );
  const later = new Map(rows.flatMap(({ object, alarm }) => (alarm == null ? [] : [[object, alarm]])));
  const texts = await all("SELECT number, text FROM bridgehead.statement");
  const [about] = await all("SELECT at, position, object FROM bridgehead.edge");
  const [restored] = await all("SELECT max(at) AS at FROM bridgehead.restored");
  const [time] = await all("SELECT doubt FROM bridgehead.time");
  return {
    objects: objects.map(({ object = null, name, alarm }) => {
      const set = later.get(object) ?? alarm ?? noAlarm;
      return { object: Number(object), name: String(name), alarm: set === noAlarm ? null : Number(set) };
    }),
    rows: rows.map(({ position, object }) => [Number(position), Number(object)] as const),
    texts: texts.map(({ number, text }) => [Number(number), String(text)] as const),
    lastPosition: Number(about?.position),
    lastObject: Number(about?.object),
    lastAt: Number(about?.at),
    restoredAt: restored?.at == null ? null : Number(restored.at),
    doubt: doubtIn(time?.doubt),
  };
}

async function readBy(
  client: Client,
  object: number,
  positions: readonly number[],
): Promise<{ image: Image; bodies: readonly string[] }> {
  const ask = async (text: string, ...values: readonly unknown[]) => (await client.query<Row>(text, [...values])).rows;
  const [stored] = await ask("SELECT schema FROM bridgehead.object WHERE object = $1", object);
  const parts = await ask('SELECT name AS "table", key, rows FROM bridgehead.part WHERE object = $1', object);
  const bodies =
    positions.length === 0
      ? []
      : await ask("SELECT body FROM bridgehead.log WHERE position = ANY ($1) ORDER BY position", positions);
  if (bodies.length !== positions.length)
    throw new Error(`the log lacks ${positions.length - bodies.length} rows of object ${object}`);
  return {
    image: { schema: JSON.parse(String(stored?.schema ?? "[]")), parts: parts as unknown as readonly ImagePart[] },
    bodies: bodies.map(({ body }) => String(body)),
  };
}
