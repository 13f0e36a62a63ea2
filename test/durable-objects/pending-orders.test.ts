import { expect, test } from "vitest";
import { PendingOrders } from "../../durable-objects/conference/pending-orders.ts";
import type { PendingCommand } from "../../src/conference/state.ts";
import type { CallId, CommandId } from "../../src/foundation/ids.ts";

test("an order that may have got lost is not overtaken by a later one", () => {
  const pending = new PendingOrders();
  expect(told(pending, ["1"], 0)).toEqual(["1"]);

  expect(told(pending, ["1", "2"], 100)).toEqual(["1", "2"]);
});

test("an order that an agent has taken is told again after ten seconds, or with a later one", () => {
  const pending = new PendingOrders();
  told(pending, ["1"], 0);
  pending.taken(["1" as CommandId]);

  expect(told(pending, ["1"], 9_999)).toEqual([]);
  expect(told(pending, ["1"], 10_000)).toEqual(["1"]);
  expect(told(pending, ["1", "2"], 10_100)).toEqual(["1", "2"]);
});

test("an order is marked as told before, but for the first time of one that was given in this life", () => {
  const pending = new PendingOrders();
  const command = { type: "lock" } as const;
  const [old, fresh] = ["1", "2"].map((id) => ({ id: id as CommandId, command, answerBy: 10_000, request: null }));
  if (!old || !fresh) throw new Error("two orders are needed");
  pending.given([fresh]);
  const commands = new Map([old, fresh].map((order) => [order.id, order]));

  expect(pending.due(commands, 0)).toEqual([
    { id: "1", command, again: true, withinMs: 10_000 },
    { id: "2", command, withinMs: 10_000 },
  ]);
  expect(pending.due(commands, 1_000).map(({ again }) => again)).toEqual([true, true]);
});

test("an order says how much of its time is left, and one that has all the time it needs says nothing", () => {
  const commands = [10_000, 500, null].map((answerBy, index): [CommandId, PendingCommand] => {
    const id = String(index) as CommandId;
    return [id, { id, command: { type: "lock" }, answerBy, request: null }];
  });
  const told = new PendingOrders().due(new Map(commands), 600);

  expect(told.map(({ withinMs }) => withinMs)).toEqual([9_400, 0, undefined]);
});

test("orders that are not taken are told again after 1, 2, 4 and 5 s, and after a minute once a minute", () => {
  const pending = new PendingOrders();
  const seconds: number[] = [];
  for (let now = 0; now <= 240; now += 1) if (told(pending, ["1"], now * 1000).length > 0) seconds.push(now);

  expect(seconds).toEqual([0, 1, 3, 7, 12, 17, 22, 27, 32, 37, 42, 47, 52, 57, 62, 122, 182]);
});

test("when an agent says something, what it has not taken for a second is told at once, and the pauses begin anew", () => {
  const pending = new PendingOrders();
  for (let now = 0; now <= 30_000; now += 1000) told(pending, ["1"], now);
  pending.agentIsThere(27_999);
  expect(told(pending, ["1"], 27_999)).toEqual([]);

  pending.agentIsThere(28_000);
  expect(told(pending, ["1"], 28_000)).toEqual(["1"]);
  expect(told(pending, ["1"], 28_999)).toEqual([]);
  expect(told(pending, ["1"], 29_000)).toEqual(["1"]);
});

test("what an agent has taken is not told again because it says something", () => {
  const pending = new PendingOrders();
  told(pending, ["1"], 0);
  pending.taken(["1" as CommandId]);
  pending.agentIsThere(5_000);

  expect(told(pending, ["1"], 5_000)).toEqual([]);
});

function told(pending: PendingOrders, ids: readonly string[], now: number): string[] {
  const commands = ids.map((id): [CommandId, PendingCommand] => [
    id as CommandId,
    { id: id as CommandId, command: { type: "mute", call: "c1" as CallId }, answerBy: 10_000, request: null },
  ]);
  return pending.due(new Map(commands), now).map(({ id }) => id);
}
