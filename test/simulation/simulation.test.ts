import { expect, test } from "vitest";
import { runSeeds } from "./run-seeds.ts";
import { type Outcome, run } from "./world.ts";

test("twelve worlds with faults of every kind keep every rule", { timeout: 900_000 }, async () => {
  const { worlds, counts, failures } = await runSeeds({ first: 1, seeds: 12, threads: 2, untilFailures: 1 });

  expect(failures).toEqual([]);
  expect(worlds).toBe(12);
  expect(Object.keys(counts).length).toBeGreaterThan(20);
});

test("world 7010: a telephone that rings for too long just when WebEx cancels is recorded as WebEx was told", async () => {
  expect((await live(7010)).violations).toEqual([]);
});

test("world 7237: after a gap nobody knows a code that was keyed before another server's create replaced it", async () => {
  expect((await live(7237)).violations).toEqual([]);
});

test("world 5043: an invitee that waits is told once more after an outage only as long as WebEx has not named it", async () => {
  expect((await live(5043)).violations).toEqual([]);
});

test("world 5051: a conference dies when a probe has just been confirmed, and its answer is not told again for that", async () => {
  expect((await live(5051)).violations).toEqual([]);
});

test("world 5131: WebEx names an invitee that waits before its entry is given up, and is not told the entry again", async () => {
  expect((await live(5131)).violations).toEqual([]);
});

test.each([5169, 5177])(
  "world %i: a probe is confirmed while the disk is full, and its answer is not told again",
  async (seed) => {
    expect((await live(seed)).violations).toEqual([]);
  },
);

test("world 6534: operators send again what waits for its server already, and it is not queued twice", async () => {
  expect((await live(6534)).violations).toEqual([]);
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
