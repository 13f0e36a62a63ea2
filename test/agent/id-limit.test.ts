import { expect, test } from "vitest";
import { AgentWorld } from "./agent-world.ts";

test("keeps the furthest ID limit over a restart and confirms it", () => {
  const world = new AgentWorld();
  world.connect();
  world.settle();
  world.pass(5_000);
  expect(world.idLimit).toEqual({ place: 0, by: "" });
  expect(world.heard.filter(({ type }) => type === "id-limit-kept")).toEqual([]);
  for (const [place, by] of [
    [100, "a life"],
    [50, "the next life"],
    [200, "the next life"],
  ] as const) {
    world.tell({ type: "id-limit", place, by });
    world.settle();
  }
  expect(world.heard.filter(({ type }) => type === "id-limit-kept")).toEqual([
    { type: "id-limit-kept", place: 100, by: "a life" },
    { type: "id-limit-kept", place: 100, by: "a life" },
    { type: "id-limit-kept", place: 200, by: "the next life" },
  ]);
  world.restart();
  expect(world.idLimit).toEqual({ place: 200, by: "the next life" });
});
