import { expect, test } from "vitest";
import type { ConfKey, ExtCallId, WebexHost } from "../../../src/foundation/ids.ts";
import type { FromWebex } from "../../../src/tsp/messages.ts";
import { entered, event } from "../../builders.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { aConferenceRecord } from "../../records/a-record.ts";
import { aBatch } from "../a-batch.ts";
import { callerEntered, callerLeft, confKey, extConfId, host } from "../conference-world.ts";
import { alertsIn, DirectoryWorld, domain, list } from "./world.ts";

const keysOf = async (world: DirectoryWorld, query: object = {}) =>
  (await list(world, query)).conferences.map(({ key }) => key);

/** A conference with these callers. */
async function withCallers(...callers: readonly object[]) {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  await conference.reported(...callers.map((one) => entered(one)));
  await conference.time.pass(2_000);
  return { world, conference };
}

test("the list and the totals are the same after a restart, and nobody is asked", async () => {
  const world = new DirectoryWorld();
  const waiting = [{ host: "tsp" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  await world.directory.publish(aBatch({ key: "111", running: {} }));
  await world.directory.publish(aBatch({ key: "222", running: { locked: true }, waiting }));
  await world.directory.publish(aBatch({ key: "333", running: { phase: "creating", callers: 0 } }));
  const bridges = [{ bridge: "simulated", conferences: 3, callers: 6 }];
  const documents = { documents: 2, oldestAt: worldBegins };
  const totals = { conferences: 3, creating: 1, running: 2, callers: 6, bridges, ...documents };
  const before = await list(world);
  expect(before).toMatchObject({ total: 3, bridges, conferences: [{}, { now: { locked: true, callers: 3 } }, {}] });
  for (let life = 0; life < 2; life++) {
    expect(await list(world)).toEqual(before);
    expect(await world.directory.stats()).toMatchObject(totals);
    world.start();
  }
  expect(world.asked).toEqual([]);
});

test("the list and the totals omit a failed transaction's rows", async () => {
  const world = new DirectoryWorld();
  const { directory, sql } = world;
  const seen = async () => [await directory.stats(), await list(world), await alertsIn(directory, world.time.now)];
  const over = aConferenceRecord({ conference: "100" as ConfKey, createdAt: worldBegins });
  await directory.publish(aBatch({ key: "100", running: {} }));
  const before = await seen();
  const { transaction } = sql;
  sql.transaction = (work) =>
    transaction.call(sql, () => {
      work();
      throw new Error("disk is full");
    }) as never;
  const waiting = [{ host: "tsp" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  for (const batch of [aBatch({ key: "200", running: {}, waiting }), aBatch({ key: "100", records: [over] })])
    await expect(directory.publish(batch)).rejects.toThrow("full");
  expect(await seen()).toEqual(before);
});

test.each([
  ["full", [1, 1, 1, 0, 0]],
  ["masked", [1, 1, 1, 1, 0]],
  ["none", [0, 0, 0, 0, 0]],
] as const)("finds people as far as recordsPersonal keeps them: %s", async (recordsPersonal, found) => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  conference.domain = testDomain({ recordsPersonal });
  await conference.running(1);
  await conference.reported(event({ type: "attendee-identified", id: "k1", call: "c0", attendeeId: "4711" } as never));
  await conference.time.pass(2_000);
  world.start();
  const both = { number: "14085551234", attendeeId: "4711" };
  const queries = [{ number: both.number }, { attendeeId: "4711" }, both, { number: "14085550034" }];
  const counts = [];
  for (const query of [...queries, { number: "14085551235" }]) counts.push((await keysOf(world, query)).length);
  expect(counts).toEqual(found);
  expect(JSON.stringify(await list(world))).not.toContain(both.number);
});

test("finds numbers, IDs and keys as people write them, of one person who is inside", async () => {
  const { world, conference } = await withCallers(
    { call: "c1", number: "15552345678", attendeeId: "444" },
    { call: "c2", number: "4421", attendeeId: "2" },
  );
  const spaced = confKey.replace(/^(...)(...)/, "$1 $2-");
  const numbers = ["555-234-5678", "+1 (555) 234 5678", "4421"].map((number) => ({ number }));
  for (const query of [...numbers, { attendeeId: "444#" }, { begins: `${confKey}#` }, { begins: spaced.slice(0, 6) }])
    expect(await keysOf(world, query)).toEqual([confKey]);
  await conference.reported(callerLeft(2));
  await conference.time.pass(2_000);
  const half = { number: "15552345678", attendeeId: "2" };
  for (const query of [{ number: "5678" }, { attendeeId: "44" }, { begins: "0 0" }, half, { number: "4421" }])
    expect(await keysOf(world, query)).toEqual([]);
});

test("finds a call by its name at WebEx, and a call-out while it rings", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(1);
  const phone = { country: "1", area: "555", local: "2345678", extension: "" };
  const wanted = { type: "call-out", msgId: "m", replyTo: host, extConfId, extCallId: "4711" as ExtCallId, phone };
  await conference.received("call-out", wanted as object as FromWebex);
  await conference.allDone();
  await conference.time.pass(5_000);
  const found = async (text: string) => {
    const { found = new Map() } = await list(world, { text, named: true });
    return [...found.values()].flat();
  };
  const ada = { number: "15552345678", attendeeId: "", extCallId: "4711" };
  const rings = { ...ada, enteredAt: null, dialledAt: expect.any(Number) };
  const inside = { number: "14085551234", attendeeId: "", extCallId: "1001", enteredAt: expect.any(Number) };
  for (const [text, one] of [
    ["4711", rings],
    ["555-234-5678", rings],
    ["1001", inside],
  ] as const)
    expect(await found(text)).toMatchObject([one]);

  const call = conference.dialled;
  await conference.reported(event({ type: "call-answered", call } as never));
  await conference.allDone();
  await conference.time.pass(2_000);
  expect(await found("4711")).toMatchObject([{ ...ada, enteredAt: expect.any(Number) }]);
  await conference.reported(event({ type: "caller-left", call, reason: "hung-up" } as never));
  await conference.time.pass(5_000);
  expect([await found("4711"), await found("1001")]).toMatchObject([[], [inside]]);
});

test("a conference that the sweep does not reach is unreachable until it publishes", async () => {
  const world = new DirectoryWorld();
  await world.directory.publish(aBatch({ key: "100", running: {} }));
  const swept = { failed: ["100", "7"] as ConfKey[], running: [], over: [] };
  await world.directory.list.swept(domain, swept);
  const found = () => alertsIn(world.directory, world.time.now, "conferences-unreachable");
  const since = world.time.now;
  await world.time.pass(60_000);
  world.start();
  await world.directory.list.swept(domain, swept);
  expect(await found()).toMatchObject([{ count: 1, since }]);
  await world.directory.publish(aBatch({ key: "100", running: {} }));
  expect(await found()).toEqual([]);
});

test("a conference that is over for the sweep and runs in the list publishes everything", async () => {
  const { world, conference } = await withCallers({ call: "c1" });
  const { publish } = conference;
  // It was acknowledged by a directory that was restored from before then.
  conference.publish = async () => ({ directory: "1", pauseMs: 2_000 });
  await conference.reported(event({ type: "conference-ended" } as never));
  await conference.time.pass(60_000);
  conference.publish = publish;
  expect(await keysOf(world)).toEqual([confKey]);
  const swept = world.directory.list.swept(domain, { failed: [], running: [], over: [confKey, "5" as ConfKey] });
  await conference.during(swept);
  expect(world.asked).toEqual([confKey]);
  expect([await keysOf(world), (await world.all()).length]).toEqual([[], 2]);
});

test("a conference of which its object knows nothing leaves the list with what waits", async () => {
  const world = new DirectoryWorld();
  const waiting = [{ host: "tsp" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  for (const key of ["100", "200", "300"])
    await world.directory.publish(aBatch({ key, running: { people: [{}] }, waiting }));
  world.publish = async (key) => {
    // This one is created while its object says so.
    if (key === "300") await world.directory.publish(aBatch({ key, running: {}, waiting }));
    return key === "100";
  };
  await world.time.pass(10_000);
  await list(world, { isWatched: true });
  await world.time.pass(500);
  world.start();
  expect(await keysOf(world)).toEqual(["100", "300"]);
  expect(await world.directory.list.waitingFor("tsp")).toEqual(["100", "300"]);
});

test("a first view asks only conferences with rows over 10 s old", async () => {
  const world = new DirectoryWorld();
  for (const key of ["100", "200"]) await world.directory.publish(aBatch({ key, running: {} }));
  await world.time.pass(10_000);
  await world.directory.publish(aBatch({ key: "200", running: {} }));
  await list(world, { isWatched: true });
  await world.time.pass(500);
  expect(world.asked).toEqual(["100"]);
});

test("an erased number is not on disk as that of a caller in a conference", async () => {
  const world = new DirectoryWorld();
  const number = "+1 (555) 234-5678";
  const publish = () => world.directory.publish(aBatch({ running: { people: [{ number, attendeeId: "4711" }] } }));
  await publish();
  expect(JSON.stringify(world.sql.dump())).toContain(number);
  await world.directory.recordStore.erase(domain, "15552345678");
  await publish();
  expect(JSON.stringify(world.sql.dump())).not.toMatch(/234-5678|4711/);
  expect(await list(world)).toMatchObject({ conferences: [{ now: { callers: 1 } }] });
});

test("servers show what waits for them, the longest queue first, also after a restart", async () => {
  const world = new DirectoryWorld();
  const publish = (key: string, server: string, documents = 0, oldestAt = 3_000, to = server) => {
    const failure = documents > 1 ? `HTTP status 50${documents}` : null;
    const waiting = documents > 0 ? [{ host: to as WebexHost, documents, oldestAt, failure }] : [];
    return world.directory.publish(aBatch({ key, running: { webexHost: server as WebexHost }, waiting }));
  };
  await publish("1", "tsp1");
  await publish("2", "tsp2", 2, 2_000);
  await publish("3", "tsp2", 3, 1_000);
  await publish("4", "tsp1", 3, 4_000, "*back-end");
  await publish("5", "tsp1");
  for (const key of ["61", "62", "63", "64"]) await publish(key, "tsp2", 2);
  await publish("7", "tsp2", 1);
  world.start();
  const shown = (await world.directory.stats()).hosts.map((one) => Object.values(one));
  expect(shown).toEqual([
    ["tsp2", 7, 14, 1_000, "HTTP status 502", ["2", "3", "61", "62", "63"]],
    ["*back-end", 0, 3, 4_000, "HTTP status 503", ["4"]],
    ["tsp1", 3, 0, null, null, []],
  ]);
});

test("documents wait once they do for some seconds or an attempt failed, and no longer", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { time } = conference;
  await conference.running(0);
  let [takesMs, status] = [500, 200];
  conference.answer = async ({ transId }) => {
    await time.wait(takesMs);
    return status === 200 ? conference.confirmed(transId) : { kind: "answered", status, body: new Uint8Array() };
  };
  const waits = async (ms: number) => {
    await time.pass(ms);
    const { documents, waiting } = (await list(world)).conferences[0]?.now ?? {};
    return [documents, waiting?.map((one) => [one.host, one.failure])];
  };
  await conference.reported(callerEntered(1));
  expect(await waits(3_000)).toEqual([0, []]);

  takesMs = 9_000;
  await conference.reported(callerEntered(2));
  await time.pass(6_000);
  await conference.reported(callerEntered(3));
  expect(await waits(2_000)).toEqual([2, [[host, null]]]);
  expect(await waits(60_000)).toEqual([0, []]);

  [takesMs, status] = [10, 500];
  await conference.reported(callerEntered(4));
  expect(await waits(2_000)).toEqual([1, [[host, "HTTP status 500"]]]);
  status = 200;
  expect(await waits(60_000)).toEqual([0, []]);
});

test("what waits of a conference that is over stays until it publishes that nothing does", async () => {
  const world = new DirectoryWorld();
  const waiting = [{ host: "tsp1" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  const over = aBatch({ waiting });
  await world.directory.publish(over);
  world.start();
  const found = async () => (await world.directory.alertStore.alerts(domain)).waiting;
  expect(await found()).toEqual(waiting);
  await world.directory.publish({ ...over, version: over.version + 1, waiting: [] });
  expect(await found()).toEqual([]);
});
