import { expect, test } from "vitest";
import { LogLimit, RateLimit, TokenBucket } from "../../src/foundation/limits.ts";

/** How many of 100 at one moment may be done. */
function passing(limit: RateLimit, now: number, name = "local"): number {
  return Array.from({ length: 100 }, () => limit.waitSeconds(name, 30, now)).filter((wait) => wait === 0).length;
}

test("a minute's worth may be done at once, then as many as the time earns, and no pause saves up more", () => {
  const limit = new RateLimit();

  expect([0, 0, 2_000, 10_000, 3_600_000].map((now) => passing(limit, now))).toEqual([30, 0, 1, 4, 30]);
});

test("each name has its own", () => {
  const limit = new RateLimit();

  expect([passing(limit, 0, "one"), passing(limit, 0, "other")]).toEqual([30, 30]);
});

test("another rate counts at once", () => {
  const limit = new RateLimit();
  const posts = (perMinute: number) =>
    Array.from({ length: 6 }, () => limit.waitSeconds("local", perMinute, 0) === 0).filter((passes) => passes).length;

  expect([posts(60_000), posts(1), posts(1), posts(60_000)]).toEqual([6, 1, 0, 6]);
});

test("a clock that is set back takes nothing away", () => {
  const limit = new RateLimit();
  limit.waitSeconds("local", 30, 100_000);

  expect(passing(limit, 40_000)).toBe(29);
});

test("the wait is in whole seconds, after which one more is allowed", () => {
  const limit = new RateLimit();
  passing(limit, 0);

  expect([limit.waitSeconds("local", 30, 100), limit.waitSeconds("local", 30, 2_100)]).toEqual([2, 0]);
  expect(new RateLimit().waitSeconds("local", 60_000, 0)).toBe(0);
});

test("a bucket grants its burst at once, and its rate on average", () => {
  const bucket = new TokenBucket({ burst: 10, perSecond: 2 }, 0);

  expect(bucket.spend(10, 0)).toBe(true);
  expect(bucket.spend(1, 499)).toBe(false);
  expect(bucket.spend(1, 500)).toBe(true);
  expect(bucket.spend(11, 60_000)).toBe(false);
  expect(bucket.spend(10, 60_000)).toBe(true);
});

test("a clock that is set back refills nothing, and goes on from there", () => {
  const bucket = new TokenBucket({ burst: 1, perSecond: 1 }, 3_600_000);

  expect(bucket.spend(1, 3_600_000)).toBe(true);
  expect(bucket.spend(1, 0)).toBe(false);
  expect(bucket.spend(1, 1_000)).toBe(true);
});

test("a clock that is set back, and right again, earns the time that passes, and none of it twice", () => {
  const bucket = new TokenBucket({ burst: 10, perSecond: 1 }, 100_000);

  expect(bucket.spend(10, 100_000)).toBe(true);
  expect(bucket.waitMs(1, 90_000)).toBe(1_000);
  expect(bucket.waitMs(1, 100_000)).toBe(1_000);
  expect(bucket.spend(1, 90_000)).toBe(false);
  expect(bucket.spend(5, 95_000)).toBe(true);
  expect(bucket.waitMs(1, 105_000)).toBe(1_000);
  expect(bucket.spend(2, 107_000)).toBe(true);
});

test("of a flood some lines come through, and the first one after it says how many did not", () => {
  const limit = new LogLimit();
  const flood = Array.from({ length: 5_000 }, () => limit.admit("document-refused", "local", 0));

  expect(flood.filter((dropped) => dropped !== null)).toEqual(Array(20).fill(0));
  expect(limit.admit("document-refused", "local", 3_000)).toBe(4_980);
  expect(limit.admit("document-refused", "local", 3_000)).toBeNull();
  expect(limit.admit("document-refused", "local", 6_000)).toBe(1);
});

test("each event of each source has a limit of its own", () => {
  const limit = new LogLimit();
  for (let line = 0; line < 100; line += 1) limit.admit("document-refused", "local", 0);

  expect(limit.admit("host-refused", "local", 0)).toBe(0);
  expect(limit.admit("document-refused", "other", 0)).toBe(0);
});
