import { expect, test } from "vitest";
import { Clock, nextWake } from "../../durable-objects/clock.ts";

const hourMs = 3_600_000;

/** A machine whose clock can be set, and whose disk can be full. */
function machine() {
  const world = { now: 10 * hourMs, alarms: [] as number[], kept: [] as number[], isFull: false };
  const fail = () => {
    if (world.isFull) throw new Error("database or disk is full");
  };
  const platform = {
    now: () => world.now,
    setAlarm: (at: number) => {
      fail();
      world.alarms.push(at);
    },
  };
  const clock = new Clock(platform, world.now, 0, (aheadMs) => {
    fail();
    world.kept.push(aheadMs);
  });
  return { world, clock };
}

test("an alarm that the platform rejects later is set by the next call", async () => {
  const alarms: number[] = [];
  const setAlarm = async (at: number) => {
    alarms.push(at);
    if (alarms.length === 1) throw new Error("database or disk is full");
  };
  const clock = new Clock({ now: () => 1_000, setAlarm }, 0);
  clock.wakeBy(5_000);
  await Promise.resolve();
  await Promise.resolve();
  clock.wakeBy(9_000);

  expect(alarms).toEqual([5_000, 9_000]);
});

test("an alarm that could not be set is set by the next call", () => {
  const { world, clock } = machine();
  world.isFull = true;
  expect(() => clock.wakeBy(world.now + 5_000)).toThrow("full");
  world.isFull = false;
  clock.wakeBy(world.now + 5_000);

  expect(world.alarms).toEqual([world.now + 5_000]);
});

test("what the clock is ahead by is written again where the first write failed", () => {
  const { world, clock } = machine();
  world.now -= hourMs;
  world.isFull = true;
  const failures: string[] = [];
  clock.wakeAgain((error) => failures.push(String(error)));
  expect([failures, world.kept]).toEqual([["Error: database or disk is full"], []]);

  world.isFull = false;
  clock.wakeBy(clock.now() + 5_000);
  expect([world.kept, world.alarms]).toEqual([[hourMs], [world.now + 5_000]]);
});

test.each<[string, Parameters<typeof nextWake>, number | null]>([
  ["nothing is due", [1_000, 5_000, null, null, null], null],
  ["something is overdue: after the lead time", [1_000, 5_000, null, 500, 9_000], 6_000],
  ["something is due much later", [1_000, 5_000, null, null, 90_000], 90_000],
  ["a deadline is ahead: in time for it", [1_000, 5_000, 1_500, null], 1_500],
  ["a deadline is far ahead: within five minutes, since the clock may be set", [1_000, 5_000, hourMs], 301_000],
  ["a deadline has passed: it is a backstop like others", [1_000, 5_000, 900], 6_000],
  ["a deadline is ahead of what is due", [1_000, 5_000, 4_000, 2_000], 4_000],
])("the alarm where %s", (_, given, at) => {
  expect(nextWake(...given)).toBe(at);
});
