import { expect, test } from "vitest";
import { LogLimit } from "../../src/http/monitoring.ts";

test("of a flood some lines come through, and the first one after it says how many did not", () => {
  const limit = new LogLimit();
  const flood = Array.from({ length: 5_000 }, () => limit.admit("document-refused", "local", 0));

  expect(flood.filter((dropped) => dropped !== null)).toEqual(Array(20).fill(0));
  expect(limit.admit("document-refused", "local", 3_000)).toBe(4_980);
  expect(limit.admit("document-refused", "local", 3_000)).toBeNull();
  expect(limit.admit("document-refused", "local", 6_000)).toBe(1);
});

test("each event of each domain has a limit of its own", () => {
  const limit = new LogLimit();
  for (let line = 0; line < 100; line += 1) limit.admit("document-refused", "local", 0);

  expect(limit.admit("host-refused", "local", 0)).toBe(0);
  expect(limit.admit("document-refused", "other", 0)).toBe(0);
});
