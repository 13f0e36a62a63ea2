import { expect, test } from "vitest";
import { firstPlaceOf, idAt, idsPerDay, placeOf } from "../../src/tsp/id-scheme.ts";

const dayMs = 86_400_000;
const noon = Date.UTC(2002, 7, 5, 12);

test.each([
  ["2002-08-05T00:00:00Z", 52_491],
  ["2002-08-05T23:59:59.999Z", 52_491],
  ["2024-01-01T12:00:00Z", 60_310],
  ["2026-01-01T00:00:00Z", 61_041],
  ["2132-09-01T00:00:00Z", 0],
])("the ids of %s begin with %s (protocol T32, section 5, row 18)", (at, prefix) => {
  expect(idAt(firstPlaceOf(Date.parse(at)))).toBe(prefix * 1_000_000);
});

test("an id is the day's five digits and six of the sequence (protocol T31)", () => {
  expect(idAt(firstPlaceOf(noon) + 123)).toBe(52_491_000_123);
  expect(idAt(firstPlaceOf(noon) + 999_999)).toBe(52_491_999_999);
});

test("after 999999 comes 0, with the digits of a day that is far away, so that none comes twice (protocol T35)", () => {
  const millions = Array.from({ length: 11 }, (_, million) => idAt(firstPlaceOf(noon) + million * 1_000_000));
  expect(millions.map((id) => Math.floor(id / 1_000_000))).toEqual([
    52_491, 62_491, 72_491, 82_491, 92_491, 2491, 12_491, 22_491, 32_491, 42_491, 52_492,
  ]);
});

test("each id has one place among those of the last years", () => {
  const within = [0, 123, 999_999, 1_000_000, 5_400_321, idsPerDay - 1];
  const places = [-4000, -7, -1, 0, 1, 4000].flatMap((days) =>
    within.map((place) => firstPlaceOf(noon + days * dayMs) + place),
  );
  expect(places.map((place) => placeOf(idAt(place), noon))).toEqual(places);
});
