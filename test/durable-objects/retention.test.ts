import { expect, test } from "vitest";
import { isOver, retentionAt } from "../../durable-objects/platform/retention.ts";

const keptMs = 1_000;

test("rows of a domain that the settings have are kept as long as these say, whatever was so before", () => {
  expect(retentionAt(50, keptMs, null)).toEqual({ keptMs, removedAt: null });
  expect(retentionAt(50, keptMs, { keptMs: 1, removedAt: 7 })).toEqual({ keptMs, removedAt: null });
  expect(retentionAt(50, 0, { keptMs, removedAt: null })).toEqual({ keptMs: 0, removedAt: null });
});

test("rows of a domain that the settings lack are kept from then on as long as the settings last said", () => {
  expect(retentionAt(50, null, { keptMs, removedAt: null })).toEqual({ keptMs, removedAt: 50 });
  // A later look puts nothing off.
  expect(retentionAt(90, null, { keptMs, removedAt: 50 })).toEqual({ keptMs, removedAt: 50 });
  expect(retentionAt(90, null, { keptMs, removedAt: 0 })).toEqual({ keptMs, removedAt: 0 });
  expect(retentionAt(50, null, null)).toEqual({ keptMs: 0, removedAt: 50 });
});

test("an object is deleted once nobody has needed it for so long, and never while the settings have its domain", () => {
  expect([1_049, 1_050].map((now) => isOver({ keptMs, removedAt: 50 }, now))).toEqual([false, true]);
  expect(isOver({ keptMs, removedAt: null }, 1e15)).toBe(false);
  expect(isOver({ keptMs: 0, removedAt: null }, 1e15)).toBe(false);
});
