import { expect, test } from "vitest";
import { runSeeds } from "./run-seeds.ts";

test("a thousand worlds with faults of every kind keep every rule", { timeout: 300_000 }, async () => {
  const { worlds, counts, failures } = await runSeeds({ first: 1, seeds: 1_000, threads: 2, untilFailures: 1 });

  expect(failures).toEqual([]);
  expect(worlds).toBe(1_000);
  expect(Object.keys(counts).length).toBeGreaterThan(20);
});
