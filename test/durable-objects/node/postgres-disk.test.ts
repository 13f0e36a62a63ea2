import { afterAll, beforeAll, expect, onTestFinished, test as testAlways } from "vitest";
import { checkDatabase } from "../../../cli/edge/shared-state.ts";
import { nodeTimers } from "../../../durable-objects/node/node-clock.ts";
import {
  acquireDatabase,
  type EdgePorts,
  hostsOf,
  type PostgresDisk,
  sessionSettings,
} from "../../../durable-objects/node/rows/postgres-disk.ts";
import { findTool } from "../../../scripts/tools/find-tool.ts";
import { PostgresOnTest } from "../../kit/postgres-on-test.ts";
import { wayTo } from "../../way-to-database.ts";
import { checkStored, flushOf, storedCases } from "./stored-cases.ts";

const beatMs = 500;
/** The session that holds a database's lock. */
const holder = `FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

const program = await findTool("postgres");
if (!program.ok) console.warn(`PostgreSQL: left out, because ${program.error}`);
const test = testAlways.skipIf(!program.ok);
const pooler = await findTool("pgbouncer");
if (!pooler.ok) console.warn(`PgBouncer: left out, because ${pooler.error}`);
let postgres: PostgresOnTest;
let databases = 0;
let shared: PostgresDisk;
beforeAll(async () => {
  if (!program.ok) return;
  postgres = await PostgresOnTest.start();
  shared = await anEdge("shared", await newDatabase()).active;
  await shared.open();
}, 60_000);
afterAll(async () => {
  await shared?.close();
  await postgres?.stop();
}, 60_000);

const newDatabase = () => postgres.newDatabase(`test${++databases}`);

/** The database without a state. For tests whose edges all stop. */
async function emptyDatabase(): Promise<string> {
  await postgres.ask("DROP SCHEMA IF EXISTS bridgehead CASCADE");
  return postgres.url;
}

/** An edge that waits for its database. `speed`: of its time. */
function anEdge(name: string, url: string, speed = 1) {
  const lost: Error[] = [];
  const waits: string[] = [];
  /** Times that it has waited, in ms. */
  const waited: number[] = [];
  let isHalted = false;
  const halt = () => {
    isHalted = true;
  };
  const after: EdgePorts["timers"]["after"] = (ms, run) => {
    waited.push(ms);
    if (isHalted) return () => {};
    return nodeTimers.after(ms / speed, run);
  };
  const active = acquireDatabase(
    url,
    { name, url: `http://${name}`, version: "1" },
    {
      ...{ timers: { after }, passedMs: () => performance.now() * speed },
      waits: (why, activeUrl) => void waits.push(`${why}, at ${activeUrl}`),
      lost: (error) => lost.push(error),
    },
  );
  active.catch(() => {});
  return { active, lost, waits, waited, halt };
}

/** An edge that is active, and is closed with the test. */
async function active(name: string, url: string, speed?: number) {
  const { active, ...edge } = anEdge(name, url, speed);
  const disk = await active;
  onTestFinished(() => disk.close().catch(() => {}));
  return { ...edge, disk, stored: await disk.open() };
}

test.each(storedCases)("keeps %s", async (_, flushes) => {
  await checkStored(shared, flushes);
});

test("a start gets alarms, the time of the last flush, and whether the clock is trusted once", async () => {
  const url = await emptyDatabase();
  const first = await active("edge-1", url);
  expect(first.stored).toEqual({ alarms: [], lastAt: 0, restoredAt: null, trustsClock: false });
  await first.disk.write(flushOf(7, { name: "sessions/a", alarm: 5_000 }, { name: "sessions/b", alarm: 6_000 }));
  await first.disk.write(flushOf(9, { name: "sessions/b", alarm: null }));
  await first.disk.trustClock();
  await first.disk.close();
  const second = await active("edge-1", url);
  expect(second.stored).toEqual({ alarms: [["sessions/a", 5_000]], lastAt: 9, restoredAt: null, trustsClock: true });
  await second.disk.write({ at: 10, deleted: ["sessions/a"], changes: [] });
  expect(await second.disk.open()).toMatchObject({ alarms: [], lastAt: 10, trustsClock: false });
});

test("a second edge waits, is listed, and takes over at once after an orderly stop", async () => {
  const url = await emptyDatabase();
  const one = await active("edge-1", url);
  const other = anEdge("edge-2", url);
  await expect.poll(() => other.waits.at(-1)).toBe("edge-1 is active, at http://edge-1");
  expect(await one.disk.view()).toMatchObject({
    active: { name: "edge-1", url: "http://edge-1", since: expect.any(Number) },
    standbys: [{ name: "edge-2", url: "http://edge-2", version: "1", silentMs: expect.any(Number) }],
  });
  await one.disk.write(flushOf(3, { name: "sessions/a", alarm: 5_000 }));
  await one.disk.close();
  const disk = await other.active;
  expect(other.waited.filter((ms) => ms === beatMs)).toHaveLength(1);
  expect(await disk.open()).toMatchObject({ alarms: [["sessions/a", 5_000]] });
  expect(await disk.view()).toMatchObject({ active: { name: "edge-2" }, standbys: [] });
  await disk.close();
  expect([one.lost, other.lost]).toEqual([[], []]);
});

test("reports a lock without an owner if another edge has its name", async () => {
  const url = await newDatabase();
  await active("edge-1", url);
  const namesake = anEdge("edge-1", url);
  await expect
    .poll(() => namesake.waits.at(-1))
    .toMatch(/^the lock of edge-1, this edge, has no living owner, .* null$/);
  namesake.halt();
});

test("an edge whose session was ended can write nothing, and the other one waits for the end of its lease", async () => {
  const url = await newDatabase();
  const one = await active("edge-1", url);
  const other = anEdge("edge-2", url, 10);
  await expect.poll(() => other.waits.length).toBeGreaterThan(0);
  await postgres.ask(`SELECT pg_terminate_backend(pid) ${holder}`, url);
  await expect.poll(() => one.lost.length).toBeGreaterThan(0);
  await expect(one.disk.write(flushOf(1, { name: "sessions/lost", alarm: 5_000 }))).rejects.toThrow();
  const disk = await other.active;
  // 3 s of beats, and one that comes later.
  expect(other.waited.filter((ms) => ms === beatMs)).toHaveLength(3_000 / beatMs + 1);
  expect(await disk.open()).toMatchObject({ alarms: [] });
  await disk.close();
});

test("a beat renews the lease of an edge that writes nothing; one that is cut off loses it, though no connection ends", async () => {
  const url = await newDatabase();
  let isCutOff = false;
  const edge = await active("edge-1", await wayTo(url, (asked) => (isCutOff ? null : asked), "only"), 10);
  for (let beats = 0; beats < 2; beats += 1) await edge.disk.lease.renewed();
  await expect.poll(() => edge.disk.lease.isHeld).toBe(true);
  isCutOff = true;
  await expect.poll(() => edge.disk.lease.isHeld).toBe(false);
  expect(await postgres.ask(`SELECT pid ${holder}`, url)).toHaveLength(1);
  await expect.poll(() => edge.lost.length).toBeGreaterThan(0);
});

test("a commit that the database refuses rejects the flush, and nothing of it is there", async () => {
  const url = await emptyDatabase();
  const { disk } = await active("edge-1", url);
  await disk.write(flushOf(1, { name: "sessions/a", schema: ["CREATE TABLE t (id)"] }));
  const row = { table: "t", key: "[1]", values: "[1]" };
  await postgres.ask(
    `CREATE FUNCTION bridgehead.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
     CREATE CONSTRAINT TRIGGER refuses AFTER INSERT ON bridgehead.row DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
     EXECUTE FUNCTION bridgehead.refuse()`,
    url,
  );
  for (const replaces of [false, true]) {
    const schema = replaces ? ["CREATE TABLE t (id, more)"] : null;
    const flush = flushOf(2, { name: "sessions/a", alarm: 5, schema, replaces, rows: [row] });
    await expect(disk.write(flush)).rejects.toThrow("no room");
  }
  expect(await disk.schemaOf("sessions/a")).toEqual(["CREATE TABLE t (id)"]);
  expect(await disk.open()).toMatchObject({ alarms: [], lastAt: 1 });
});

test("a COMMIT that takes the transaction back rejects its flush and those behind it", async () => {
  let commit = "COMMIT";
  const way = await wayTo(await emptyDatabase(), (asked) => asked.replace("COMMIT", commit), "only");
  const { disk } = await active("edge-1", way);
  commit = "ABORT ";
  const flush = flushOf(2, { name: "sessions/a", schema: ["CREATE TABLE t (id)"], replaces: true });
  const writes = [disk.write(flush), disk.write(flushOf(3, { name: "sessions/b", alarm: 5_000 }))];
  for (const write of await Promise.allSettled(writes))
    expect(write).toMatchObject({ reason: { message: "the database has taken a transaction back" } });
  expect(await disk.open()).toMatchObject({ alarms: [] });
});

test("a lease counts from when its commit was sent", async () => {
  const url = await emptyDatabase();
  const { disk } = await active("edge-1", url, 10);
  await postgres.ask(
    `CREATE FUNCTION bridgehead.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN new; END $$;
     CREATE TRIGGER waits BEFORE UPDATE ON bridgehead.state FOR EACH ROW EXECUTE FUNCTION bridgehead.wait()`,
    url,
  );
  for (let beats = 0; beats < 2; beats += 1) await disk.lease.renewed();
  expect(disk.lease.isHeld).toBe(false);
});

test("refuses a state of another format, and leaves it", async () => {
  const url = await emptyDatabase();
  await (await active("edge-1", url)).disk.close();
  await postgres.ask("UPDATE bridgehead.state SET format = 7", url);
  const why = "the database has no state of this release (format 7, not 1): name another one";
  await expect(anEdge("edge-1", url).active).rejects.toMatchObject({ name: "NoState", message: why });
});

test("refuses a database that is not in UTF-8", async () => {
  await postgres.ask("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  const url = postgres.url.replace(/postgres$/, "latin");
  await expect(anEdge("edge-1", url).active).rejects.toMatchObject({ name: "NoState" });
});

test("two edges can make the tables at once", async () => {
  const url = await emptyDatabase();
  const edges = [anEdge("edge-1", url), anEdge("edge-2", url)];
  const first = await Promise.race(edges.map(({ active }) => active));
  await first.close();
  for (const { active } of edges) await (await active).close().catch(() => {});
  expect(edges.flatMap(({ lost }) => lost)).toEqual([]);
});

test.each([
  ["postgresql://a:b@one,two:5433/x?y=z", ["postgresql://a:b@one/x?y=z", "postgresql://a:b@two:5433/x?y=z"]],
  ["postgresql://one/x", ["postgresql://one/x"]],
  ["postgresql://a@[::1]:1,[::2]/x", ["postgresql://a@[::1]:1/x", "postgresql://a@[::2]/x"]],
])("%s names the hosts %j", (url, hosts) => {
  expect(hostsOf(url)).toEqual(hosts);
});

test("tries the next host if one is away or silent", async () => {
  const url = await newDatabase();
  const silent = await wayTo(url, () => null, "first");
  const edge = await active("edge-1", silent.replace("127.0.0.1", "127.0.0.1:1,127.0.0.1"));
  expect(edge.waits.length).toBe(2);
  expect(edge.waits[0]).toContain("the database cannot be used");
  const fault = "its URL names several hosts, and synchronous_standby_names is empty";
  expect((await edge.disk.view()).fault).toBe(fault);
  expect(await checkDatabase(url.replace("@127", "@127.0.0.1:1,127"))).toMatchObject({
    verdict: "warn",
    says: expect.stringContaining(fault),
  });
});

/** Changes settings of the database's sessions, which a pooler keeps. */
async function setOn(url: string, settings: Readonly<Record<string, string | number>>): Promise<void> {
  const database = new URL(url).pathname.slice(1);
  for (const [name, value] of Object.entries(settings))
    await postgres.ask(`ALTER DATABASE ${database} SET ${name} = '${value}'`, url);
}

const noPooler = "connect to PostgreSQL itself, not to a pooler";
testAlways.skipIf(!program.ok || !pooler.ok).each([
  ["in transaction mode", "transaction", true, `a pooler gives its sessions to several connections: ${noPooler}`],
  [
    "that drops options",
    "session",
    false,
    "its session has idle_in_transaction_session_timeout = 0, idle_session_timeout = 0, synchronous_commit = off, ",
  ],
] as const)("two edges behind a pooler %s stand by", async (_, mode, hasSettings, why) => {
  const url = await newDatabase();
  await setOn(url, hasSettings ? sessionSettings : { synchronous_commit: "off" });
  const pooled = await postgres.pooled(url, pooler.ok ? pooler.value.program : "", mode);
  const edges = [anEdge("edge-1", pooled, 10), anEdge("edge-2", pooled, 10)];
  for (const { waits } of edges) {
    await expect.poll(() => waits.length, { timeout: 60_000 }).toBeGreaterThan(1);
    expect(new Set(waits).size).toBe(1);
    expect(waits[0]).toContain(`the database cannot be used (${why}`);
    expect(waits[0]).toContain(noPooler);
  }
  await expect(checkDatabase(pooled)).rejects.toThrow(why);
  for (const { halt } of edges) halt();
});

test("becomes active once the database has the required settings", async () => {
  const url = await newDatabase();
  await setOn(url, { default_transaction_isolation: "serializable", default_transaction_read_only: "on" });
  const edge = anEdge("edge-1", url);
  const why = "its session has transaction_read_only = on: change this on the server";
  await expect.poll(() => edge.waits).toContain(`the database cannot be used (${why}), at null`);
  await expect(checkDatabase(url)).rejects.toThrow(why);
  await postgres.ask(
    "SET transaction_read_only = off; ALTER DATABASE x RESET ALL".replace("x", url.slice(url.lastIndexOf("/") + 1)),
    url,
  );
  await (await edge.active).close();
});

test("an attempt that fails leaves no session", async () => {
  const url = await newDatabase();
  let wrong = "SET nome =";
  const way = await wayTo(url, (asked) => asked.replace("SET name =", wrong), "only");
  const edge = anEdge("edge-1", way, 10);
  await expect.poll(() => edge.waits.length).toBe(2);
  wrong = "SET name =";
  await (await edge.active).close();
  const left = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
  await expect.poll(() => postgres.ask(left, url)).toEqual([]);
});

test("a database whose idle sessions end keeps that which only reads", async () => {
  const url = await newDatabase();
  await postgres.ask(
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET idle_session_timeout = 100', current_database()); END $$",
    url,
  );
  const { disk, lost } = await active("edge-1", url);
  for (let beats = 0; beats < 2; beats += 1) await disk.lease.renewed();
  expect(await disk.schemaOf("sessions/a")).toEqual([]);
  expect(lost).toEqual([]);
});
