import { afterEach, expect, test, vi } from "vitest";
import {
  askedAgain,
  isOfStandingClock,
  StandingClock,
  type Stub,
} from "../../durable-objects/cloudflare/standing-clock.ts";

afterEach(() => vi.useRealTimers());

/** Lives on workerd: the clock of each is never behind what it has shown. */
function machine() {
  vi.useFakeTimers({ toFake: ["Date"] });
  let now = 1_800_000_000_000;
  let shown = 0;
  const show = () => {
    shown = Math.max(shown, now);
    vi.setSystemTime(shown);
  };
  show();
  return {
    pass: (ms: number) => {
      now += ms;
      show();
    },
    beginLife: () => {
      shown = 0;
      show();
    },
    clock: (harmlessMs: number, asked = () => {}) =>
      new StandingClock(() => {
        asked();
        return now;
      }, harmlessMs),
  };
}

test("a clock set back stands still until it catches up or restarts", () => {
  const { pass, clock, beginLife } = machine();
  const stands = clock(250);
  expect(stands.standsStill).toBe(false);
  pass(-5_000);
  expect(stands.standsStill).toBe(true);
  pass(4_000);
  expect(stands.standsStill).toBe(true);
  pass(800);
  expect(stands.standsStill).toBe(false);
  pass(-86_400_000);
  expect(stands.standsStill).toBe(true);
  beginLife();
  expect(stands.standsStill).toBe(false);
});

test("while a relay's clock goes on, a call soon after the last one does not ask the machine", () => {
  const { pass, clock } = machine();
  let asked = 0;
  const counted = clock(10_000, () => asked++);
  for (let call = 0; call < 20; call++) {
    pass(10);
    expect(counted.standsStill).toBe(false);
  }
  expect(asked).toBe(1);
  pass(10_000);
  expect([counted.standsStill, asked]).toEqual([false, 2]);
});

/** An object whose lives stand still, so many in a row. */
function object(standing: number) {
  const { pass, clock, beginLife } = machine();
  const did: string[] = [];
  const life: Stub = {
    add: async (word) => {
      clock(250).requireGoing();
      did.push(String(word));
      if (word === "broken") throw new Error("its own fault");
      return did.length;
    },
    beginAnew: async () => {
      standing -= 1;
      if (standing === 0) beginLife();
      throw new Error("the life has ended");
    },
  };
  if (standing > 0) pass(-60_000);
  return { did, stub: askedAgain(() => life) };
}

test.each([0, 1])("does once what %i standing instances were asked before", async (standing) => {
  const { did, stub } = object(standing);
  expect(await stub.add?.("a")).toBe(1);
  expect(did).toEqual(["a"]);
});

test("a second standing instance does nothing, and fails", async () => {
  const { did, stub } = object(2);
  const failure = await stub.add?.("a").catch((error: unknown) => error);

  expect(failure).toBeInstanceOf(Error);
  expect(isOfStandingClock(failure)).toBe(false);
  expect(did).toEqual([]);
});
