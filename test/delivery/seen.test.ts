import { expect, test } from "vitest";
import { Seen } from "../../src/delivery/seen.ts";

const hour = 1_000;

test("what was seen is known until its time is over", () => {
  const seen = new Seen<string, string>(10, [["before", "a", 0]]);
  seen.add("now", "b", 500, 500 - hour);
  expect([seen.get("before", -1), seen.get("before", 0), seen.get("now", 499), seen.get("now", 500)]).toEqual([
    "a",
    undefined,
    "b",
    undefined,
  ]);
  expect(seen.get("never", -hour)).toBeUndefined();
});

test("what is too old goes with the next one, and so does the same", () => {
  const seen = new Seen<string>(10, [
    ["old", null, 0],
    ["same", null, 900],
    ["young", null, 950],
  ]);
  expect(seen.outdated("same", 0)).toEqual([
    ["old", 0],
    ["same", 900],
  ]);
  seen.add("same", null, 1_000, 0);
  expect(seen.outdated("other", 950)).toEqual([["young", 950]]);
  expect(["old", "same", "young"].map((key) => seen.get(key, -hour))).toEqual([undefined, null, null]);
});

test("beyond a number the oldest goes, though it is young", () => {
  const seen = new Seen<string>(2);
  for (const [at, key] of ["a", "b", "a", "c"].entries()) seen.add(key, null, at, -hour);
  expect(["a", "b", "c"].map((key) => seen.get(key, -hour))).toEqual([null, undefined, null]);
  expect(seen.outdated("d", -hour)).toEqual([["a", 2]]);
});

test("one that expired behind one that has not, by a clock that was set, goes once", () => {
  const seen = new Seen<string>(10, [
    ["ahead", null, 9_000],
    ["late", null, 10],
  ]);
  expect(seen.outdated("late", 10)).toEqual([["late", 10]]);
  expect(seen.outdated("new", 10)).toEqual([]);
  expect(seen.get("late", 10)).toBeUndefined();
});
