import { expect, test } from "vitest";
import { IdAllocator, type SweepProgress, sweep } from "../../durable-objects/id-allocator.ts";
import type { ConfKey, StreamId } from "../../src/foundation/ids.ts";
import type { LogLine } from "../../src/foundation/masking.ts";
import { Database } from "../simulation/database.ts";
import { ConferenceWorld, callerEntered, createConference, identity, muteCaller } from "./conference-world.ts";

const noon = Date.UTC(2026, 0, 1, 12);
const hourMs = 3_600_000;
const minuteMs = 60_000;
const begin: SweepProgress = { before: null, isOfAll: true, allAt: null };

test("each conference of the last six hours is woken, 500 at a time, whatever becomes of another one", async () => {
  const ids = new IdAllocator(new Database());
  const allocate = (confKey: string, at: number) => ids.allocate(confKey as ConfKey, { msgIds: 20, transIds: 20 }, at);
  allocate("yesterday's", noon - 7 * hourMs);
  for (let index = 0; index < 1_200; index += 1) allocate(`k${index}`, noon - hourMs);
  const swept = new Set<string>();
  let [atOnce, most] = [0, 0];
  const events: unknown[] = [];
  const alarms: number[] = [];
  const ports = {
    ids,
    conference: (confKey: ConfKey) => ({
      sweep: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await Promise.resolve();
        atOnce -= 1;
        if (confKey === "k1193") throw new Error("out of reach");
        swept.add(confKey);
      },
    }),
    setAlarm: (at: number) => alarms.push(at - noon),
    after: () => () => {},
    isRemoved: () => false,
    log: ({ event, conferences }: LogLine) => events.push([event, conferences]),
  };

  let progress = await sweep(ports, begin, noon);
  expect(swept.size).toBe(499);
  for (let page = 2; page <= 3; page += 1) progress = await sweep(ports, progress, noon);

  expect([swept.size, swept.has("yesterday's")]).toEqual([1_199, false]);
  expect(progress).toEqual({ before: null, isOfAll: true, allAt: noon });
  expect(alarms).toEqual([10_000, 10_000, 30 * 60_000]);
  expect(most).toBe(20);
  expect(events).toEqual([["not-swept", 1]]);
});

/** The minutes in which the conference `quiet` is swept, when conferences are allocated ids in these minutes. */
async function rounds(allocated: Readonly<Record<string, readonly number[]>>, { isEvicted = false } = {}) {
  const ids = new IdAllocator(new Database());
  const swept: (readonly [ConfKey, number])[] = [];
  let progress = begin;
  let alarm = Number.POSITIVE_INFINITY;
  for (let minute = 0; minute < 120; minute += 1) {
    const now = noon + minute * minuteMs;
    for (const [confKey, minutes] of Object.entries(allocated)) {
      if (!minutes.includes(minute)) continue;
      ids.allocate(confKey as ConfKey, { msgIds: 1, transIds: 1 }, now);
      alarm = Math.min(alarm, now + 5 * minuteMs);
    }
    if (alarm > now) continue;
    const ports = {
      ids,
      conference: (confKey: ConfKey) => ({ sweep: async () => void swept.push([confKey, minute]) }),
      setAlarm: (at: number) => {
        alarm = at;
      },
      ...{ after: () => () => {}, isRemoved: () => false, log: () => {} },
    };
    progress = await sweep(ports, isEvicted ? begin : progress, now);
  }
  return swept.flatMap(([confKey, minute]) => (confKey === "quiet" ? [minute] : []));
}

test("a domain at rest is swept after five and ten minutes, and then each half hour", async () => {
  expect(await rounds({ quiet: [0] })).toEqual([5, 10, 35, 65, 95]);
  expect(await rounds({ quiet: [0] }, { isEvicted: true })).toEqual([5, 10, 40, 70, 100]);
});

test("where ids are allocated all the time, a conference at rest is swept each half hour, and a new one each five minutes", async () => {
  const each = Array.from({ length: 120 }, (_, minute) => minute);
  expect(await rounds({ quiet: [0], busy: each })).toEqual([5, 10, 35, 65, 95]);
});

test("where nobody holds ids, no alarm is set", async () => {
  const ids = new IdAllocator(new Database());
  const fails = () => {
    throw new Error("not to be called");
  };
  expect(
    await sweep({ ids, conference: fails, setAlarm: fails, log: fails, after: fails, isRemoved: fails }, begin, noon),
  ).toMatchObject({ before: null });
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

  await sweep(ports, begin, noon + 7 * hourMs);
  expect([swept, alarms]).toEqual([[], [noon + 8 * 24 * hourMs]]);

  const [due = 0] = alarms;
  await sweep(ports, begin, due);
  await sweep(ports, begin, due + 10_000);
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

test("the relay learns in which epoch a running conference last heard of its agent, also from a new life", async () => {
  const world = new ConferenceWorld();
  const sweeps = () => world.during(world.conference.sweep());
  await world.running(1);
  await sweeps();
  const reports = [{ number: 1, report: callerEntered(7) }];
  await world.during(world.conference.report({ ...identity, epoch: 7, stream: "another" as StreamId, reports }));
  await world.during(world.reportFrom("second", callerEntered(8)));
  world.kill();
  world.start();
  await sweeps();
  await world.during(world.report({ type: "event", event: { type: "conference-ended" } }));
  await sweeps();

  expect(world.asked).toEqual([1, 7]);
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
