import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PostgresOnTest } from "../kit/postgres-on-test.ts";
import { eventually, goesOn, kill, Meeting, startWorld, type World } from "./world.ts";

/** The page, whose recipe and settings are followed here. */
const page = readFileSync(join(import.meta.dirname, "../../docs/high-availability.md"), "utf8");
const replicas = ["r1", "r2"] as const;
/** As the recipe has it, the database's own user is somebody else. */
const administrator = "administrator";

let world: World;
let database = "";
let databases: readonly PostgresOnTest[] = [];

beforeAll(async () => {
  databases = await threeMachines();
  const { state } = JSON.parse(block("json")) as { state: string };
  const hosts = databases.map(({ url }) => new URL(url).host).join();
  // TLS and the password alone are left out.
  database = state.replace(/:…@[^/]*/, `@${hosts}`).replace(/\?sslmode=.*/, "");
  world = await startWorld({ pair: [database, database] });
});
afterAll(async () => {
  await world?.stop();
  await Promise.all(databases.map((database) => database.stop()));
});

function block(language: string): string {
  const [, found] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "s").exec(page) ?? [];
  if (found === undefined) throw new Error(`docs/high-availability.md has no ${language}`);
  return found;
}

/** A primary and two replicas, with the role, the database and the settings of the page. */
async function threeMachines(): Promise<readonly PostgresOnTest[]> {
  const primary = await PostgresOnTest.start();
  await primary.ask(`CREATE ROLE ${administrator} SUPERUSER LOGIN`);
  await primary.ask("ALTER ROLE bridgehead RENAME TO installer", administer(primary));
  for (const statement of block("sql")
    .split(";")
    .filter((text) => text.trim() !== ""))
    await primary.ask(statement, administer(primary));
  const others: PostgresOnTest[] = [];
  for (const name of replicas) others.push(await PostgresOnTest.start({ primary: administer(primary), name }));
  const settings = [...page.matchAll(/`((?:synchronous_|fsync|full_page_writes)\w* = [^`]*)`/g)].map(([, set]) => set);
  expect(settings).toHaveLength(4);
  for (const set of settings) for (const database of [primary, ...others]) await setOn(database, set ?? "");
  return [primary, ...others];
}

function administer({ url }: PostgresOnTest): string {
  return url.replace("bridgehead@", `${administrator}@`);
}

async function setOn(database: PostgresOnTest, setting: string): Promise<void> {
  await database.ask(`ALTER SYSTEM SET ${setting}`, administer(database));
  await database.ask("SELECT pg_reload_conf()", administer(database));
}

async function activeEdge(): Promise<{ readonly name: string }> {
  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  const answer = await fetch(`${world.run.edgeUrl}/api/v1/edges`, { headers });
  return ((await answer.json()) as { active: { name: string } }).active;
}

test("by the recipe, neither the database's machine nor an edge's takes a meeting along", {
  timeout: 120_000,
}, async () => {
  const [primary, first, second] = databases as [PostgresOnTest, PostgresOnTest, PostgresOnTest];
  const meeting = new Meeting(world);
  await meeting.create();
  const { extCallId } = await meeting.callIn("201");
  await goesOn(meeting, extCallId, "202");

  // The primary's machine is lost. What Patroni does then:
  await primary.kill();
  await first.ask("SELECT pg_promote()", administer(first));
  await setOn(second, `primary_conninfo = '${administer(first)}?application_name=r2'`);
  await goesOn(meeting, extCallId, "203");

  const { name } = await eventually("an edge is active", activeEdge);
  await kill(world, name === "edge-1" ? "edge" : "edge2");
  await eventually("the other edge is active", async () => (await activeEdge().catch(() => ({ name }))).name !== name);
  await goesOn(meeting, extCallId, "204");

  // Without a replica nothing is confirmed, and nothing lost.
  await second.kill();
  const mute = meeting.muteRequest(extCallId, false);
  const asked = meeting.ask(mute);
  expect(await Promise.race([asked.then(() => "confirmed"), pause(3_000, "not confirmed")])).toBe("not confirmed");
  await second.begin();
  await asked;
  await meeting.answerTo(mute.msgId, "ok");
  await goesOn(meeting, extCallId, "205");
  await meeting.close();

  const acted = (await world.bridge.acts()).filter(({ conference }) => conference === meeting.confKey);
  expect(new Set(acted.map(({ commandId }) => commandId)).size).toBe(acted.length);
});
