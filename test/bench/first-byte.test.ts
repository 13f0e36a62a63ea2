import { expect, test } from "vitest";
import { isWhole } from "../../bench/first-byte.ts";

test("pages are measured beside a list that has each conference as it is, and none as before a restart", () => {
  expect(isWhole({ total: 3_000, unknown: 0 }, 3_000)).toBe(true);
  expect(isWhole({ total: 3_000, unknown: 0, stale: 1 }, 3_000)).toBe(false);
  expect(isWhole({ total: 3_000, unknown: 1 }, 3_000)).toBe(false);
  expect(isWhole({ total: 2_999, unknown: 0 }, 3_000)).toBe(false);
  expect(isWhole({}, 3_000)).toBe(false);
});
