import { expect, test } from "vitest";
import { proveKills } from "../../bench/kills/prove.ts";
import { runOnEdge } from "../../scripts/command.ts";

runOnEdge("node");

test("through 10 kills under traffic nothing is lost, nothing is doubled, and WebEx knows what the bridge holds", async () => {
  const { lost, doubled, diverged, requests } = await proveKills(10, 4711);

  expect({ lost, doubled, diverged }).toEqual({ lost: [], doubled: [], diverged: [] });
  expect(requests.length).toBeGreaterThan(50);
}, 120_000);
