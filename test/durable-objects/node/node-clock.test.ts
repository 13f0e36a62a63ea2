import { expect, test } from "vitest";
import { EdgeTime } from "../../../durable-objects/node/node-clock.ts";
import { dayMs, hourMs } from "../../../src/foundation/time/timers.ts";

const began = 1_800_000_000_000;
const yearMs = 365 * dayMs;

/** A machine whose wall clock can be set, and that can sleep. */
function machine() {
  const is = { wall: began, monotonic: 5_000, sinceBoot: 5_000 };
  const time = new EdgeTime({ wall: () => is.wall, monotonic: () => is.monotonic, sinceBoot: () => is.sinceBoot });
  const pass = (ms: number) => {
    for (const clock of ["wall", "monotonic", "sinceBoot"] as const) is[clock] += ms;
  };
  return { is, time, pass };
}

test.each([
  ["a new state", 0, false, began, null],
  ["a clock behind the state", began + hourMs, false, began + hourMs, null],
  ["a clock a year behind the state", began + yearMs, false, began + yearMs, null],
  ["a clock a week ahead", began - 7 * dayMs, false, began, null],
  ["a clock more than a week ahead", began - 7 * dayMs - 1, false, began - 7 * dayMs - 1, 7 * dayMs + 1],
  ["a clock years ahead", began - 3 * yearMs, false, began - 3 * yearMs, 3 * yearMs],
  ["a trusted clock years ahead", began - 3 * yearMs, true, began, null],
])("time begins right for %s", (_, lastAt, trusts, now, aheadMs) => {
  const { time, pass } = machine();
  expect([time.begin(lastAt, trusts), time.now()]).toEqual([aheadMs, now]);
  pass(1_500);
  expect(time.now()).toBe(now + 1_500);
});

test("time only passes while somebody sets the clock", () => {
  const { is, time, pass } = machine();
  time.begin(0, false);
  let before = time.now();
  for (const ms of [dayMs, -yearMs, 3_000, -3_000, yearMs]) {
    is.wall += ms;
    pass(1_000);
    expect(time.now()).toBe(before + 1_000);
    before = time.now();
  }
});

test("the machine's sleep is time that passes", () => {
  const { is, time, pass } = machine();
  time.begin(0, false);
  is.wall += 8 * hourMs;
  is.sinceBoot += 8 * hourMs;
  pass(1_000);
  expect(time.now()).toBe(began + 8 * hourMs + 1_000);
});
