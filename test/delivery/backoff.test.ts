import { expect, test } from "vitest";
import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import { spread } from "../../src/foundation/hash.ts";

const failures = [0, 1, 2, 3, 6, 7, 1_000];

test("each pause is twice the one before, and none is longer than the longest", () => {
  expect(failures.map((count) => pauseAfter(count, doubling(100, 5_000)))).toEqual([
    0, 100, 200, 400, 3_200, 5_000, 5_000,
  ]);
  expect(pauseAfter(9, doubling(5_000, 5_000))).toBe(5_000);
  expect([doubling(100, 400), doubling(5, 5)]).toEqual([[100, 200, 400], [5]]);
});

test("the last of listed pauses repeats, and without any there is no pause", () => {
  expect(failures.map((count) => pauseAfter(count, [5_000, 1_000]))).toEqual([
    0, 5_000, 1_000, 1_000, 1_000, 1_000, 1_000,
  ]);
  expect(pauseAfter(1, [])).toBe(0);
});

test("those who failed together come back one by one, after half of the pause at the earliest", () => {
  expect([0, 0.5, 1].map((draw) => pauseAfter(1, [100], draw))).toEqual([50, 75, 100]);
  const draws = Array.from({ length: 1_000 }, (_, index) => spread(String(700_000_000 + index)));
  const pauses = draws.map((draw) => pauseAfter(9, doubling(5_000, 300_000), draw)).sort((one, other) => one - other);
  const [first = 0, last = 0] = [pauses[0], pauses.at(-1)];
  expect(first).toBeGreaterThanOrEqual(150_000);
  expect(first).toBeLessThan(160_000);
  expect(last).toBeGreaterThan(290_000);
  expect(last).toBeLessThanOrEqual(300_000);
  expect(pauses[500]).toBeGreaterThan(200_000);
  expect(pauses[500]).toBeLessThan(250_000);
});
