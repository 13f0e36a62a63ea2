import { once } from "node:events";
import { chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { makeAuthority } from "../../conformance/doors/kit.ts";
import { nothing } from "../../durable-objects/node/log/disk.ts";
import { NodeClock } from "../../durable-objects/node/node-clock.ts";
import { LeasedDisk } from "../../durable-objects/node/shared/leased-disk.ts";
import {
  hostsOf,
  lookAtDatabase,
  PostgresDatabase,
  PostgresReader,
} from "../../durable-objects/node/shared/postgres-database.ts";
import { copyInto } from "../../durable-objects/node/shared/whole-copy.ts";
import { loadNode } from "../../scripts/edge.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import type { EdgeVariables } from "../../src/settings/load.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { sharedDatabaseSuite } from "../durable-objects/node/shared-database-suite.ts";
import { PostgresOnTest } from "../kit/postgres-on-test.ts";
import { agentWithoutKey } from "../local-domain.ts";
import { wayTo } from "../way-to-database.ts";

let postgres: PostgresOnTest;
let databases = 0;
beforeAll(async () => {
  postgres = await PostgresOnTest.start();
});
afterAll(() => postgres.stop());

async function newDatabase(): Promise<{ readonly url: string; connect(): PostgresDatabase }> {
  databases += 1;
  const url = await postgres.newDatabase(`test_${databases}`);
  return {
    url,
    connect: () => {
      const database = new PostgresDatabase(url);
      onTestFinished(() => database.reset());
      return database;
    },
  };
}

sharedDatabaseSuite(async () => {
  const { connect } = await newDatabase();
  return {
    one: connect(),
    connect: async () => {
      const other = connect();
      await other.prepare(true);
      return other;
    },
  };
});

test("several hosts are tried in turn, as libpq writes them", async () => {
  expect(hostsOf("postgresql://u:p%40@one,other:5433/name?sslmode=verify-full")).toEqual([
    "postgresql://u:p%40@one/name?sslmode=verify-full",
    "postgresql://u:p%40@other:5433/name?sslmode=verify-full",
  ]);
  const { url } = await newDatabase();
  const database = new PostgresDatabase(url.replace("@127", "@127.0.0.1:1,127"));
  onTestFinished(() => database.reset());
  await database.prepare(true);
  expect((await database.holding()).epoch).toBe(0);
  const none = new PostgresDatabase("postgresql://127.0.0.1:1,127.0.0.1:2/none");
  await expect(none.prepare(true)).rejects.toThrow(
    "127.0.0.1:1: the connection was refused; 127.0.0.1:2: the connection was refused",
  );
});

test("of several hosts an operator hears which one is away, and an edge which one refuses it", async () => {
  const { url } = await newDatabase();
  const withDead = url.replace("@127", "@127.0.0.1:1,127");
  expect(await lookAtDatabase(withDead)).toMatchObject({
    hasState: false,
    away: [{ message: "127.0.0.1:1: the connection was refused" }],
  });
  const stranger = withDead.replace(/[^/]+@/, "nobody@");
  const refused = {
    code: "28000",
    message: expect.stringMatching(/was refused; 127\.0\.0\.1:\d+: role "nobody" does not exist$/),
  };
  await expect(lookAtDatabase(stranger)).rejects.toMatchObject(refused);
  const database = new PostgresDatabase(stranger);
  onTestFinished(() => database.reset());
  await expect(database.prepare(true)).rejects.toMatchObject(refused);
});

test("a URL without the password that the database asks for is refused as a wrong one is", async () => {
  const { url } = await newDatabase();
  const [hba = {}] = await postgres.ask("SHOW hba_file");
  const file = String(Object.values(hba)[0]);
  const before = readFileSync(file, "utf8");
  writeFileSync(file, `host all known 127.0.0.1/32 scram-sha-256\n${before}`);
  await postgres.ask("CREATE ROLE known LOGIN PASSWORD 'secret'");
  await postgres.ask("SELECT pg_reload_conf()");
  const askAs = (who: string) => lookAtDatabase(url.replace(/[^/]+@/, `${who}@`));
  await expect(askAs("known")).rejects.toMatchObject({
    code: "28P01",
    message: expect.stringMatching(/^127\.0\.0\.1:\d+ asks for a password, and the URL has none$/),
  });
  await expect(askAs("known:wrong")).rejects.toMatchObject({ code: "28P01" });
  await expect(askAs("known:secret")).rejects.toThrow("its user may make no schema in it");
  await postgres.ask(`ALTER DATABASE ${new URL(url).pathname.slice(1)} OWNER TO known`);
  expect(await askAs("known:secret")).toMatchObject({ away: [] });
  writeFileSync(file, before);
  await postgres.ask("SELECT pg_reload_conf()");
});

test("a database without TLS is refused where the URL asks for it", async () => {
  const { url } = await newDatabase();
  await expect(lookAtDatabase(`${url}?sslmode=verify-full`)).rejects.toMatchObject({
    code: "28000",
    message: expect.stringMatching(/^127\.0\.0\.1:\d+ has no TLS, which sslmode asks for$/),
  });
});

test("by TLS the authority that the URL names is trusted, for the name that it vouches for, and no other", async () => {
  const { url } = await newDatabase();
  const [{ folder = "" } = {}] = (await postgres.ask(
    "SELECT current_setting('data_directory') AS folder",
  )) as readonly { readonly folder: string }[];
  const { certificate, server } = makeAuthority("localhost", Date.now());
  for (const [name, text] of [
    ["server.crt", server.certificate],
    ["server.key", server.key],
    ["authority.pem", certificate],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    chownSync(join(folder, name), statSync(folder).uid, statSync(folder).gid);
  }
  await postgres.ask("ALTER SYSTEM SET ssl = on");
  await postgres.ask("SELECT pg_reload_conf()");
  onTestFinished(async () => {
    await postgres.ask("ALTER SYSTEM RESET ssl");
    await postgres.ask("SELECT pg_reload_conf()");
  });
  const byAuthority = `sslmode=verify-full&sslrootcert=${join(folder, "authority.pem")}`;
  await expect
    .poll(() => lookAtDatabase(`${url.replace("127.0.0.1", "localhost")}?${byAuthority}`).catch(String))
    .toEqual({ hasState: false, away: [] });
  for (const [options, says] of [
    ["sslmode=verify-full", "its certificate is of no authority that is trusted here"],
    [byAuthority, "its certificate is for another name"],
  ])
    await expect(lookAtDatabase(`${url}?${options}`)).rejects.toThrow(new RegExp(`^127\\.0\\.0\\.1:\\d+: ${says}$`));
});

test("refuses a database of another format", async () => {
  const { url, connect } = await newDatabase();
  const known = connect();
  await known.prepare(true);
  await postgres.ask("UPDATE bridgehead.edge SET format = 7", url);
  await expect(known.holding()).rejects.toThrow("the database has format 7");
  await expect(connect().prepare(true)).rejects.toThrow("the database has format 7, and this version reads format 1");
});

test("a database that is not in UTF-8 is refused", async () => {
  await postgres.ask("CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  const database = new PostgresDatabase(postgres.url.replace(/postgres$/, "latin"));
  onTestFinished(() => database.reset());
  await expect(database.prepare(true)).rejects.toThrow("the database's encoding is LATIN1, and must be UTF8");
});

test("two edges may make the tables at once", async () => {
  const { connect } = await newDatabase();
  const all = Array.from({ length: 6 }, () => connect());
  await Promise.all(all.map((database) => database.prepare(true)));
  expect((await all[0]?.holding())?.epoch).toBe(0);
});

test("the name of an edge that has said nothing for long is free", async () => {
  const { url, connect } = await newDatabase();
  const database = connect();
  await database.prepare(true);
  const beat = { name: "one", life: "a", url: "http://x", version: "1", settings: "", position: 0, fault: null };
  await database.beat(beat);
  await postgres.ask("UPDATE bridgehead.peer SET seen = seen - interval '6 s'", url);
  expect(await database.beat({ ...beat, life: "b" })).toBe(true);
  expect((await database.view()).peers).toMatchObject([{ name: "one", life: "b" }]);
});

test("a connection that is cut rejects what is under way, and the next call connects anew", async () => {
  const { url, connect } = await newDatabase();
  const database = connect();
  await database.prepare(true);
  await database.acquire({ epoch: 0, flush: 0 }, { holder: "one", life: "a", since: 1, why: "first", after: 0 });
  const blocks = postgres.ask("BEGIN; SELECT * FROM bridgehead.edge FOR UPDATE; SELECT pg_sleep(1); COMMIT", url);
  const locks = () => postgres.ask("SELECT 1 FROM pg_locks WHERE mode = 'RowShareLock'", url);
  await expect.poll(async () => (await locks()).length).toBeGreaterThan(0);
  const flushed = database.flush({ epoch: 1, flush: 1, life: "a" }, nothing, 7);
  flushed.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  database.reset();
  await expect(flushed).rejects.toThrow();
  expect((await database.holding()).epoch).toBe(1);
  await blocks;
});

test("a killed server is connected to anew once it is back", async () => {
  const { connect } = await newDatabase();
  const database = connect();
  await database.prepare(true);
  await postgres.kill();
  await expect(database.holding()).rejects.toThrow();
  database.reset();
  await postgres.begin();
  await expect.poll(() => database.holding().catch(() => null)).toMatchObject({ epoch: 0 });
});

test("a read that takes long holds up no flush, and no flush cuts it off", async () => {
  const { url, connect } = await newDatabase();
  const database = connect();
  await database.prepare(true);
  await database.acquire({ epoch: 0, flush: 0 }, { holder: "one", life: "a", since: 1, why: "first", after: 0 });
  await database.flush({ epoch: 1, flush: 1, life: "a" }, { ...nothing, created: [[1, "sessions/one"]] }, 1);
  const blocks = postgres.ask("BEGIN; LOCK bridgehead.part; SELECT pg_sleep(1); COMMIT", url);
  const locks = () => postgres.ask("SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted", url);
  await expect.poll(async () => (await locks()).length).toBeGreaterThan(0);
  const order: string[] = [];
  const reading = database.read({ epoch: 1, flush: 1, life: "a" }, 1, []).then(() => order.push("read"));
  const rows = [{ position: 1, object: 1, body: "[]" }];
  await database.flush({ epoch: 1, flush: 2, life: "a" }, { ...nothing, rows }, 2).then(() => order.push("flushed"));
  await Promise.all([reading, blocks]);
  expect(order).toEqual(["flushed", "read"]);
});

test("a server that goes silent amid the handshake keeps nobody from the next one", async () => {
  const { url } = await newDatabase();
  const silent = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
  onTestFinished(() => void silent.close());
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const database = new PostgresDatabase(url.replace("@127", `@127.0.0.1:${port},127`));
  onTestFinished(() => database.reset());
  await expect(database.holding()).rejects.toThrow();
  await database.prepare(true);
});

test.each([
  ["answers nothing", () => null],
  ["answers with an error", (asked: string) => asked.replace("to_regclass(", "to_regclasx(")],
])("a host that lets in and %s about the state is left for the next one", async (_, change) => {
  const { url } = await newDatabase();
  const asks = (asked: string) => (asked.includes("to_regclass") ? change(asked) : asked);
  const database = new PostgresDatabase(await wayTo(url, asks, "first"));
  onTestFinished(() => database.reset());
  await database.prepare(true);
  expect((await database.holding()).epoch).toBe(0);
});

test("a backup is of the latest of several hosts, and one that is silent holds it up for ten seconds at most", {
  timeout: 30_000,
}, async () => {
  const { url, connect: toDatabase } = await newDatabase();
  const database = toDatabase();
  await database.prepare(true);
  await database.acquire({ epoch: 0, flush: 0 }, { holder: "one", life: "a", since: 1, why: "first", after: 0 });
  // As long as before, for the length stands before it.
  const older = (asked: string) =>
    asked
      .replace("SELECT format, epoch, flush", "SELECT format,0 epoch,flush")
      .replace("SELECT at, position, object", "SELECT 7 at,position,object");
  const silent = (asked: string) => (asked.includes("bridgehead.") ? null : asked);
  for (const [change, order] of [
    [older, "first"],
    [older, "last"],
    [silent, "last"],
  ] as const) {
    const reader = new PostgresReader(await wayTo(url, change, order));
    expect((await reader.open()).lastAt).toBe(0);
    await reader.close();
  }
});

test("a host that lets in and then says nothing is named", { timeout: 30_000 }, async () => {
  const { url, connect: toDatabase } = await newDatabase();
  await toDatabase().prepare(true);
  const silentAbout = (what: string) => wayTo(url, (asked) => (asked.includes(what) ? null : asked), "only");
  const [about, state, part] = [
    await silentAbout("to_regclass"),
    await silentAbout("epoch"),
    await silentAbout("part"),
  ];
  const named = (of: string) => `${new URL(of).host} does not answer`;
  const reader = new PostgresReader(part);
  await reader.open();
  await Promise.all([
    expect(lookAtDatabase(about)).rejects.toThrow(named(about)),
    expect(new PostgresDatabase(about).prepare(true)).rejects.toThrow(named(about)),
    expect(new PostgresDatabase(state).prepare(true)).rejects.toThrow(named(state)),
    expect(new PostgresReader(state).open()).rejects.toThrow(named(state)),
    expect(reader.read(1, [])).rejects.toThrow(named(part)),
  ]);
});

test("a machine that has another state than the one that is written to is asked no second time", async () => {
  const { url, connect: toDatabase } = await newDatabase();
  const right = toDatabase();
  await right.prepare(true);
  await right.acquire({ epoch: 0, flush: 0 }, { holder: "one", life: "a", since: 1, why: "first", after: 0 });
  let connections = 0;
  const database = new PostgresDatabase(
    await wayTo(
      url,
      (asked) => {
        if (asked.includes("application_name")) connections += 1;
        return connections === 1 ? asked.replace("SELECT format, epoch, flush", "SELECT format,0 epoch,flush") : asked;
      },
      "only",
    ),
  );
  onTestFinished(() => database.reset());
  const by = { epoch: 1, flush: 0, life: "a" };
  await expect(database.read(by, 1, [])).rejects.toThrow("has another state than the one that is written to");
  expect(await database.read(by, 1, [])).toMatchObject({ bodies: [] });
});

test("while a state is copied into a database, it is free at no time, and says that it is a part of one", async () => {
  const { url, connect: toDatabase } = await newDatabase();
  const database = toDatabase();
  await database.prepare(true);
  await postgres.ask(
    `CREATE TABLE said (holder text, given_back text);
     CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO said VALUES (NEW.holder, NEW.given_back); RETURN NULL; END';
     CREATE TRIGGER say AFTER UPDATE ON bridgehead.edge FOR EACH ROW EXECUTE FUNCTION say()`,
    url,
  );
  await copyInto(url, async (disk) => {
    await disk.flush(nothing, 1);
    expect(await database.holding()).toMatchObject({ holder: "a copy", givenBack: null });
    return { objects: 0, conferences: 0, at: 1 };
  });
  const free = await postgres.ask("SELECT * FROM said WHERE given_back IS NOT NULL", url);
  expect(free).toEqual([{ holder: "a copy", given_back: "stopped" }]);
  const failing = copyInto(url, async () => {
    throw new Error("the source is away");
  });
  await expect(failing).rejects.toThrow("the source is away");
  expect(await database.holding()).toMatchObject({ holder: "a copy", givenBack: null });
});

test("who acts is said also while a replica is away, for which what an edge says of itself does not wait", async () => {
  const { connect: toDatabase } = await newDatabase();
  const database = toDatabase();
  await database.prepare(true);
  await postgres.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  await postgres.ask("SELECT pg_reload_conf()");
  onTestFinished(async () => {
    await postgres.ask("ALTER SYSTEM RESET synchronous_standby_names");
    await postgres.ask("SELECT pg_reload_conf()");
  });
  const beat = { name: "one", life: "a", url: "http://x", version: "1", settings: "", position: 0, fault: null };
  for (let times = 0; times < 20; times += 1) {
    expect(await database.beat(beat)).toBe(true);
    expect((await database.view()).peers).toHaveLength(1);
  }
});

test("a schema that is dropped under an edge is not begun anew by it", async () => {
  const { url, connect: toDatabase } = await newDatabase();
  const disk = new LeasedDisk({
    database: toDatabase(),
    timers: new NodeClock(),
    log: () => {},
    settings: () => "",
    passedMs: () => performance.now(),
    now: () => Date.now(),
    self: { name: "one", life: "a", url: "http://one", version: "1" },
  });
  await disk.open();
  await postgres.ask("DROP SCHEMA bridgehead CASCADE", url);
  const refused = await disk.flush(nothing, 1).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "3F000", message: expect.stringMatching(/does not exist$/) });
  expect(disk.mayComeBack(refused)).toBe(false);
  await expect.poll(() => disk.open().catch(String)).toContain("there is no state in the database");
  disk.abandon();
});

test("a host that never answers is left for the next one, whoever notices it first", async () => {
  const { url } = await newDatabase();
  const silent = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
  onTestFinished(() => void silent.close());
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const database = new PostgresDatabase(url.replace("@127", `@127.0.0.1:${port},127`));
  onTestFinished(() => database.reset());
  const asked = database.holding();
  await once(silent, "connection");
  database.reset();
  await expect(asked).rejects.toThrow();
  await expect(database.holding()).rejects.toThrow(/does not exist$/);
});

test("what waits for a connection that is cut is not asked on the next one", async () => {
  const { connect } = await newDatabase();
  const database = connect();
  await database.prepare(true);
  const asked = Promise.allSettled([database.holding(), database.leave("a")]);
  database.reset();
  expect((await asked).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect((await database.holding()).epoch).toBe(0);
});

test("an edge with a full log and many conferences at rest begins at once", async () => {
  const { url, connect } = await newDatabase();
  const database = connect();
  await database.prepare(true);
  await postgres.ask(
    `INSERT INTO bridgehead.object SELECT n, 'sessions/' || n, 100000, NULL, '[]' FROM generate_series(1, 5000) AS n;
     INSERT INTO bridgehead.object VALUES (9999, 'sessions/busy', 0, NULL, '[]');
     INSERT INTO bridgehead.log SELECT n, 9999, n, '[]' FROM generate_series(1, 50000) AS n`,
    url,
  );
  const begunAt = performance.now();
  const { objects, rows } = await database.load(await database.holding());
  // Once for each conference the log would be gone through for minutes.
  expect(performance.now() - begunAt).toBeLessThan(5_000);
  expect([objects.length, rows.length, objects.at(-1)]).toEqual([
    5001,
    50_000,
    { object: 9999, name: "sessions/busy", alarm: 50_000 },
  ]);
});

test("a wait for a replica that is cancelled is no success", async () => {
  const { connect } = await newDatabase();
  const database = connect();
  await database.prepare(true);
  await database.acquire({ epoch: 0, flush: 0 }, { holder: "one", life: "a", since: 1, why: "first", after: 0 });
  await postgres.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  await postgres.ask("SELECT pg_reload_conf()");
  onTestFinished(async () => {
    await postgres.ask("ALTER SYSTEM RESET synchronous_standby_names");
    await postgres.ask("SELECT pg_reload_conf()");
  });
  const waits = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  const flushed = database.flush({ epoch: 1, flush: 1, life: "a" }, nothing, 7);
  flushed.catch(() => {});
  await expect.poll(async () => (await postgres.ask(waits)).length).toBe(1);
  await postgres.ask(`SELECT pg_cancel_backend(pid) FROM (${waits}) AS one`);
  await expect(flushed).rejects.toThrow("did not wait for its replica");
  // It is there all the same, and who sends it again is told so.
  expect((await database.holding()).flush).toBe(1);
});

test("an edge that stands by with another token, other domains or people is at fault", async () => {
  const { url } = await newDatabase();
  const token = "operator-token";
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-postgres-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { serveNode } = await loadNode(folder);
  const start = async (name: string, change: Partial<EdgeVariables>) => {
    const variables = {
      DOMAINS: JSON.stringify({ local: localDomain({ agents: [agentWithoutKey("agent-1")] }) }),
      OPERATOR_TOKEN: token,
      ...change,
    };
    const [port = 0] = await freePorts(1);
    const state = { database: url, name, url: `http://127.0.0.1:${port}` };
    const edge = await serveNode({ variables, state, port, host: "127.0.0.1", write: () => {} });
    onTestFinished(() => edge.stop());
    return state.url;
  };
  const one = await start("one", {});
  const faultOf = async (name: string) => {
    const answer = await fetch(`${one}/api/v1/edges`, { headers: { authorization: `Bearer ${token}` } });
    const { edges } = (await answer.json()) as { edges: { name: string; fault: string | null }[] };
    return edges.find((edge) => edge.name === name)?.fault;
  };
  await start("same", {});
  await start("other-token", { OPERATOR_TOKEN: "another" });
  await start("other-domains", { DOMAINS: "{}" });
  await start("other-people", { OPERATORS: '{ "people": [] }' });
  for (const name of ["other-token", "other-domains", "other-people"])
    await expect.poll(() => faultOf(name)).toBe("its domains, people or operator's token are others");
  expect(await faultOf("same")).toBe(null);
});
