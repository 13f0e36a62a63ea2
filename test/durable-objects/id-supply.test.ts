import { expect, test } from "vitest";
import { IdSupply } from "../../durable-objects/id-supply.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import { firstPlaceOf, idAt } from "../../src/tsp/id-scheme.ts";

const now = Date.UTC(2026, 10, 21);

/** A supply whose usual amount is 62 of each, and transactions that use ids of it. */
function supply() {
  let last = idAt(firstPlaceOf(now));
  const block = (count: number) => {
    const first = last;
    last += count;
    return { first, end: last };
  };
  const asked: IdsWanted[] = [];
  const ids = new IdSupply(
    { now: () => now, after: () => () => {}, log: () => {} },
    { msgIds: [], transIds: [] },
    () => ({ msgIds: 62, transIds: 62 }),
    async (wanted) => {
      asked.push(wanted);
      return { msgIds: block(wanted.msgIds), transIds: block(wanted.transIds) };
    },
  );
  const use = (count: number) =>
    ids.transaction(
      (nextId) => Array.from({ length: count }, () => nextId("msgIds")),
      (work) => work(),
    );
  return { ids, use, asked };
}

test("a transaction that lacks ids gets them with the next refill, however many more than usual are at hand", async () => {
  const { ids, use } = supply();
  await ids.ensure(1);
  expect(() => use(112)).toThrow("50 MsgIDs");
  await ids.ensure();

  // It has grown meanwhile, and lacks fewer than are at hand beyond the usual.
  expect(() => use(126)).toThrow(/MsgIDs and 0 TransIDs too few/);
  await ids.ensure();

  expect(new Set(use(126)).size).toBe(126);
});

test("no more than the usual amount is fetched where nothing was missing", async () => {
  const { ids, use, asked } = supply();
  await ids.ensure(1);
  use(40);
  await ids.ensure(50);

  expect(asked).toEqual([
    { msgIds: 62, transIds: 62 },
    { msgIds: 40, transIds: 0 },
  ]);
});
