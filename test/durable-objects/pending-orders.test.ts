import { expect, test } from "vitest";
import { PendingOrders } from "../../durable-objects/conference/pending-orders.ts";
import type { PendingOrder } from "../../src/conference/state.ts";
import type { CallId, CommandId } from "../../src/foundation/ids.ts";

test("an order that may have got lost is not overtaken by a later one", () => {
  const pending = new PendingOrders();
  expect(told(pending, ["1"], 0)).toEqual(["1"]);

  expect(told(pending, ["1", "2"], 100)).toEqual(["1", "2"]);
});

test("an order that the agent has taken is not told again with a later one", () => {
  const pending = new PendingOrders();
  told(pending, ["1"], 0);
  pending.taken(["1" as CommandId]);

  expect(told(pending, ["1", "2"], 100)).toEqual(["2"]);
});

test("orders that are not taken are told again after a second, and not before", () => {
  const pending = new PendingOrders();
  told(pending, ["1", "2"], 0);

  expect(told(pending, ["1", "2"], 999)).toEqual([]);
  expect(told(pending, ["1", "2"], 1000)).toEqual(["1", "2"]);
});

function told(pending: PendingOrders, ids: readonly string[], now: number): string[] {
  const orders = ids.map((id): [CommandId, PendingOrder] => [
    id as CommandId,
    { id: id as CommandId, command: { type: "mute", call: "c1" as CallId }, answerBy: 10_000, asked: null },
  ]);
  return pending.due(new Map(orders), now).map(({ id }) => id);
}
