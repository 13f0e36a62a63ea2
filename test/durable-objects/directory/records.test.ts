import { expect, test } from "vitest";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import type { DirectoryRecord } from "../../../src/records/conference-record.ts";
import type { FromWebex } from "../../../src/tsp/messages.ts";
import { testDomain } from "../../local-domain.ts";
import { aConferenceRecord } from "../../records/a-record.ts";
import { aBatch } from "../a-batch.ts";
import { extConfId, host } from "../conference-world.ts";
import { call, DirectoryWorld, domain, ended, list } from "./world.ts";

const callsOf = (records: readonly DirectoryRecord[]) => records.map((one) => one.kind === "call" && one.call);

test("erases a number from all its records, with the attendee ID", async () => {
  const world = new DirectoryWorld();
  const records = ["1", "2", "(1)"].map((number, index) => call(`c${index}`, { number }));
  await world.directory.publish(aBatch({ records }));
  await world.directory.publish(aBatch({ records: ["Anna", ""].map((number) => call(`by ${number}`, { number })) }));

  expect(await world.directory.recordStore.erase(domain, "1")).toEqual({ erased: 2, alike: [] });
  expect(await world.directory.recordStore.erase(domain, "1")).toEqual({ erased: 0, alike: [] });
  // Some bridges report names. Who has neither is nobody.
  expect(await world.directory.recordStore.erase(domain, "Anna")).toMatchObject({ erased: 1 });
  expect(await world.directory.recordStore.erase(domain, "")).toMatchObject({ erased: 0 });
  expect((await world.all()).map((record) => record.kind === "call" && [record.number, record.attendeeId])).toEqual([
    ["", ""],
    ["2", "77"],
    ["", ""],
    ["", ""],
    ["", "77"],
  ]);
});

test("finds a number in any spelling, and erases one line alone", async () => {
  const world = new DirectoryWorld();
  const numbers = ["15552345678", "5552345678", "15552345670", "*********78", "5552345678 x", "4420"];
  const records = numbers.map((number, index) => call(`c${index}`, { number }));
  await world.directory.publish(aBatch({ records: [...records, call("c6", { conference: "555123456" })] }));
  const names = async (filter: object) => {
    const found = await world.all({ filter });
    expect((await world.all({ filter, order: "newest" })).toReversed()).toEqual(found);
    return callsOf(found);
  };

  expect(await names({ number: "+1 (555) 234-5678" })).toEqual(["c0", "c1", "c3"]);
  expect(await names({ number: "555-234-5678#" })).toEqual(["c0", "c1", "c3"]);
  expect(await names({ number: "44-20" })).toEqual(["c5"]);
  expect(await names({ conference: "555 123 456#" })).toEqual(["c6"]);
  expect(await names({ conference: "555 123 456#", number: "15552345678" })).toEqual([]);

  const erased = await world.directory.recordStore.erase(domain, "5552345678");
  expect(erased).toEqual({ erased: 1, alike: ["*********78", "15552345678"] });
  expect(await names({ number: "5552345678" })).toEqual(["c0", "c3"]);
});

test("finds an attendee ID in any spelling, whole and masked", async () => {
  const world = new DirectoryWorld();
  const ids = ["5252101", "*****01", "*****02", "****01", "anna-101", "******01"];
  await world.directory.publish(
    aBatch({ records: ids.map((attendeeId, index) => call(`c${index}`, { attendeeId, extCallId: "" })) }),
  );
  const names = async (filter: object) => callsOf(await world.all({ filter }));

  for (const name of ["attendeeId", "text"]) {
    expect(await names({ [name]: "5252101" })).toEqual(["c0", "c1"]);
    expect(await names({ [name]: "525-2101#" })).toEqual(["c0", "c1"]);
    expect(await names({ [name]: "*****01" })).toEqual(["c1"]);
    expect(await names({ [name]: "anna-101" })).toEqual(["c4", "c5"]);
  }
});

test("a search among many records looks at some at a time, in either order", async () => {
  const world = new DirectoryWorld();
  await world.directory.publish(aBatch({ records: [call("c1", { number: "1", attendeeId: "7" })] }));
  await world.directory.publish(
    aBatch({ records: Array.from({ length: 5_001 }, (_, index) => call(`c${index + 2}`, { attendeeId: "7" })) }),
  );
  const page = (more: object) => world.records({ order: "newest", limit: 9, ...more });
  const filter = { webexHost: "other" };
  for (const order of ["newest", "oldest"]) {
    const first = await page({ filter, order });
    expect(first).toMatchObject({ records: [], next: expect.any(Number) });
    expect(await page({ filter, order, cursor: first.next })).toMatchObject({ records: [], next: null });
  }
  // SQLite looks for these by itself.
  expect(await page({ filter: { number: "1" } })).toMatchObject({ records: [{ record: { call: "c1" } }], next: null });
});

test("records go when they are too old, some at a time", async () => {
  const world = new DirectoryWorld();
  const records = Array.from({ length: 1_500 }, (_, index) => call(`c${index}`));
  await world.directory.publish(aBatch({ records, key: "1" }));
  await world.directory.publish(aBatch({ key: "2", running: {} }));
  await world.time.pass(399 * dayMs);
  await world.directory.alarm();
  expect((await world.all()).length).toBe(1_000);
  await world.time.pass(2 * dayMs);
  await world.directory.alarm();
  expect(await world.all()).toHaveLength(500);
  expect(world.alarmAt).toBe(world.time.now + 10_000);
  await world.time.pass(10_000);
  await world.directory.alarm();
  expect(await world.all()).toEqual([]);
  world.start();
  expect((await list(world)).total).toBe(1);
});

test("records of a removed domain stay as its settings last said", async () => {
  const world = new DirectoryWorld();
  const first = await world.directory.publish(aBatch({ records: [call("c1")] }));
  world.domain = testDomain({ recordsDays: 30 });
  // Under the name by which conferences know that nothing was lost.
  const later = await world.directory.publish(aBatch({ records: [call("c2")] }));
  expect(later.directory).toBe(first.directory);
  world.domain = null;
  world.start();
  await world.directory.alarm();
  for (const [days, deleted] of [
    [29, 0],
    [2, 1],
  ] as const) {
    await world.time.pass(days * dayMs);
    await world.directory.alarm();
    expect(world.deleted).toBe(deleted);
  }
});

test("finds signs that mean something to the database", async () => {
  const world = new DirectoryWorld();
  const topics = ["Stop! Go", "100 %", "a_b", `${"Tide ".repeat(12)}table`];
  const records = topics.map((topic, life) => aConferenceRecord({ topic, life }));
  await world.directory.publish(aBatch({ records }));
  for (const text of [...topics.map((topic) => topic.toLowerCase()), "axb", "100 x"]) {
    const expected = topics.filter((topic) => topic.toLowerCase() === text);
    expect((await world.all({ filter: { text } })).map(({ topic }) => topic)).toEqual(expected);
  }
});

test("a conference that wrote more than its journal holds has all its records", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(2);
  await conference.longPast();
  for (let index = 0; index < 1_000; index += 1) {
    await conference.time.pass(1_000);
    const event = { type: "caller-muted", call: "c0", muted: index % 2 === 0 };
    await conference.report({ type: "event", event } as never);
  }
  conference.start();
  const [oldest] = conference.stored.journal.history();
  expect(oldest?.seq).toBeGreaterThan(100);
  await conference.reported(ended);
  await conference.time.pass(5_000);

  expect(await world.all()).toMatchObject([
    { call: "c0", mutes: 500, mutedSeconds: expect.any(Number), extCallId: "1001" },
    { call: "c1", mutes: 0 },
    { kind: "conference", calls: 2 },
  ]);
});

test("finds open sub-conferences by their names, where names are kept", async () => {
  for (const [recordsPersonal, names] of [
    ["full", ["Pilots"]],
    ["masked", []],
  ] as const) {
    const world = new DirectoryWorld();
    const conference = world.conference();
    conference.domain = testDomain({ recordsPersonal });
    await conference.running(0);
    const about = { replyTo: host, extConfId, subConfId: "9" };
    const rooms = async () => {
      await conference.allDone();
      await conference.time.pass(2_000);
      const [one] = (await list(world)).conferences;
      return [one?.now?.rooms, one?.now?.roomNames, (await list(world, { text: "pilots" })).conferences.length];
    };
    const open = { ...about, type: "create-sub-conference", msgId: "m1", name: "Pilots" };
    await conference.received("open", open as object as FromWebex);
    const found = names.length;
    expect(await rooms()).toEqual([1, names, found]);
    await conference.time.pass(5_000);
    world.start();
    expect((await list(world, { text: "pilots" })).conferences).toHaveLength(found);
    await conference.received("close", { ...about, type: "close-sub-conference", msgId: "m2" } as object as FromWebex);
    expect(await rooms()).toEqual([0, [], 0]);
  }
});
