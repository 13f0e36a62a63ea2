import { expect, test } from "vitest";
import { IdAllocator, sweep } from "../../durable-objects/id-allocator.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { LogLine } from "../../src/foundation/masking.ts";
import { Database } from "../simulation/database.ts";
import { ConferenceWorld, createConference, identity, muteCaller } from "./conference-world.ts";

const noon = Date.UTC(2026, 0, 1, 12);
const hourMs = 3_600_000;

test("each conference of the last six hours is woken, 500 at a time, whatever becomes of another one", async () => {
  const ids = new IdAllocator(new Database());
  const allocate = (confKey: string, at: number) => ids.allocate(confKey as ConfKey, { msgIds: 20, transIds: 20 }, at);
  allocate("yesterday's", noon - 7 * hourMs);
  for (let index = 0; index < 1_200; index += 1) allocate(`k${index}`, noon - hourMs);
  const swept = new Set<string>();
  const events: unknown[] = [];
  const alarms: number[] = [];
  const ports = {
    ids,
    conference: (confKey: ConfKey) => ({
      sweep: async () => {
        if (confKey === "k1193") throw new Error("out of reach");
        swept.add(confKey);
      },
    }),
    setAlarm: (at: number) => alarms.push(at - noon),
    after: () => () => {},
    isRemoved: () => false,
    log: ({ event, conferences }: LogLine) => events.push([event, conferences]),
  };

  let before = await sweep(ports, null, noon);
  expect(swept.size).toBe(499);
  for (let page = 2; page <= 3; page += 1) before = await sweep(ports, before, noon);

  expect([swept.size, swept.has("yesterday's"), before]).toEqual([1_199, false, null]);
  expect(alarms).toEqual([10_000, 10_000, 300_000]);
  expect(events).toEqual([["not-swept", 1]]);
});

test("where nobody holds ids, no alarm is set", async () => {
  const ids = new IdAllocator(new Database());
  const fails = () => {
    throw new Error("not to be called");
  };
  expect(
    await sweep({ ids, conference: fails, setAlarm: fails, log: fails, after: fails, isRemoved: fails }, null, noon),
  ).toBeNull();
});

test.each([
  ["is woken a last time where its domain was removed from the settings", true],
  ["is left alone where it was not, since it may be deleted", false],
])("when the oldest ids expire, the sweep comes back, and their holder %s", async (_what, isRemoved) => {
  const ids = new IdAllocator(new Database());
  ids.allocate("quiet" as ConfKey, { msgIds: 20, transIds: 20 }, noon);
  const swept: string[] = [];
  const alarms: number[] = [];
  const ports = {
    ids,
    conference: (confKey: ConfKey) => ({ sweep: async () => void swept.push(confKey) }),
    setAlarm: (at: number) => alarms.push(at),
    after: () => () => {},
    isRemoved: () => isRemoved,
    log: () => {},
  };

  await sweep(ports, null, noon + 7 * hourMs);
  expect([swept, alarms]).toEqual([[], [noon + 8 * 24 * hourMs]]);

  const [due = 0] = alarms;
  await sweep(ports, null, due);
  await sweep(ports, null, due + 10_000);
  expect([swept, alarms.slice(1)]).toEqual([isRemoved ? ["quiet"] : [], [due + 10_000]]);
});

test("a conference whose alarm got lost does what is overdue when it is swept", async () => {
  const world = new ConferenceWorld();
  await world.during(world.receive("create", createConference()));
  world.alarmAt = null;
  await world.time.pass(76_000);
  expect(world.posted).toHaveLength(0);

  await world.during(world.conference.sweep());
  await world.time.pass(1_000);
  expect(world.posted.map(({ body }) => /A2W_RspCreateConference[^>]*/.exec(body)?.[0])).toEqual([
    expect.stringContaining('MsgID="m-create"'),
  ]);
});

test("the agent is asked about a running conference of which it reported nothing in this life, or for 90 s", async () => {
  const world = new ConferenceWorld();
  const asked: number[] = [];
  const sweeps = async () => {
    await world.during(world.conference.sweep());
    asked.push(world.snapshotsWanted);
  };
  await world.running(1);
  await sweeps();
  await world.time.pass(90_000);
  await sweeps();
  world.conference.matchesBridge(identity.bridge, "digest");
  await sweeps();
  world.kill();
  world.start();
  await sweeps();
  await world.during(world.report({ type: "event", event: { type: "conference-ended" } }));
  await world.time.pass(90_000);
  await sweeps();

  expect(asked).toEqual([0, 1, 1, 2, 2]);
});

test("sweeping a conference where nothing is overdue writes nothing", async () => {
  const world = new ConferenceWorld();
  await world.running(3);
  await world.during(world.receive("t1", muteCaller("1001")));
  const written = () => world.sql.rowsWritten + world.alarmsSet;
  const before = written();

  await world.during(world.conference.sweep());

  expect(written()).toBe(before);
});
