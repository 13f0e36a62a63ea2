import { afterEach, expect, test, vi } from "vitest";
import { isOfStandingClock, StandingClock } from "../../durable-objects/cloudflare/standing-clock.ts";

afterEach(() => vi.useRealTimers());

/** A life on workerd: its clock is never behind what it has shown. */
function life(harmlessMs: number) {
  vi.useFakeTimers({ toFake: ["Date"] });
  const is = { machine: 1_800_000_000_000, shown: 0, asked: 0 };
  const show = () => {
    is.shown = Math.max(is.shown, is.machine);
    vi.setSystemTime(is.shown);
  };
  const clock = new StandingClock(() => {
    is.asked += 1;
    return is.machine;
  }, harmlessMs);
  const pass = (ms: number) => {
    is.machine += ms;
    show();
  };
  pass(0);
  clock.now();
  return { clock, is, pass };
}

test("a clock that goes is asked nothing, however often; one that was set back stands still until it has caught up", () => {
  const { clock, is, pass } = life(250);
  for (let event = 0; event < 1_000; event++) {
    pass(1);
    expect(clock.standsStill).toBe(false);
  }
  expect(is.asked).toBe(0);
  expect(clock.standsStill).toBe(false);
  pass(-5_000);
  expect(clock.standsStill).toBe(true);
  pass(4_000);
  expect(clock.standsStill).toBe(true);
  pass(800);
  expect(clock.standsStill).toBe(false);
});

test("what is harmless is up to the kind of the object", () => {
  const { clock, pass } = life(10_000);
  pass(-9_000);
  expect(clock.standsStill).toBe(false);
  pass(-2_000);
  expect(clock.standsStill).toBe(true);
});

test("a caller knows by the failure that nothing was done", () => {
  const { clock, pass } = life(250);
  pass(0);
  clock.requireGoing();
  pass(-1_000);
  const failed = vi.fn();
  try {
    clock.requireGoing();
  } catch (error) {
    failed(isOfStandingClock(error));
  }

  expect(failed.mock.calls).toEqual([[true]]);
  expect(isOfStandingClock(new Error("the machine's clock was set back"))).toBe(false);
});
