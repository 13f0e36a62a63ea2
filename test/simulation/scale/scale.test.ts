import { expect, test } from "vitest";
import type { Edge } from "../edge.ts";
import { type Evening, type EveningOptions, liveThroughEvening, phases } from "./evening.ts";
import { busiestLines, costLine, endLines, unitsOf } from "./scale-table.ts";

const options: EveningOptions = { seed: 1, conferences: 3, bridges: 2, workers: 2, steadyMs: 30_000 };

/** One evening for all tests that only read it. */
let lived: Promise<Evening> | undefined;
const evening = () => (lived ??= liveThroughEvening(options));

test("an evening goes well, and all that was asked of the objects is counted", async () => {
  const { violations, phases: counted, calls } = await evening();

  expect(violations).toEqual([]);
  expect(phases.map((phase) => counted[phase].objects.get("conference"))).toEqual([3, 3, 3, 3]);
  expect(counted.begin.objects.get("relay")).toBe(2);
  // Each creates once, and once more in the failover.
  expect(calls.get("relay.health")).toBe(2 * 3);
  expect(calls.get("handles.resolve")).toBeGreaterThan(0);
});

test("what is counted of the directory is what conferences and mailbox told it", async () => {
  const { counted, calls } = await evening();
  const told = [...calls].reduce((sum, [call, count]) => sum + (call.startsWith("directory.") ? count : 0), 0);

  expect(calls.get("directory.publish")).toBeGreaterThan(3 * 10);
  expect(counted.get("directory")).toBe(told);
});

test("the same seed is the same evening", async () => {
  const [one, other] = [await evening(), await liveThroughEvening(options)];
  // What V8 takes for so short a list is not the same each time.
  const counted = (lived: Evening) => [...busiestLines(lived), ...endLines(lived), costLine(lived)].join("\n");

  expect(counted(other)).toBe(counted(one));
});

test("twice as many conferences cost twice as much, and ask the directory twice as often", async () => {
  const of = (conferences: number) => liveThroughEvening({ ...options, conferences });
  // Of fewer, chance decides.
  const [four, eight] = [await of(4), await of(8)];
  const told = ({ calls }: Evening) => calls.get("directory.publish") ?? 0;

  expect(unitsOf(eight).rowsWritten / unitsOf(four).rowsWritten).toBeCloseTo(2, 0);
  expect(told(eight) / told(four)).toBeCloseTo(2, 0);
});

const breaks: Readonly<Record<string, readonly [sabotage: (edge: Edge) => void, violation: RegExp]>> = {
  "calls that nobody bills": [
    ({ directory: { billed } }) => Object.defineProperty(billed, "calls", { get: () => 0, set: () => {} }),
    /^\d+ calls of directory left, and 0 were counted$/,
  ],
  "calls that are billed twice": [
    ({ handles }) => {
      const call = handles.call.bind(handles);
      handles.call = (work) => {
        handles.billed.calls += 1;
        return call(work);
      };
    },
    /^(\d+) calls of handles left, and (?!\1)\d+ were counted$/,
  ],
};

test.each(Object.entries(breaks))("%s are found", async (_, [sabotage, violation]) => {
  const { violations } = await liveThroughEvening({ ...options, conferences: 1 }, sabotage);

  expect(violations).toEqual([expect.stringMatching(violation)]);
});
