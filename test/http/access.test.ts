import { expect, test } from "vitest";
import { isOneOf, RateLimit } from "../../src/http/access.ts";

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

test("a clock that is set back takes nothing away", () => {
  const limit = new RateLimit();
  limit.waitSeconds("local", 30, 100_000);

  expect(passing(limit, 40_000)).toBe(29);
});

test("the wait is told in whole seconds, after which one may be done", () => {
  const limit = new RateLimit();
  passing(limit, 0);

  expect([limit.waitSeconds("local", 30, 100), limit.waitSeconds("local", 30, 2_100)]).toEqual([2, 0]);
  expect(new RateLimit().waitSeconds("local", 60_000, 0)).toBe(0);
});

test("each of the expected texts is one of them, wherever it stands", async () => {
  expect(await Promise.all(["a", "b"].map((given) => isOneOf(["a", "b"], given)))).toEqual([true, true]);
});

test("of thousands of guesses, whose hashes share many a byte with the right one, none is right", async () => {
  const guesses = Array.from({ length: 3_000 }, (_, index) => isOneOf(["a", "b"], `guess ${index}`));

  expect((await Promise.all(guesses)).filter(Boolean)).toEqual([]);
});
