import { expect, test } from "vitest";
import { runSeeds } from "./run-seeds.ts";
import { type Outcome, run } from "./world.ts";

test("eight worlds with faults of every kind keep every rule", { timeout: 900_000 }, async () => {
  const { worlds, counts, failures } = await runSeeds({ first: 1, seeds: 8, threads: 2, untilFailures: 1 });

  expect(failures).toEqual([]);
  expect(worlds).toBe(8);
  expect(Object.keys(counts).length).toBeGreaterThan(20);
});

test("the same seed gives the same world", async () => {
  const [one, other] = [await live(5, true), await live(5, true)];

  expect(one.story.length).toBeGreaterThan(100);
  // An agent's streams of reports are named by chance; nothing that happens depends on it.
  expect(other.story).toEqual(one.story);
});

test("a fault or an action that is spared does not happen", async () => {
  const [fault] = (await live(3)).faults;
  if (!fault) throw new Error("this world has no faults");

  const { faults } = await live(3, false, new Set([fault]));

  expect(faults).not.toContain(fault);
});

/** A world runs from the event loop, as its clock wants it. */
function live(seed: number, withStory = false, spared: ReadonlySet<string> = new Set()): Promise<Outcome> {
  return new Promise((resolve) => setImmediate(() => resolve(run({ seed, withStory, spared }))));
}
