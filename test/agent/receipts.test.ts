import { expect, test } from "vitest";
import { Receipts } from "../../bridge-agent/receipts.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";

const one = "100000001" as ConfKey;
const other = "100000002" as ConfKey;
const ids = (...names: string[]) => names as CommandId[];
const taken = (conference: ConfKey, ...names: string[]) => ({ type: "commands-ack", conference, ids: names });

test("an order whose result is out in time gets no receipt", () => {
  const receipts = new Receipts();
  receipts.commands(one, ids("a"), true, 0);
  expect(receipts.due(0, false)).toEqual([]);
  receipts.result(one, "a" as CommandId);
  expect(receipts.due(5_000, true)).toEqual([]);
});

test("an order that takes its time gets a receipt, once, before the edge repeats it", () => {
  const receipts = new Receipts();
  receipts.commands(one, ids("a"), true, 0);
  receipts.commands(other, ids("b"), true, 200);
  expect(receipts.due(299, true)).toEqual([]);
  expect(receipts.due(300, false)).toEqual([]);
  expect(receipts.due(400, true)).toEqual([taken(one, "a")]);
  expect(receipts.due(600, true)).toEqual([taken(other, "b")]);
  expect(receipts.due(5_000, true)).toEqual([]);
});

test("a repeated order, and orders that come together, get a receipt at once", () => {
  const receipts = new Receipts();
  receipts.commands(one, ids("a"), false, 0);
  receipts.commands(other, ids("b", "c"), true, 0);
  expect(receipts.due(0, false)).toEqual([taken(one, "a"), taken(other, "b", "c")]);
  expect(receipts.due(5_000, true)).toEqual([]);
});

test("a second order in a conference that waits for a result brings the receipts of both", () => {
  const receipts = new Receipts();
  receipts.commands(one, ids("a"), true, 0);
  receipts.commands(one, ids("b"), true, 10);
  expect(receipts.due(10, false)).toEqual([taken(one, "a", "b")]);
});
