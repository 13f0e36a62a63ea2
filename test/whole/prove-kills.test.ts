import { expect, test } from "vitest";
import { proveKills } from "../../bench/kills/prove.ts";

test("through 20 kills under traffic nothing is lost, nothing is doubled, and WebEx knows what the bridge holds", async () => {
  const { lost, doubled, diverged, requests } = await proveKills(20, 4711);

  expect({ lost, doubled, diverged }).toEqual({ lost: [], doubled: [], diverged: [] });
  expect(requests.length).toBeGreaterThan(50);
}, 120_000);
