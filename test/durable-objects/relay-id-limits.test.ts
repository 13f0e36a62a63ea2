import { expect, test } from "vitest";
import type { IdLimit } from "../../src/link/messages.ts";
import { bridge, dayMs, domain, RelayWorld } from "./relay-world.ts";

const none: IdLimit = { place: 0, by: "" };
const limit: IdLimit = { place: 100, by: "this life" };
const next: IdLimit = { place: 200, by: "this life" };
const keep = (world: RelayWorld, wanted: IdLimit) => world.relay.keepIdLimit(domain, bridge, wanted);

/** How the relay was asked, and whether that has an answer. */
function asked(promise: Promise<void>) {
  const answer = { isDone: false };
  promise.then(() => {
    answer.isDone = true;
  });
  return answer;
}

test("a limit of ids is stored once each agent acknowledged it", async () => {
  const world = new RelayWorld();
  for (const agent of ["agent-1", "agent-2"]) world.connect(agent, { idLimit: none });
  world.sent.length = 0;
  const answer = asked(keep(world, limit));
  await world.settle();
  expect(world.sent).toEqual([
    { type: "id-limit", ...limit },
    { type: "id-limit", ...limit },
  ]);
  world.says({ type: "id-limit-kept", ...limit }, 100, "link-1");
  await world.settle();
  expect(answer.isDone).toBe(false);
  world.says({ type: "id-limit-kept", place: 150, by: "another life" }, 100, "link-2");
  await world.settle();
  expect(answer.isDone).toBe(true);

  const gone = asked(keep(world, next));
  await world.settle();
  world.says({ type: "id-limit-kept", ...next }, 100, "link-1");
  world.relay.closed("link-2");
  await world.settle();
  expect(gone.isDone).toBe(true);
});

test("waits 1.5 s at most for an agent to store a limit", async () => {
  const world = new RelayWorld();
  world.connect("agent-1", { idLimit: none });
  const answer = asked(keep(world, limit));
  await world.timers.pass(1_499);
  expect(answer.isDone).toBe(false);
  await world.timers.pass(1);
  expect(answer.isDone).toBe(true);
  expect(world.lines.filter(({ event }) => event === "id-limit-not-kept")).toHaveLength(1);
});

test("sends the limit after the welcome, also after a restart", async () => {
  const world = new RelayWorld();
  await keep(world, limit);
  world.sleep();
  world.connect("agent-1", { idLimit: { place: 99, by: "this life" } });
  expect(world.sent.map(({ type }) => type)).toEqual(["welcome", "id-limit"]);
  expect(world.sent.at(-1)).toEqual({ type: "id-limit", ...limit });
  world.says({ type: "id-limit-kept", ...limit });
  world.sleep();
  await keep(world, limit);

  world.sent.length = 0;
  world.connect("agent-2", { idLimit: limit });
  expect(world.sent.map(({ type }) => type)).toEqual(["welcome"]);
});

test("reports limits of another instance to the allocator", async () => {
  const world = new RelayWorld();
  await keep(world, limit);
  for (const idLimit of [none, limit, { place: 99, by: "this life" }]) world.connect("agent-1", { idLimit });
  await world.settle();
  expect(world.asked).toEqual([]);

  world.connect("agent-1", { idLimit: { place: 50, by: "a life before" } });
  world.connect("agent-1", { idLimit: { place: 101, by: "this life" } });
  world.connect("agent-2", { at: world.now + dayMs, idLimit: { place: 60, by: "a life before" } });
  await world.settle();
  expect(world.asked).toEqual([
    "the allocator of local hears of 50 by a life before",
    "the allocator of local hears of 101 by this life",
    "the allocator of local hears of 60 by a life before",
  ]);
  expect(world.lines.filter(({ event }) => event === "id-limit-refused")).toEqual([]);

  world.connect("agent-2", { idLimit: { place: 1_000, by: "a lie" } });
  await world.settle();
  expect(world.lines.filter(({ event }) => event === "id-limit-refused")).toMatchObject([{ agent: "agent-2" }]);
});

test("a limit that only the relay has means no older copy", async () => {
  const world = new RelayWorld();
  await keep(world, next);
  await keep(world, limit);
  world.connect("agent-1", { idLimit: next });
  await world.settle();
  expect(world.asked).toEqual([]);
  expect(world.sent.map(({ type }) => type)).toEqual(["welcome"]);
});
