import { expect, test } from "vitest";
import { SteadyClock } from "../../src/foundation/time/steady-clock.ts";

test("time goes on at its pace when the machine's clock is set back, and when it is set right again", () => {
  const clock = new SteadyClock();

  expect([10_000, 12_000, 2_000, 3_000].map((machine) => clock.at(machine))).toEqual([10_000, 12_000, 12_000, 13_000]);
  expect(clock.onMachine(15_000)).toBe(5_000);
  expect(clock.at(12_000)).toBe(22_000);
});

test("a clock that was set back by a year for a while, and is set right, makes no year of it, in this life or the next", () => {
  const [began, yearMs] = [1_800_000_000_000, 365 * 86_400_000];
  const minuteMs = 60_000;
  const clock = new SteadyClock();
  clock.at(began);
  clock.at(began - yearMs);
  expect(clock.at(began - yearMs + minuteMs)).toBe(began + minuteMs);
  const next = new SteadyClock();
  next.notBefore(began + minuteMs, clock.aheadMs);

  expect(clock.at(began + 3 * minuteMs)).toBe(began + 3 * minuteMs);
  expect([clock.at(began + minuteMs), clock.at(began + 2 * minuteMs)]).toEqual([3, 4].map((m) => began + m * minuteMs));
  expect(next.at(began + minuteMs - 5_000)).toBe(began + minuteMs);
  expect(next.at(began + minuteMs)).toBe(began + minuteMs + 5_000);
});

test("after a clock that was ahead by a year it goes on at its pace, also where it is read once in months", () => {
  const [began, yearMs, dayMs] = [1_800_000_000_000, 365 * 86_400_000, 86_400_000];
  const clock = new SteadyClock();
  clock.at(began + yearMs);
  clock.at(began);
  const aheadAfter = (days: number) => clock.at(began + days * dayMs) - (began + days * dayMs);
  expect([1, 30, 300].map(aheadAfter)).toEqual([yearMs, yearMs, yearMs]);
});

test("it begins no earlier than what an earlier life has written down", () => {
  const clock = new SteadyClock();
  clock.notBefore(9_000);

  expect([clock.at(5_000), clock.at(5_500)]).toEqual([9_000, 9_500]);

  const next = new SteadyClock();
  next.notBefore(9_000, clock.aheadMs);
  expect(next.at(25_500)).toBe(29_500);
});
