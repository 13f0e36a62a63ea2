import { expect, test } from "vitest";
import { SteadyClock } from "../../src/foundation/time/steady-clock.ts";

test("time goes on at its pace when the machine's clock is set back, and when it is set right again", () => {
  const clock = new SteadyClock();

  expect([10_000, 12_000, 2_000, 3_000].map((machine) => clock.at(machine))).toEqual([10_000, 12_000, 12_000, 13_000]);
  expect(clock.onMachine(15_000)).toBe(5_000);
  expect(clock.at(12_000)).toBe(22_000);
});

test("it begins no earlier than what an earlier life has written down", () => {
  const clock = new SteadyClock();
  clock.notBefore(9_000);

  expect([clock.at(5_000), clock.at(5_500)]).toEqual([9_000, 9_500]);

  const next = new SteadyClock();
  next.notBefore(9_000, clock.aheadMs);
  expect(next.at(25_500)).toBe(29_500);
});
