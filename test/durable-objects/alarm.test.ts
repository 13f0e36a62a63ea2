import { expect, test } from "vitest";
import { Alarm } from "../../durable-objects/platform/alarm.ts";
import { Clock } from "../simulation/clock.ts";
import { fakePlatform } from "./fakes.ts";

const noon = Date.UTC(2026, 0, 1, 12);
const hourMs = 3_600_000;

/** An object's platform whose disk can be full; `set`: each alarm as it was set. */
function world() {
  const time = new Clock(noon);
  const disk = { isFull: false };
  const [set, events]: [number[], string[]] = [[], []];
  const kept: { alarm: number | null } = { alarm: null };
  const machine = { aheadMs: 0 };
  const throwIfFull = () => {
    if (disk.isFull) throw new Error("database or disk is full");
  };
  const platform = fakePlatform(time, {
    now: () => time.now + machine.aheadMs,
    log: ({ event }) => events.push(event),
    setAlarm: async (at) => {
      throwIfFull();
      set.push(at);
      kept.alarm = at;
    },
    getAlarm: async () => {
      throwIfFull();
      return kept.alarm;
    },
  });
  return { alarm: new Alarm(platform), time, machine, disk, set, events, kept, throwIfFull };
}

test("an alarm whose work breaks does not fail, and comes again, less and less often until the work succeeds", async () => {
  const { alarm, time, set } = world();
  const pauses: number[] = [];
  const fire = (work: () => void) => alarm.fired(work).then(() => pauses.push((set.at(-1) ?? 0) - time.now));
  const fail = () => {
    throw new Error("the settings cannot be read");
  };
  for (let count = 0; count < 7; count += 1) await fire(fail);
  await alarm.fired(() => {});
  await fire(fail);
  expect(pauses).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 2_000]);
});

test("an alarm whose work breaks does not fail, also where the next one cannot be set", async () => {
  const { alarm, disk, set, events, throwIfFull } = world();
  await alarm.fired(() => {
    throw new Error("the settings cannot be read");
  });
  await alarm.fired(async () => {
    disk.isFull = true;
    throwIfFull();
  });
  await alarm.guard(() => Promise.reject(new Error("broken")));

  expect(set).toEqual([noon + 2_000]);
  expect(events).toEqual(["alarm-broke", "alarm-broke", "no-alarm", "alarm-broke"]);
});

test("an alarm that cannot be set is set by the next call, or five seconds later", async () => {
  const { alarm, time, disk, set, events } = world();
  disk.isFull = true;
  alarm.wakeBy(noon + hourMs);
  await time.pass(4_000);
  expect([set, events]).toEqual([[], ["no-alarm"]]);

  disk.isFull = false;
  alarm.wakeBy(noon + 2 * hourMs);
  await time.pass(1_000);
  expect(set).toEqual([noon + 2 * hourMs, noon + hourMs]);
});

test("while no alarm can be set, one timer tries it again, for the earliest time that was asked for", async () => {
  const { alarm, time, disk, set, events } = world();
  disk.isFull = true;
  for (let count = 0; count < 100; count += 1) {
    alarm.wakeBy(noon + hourMs - count);
    await time.pass(100);
  }
  expect(events).toEqual(["no-alarm", "no-alarm", "no-alarm"]); // At most one each five seconds.
  disk.isFull = false;
  await time.pass(5_000);
  expect(set).toEqual([noon + hourMs - 99]);
});

test("an alarm that could not be set comes in its time, though the clock is set back meanwhile", async () => {
  const { alarm, time, machine, disk, set } = world();
  disk.isFull = true;
  alarm.wakeBy(time.now + 8_000);
  await time.pass(100);
  disk.isFull = false;
  machine.aheadMs = -hourMs;
  await time.pass(5_000);

  expect(set).toEqual([noon - hourMs + 8_000]);
});

test("an earlier alarm of this life will do, also while the platform is about to bring it", async () => {
  const { alarm, time, set } = world();
  alarm.wakeBy(noon + 5_000);
  alarm.wakeBy(noon + 9_000);
  await time.pass(6_000);
  alarm.wakeBy(noon + 9_000);
  await time.pass(4_000);
  alarm.wakeBy(noon + 19_000);

  expect(set).toEqual([noon + 5_000]);
});

test("an alarm that cannot be set takes none back that was set meanwhile", async () => {
  const time = new Clock(noon);
  const set: number[] = [];
  const first = Promise.withResolvers<void>();
  const alarm = new Alarm(
    fakePlatform(time, { setAlarm: (at) => (set.push(at) === 1 ? first.promise : Promise.resolve()) }),
  );
  alarm.wakeBy(noon + 9_000);
  alarm.wakeBy(noon + 5_000);
  first.reject(new Error("database or disk is full"));
  await time.pass(1_000);
  // It would take the place of the earlier one.
  alarm.wakeBy(noon + 8_000);

  expect(set).toEqual([noon + 9_000, noon + 5_000]);
});

test("an alarm that the platform owes, since the clock was set forward, is set for now", async () => {
  const { alarm, time, set, machine } = world();
  alarm.wakeBy(noon + 5_000);
  machine.aheadMs = hourMs;
  alarm.wakeBy(noon + hourMs + 9_000);
  await time.pass(1_000);
  alarm.wakeBy(noon + hourMs + 9_000);

  expect(set).toEqual([noon + 5_000, noon + hourMs]);
});

test("an alarm of an earlier life will do, unless it was set while the clock was ahead, or is gone", async () => {
  const { alarm, disk, set, kept } = world();
  kept.alarm = noon - 1;
  await alarm.ensure(noon + 5_000);
  expect(set).toEqual([]);

  kept.alarm = noon + hourMs;
  await alarm.ensure(noon + 5_000);
  await alarm.ensure(noon + 5_000);
  kept.alarm = null;
  await alarm.ensure(noon + 5_000);
  disk.isFull = true;
  await alarm.ensure(noon + 5_000);

  expect(set).toEqual([noon + 5_000, noon + 5_000]);
});

test("whoever sees to it that the alarm comes takes what was set meanwhile for what is set", async () => {
  for (const [meanwhile, last] of [
    [50, 50],
    [150, 100],
  ] as const) {
    const { alarm, kept } = world();
    kept.alarm = noon + 90;
    const ensured = alarm.ensure(noon + 100);
    alarm.wakeBy(noon + meanwhile);
    await ensured;
    expect(kept.alarm).toBe(noon + last);
  }
});
