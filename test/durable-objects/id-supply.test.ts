import { expect, test } from "vitest";
import { IdSupply, NoIds } from "../../durable-objects/ids/id-supply.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import { firstPlaceOf, idAt } from "../../src/tsp/id-scheme.ts";

const now = Date.UTC(2026, 10, 21);

/** A supply whose usual amount is 62 of each, and transactions that use ids of it; `largest`: in one block. */
function supply(largest = Number.POSITIVE_INFINITY, aheadMs = 0) {
  let last = idAt(firstPlaceOf(now));
  const block = (count: number) => {
    const first = last;
    last += Math.min(count, largest);
    return { first, end: last };
  };
  const asked: IdsWanted[] = [];
  const world = { isReached: true };
  const ids = new IdSupply(
    { now: () => now + aheadMs, after: () => () => {}, log: () => {} },
    { msgIds: [], transIds: [] },
    () => ({ msgIds: 62, transIds: 62 }),
    async (wanted) => {
      if (!world.isReached) throw new Error("the allocator is being moved");
      asked.push(wanted);
      return { msgIds: block(wanted.msgIds), transIds: block(wanted.transIds) };
    },
  );
  const runs: number[] = [];
  const use = (count: number) =>
    ids.supply(() =>
      ids.transaction(
        (nextId) => {
          runs.push(count);
          return Array.from({ length: count }, () => nextId("msgIds"));
        },
        (work) => work(),
      ),
    );
  return { ids, use, asked, runs, world };
}

test("a transaction that runs out of ids is rolled back, and runs again with those that it lacks and the usual amount", async () => {
  const { use, asked, runs } = supply();
  const first = await use(1);
  const second = await use(112);

  expect(asked).toEqual([
    { msgIds: 62, transIds: 63 },
    { msgIds: 113, transIds: 0 },
  ]);
  expect(new Set([...first, ...second]).size).toBe(113);
  // The first one does not run in vain.
  expect(runs).toEqual([1, 112, 112]);
});

test("blocks of three at the end of a sequence: as many are fetched as it takes, and none is used twice", async () => {
  const { use } = supply(3);
  const used = [await use(1), await use(400), await use(7)].flat();

  expect([used.length, new Set(used).size]).toEqual([408, 408]);
  expect(used.every((id) => /^\d{11}$/.test(id))).toBe(true);
});

test("where no ids can be fetched the transaction is refused, and uses up none; one that needs no more than there are is not", async () => {
  const { ids, use, world } = supply();
  await use(1);
  const { atHand } = ids;
  world.isReached = false;

  await expect(use(112)).rejects.toThrow(NoIds);
  expect(ids.atHand).toBe(atHand);
  expect(await use(61)).toHaveLength(61);
});

test("by a clock that is ten years ahead of the allocator's, its ids look old, and are used all the same", async () => {
  const { use } = supply(Number.POSITIVE_INFINITY, 3_650 * dayMs);
  const used = [await use(1), await use(112), await use(3)].flat();

  expect(new Set(used).size).toBe(116);
});

test("an allocator that gives nothing is an error, not a loop", async () => {
  await expect(supply(0).use(1)).rejects.toThrow("the id allocator gave no ids");
});

test("more are fetched in the background when fewer than asked are left, up to the usual amount", async () => {
  const { ids, use, asked } = supply();
  await use(40);
  ids.keep({ msgIds: 22, transIds: 62 });
  expect(ids.isRefilling).toBe(false);
  ids.keep({ msgIds: 23, transIds: 62 });
  await use(1);

  expect(asked.slice(1)).toEqual([{ msgIds: 40, transIds: 0 }]);
});

test("a transaction that runs out while a refill for fewer is under way waits for ids of its own", async () => {
  const { ids, use, asked } = supply();
  await use(40);
  ids.keep({ msgIds: 62, transIds: 62 });

  expect(await use(112)).toHaveLength(112);
  expect(asked.slice(1).map(({ msgIds }) => msgIds)).toEqual([40, 112]);
});
