import { Client, types } from "pg";
import type { EpochMs } from "../../../src/foundation/ids.ts";
import { silentLongMs } from "../../../src/operators/edge-pair.ts";
import type { Flush, Image, ImagePart, Stored } from "../log/disk.ts";
import { NoState } from "../log/no-state.ts";
import { noAlarm, postgresFormat, tables } from "./postgres-tables.ts";
import type { Beat, Holding, Peer, SharedDatabase, Writer } from "./shared-database.ts";

type Row = Readonly<Record<string, string | number | null>>;

const connectWithinMs = 1_000;
/** What nobody waits for any more ends at the server, too. */
const statementWithinMs = 30_000;
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
  readonly #reads = new Connection(() => this.#connect());

  constructor(url: string) {
    this.#urls = hostsOf(url);
  }

  async prepare(): Promise<void> {
    const [known] = await this.#ask("SELECT to_regclass('bridgehead.edge') AS edge");
    if (known?.edge === null) await this.#ask(tables);
    await this.holding();
  }

  async holding(): Promise<Holding> {
    const [row] = await this.#ask(
      'SELECT format, epoch, flush, holder, life, since, why, given_back AS "givenBack", position FROM bridgehead.edge',
    );
    if (!row) throw new NoState("the table bridgehead.edge has no row: restore a backup");
    const { format, ...holding } = row;
    // The other edge may have been upgraded meanwhile.
    if (format !== postgresFormat)
      throw new NoState(
        `a later release has written this database (format ${format}; this release reads ${postgresFormat}): start that one again, or restore a backup of this one`,
      );
    return holding as unknown as Holding;
  }

  async acquire(
    { epoch, flush }: Writer,
    { holder, life, since, why, after }: Parameters<SharedDatabase["acquire"]>[1],
  ): Promise<boolean> {
    const rows = await this.#ask(
      `UPDATE bridgehead.edge SET epoch = greatest(epoch, $3) + 1, holder = $4, life = $5, since = $6, why = $7, given_back = NULL
       WHERE one AND epoch = $1 AND flush = $2 RETURNING 1 AS done`,
      [epoch, flush, after, holder, life, since, why],
    );
    return rows.length > 0;
  }

  load(): Promise<Stored> {
    return this.#reads.alone(async (client) => {
      await client.query(oneMoment);
      try {
        return await loadBy(client);
      } finally {
        await client.query("COMMIT");
      }
    });
  }

  read(object: number, positions: readonly number[]): Promise<{ image: Image; bodies: readonly string[] }> {
    return this.#reads.alone((client) => readBy(client, object, positions));
  }

  async flush({ epoch, flush }: Writer, { rows, ...others }: Flush, at: EpochMs): Promise<boolean> {
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
      `SELECT bridgehead.flush_${postgresFormat}($1, $2, $3, $4, $5) AS done`,
      [epoch, flush, at, JSON.stringify(logged), isRowsAlone ? null : JSON.stringify(other)],
      "flush",
    );
    return Boolean(done?.done);
  }

  async markRestored({ epoch, flush }: Writer, at: EpochMs): Promise<boolean> {
    const rows = await this.#ask(
      `WITH by AS (UPDATE bridgehead.edge SET flush = $2 WHERE one AND epoch = $1 AND flush = $2 - 1 RETURNING 1)
       INSERT INTO bridgehead.restored SELECT greatest($3, (SELECT max(at) + 1 FROM bridgehead.restored)) FROM by RETURNING 1 AS done`,
      [epoch, flush, at],
    );
    return rows.length > 0;
  }

  async setBack({ epoch, flush }: Writer, to: EpochMs): Promise<boolean> {
    const rows = await this.#ask(
      `WITH before AS (SELECT at FROM bridgehead.edge),
         by AS (UPDATE bridgehead.edge SET flush = $2, at = $3 WHERE one AND epoch = $1 AND flush = $2 - 1 RETURNING 1),
         objects AS (UPDATE bridgehead.object SET alarm = greatest($3, alarm - (before.at - $3)) FROM before, by WHERE alarm > $3 RETURNING 1),
         rows AS (UPDATE bridgehead.log SET alarm = greatest($3, alarm - (before.at - $3)) FROM before, by WHERE alarm > $3 RETURNING 1)
       SELECT 1 AS done FROM by`,
      [epoch, flush, to],
    );
    return rows.length > 0;
  }

  async giveBack({ epoch, flush }: Writer, why: "handed over" | "stopped"): Promise<boolean> {
    const rows = await this.#ask(
      "UPDATE bridgehead.edge SET flush = $2, given_back = $3 WHERE one AND epoch = $1 AND flush = $2 - 1 RETURNING 1 AS done",
      [epoch, flush, why],
    );
    return rows.length > 0;
  }

  async beat({ name, life, url, version, settings, position, fault }: Beat): Promise<boolean> {
    const rows = await this.#ask(
      `WITH before AS (DELETE FROM bridgehead.peer WHERE life = $2 AND name <> $1)
       INSERT INTO bridgehead.peer AS known VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp()) ON CONFLICT (name) DO UPDATE SET life = excluded.life,
         url = excluded.url, version = excluded.version, settings = excluded.settings, position = excluded.position, fault = excluded.fault, seen = excluded.seen
       WHERE known.life = excluded.life OR known.seen < excluded.seen - interval '${silentLongMs} ms' RETURNING 1 AS done`,
      [name, life, url, version, settings, position, fault],
    );
    return rows.length > 0;
  }

  async leave(life: string): Promise<void> {
    await this.#ask("DELETE FROM bridgehead.peer WHERE life = $1", [life]);
  }

  async peers(): Promise<readonly Peer[]> {
    const rows = await this.#ask(
      `SELECT name, life, url, version, settings, position, fault, (extract(epoch FROM clock_timestamp() - seen) * 1000)::bigint AS "seenMsAgo"
       FROM bridgehead.peer WHERE seen > clock_timestamp() - interval '1 day' ORDER BY name`,
    );
    return rows as unknown as readonly Peer[];
  }

  reset(): void {
    // A primary that was replaced, and does not know it, connects and writes nothing.
    if (this.#writes.isUsed) this.#place += 1;
    this.#writes.cut();
    // What is read is of the machine that was written to.
    this.#reads.cut();
  }

  /** `name`: the server plans it once. */
  #ask(text: string, values?: readonly unknown[], name?: string): Promise<readonly Row[]> {
    return this.#writes.alone(async (client) => {
      const { rows } = await client.query<Row>({ text, ...(values && { values: [...values] }), ...(name && { name }) });
      return rows;
    });
  }

  async #connect(): Promise<Client> {
    try {
      return await connect(this.#urls[this.#place % this.#urls.length] ?? "");
    } catch (error) {
      this.#place += 1;
      throw error;
    }
  }
}

/** A connection, which is made anew once it was cut or has ended. */
class Connection {
  readonly #connect: () => Promise<Client>;
  #client: Promise<Client> | null = null;
  #hasWarned = false;
  #last: Promise<void> = Promise.resolve();

  constructor(connect: () => Promise<Client>) {
    this.#connect = connect;
  }

  get isUsed(): boolean {
    return this.#client !== null;
  }

  cut(): void {
    const client = this.#client;
    this.#client = null;
    // Not by `end`, which waits for the other side.
    client?.then((open) => open.connection.stream.destroy()).catch(() => {});
  }

  /** One after the other: a connection does one thing at a time. */
  alone<Value>(work: (client: Client) => Promise<Value>): Promise<Value> {
    const done = this.#last.then(async () => {
      const client = await this.#open();
      this.#hasWarned = false;
      const value = await work(client);
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

  async #open(): Promise<Client> {
    if (this.#client) return this.#client;
    const connecting = this.#connect();
    this.#client = connecting;
    try {
      const client = await connecting;
      client.on("end", () => {
        if (this.#client === connecting) this.#client = null;
      });
      client.on("notice", ({ code }) => {
        if (code === warning) this.#hasWarned = true;
      });
      return client;
    } catch (error) {
      if (this.#client === connecting) this.#client = null;
      throw error;
    }
  }
}

/** The state as it is at one moment, for whoever looks at it from outside the edges, which go on. */
export class PostgresReader {
  readonly #url: string;
  #client: Client | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  async open(): Promise<Stored> {
    const { client, stored } = await onAnyHost(this.#url, async (client) => {
      await client.query(oneMoment);
      return { client, stored: await loadBy(client) };
    });
    this.#client = client;
    return stored;
  }

  async read(object: number, positions: readonly number[]): Promise<{ image: Image; bodies: readonly string[] }> {
    if (!this.#client) throw new Error("the state is not open");
    return readBy(this.#client, object, positions);
  }

  async close(): Promise<void> {
    await this.#client?.end();
    this.#client = null;
  }
}

/** What a database is like that an edge is to use. Rejects where none of its hosts can be written to. */
export async function lookAtDatabase(url: string): Promise<{ readonly encoding: string; readonly hasState: boolean }> {
  return onAnyHost(url, async (client) => {
    const { rows } = await client.query<Row>(
      "SELECT current_setting('server_encoding') AS encoding, to_regclass('bridgehead.edge') IS NOT NULL AS state",
    );
    await client.end();
    return { encoding: String(rows[0]?.encoding), hasState: Boolean(rows[0]?.state) };
  });
}

/** What the first host gives that does. The connection stays where the work succeeds. */
async function onAnyHost<Value>(url: string, work: (client: Client) => Promise<Value>): Promise<Value> {
  let fault: unknown;
  for (const host of hostsOf(url)) {
    let client: Client | null = null;
    try {
      client = await connect(host);
      return await work(client);
    } catch (error) {
      fault = error;
      client?.connection.stream.destroy();
    }
  }
  throw fault;
}

/** All that is read in it is of one moment. */
const oneMoment = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/** Rejects where nothing can be written there. */
async function connect(url: string): Promise<Client> {
  const client = new Client({
    ...{ connectionString: url, connectionTimeoutMillis: connectWithinMs, statement_timeout: statementWithinMs },
    ...{ keepAlive: true, application_name: "bridgehead" },
    types: { getTypeParser: (oid, format) => (oid === bigint ? Number : types.getTypeParser(oid, format)) },
  });
  client.on("error", () => {}); // What is under way rejects.
  const late = setTimeout(() => client.connection.stream.destroy(), 2 * connectWithinMs);
  try {
    await client.connect();
    const { rows } = await client.query<Row>("SHOW transaction_read_only");
    if (rows[0]?.transaction_read_only === "on")
      throw new Error("this database is a replica, and cannot be written to");
    return client;
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

async function loadBy(client: Client): Promise<Stored> {
  const all = async (query: string) => (await client.query<Row>(query)).rows;
  const objects = await all(
    `SELECT object, name, o.alarm, (SELECT l.alarm FROM bridgehead.log AS l WHERE l.object = o.object AND position > up_to AND l.alarm IS NOT NULL
       ORDER BY position DESC LIMIT 1) AS later FROM bridgehead.object AS o`,
  );
  const rows = await all(
    "SELECT position, object FROM bridgehead.log JOIN bridgehead.object USING (object) WHERE position > up_to ORDER BY position",
  );
  const texts = await all("SELECT number, text FROM bridgehead.statement");
  const [about] = await all("SELECT at, position, object FROM bridgehead.edge");
  const [restored] = await all("SELECT max(at) AS at FROM bridgehead.restored");
  return {
    objects: objects.map(({ object, name, alarm, later }) => {
      const set = later ?? alarm ?? noAlarm;
      return { object: Number(object), name: String(name), alarm: set === noAlarm ? null : Number(set) };
    }),
    rows: rows.map(({ position, object }) => [Number(position), Number(object)] as const),
    texts: texts.map(({ number, text }) => [Number(number), String(text)] as const),
    lastPosition: Number(about?.position),
    lastObject: Number(about?.object),
    lastAt: Number(about?.at),
    restoredAt: restored?.at == null ? null : Number(restored.at),
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
