import { expect, test } from "vitest";
import { PassingTime } from "../../src/foundation/time/passing-time.ts";

function machine() {
  const is = { wall: 1_800_000_000_000, monotonic: 5_000, sinceBoot: 95_000 };
  const asked = { sinceBoot: 0 };
  const time = new PassingTime({
    wall: () => is.wall,
    monotonic: () => is.monotonic,
    sinceBoot: () => {
      asked.sinceBoot += 1;
      return is.sinceBoot;
    },
  });
  const begun = time.now();
  const pass = (ms: number) => {
    is.wall += ms;
    is.monotonic += ms;
    is.sinceBoot += ms;
  };
  const sleep = (ms: number) => {
    is.wall += ms;
    is.sinceBoot += ms;
  };
  return { is, pass, sleep, asked, passed: () => time.now() - begun };
}

test("time passes at one pace whoever sets the clock, to the past or the future, and asks the system for nothing meanwhile", () => {
  const { is, pass, asked, passed } = machine();
  pass(1_000);
  expect(passed()).toBe(1_000);
  const before = asked.sinceBoot;
  for (let second = 0; second < 100; second++) {
    pass(1_000);
    passed();
  }
  expect(asked.sinceBoot).toBe(before);
  for (const ms of [86_400_000, -86_400_000, -3_000, 500 * 86_400_000]) {
    is.wall += ms;
    passed();
  }
  pass(500);

  expect(passed()).toBe(101_500);
});

test("time passes while the machine sleeps, also where its clock is set at the same time", () => {
  const { is, pass, sleep, passed } = machine();
  sleep(3_600_000);
  expect(passed()).toBe(3_600_000);
  sleep(10_000);
  is.wall -= 86_400_000;
  pass(1_000);

  expect(passed()).toBe(3_611_000);
});

test("each sleep counts once, and between two of them the system is asked nothing", () => {
  const { pass, sleep, asked, passed } = machine();
  sleep(60_000);
  passed();
  const before = asked.sinceBoot;
  for (let second = 0; second < 10; second++) {
    pass(1_000);
    passed();
  }
  expect(asked.sinceBoot).toBe(before);
  sleep(400);
  pass(2_000);
  expect(passed()).toBe(72_000);
  sleep(5_000);

  expect(passed()).toBe(77_400);
});

test("a clock since boot that is coarse makes no time", () => {
  const { is, pass, passed } = machine();
  is.sinceBoot += 400;
  is.wall += 60_000;
  pass(1_000);

  expect(passed()).toBe(1_000);
});
