import { expect, test } from "vitest";
import { IdSupply, NoIds, noIds } from "../../durable-objects/ids/id-supply.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import { firstPlaceOf, idAt } from "../../src/tsp/id-scheme.ts";

const now = Date.UTC(2026, 10, 21);

/** A supply whose usual amount is 62 of each, and transactions that use ids of it; `largest`: in one block. */
function supply(largest = Number.POSITIVE_INFINITY, aheadMs = 0, atHand = noIds) {
  let last = idAt(firstPlaceOf(now));
  const block = (count: number) => {
    const first = last;
    last += Math.min(count, largest);
    return { first, end: last };
  };
  const asked: IdsWanted[] = [];
  const world = { isReached: true };
  const lines: LogLine[] = [];
  const ids = new IdSupply(
    { now: () => now + aheadMs, after: () => () => {}, log: (line) => lines.push(line) },
    atHand,
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
  return { ids, use, asked, runs, world, lines };
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
  const { ids, use, world, lines } = supply();
  await use(1);
  const { atHand } = ids;
  world.isReached = false;

  await expect(use(112)).rejects.toThrow(NoIds);
  expect(lines).toEqual([{ level: "warn", event: "no-ids", why: "Error: the allocator is being moved" }]);
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
  expect(ids.isRefilling).toBe(true);
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

test("a transaction that runs out while a refill fails asks once more", async () => {
  const { ids, use, world } = supply();
  await use(40);
  world.isReached = false;
  ids.keep({ msgIds: 62, transIds: 62 });
  world.isReached = true;

  expect(await use(112)).toHaveLength(112);
});

test("a transaction that needs more each time it runs is given up after five runs, and one that fails otherwise after one", async () => {
  const { ids } = supply();
  const runs: number[] = [];
  const growing = ids.supply(() =>
    ids.transaction(
      (nextId) => {
        if (runs.length > 9) throw new Error("no end");
        const count = 100 * (runs.length + 1);
        runs.push(count);
        for (let left = count; left > 0; left -= 1) nextId("msgIds");
      },
      (work) => work(),
    ),
  );
  await expect(growing).rejects.toThrow("too few ids are at hand: 400 MsgIDs");
  expect(runs).toEqual([100, 200, 300, 400]);

  let tried = 0;
  const full = ids.supply(() => {
    tried += 1;
    throw new Error("database or disk is full");
  });
  await expect(full).rejects.toThrow(new Error("database or disk is full"));
  expect(tried).toBe(1);
});

test("ids of more than four days ago are dropped, since it may soon not be known whose they were", async () => {
  const blockOf = (place: number) => ({ first: idAt(place), end: idAt(place) + 5 });
  const oldest = firstPlaceOf(now - 4 * dayMs);
  const [old, young] = [blockOf(oldest - 5), blockOf(oldest)];
  for (const atHand of [
    { msgIds: [old, young], transIds: [young] },
    { msgIds: [young], transIds: [old, young] },
    { msgIds: [old, young], transIds: [old, young] },
  ]) {
    const { ids, use, asked } = supply(Number.POSITIVE_INFINITY, 0, atHand);
    expect(await use(1)).toEqual([String(young.first)]);
    const rest = { first: young.first + 1, end: young.end };
    expect([ids.atHand, asked]).toEqual([{ msgIds: [rest], transIds: [young] }, []]);
  }
});

test("of a kind that is never used no ids are fetched", async () => {
  const asked: IdsWanted[] = [];
  const ids = new IdSupply(
    { now: () => now, after: () => () => {}, log: () => {} },
    noIds,
    () => ({ msgIds: 0, transIds: 5 }),
    async (wanted) => {
      asked.push(wanted);
      const first = idAt(firstPlaceOf(now)) + 100 * asked.length;
      return { msgIds: { first, end: first + wanted.msgIds }, transIds: { first, end: first + wanted.transIds } };
    },
  );
  const use = () =>
    ids.supply(() =>
      ids.transaction(
        (nextId) => nextId("transIds"),
        (work) => work(),
      ),
    );
  for (let times = 0; times < 12; times += 1) await use();
  // A block of a few would soon be used up.
  expect(asked).toEqual(Array.from({ length: 2 }, () => ({ msgIds: 0, transIds: 10 })));
});
