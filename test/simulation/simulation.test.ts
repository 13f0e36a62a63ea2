import { expect, test } from "vitest";
import { runSeeds } from "./run-seeds.ts";
import { type Options, type Outcome, run } from "./world.ts";

/** A world computes for seconds, and for minutes on a busy machine. */
const patient = { timeout: 900_000 };

test.each([
  { edge: "workers", first: 2 },
  { edge: "node", first: 6 },
] as const)("a world with faults of every kind keeps every rule: $edge", patient, async (drawn) => {
  const { worlds, counts, failures } = await runSeeds({ ...drawn, seeds: 1, threads: 1, untilFailures: 1 });

  expect(failures).toEqual([]);
  expect(worlds).toBe(1);
  expect(Object.keys(counts).length).toBeGreaterThan(20);
});

test.each(["node", "workers"] as const)("the same seed gives the same world: %s", patient, async (edge) => {
  const [one, other] = [
    await liveShortly(5, { withStory: true, edge }),
    await liveShortly(5, { withStory: true, edge }),
  ];

  expect(one.story.length).toBeGreaterThan(100);
  // An agent's streams of reports are named by chance; nothing that happens depends on it.
  expect(other.story).toEqual(one.story);
});

test("a fault or an action that is spared does not happen", patient, async () => {
  const [fault] = (await liveShortly(3)).faults;
  if (!fault) throw new Error("this world has no faults");

  const { faults } = await liveShortly(3, { spared: new Set([fault]) });

  expect(faults).not.toContain(fault);
});

/** A tenth of a world. It runs from the event loop, as its clock wants it. */
function liveShortly(seed: number, options: Omit<Options, "seed"> = {}): Promise<Outcome> {
  return new Promise((resolve) => setImmediate(() => resolve(run({ ...options, seed, livelyMs: 2 * 60_000 }))));
}
