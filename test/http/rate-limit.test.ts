import { expect, test } from "vitest";
import { RateLimit } from "../../src/http/rate-limit.ts";

/** How many of 100 at one moment may be done. */
function passing(limit: RateLimit, now: number, name = "local"): number {
  return Array.from({ length: 100 }, () => limit.take(name, 30, now)).filter((wait) => wait === 0).length;
}

test("a minute's worth may be done at once, then as many as the time earns, and no pause saves up more", () => {
  const limit = new RateLimit();

  expect([0, 0, 2_000, 10_000, 3_600_000].map((now) => passing(limit, now))).toEqual([30, 0, 1, 4, 30]);
});

test("each name has its own", () => {
  const limit = new RateLimit();

  expect([passing(limit, 0, "one"), passing(limit, 0, "other")]).toEqual([30, 30]);
});

test("a clock that is set back takes nothing away", () => {
  const limit = new RateLimit();
  limit.take("local", 30, 100_000);

  expect(passing(limit, 40_000)).toBe(29);
});

test("the wait is told in whole seconds, after which one may be done", () => {
  const limit = new RateLimit();
  passing(limit, 0);

  expect([limit.take("local", 30, 100), limit.take("local", 30, 2_100)]).toEqual([2, 0]);
  expect(new RateLimit().take("local", 60_000, 0)).toBe(0);
});
