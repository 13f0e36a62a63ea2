import { expect, test } from "vitest";
import type { LifePlace } from "../../../durable-objects/node/runtime.ts";
import { RuntimeOnTest, settle } from "./runtime-on-test.ts";

/** Objects that say when each of their alarms begins, in ms since the start. */
async function start(alarm: (place: LifePlace, came: number) => unknown = () => {}) {
  const came: number[] = [];
  const test = await RuntimeOnTest.start((place) => ({
    wakeIn: (...all: readonly number[]) => Promise.all(all.map((ms) => place.setAlarm(place.now() + ms))),
    alarmAt: async () => {
      const at = await place.getAlarm();
      return at === null ? null : at - begun;
    },
    write: () => {
      place.sql.exec("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY)");
      place.sql.exec("INSERT INTO t VALUES (NULL)");
    },
    alarm: () => {
      came.push(place.now() - begun);
      return alarm(place, came.length);
    },
  }));
  const begun = test.clock.now;
  return { test, came };
}

/** Fails each time, having set the next alarm in so many ms. */
const failing = (nextMs: number | null) => async (place: LifePlace) => {
  if (nextMs !== null) await place.setAlarm(place.now() + nextMs);
  throw new Error("not now");
};

const hanging = () => new Promise(() => {});

test("an alarm comes in time, once, also for an object that left memory", async () => {
  const { test, came } = await start();
  await test.ask("wakeIn", 60_000);
  expect(await test.ask("alarmAt")).toBe(60_000);
  await test.clock.pass(200_000);
  expect([came, test.made.length, await test.ask("alarmAt")]).toEqual([[60_000], 2, null]);
  await test.killAndStart();
  await test.clock.pass(200_000);
  expect(came).toEqual([60_000]);
});

test("the last alarm that is set counts", async () => {
  const { test, came } = await start();
  await test.ask("wakeIn", 5_000, 1_000, 3_000);
  await test.clock.pass(10_000);
  expect(came).toEqual([3_000]);
});

test("overdue alarms come at the next start", async () => {
  const { test, came } = await start();
  await test.ask("wakeIn", 1_000);
  await test.killAndStart(test.clock.now + 10_000);
  await test.clock.pass(1_000);
  expect(came).toEqual([10_000]);
});

test("an alarm that comes before it is on disk comes again after a kill amid its work", async () => {
  const { test, came } = await start(hanging);
  for (const name of ["one", "two"]) await test.askOf(name, "alarmAt");
  const release = test.disk.hold();
  await test.callOf("two", "write");
  await settle();
  void test.ask("wakeIn", 0);
  await test.clock.pass(10);
  expect(came).toEqual([0]);
  await release();
  await test.killAndStart();
  await test.clock.pass(0);
  expect(came).toEqual([0, 10]);
});

test("an alarm that is set amid another one comes after it, and after a kill", async () => {
  const ends: (() => void)[] = [];
  const { test, came } = await start(() => new Promise<void>((resolve) => ends.push(resolve)));
  await test.ask("wakeIn", 0);
  await test.clock.pass(0);
  expect(await test.ask("alarmAt")).toBe(null);
  await test.ask("wakeIn", 1_000);
  await test.clock.pass(10_000);
  expect(came).toEqual([0]);
  ends[0]?.();
  await test.clock.pass(0);
  expect(came).toEqual([0, 10_000]);
  await test.killAndStart();
  await test.clock.pass(0);
  expect(came).toEqual([0, 10_000, 10_000]);
});

test("an alarm that fails comes again after growing pauses, and after 2 s when it fails later", async () => {
  const { test, came } = await start((_, count) => {
    if (count !== 5) throw new Error("not now");
  });
  await test.ask("wakeIn", 0);
  await test.clock.pass(31_000);
  expect(came).toEqual([0, 2_000, 6_000, 14_000, 30_000]);
  await test.ask("wakeIn", 4_000);
  await test.clock.pass(7_000);
  expect(came.slice(5)).toEqual([35_000, 37_000]);
  expect(test.lines[0]).toMatchObject({ event: "alarm-failed", object: "sessions/one", why: "not now" });
});

test("an alarm that failed is still set, and comes after a kill", async () => {
  let fails = true;
  const { test, came } = await start(() => {
    if (fails) throw new Error("not now");
  });
  await test.ask("wakeIn", 1_000);
  await test.clock.pass(40_000); // It has failed five times, and its object has left memory.
  expect(await test.ask("alarmAt")).toBe(1_000);
  const before = came.length;
  fails = false;
  await test.killAndStart();
  await test.clock.pass(100_000);
  expect(came.slice(before)).toEqual([40_000]);
});

test.each([
  ["none", null, [0, 2_000, 6_000, 14_000]],
  ["one that is due", 0, [0, 2_000, 6_000, 14_000]],
  ["one that is soon due", 1, [0, 2_000, 6_000, 14_000]],
  ["a later one", 10_000, [0, 10_000, 20_000]],
])("a failing alarm that sets %s comes no sooner than its pause", async (_, nextMs, expected) => {
  const { test, came } = await start(failing(nextMs));
  await test.ask("wakeIn", 0);
  await test.clock.pass(20_000);
  expect(came).toEqual(expected);
});

test("an alarm for later that is set meanwhile takes the place of one that failed", async () => {
  const { test, came } = await start((_, count) => (count < 3 ? failing(null)(_) : null));
  await test.ask("wakeIn", 0);
  await test.clock.pass(3_000);
  expect(came).toEqual([0, 2_000]);
  await test.ask("wakeIn", 3_600_000);
  await test.clock.pass(3_700_000);
  expect(came.slice(2)).toEqual([3_603_000]);
});

test("an alarm that is set while its object is loaded for an older one takes its place", async () => {
  const { test, came } = await start();
  await test.ask("wakeIn", 20_000);
  await test.clock.pass(19_000); // It has left memory.
  const goOn = test.disk.slowDown();
  const set = test.call("wakeIn", 10_000);
  await test.clock.pass(2_000);
  await goOn();
  await set;
  await test.clock.pass(20_000);
  expect(came).toEqual([31_000]);
});

test("an object that cannot be loaded is woken again after growing pauses", async () => {
  let isBroken = false;
  let woken = 0;
  const test = await RuntimeOnTest.start((place) => {
    if (isBroken) throw new Error("its rows make no sense");
    return { wakeIn: (ms: number) => place.setAlarm(place.now() + ms), alarm: () => void ++woken };
  });
  await test.ask("wakeIn", 20_000);
  await test.clock.pass(15_000); // It has left memory.
  isBroken = true;
  test.made.length = 0;
  await test.clock.pass(20_000);
  expect(test.made.length).toBe(4); // At once, and after 2, 4 and 8 s.
  expect(test.lines.map(({ event }) => event)).toEqual(Array(4).fill("alarm-failed"));
  isBroken = false;
  await test.clock.pass(60_000);
  expect(woken).toBe(1);
});

test("refuses an alarm that is no time, and others come", async () => {
  const { test, came } = await start();
  for (const ms of [Number.NaN, Number.POSITIVE_INFINITY])
    await expect(test.ask("wakeIn", ms)).rejects.toThrow(`an alarm cannot be set to ${ms}`);
  await test.askOf("two", "wakeIn", 1_000);
  await test.clock.pass(3_000);
  expect(came).toEqual([1_000]);
});
