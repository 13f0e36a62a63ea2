import { expect, test } from "vitest";
import type { PromptCall } from "../../../src/bridge/prompt-call.ts";
import type { BridgeName, CallId, ConfKey, WebexHost } from "../../../src/foundation/ids.ts";
import { dayMs, hourMs, minuteMs } from "../../../src/foundation/time/timers.ts";
import { entered } from "../../builders.ts";
import { Database } from "../../kit/database.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { aConferenceRecord } from "../../records/a-record.ts";
import { aBatch } from "../a-batch.ts";
import { callerEntered, callerLeft, confKey, createConference } from "../conference-world.ts";
import { call, DirectoryWorld, domain, ended, list } from "./world.ts";

const ada = "15552345678";
const receiver = { url: "https://voice.example.com/events", secretFrom: "WEBHOOK_SECRET_A" };

test("a row that comes twice, late or out of order is stored once, as of its latest version", async () => {
  const world = new DirectoryWorld();
  const running = (callers: number) => aBatch({ key: "1", running: { callers }, records: [call(`c${callers}`)] });
  const [first, second, third] = [running(1), running(2), running(3)];
  for (const batch of [second, second, first, third, second]) {
    await world.directory.publish(batch);
    world.start();
  }
  expect((await list(world)).conferences).toMatchObject([{ key: "1", now: { callers: 3 } }]);
  expect((await world.all()).map((one) => one.kind === "call" && one.call)).toEqual(["c2", "c1", "c3"]);
  const over = aBatch({ key: "1", records: [aConferenceRecord({ conference: "1", createdAt: worldBegins })] });
  await world.directory.publish(over);
  await world.directory.publish(third);
  expect([(await list(world)).total, (await world.all()).length]).toEqual([0, 4]);
});

test("the directory answers a later version, and the conference sends all again with another", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(1);
  await conference.time.pass(5_000);
  const { batches } = conference;
  const last = batches.at(-1) ?? expect.unreachable();
  const later = { ...last, version: last.version + 100, conferences: last.conferences.map(lockedRow) };
  await world.directory.publish(later);
  expect(await world.directory.publish(last)).toMatchObject({ laterVersion: later.version });
  const before = batches.length;
  await conference.reported(callerEntered(1));
  await conference.time.pass(1_000);
  expect(batches.slice(before).map(({ version }) => version > later.version)).toEqual([false, true]);
  expect((await list(world)).conferences).toMatchObject([{ now: { callers: 2, locked: false } }]);
});

function lockedRow<Row extends { readonly now: object | null }>(row: Row): Row {
  return { ...row, now: row.now && { ...row.now, locked: true } };
}

/** What waits for the receiver, which takes nothing. */
async function eventsOf(world: DirectoryWorld): Promise<readonly string[]> {
  return world.sql.exec("SELECT body FROM webhook ORDER BY id").map(({ body }) => JSON.parse(String(body)).type);
}

test("a directory that was lost has all ended conferences and calls by its own alarm", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(2);
  // More than one batch holds.
  for (let index = 0; index < 300; index++)
    for (const report of [callerEntered(100 + index), callerLeft(100 + index)]) await conference.reported(report);
  await conference.reported(ended);
  await conference.received("again", createConference());
  await conference.allDone();
  await conference.time.pass(60_000);
  const [records, running] = [await world.all(), await list(world)];
  expect(records.length).toBe(303);

  world.sql = new Database();
  world.start();
  await world.directory.promptStore.keepPromptCalls(domain, { bridge: "simulated" as BridgeName, calls: [] });
  const { publish } = world;
  world.publish = () => Promise.reject(new Error("it is away"));
  await refilled(world);
  expect(await world.records()).toMatchObject({ records: [], isFilling: true });
  world.publish = publish;
  await refilled(world);
  await conference.time.pass(60_000);
  const again = await world.all();
  expect(again).toHaveLength(records.length);
  expect(again).toEqual(expect.arrayContaining([...records]));
  expect((await list(world)).conferences).toEqual(running.conferences);
  // It asks nobody again.
  const { length } = world.asked;
  await refilled(world);
  expect(world.asked).toHaveLength(length);
});

test("an end that comes after more rows than a batch holds is published before the next conference", async () => {
  const world = new DirectoryWorld();
  world.domain = testDomain({ webhooks: [receiver] });
  const conference = world.conference();
  await conference.running(1);
  await conference.time.pass(2_000);
  const { publish } = conference;
  conference.publish = () => Promise.reject(new Error("it is away"));
  for (let index = 0; index < 300; index++)
    for (const report of [callerEntered(100 + index), callerLeft(100 + index)]) await conference.reported(report);
  await conference.reported(ended);
  await conference.received("again", createConference());
  await conference.allDone();
  conference.publish = publish;
  await conference.time.pass(60_000);
  const conferences = (await eventsOf(world)).filter((type) => type.startsWith("conference"));
  expect(conferences).toEqual(["conference.started", "conference.ended", "conference.started"]);
});

test("a refill asks only conferences that failed again, each time later, also after a restart", async () => {
  const world = new DirectoryWorld();
  const about = { at: worldBegins, quietUntil: null };
  world.holders = ["1", "2"].map((key, index) => ({ key: key as ConfKey, place: 2 - index, ...about }));
  world.publish = (key) => (key === "2" ? Promise.reject(new Error("it is broken")) : Promise.resolve(true));
  await world.directory.alertStore.serverRefused(domain, "tsp");
  const pauses: number[] = [];
  for (let round = 0; round < 4; round++) {
    await refilled(world);
    pauses.push(Math.round(((world.alarmAt ?? 0) - world.time.now) / minuteMs));
    world.start();
  }
  expect(pauses).toEqual([2, 4, 8, 16]);
  expect(world.asked).toEqual(["1", "2", "2", "2", "2"]);
});

/** The alarm that the directory has set comes, and what it asks for is done. */
async function refilled(world: DirectoryWorld): Promise<void> {
  world.time.now = Math.max(world.time.now, world.alarmAt ?? expect.unreachable());
  await world.directory.alarm();
  await world.time.pass(30_000);
}

test("an erased number does not come back with a later row of its call, and does with a new call", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  await conference.reported(entered({ call: "c1", number: ada, attendeeId: "4711" }));
  await conference.time.pass(2_000);
  world.time.now = conference.time.now;
  await world.directory.recordStore.erase(domain, ada);
  await conference.reported(callerLeft(1));
  await conference.time.pass(2_000);
  expect(JSON.stringify(world.sql.dump())).not.toMatch(/15552345678|4711/);
  expect(await world.all()).toMatchObject([{ call: "c1", number: "", attendeeId: "" }]);
  await conference.reported(entered({ call: "c2", number: ada }));
  await conference.time.pass(2_000);
  expect((await list(world, { number: ada })).conferences).toHaveLength(1);
});

test("a batch on a full disk leaves nothing, and comes again", async () => {
  const world = new DirectoryWorld();
  world.domain = testDomain({ webhooks: [receiver] });
  const end = { at: worldBegins + 1, why: "unknown-keys" } as const;
  const tries = ["p1", "p2", "p3"].map(
    (name): PromptCall => ({ call: name as CallId, number: ada, dialled: "1", at: worldBegins, steps: [], end }),
  );
  await world.directory.promptStore.keepPromptCalls(domain, { bridge: "simulated" as BridgeName, calls: tries });
  const refused = async () => world.directory.promptStore.refusedCallers().length;
  const before = world.sql.dump();
  const host = "tsp" as WebexHost;
  const batch = aBatch({
    running: { people: [{ number: ada, enteredAt: worldBegins + 9 }] },
    waiting: [{ host, documents: 1, oldestAt: worldBegins, failure: null }],
    records: [call("c1")],
    facts: [{ kind: "post-confirmed", host, tookMs: 1, transId: "1" as never, refused: true } as never],
  });
  const { transaction } = world.sql;
  world.sql.transaction = (work) =>
    transaction.call(world.sql, () => {
      work();
      throw new Error("database or disk is full");
    }) as never;
  await expect(world.directory.publish(batch)).rejects.toThrow("full");
  world.sql.transaction = transaction;
  expect(world.sql.dump()).toEqual(before);
  expect(await refused()).toBe(1);

  await world.directory.publish(batch);
  expect([await refused(), (await list(world)).total, (await world.all()).length]).toEqual([0, 1, 1]);
  expect(await eventsOf(world)).toEqual(["conference.started", "call.joined", "call.left", "call.joined"]);
  expect((await world.directory.stats()).counts.hosts).toMatchObject([{ confirmed: 1 }]);
});

test.each([
  ["an hour", hourMs, [0, hourMs, hourMs, hourMs]],
  // Else all that follows would be dated so, for as long as the clock was ahead.
  ["300 days", 300 * dayMs, [0, 0, 0, 0]],
])("records keep their order of arrival under a clock that is set back by %s", async (_, setBackMs, dates) => {
  const world = new DirectoryWorld();
  const { now } = world.time;
  await world.directory.publish(aBatch({ records: [call("c1")] }));
  world.time.now = now + setBackMs;
  await world.directory.publish(aBatch({ records: [aConferenceRecord()] }));
  world.time.now = now;
  await world.directory.publish(aBatch({ records: [call("c2")] }));
  world.start();
  await world.directory.publish(aBatch({ records: [call("c3")] }));
  const { records } = await world.records();
  expect(records.map(({ record }) => record.kind === "call" && record.call)).toEqual(["c1", false, "c2", "c3"]);
  expect(records.map(({ at }) => at - now)).toEqual(dates);
});

test("deletion by retention spares conferences that run, and who is in them", async () => {
  const world = new DirectoryWorld();
  const key = confKey as ConfKey;
  await world.directory.publish(aBatch({ key, running: { people: [{ number: ada }] }, records: [call("c9")] }));
  await world.time.pass(500 * dayMs);
  await world.directory.alarm();
  expect(await world.all()).toEqual([]);
  expect((await list(world, { number: ada })).conferences.map((one) => one.key)).toEqual([key]);
});

test("a conference that was lost and begun anew is listed once", async () => {
  const world = new DirectoryWorld();
  for (const [life, createdAt] of [
    [7, worldBegins],
    [1, worldBegins + 60_000],
  ] as const)
    await world.directory.publish(aBatch({ key: "5", running: { life, createdAt, people: [{ number: "4420" }] } }));
  const { conferences } = await list(world, { number: "4420" });
  expect(conferences).toMatchObject([{ key: "5", life: 1, createdAt: worldBegins + 60_000 }]);
});

test("creates no table after its first row", async () => {
  const world = new DirectoryWorld();
  const tables = () => world.sql.exec("SELECT name FROM sqlite_master ORDER BY name");
  await world.directory.publish(aBatch({ key: "1", running: {} }));
  const made = tables();

  await world.directory.alertStore.serverRefused(domain, "tsp.example.com");

  expect(tables()).toEqual(made);
});
