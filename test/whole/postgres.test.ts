import { chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { checkDatabase, restoreDatabase } from "../../cli/edge/shared-state.ts";
import { nodeTimers } from "../../durable-objects/node/node-clock.ts";
import { acquireDatabase } from "../../durable-objects/node/rows/postgres-disk.ts";
import { stateFile } from "../../durable-objects/node/rows/sqlite-file.ts";
import { bridgehead } from "../bridgehead-command.ts";
import { makeCertificate } from "../kit/certificate.ts";
import { PostgresOnTest } from "../kit/postgres-on-test.ts";

let postgres: PostgresOnTest;
let databases = 0;
beforeAll(async () => {
  postgres = await PostgresOnTest.start();
});
afterAll(() => postgres.stop());

const databaseText = async (url: string) => (await checkDatabase(url)).says;

function newDatabase(): Promise<string> {
  databases += 1;
  return postgres.newDatabase(`test_${databases}`);
}

/** An edge that is active on this database. Returns its disk. */
async function active(url: string) {
  const ports = { timers: nodeTimers, passedMs: () => performance.now(), waits: () => {}, lost: () => {} };
  const disk = await acquireDatabase(url, { name: "edge-1", url: "http://edge-1", version: "1" }, ports);
  return { ...(await disk.open()), close: () => disk.close() };
}

test("marks a database as restored, once its edges are stopped", async () => {
  const url = await newDatabase();
  expect(await databaseText(url)).toMatch(/^postgresql:\S+ is empty: its tables are made at the first start$/);
  await expect(restoreDatabase(url, 1)).rejects.toThrow("has no state: restore one with psql first");
  const edge = await active(url);
  expect(edge.restoredAt).toBe(null);
  expect(await databaseText(url)).toMatch(/: edge-1 is active, or was the last one; as of /);
  await expect(restoreDatabase(url, 1)).rejects.toThrow("an edge is active on ");
  await edge.close();
  expect(await databaseText(url)).toMatch(/: no edge is active; as of /);

  const folder = mkdtempSync(join(tmpdir(), "bridgehead-postgres-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const settings = join(folder, "edge.json");
  writeFileSync(settings, JSON.stringify({ state: url, name: "edge-1", url: "http://edge-1", domains: {} }));
  expect((await bridgehead(["backup", join(folder, "x"), "--settings", settings])).stderr).toMatch(/with pg_dump /);
  expect((await bridgehead(["restore", join(folder, "x"), "--settings", settings])).stderr).toMatch(/^there is no /);
  expect((await bridgehead(["restore", "--settings", settings])).stdout).toMatch(/^marked \S+ as restored\n$/);
  const first = await active(url);
  expect(Date.now() - Number(first.restoredAt)).toBeLessThan(60_000);
  expect(first.trustsClock).toBe(true);
  await first.close();
  await restoreDatabase(url, 1);
  const second = await active(url);
  expect(second.restoredAt).toBe(Number(first.restoredAt) + 1);
  await second.close();
});

test("puts the backup of a state file into an empty database", async () => {
  const url = await newDatabase();
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-postgres-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const state = stateFile(join(folder, "state.db"));
  state.open();
  const rows = Array.from({ length: 1_001 }, (_, id) => ({ table: "t", key: `[${id}]`, values: `[${id},"ü"]` }));
  const change = { name: "conference/local/1", alarm: 7, schema: ["CREATE TABLE t"], replaces: false, rows };
  state.write({ at: 5, deleted: [], changes: [change, { ...change, name: "sessions/a", alarm: null, rows: [] }] });
  state.close();

  expect(await restoreDatabase(url, 9, join(folder, "state.db"))).toMatch(/^restored \S+ to \S+: 1 conference, as of /);
  const ports = { timers: nodeTimers, passedMs: () => performance.now(), waits: () => {}, lost: () => {} };
  const disk = await acquireDatabase(url, { name: "edge-1", url: "http://edge-1", version: "1" }, ports);
  expect(await disk.open()).toMatchObject({ alarms: [["conference/local/1", 7]], restoredAt: 9, trustsClock: true });
  expect(await disk.schemaOf("sessions/a")).toEqual(["CREATE TABLE t"]);
  expect(await postgres.ask("SELECT count(*)::int AS rows FROM bridgehead.row", url)).toEqual([{ rows: 1_001 }]);
  expect((await disk.rowsOf("conference/local/1", null))[0]).toEqual(rows[0]);
  await disk.close();
  await expect(restoreDatabase(url, 9, join(folder, "state.db"))).rejects.toThrow("has a state already: back it up");
});

test("asks each host of a database in turn, and says of each what is wrong", async () => {
  const url = await newDatabase();
  expect(await databaseText(url.replace("@127", "@127.0.0.1:1,127"))).toMatch(/ is empty: /);
  await expect(databaseText(url.replace(/[^/]+@/, "nobody@").replace("@127", "@127.0.0.1:1,127"))).rejects.toThrow(
    /^the database cannot be used \(\S+:1\/\S+: .*refused; \S+: role "nobody" does not exist\)$/,
  );
  await expect(databaseText(`${url}?sslmode=verify-full`)).rejects.toThrow(/The server does not support SSL/);
});

test("refuses a state of another format", async () => {
  const url = await newDatabase();
  await (await active(url)).close();
  await postgres.ask("UPDATE bridgehead.state SET format = 7", url);
  const says = "no state of this release (format 7, not 1)";
  await expect(databaseText(url)).rejects.toThrow(says);
  await expect(active(url)).rejects.toThrow(says);
});

test("trusts the authority that the URL names, for the name that it vouches for", async () => {
  const url = await newDatabase();
  const [{ folder = "" } = {}] = (await postgres.ask(
    "SELECT current_setting('data_directory') AS folder",
  )) as readonly { readonly folder: string }[];
  const { certificate, key } = makeCertificate("localhost");
  for (const [name, text] of [
    ["server.crt", certificate],
    ["server.key", key],
    ["authority.pem", certificate],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    chownSync(join(folder, name), statSync(folder).uid, statSync(folder).gid);
  }
  await postgres.ask("ALTER SYSTEM SET ssl = on");
  await postgres.ask("SELECT pg_reload_conf()");
  const byAuthority = `sslmode=verify-full&sslrootcert=${join(folder, "authority.pem")}`;
  const named = url.replace("127.0.0.1", "localhost");
  await expect.poll(() => databaseText(`${named}?${byAuthority}`).catch(String)).toMatch(/ is empty: /);
  for (const options of ["sslmode=verify-full", byAuthority])
    await expect(databaseText(`${url}?${options}`)).rejects.toThrow(/certificate/);
});
