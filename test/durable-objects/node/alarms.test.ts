import { expect, test } from "vitest";
import { Alarms } from "../../../durable-objects/node/alarms.ts";
import { Clock } from "../../kit/clock.ts";

function newAlarms() {
  const clock = new Clock(0);
  const fired: string[] = [];
  let timers = 0;
  const alarms = new Alarms<string>(
    {
      now: () => clock.now,
      after: (ms, run) => {
        timers += 1;
        return clock.after(ms, run);
      },
    },
    (key) => fired.push(`${key} ${clock.now}`),
  );
  return { clock, alarms, fired, timers: () => timers };
}

test("alarms ring in the order of their times, each once, and of two at one time the one that was set first", () => {
  const { clock, alarms, fired } = newAlarms();
  for (const [key, at] of [
    ["late", 300],
    ["early", 100],
    ["second", 200],
    ["same", 200],
    ["overdue", -5],
  ] as const)
    alarms.set(key, at);
  clock.advance(1_000);
  expect(fired).toEqual(["overdue 0", "early 100", "second 200", "same 200", "late 300"]);
});

test("an alarm that is set anew rings then alone, and one that is taken back never", () => {
  const { clock, alarms, fired } = newAlarms();
  for (const at of [100, 900, 400]) alarms.set("anew", at);
  alarms.set("sooner", 800);
  alarms.set("sooner", 50);
  alarms.set("back", 60);
  alarms.set("back", null);
  clock.advance(2_000);
  expect(fired).toEqual(["sooner 50", "anew 400"]);
  alarms.set("gone", 3_000);
  alarms.clear();
  clock.advance(2_000);
  expect(fired.length).toBe(2);
});

test("one of many that is set again and again costs as much as alone", () => {
  const { clock, alarms, fired, timers } = newAlarms();
  for (let index = 0; index < 50_000; index += 1) alarms.set(`far ${index}`, 1e9 + index);
  const begunAt = performance.now();
  for (let time = 0; time < 5_000; time += 1) {
    for (const ms of [3, 2, 1]) alarms.set("near", clock.now + ms);
    clock.advance(1);
  }
  // To look at each of them took half a minute.
  expect(performance.now() - begunAt).toBeLessThan(3_000);
  expect(fired.length).toBe(5_000);
  expect(timers()).toBeLessThanOrEqual(5_000 * 4 + 1);
});
