import { expect, test } from "vitest";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import { IdSupply, noIds } from "../../durable-objects/ids/id-supply.ts";
import type { SqlValue } from "../../durable-objects/platform/platform.ts";
import type { ConfKey, MsgId, TransId } from "../../src/foundation/ids.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import { Clock } from "../kit/clock.ts";
import { Database } from "../kit/database.ts";
import { ConferenceWorld, callerEntered, callerLeft, request } from "./conference-world.ts";
import { fakePlatform } from "./fakes.ts";

const midnight = Date.UTC(2002, 7, 5);
const noon = Date.UTC(2002, 7, 5, 12);
const dayMs = 86_400_000;
const [a, b, c] = ["a", "b", "c"] as [ConfKey, ConfKey, ConfKey];
const both = (count: number) => ({ msgIds: count, transIds: count });

test("allocates consecutive blocks from the day's first id, also after restarts (protocol T35)", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);

  expect(ids.allocate(a, both(50), midnight).msgIds).toEqual({ first: 52_491_000_000, end: 52_491_000_050 });
  expect(ids.allocate(b, both(10), midnight).msgIds).toEqual({ first: 52_491_000_050, end: 52_491_000_060 });
  expect(new IdAllocator(sql).allocate(a, both(10), midnight).msgIds).toEqual({
    first: 52_491_000_060,
    end: 52_491_000_070,
  });
});

test("repeats no id after a loss of state, below eleven a second", () => {
  const before = new IdAllocator(new Database());
  let last = before.allocate(a, both(50), midnight);
  for (let second = 10; second <= 3_600; second += 10) last = before.allocate(a, both(110), midnight + second * 1_000);
  const after = new IdAllocator(new Database()).allocate(a, both(50), midnight + 3_610_000);

  expect(after.msgIds.first).toBeGreaterThanOrEqual(last.msgIds.end);
  expect(after.transIds.first).toBeGreaterThanOrEqual(last.transIds.end);
  expect(Math.floor(after.msgIds.first / 1_000_000)).toBe(52_491);
});

test("a restored state begins in the day's next sequence, each time later", () => {
  const sql = new Database();
  const backup = new IdAllocator(sql).allocate(a, both(50), noon);
  const restored = (at: number) => new IdAllocator(sql, at).allocate(a, both(50), at).msgIds.first;
  const first = restored(noon + 1_000);
  expect(backup.msgIds.first).toBe(52_491_500_000);
  expect(first).toBe(62_491_500_011);
  expect(restored(noon + 1_000)).toBe(first + 50);
  expect(restored(noon + 2_000)).toBe(72_491_500_023);

  const copy = new Database();
  new IdAllocator(copy).allocate(a, both(50), noon);
  expect(new IdAllocator(copy, noon + 60_000).allocate(a, both(50), noon + 60_000).msgIds.first).toBe(62_491_500_694);
});

test("a clock set back by a day repeats no id", () => {
  const ids = new IdAllocator(new Database());
  ids.allocate(a, both(50), noon);
  expect(ids.allocate(a, both(50), noon + dayMs).transIds.first).toBe(52_492_000_000);
  expect(ids.allocate(a, both(50), noon).transIds.first).toBe(52_492_000_050);
});

test("a sequence continues after 999999 under the digits of a later day (protocol T35)", () => {
  const ids = new IdAllocator(new Database());
  ids.allocate(a, both(999_990), midnight);
  expect(ids.allocate(b, both(50), midnight).msgIds).toEqual({ first: 52_491_999_990, end: 52_492_000_000 });
  expect(ids.allocate(c, both(50), midnight).msgIds).toEqual({ first: 62_491_000_000, end: 62_491_000_050 });
  expect(ids.holderOf("52491000049" as MsgId, midnight)).toBe("a");
  expect(ids.holderOf("62491000049" as MsgId, midnight)).toBe("c");
});

test("a day of thirty conferences a minute uses no id twice (protocol T36)", async () => {
  const world = new ConferenceWorld();
  const { allocateIds } = world;
  const asked: IdsWanted[] = [];
  world.allocateIds = (wanted) => {
    asked.push(wanted);
    return allocateIds(wanted);
  };
  await world.running(0);
  for (let index = 0; index < 10; index += 1) {
    await world.reported(callerEntered(index));
    await world.time.pass(3000);
  }
  for (const [index, msgId] of world.entries.entries()) {
    await world.received(`named-${index}`, request("caller-named", { msgId, extCallId: `${index}` }));
    await world.reported(callerLeft(index));
    await world.time.pass(3000);
  }
  expect(world.posted).toHaveLength(21);

  const ids = new IdAllocator(new Database());
  const given = { msgIds: new Set<number>(), transIds: new Set<number>() };
  const [once, ...more] = asked;
  expect(more).toEqual([]);
  expect(once).toMatchObject({ msgIds: 54, transIds: 24 });
  for (let conference = 0; conference < 43_200; conference += 1) {
    const { msgIds, transIds } = ids.allocate(a, once as IdsWanted, noon);
    given.msgIds.add(msgIds.first);
    given.transIds.add(transIds.first);
  }
  expect([given.msgIds.size, given.transIds.size]).toEqual([43_200, 43_200]);
});

test.each([
  ["52491000000", "a"],
  ["52491000049", "a"],
  ["52491000050", "b"],
  ["52491000100", null],
  ["52490999999", null],
  ["952491000000", null],
  ["52491000000e0", null],
  [" 52491000000", null],
  ["0x0C38A3C480", null],
  ["052491000000", null],
  ["x", null],
  ["", null],
])("the MsgID %j belongs to %s", (id, holder) => {
  expect(twoBlocks().holderOf(id as MsgId, midnight)).toBe(holder);
});

test.each([
  ["52491000000", "a"],
  ["52491000050", "b"],
  ["52491000100", null],
  ["52491000000e0", null],
  ["052491000000", null],
])("the TransID %j belongs to %s", (id, holder) => {
  expect(twoBlocks().holderOfTransaction(id as TransId, midnight)).toBe(holder);
});

test("uses no id of an empty block", async () => {
  const ids = new IdAllocator(new Database());
  const allocate = async (wanted: IdsWanted) => ids.allocate(null, wanted, midnight);
  const supply = new IdSupply(fakePlatform(new Clock(midnight)), noIds, () => ({ msgIds: 0, transIds: 1 }), allocate);
  const run = (work: () => string[]) => work();
  const next = (...kinds: readonly (keyof IdsWanted)[]) =>
    supply.supply(() => supply.transaction((nextId) => kinds.map(nextId), run));
  expect(await next("transIds")).toEqual(["52491000000"]);
  ids.allocate(a, both(50), midnight);
  expect(await next("msgIds", "transIds", "msgIds")).toEqual(["52491000050", "52491000001", "52491000051"]);
});

test("reads a batch of conferences by an index, without a sort", () => {
  const [sql, queries] = [new Database(), new Set<string>()];
  const exec = (query: string, ...values: readonly SqlValue[]) => {
    queries.add(query);
    return sql.exec(query, ...values);
  };
  const ids = new IdAllocator({ exec, transaction: (work) => sql.transaction(work) });
  queries.clear();
  ids.holdersSince(midnight, null);
  const plan = [...queries].flatMap((query) => sql.exec(`EXPLAIN QUERY PLAN ${query}`));
  expect(plan.map(({ detail }) => detail)).toEqual(["SEARCH conference USING INDEX conference_by_place (place<?)"]);
});

/** 50 ids of each kind for `a`, then as many for `b`. */
function twoBlocks(): IdAllocator {
  const ids = new IdAllocator(new Database());
  ids.allocate(a, both(50), midnight);
  ids.allocate(b, both(50), midnight);
  return ids;
}
