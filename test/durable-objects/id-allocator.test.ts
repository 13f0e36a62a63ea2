import { expect, test } from "vitest";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import type { ConfKey, MsgId, TransId } from "../../src/foundation/ids.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { Database } from "../simulation/database.ts";
import { ConferenceWorld, callerEntered, callerLeft } from "./conference-world.ts";

const midnight = Date.UTC(2002, 7, 5);
const noon = Date.UTC(2002, 7, 5, 12);
const dayMs = 86_400_000;
const [a, b, c] = ["a", "b", "c"] as [ConfKey, ConfKey, ConfKey];
const both = (count: number) => ({ msgIds: count, transIds: count });

test("blocks follow one another, from the day's first id on, also after a restart (protocol T35)", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);

  expect(ids.allocate(a, both(50), midnight).msgIds).toEqual({ first: 52_491_000_000, end: 52_491_000_050 });
  expect(ids.allocate(b, both(10), midnight).msgIds).toEqual({ first: 52_491_000_050, end: 52_491_000_060 });
  expect(new IdAllocator(sql).allocate(a, both(10), midnight).msgIds).toEqual({
    first: 52_491_000_060,
    end: 52_491_000_070,
  });
});

test("a TransID leads to whom its block was given, where blocks have none of them, too", () => {
  const ids = new IdAllocator(new Database());
  const given = [a, b, c].map((holder, index) =>
    ids.allocate(holder, { msgIds: 5, transIds: index === 1 ? 0 : 10 }, midnight),
  );
  const holderOf = (id: number) => ids.holderOfTransaction(String(id) as TransId, midnight);
  const [first, none, last] = given.map(({ transIds }) => transIds);

  expect([first, last].map((block) => [holderOf(block?.first ?? 0), holderOf((block?.end ?? 0) - 1)])).toEqual([
    ["a", "a"],
    ["c", "c"],
  ]);
  expect(none?.end).toBe(none?.first);
  expect(holderOf(last?.end ?? 0)).toBeNull();
  expect(ids.holderOfTransaction("x" as TransId, midnight)).toBeNull();
});

test("after its state was lost, an allocator gives out no id of before, at up to eleven a second", () => {
  const before = new IdAllocator(new Database());
  let last = before.allocate(a, both(50), midnight);
  for (let second = 10; second <= 3_600; second += 10) last = before.allocate(a, both(110), midnight + second * 1_000);
  const after = new IdAllocator(new Database()).allocate(a, both(50), midnight + 3_610_000);

  expect(after.msgIds.first).toBeGreaterThanOrEqual(last.msgIds.end);
  expect(after.transIds.first).toBeGreaterThanOrEqual(last.transIds.end);
  expect(Math.floor(after.msgIds.first / 1_000_000)).toBe(52_491);
});

test("each day begins anew, and a clock that was set back repeats no id", () => {
  const ids = new IdAllocator(new Database());
  ids.allocate(a, both(50), noon);
  expect(ids.allocate(a, both(50), noon + dayMs).transIds.first).toBe(52_492_000_000);
  expect(ids.allocate(a, both(50), noon).transIds.first).toBe(52_492_000_050);
});

test("a sequence ends with 999999 and begins again, with the digits of a day 27 years later (protocol T35)", () => {
  const ids = new IdAllocator(new Database());
  ids.allocate(a, both(999_990), midnight);
  expect(ids.allocate(b, both(50), midnight).msgIds).toEqual({ first: 52_491_999_990, end: 52_492_000_000 });
  expect(ids.allocate(c, both(50), midnight).msgIds).toEqual({ first: 62_491_000_000, end: 62_491_000_050 });
  expect(ids.holderOf("52491000049" as MsgId, midnight)).toBe("a");
  expect(ids.holderOf("62491000049" as MsgId, midnight)).toBe("c");
});

test("thirty conferences a minute, of ten callers who come and go one by one, get no id twice (protocol T36)", async () => {
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
  const entered = [...world.stored.state.callers.values()];
  for (const [index, { enterMsgId: msgId }] of entered.entries()) {
    const named = { type: "caller-named", msgId, extCallId: `${index}` } as FromWebex;
    await world.received(`named-${index}`, named);
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

test("it is known who holds a MsgID, and that one was never allocated", () => {
  const ids = new IdAllocator(new Database());
  ids.allocate(a, both(50), midnight);
  ids.allocate(b, both(50), midnight);
  const holders = ["52491000000", "52491000049", "52491000050", "52491000100", "52490999999", "x", ""];

  expect(holders.map((msgId) => ids.holderOf(msgId as MsgId, midnight))).toEqual([
    "a",
    "a",
    "b",
    null,
    null,
    null,
    null,
  ]);
  // An id has eleven digits, whatever else might be read as its number.
  for (const other of ["952491000000", "52491000000e0", " 52491000000", "0x0C38A3C480", "052491000000"])
    expect([ids.holderOf(other as MsgId, midnight), ids.holderOfTransaction(other as TransId, midnight)]).toEqual([
      ...[null, null],
    ]);
});

test("the holder of a block is not named any more when its conference may be deleted", () => {
  const ids = new IdAllocator(new Database());
  ids.allocate("a" as ConfKey, { msgIds: 50, transIds: 50 }, midnight);
  const msgId = "52491000000" as MsgId;

  expect(ids.holderOf(msgId, midnight + dayMs - 1, dayMs)).toBe("a");
  expect(ids.holderOf(msgId, midnight + dayMs, dayMs)).toBeNull();
});

/** The conferences whose blocks expire so many days after noon; those in `kept` could not be told. */
function expire(ids: IdAllocator, days: number, kept: readonly ConfKey[] = []): readonly ConfKey[] {
  const now = noon + days * dayMs;
  const expired = ids.expired(now);
  if (expired) ids.expire(expired, new Set(kept), now);
  return expired?.holders ?? [];
}

test("blocks of conferences that could not be told stay for another week", () => {
  const ids = new IdAllocator(new Database());
  for (const holder of [a, b, c]) ids.allocate(holder, both(10), noon);
  ids.allocate(c, both(10), noon + 8 * dayMs);

  expect([8, 8.1, 14.4, 14.6, 14.7].map((days) => expire(ids, days, [a, b]))).toEqual([
    ["a", "b", "c"],
    ["a", "b"],
    ["a", "b"],
    ["a", "b"],
    [],
  ]);
});

test("blocks of a week ago expire, and the ids still go on", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);
  ids.allocate(a, both(10), noon);
  ids.allocate(b, both(10), noon + 7 * dayMs);
  expect([expire(ids, 7), ids.nextExpiry]).toEqual([[], noon + 8 * dayMs]);
  ids.allocate(b, both(10), noon + 8 * dayMs);
  expect([expire(ids, 8), ids.nextExpiry]).toEqual([["a"], noon + 15 * dayMs]);
  expect(sql.exec("SELECT holder FROM allocated")).toEqual([{ holder: "b" }, { holder: "b" }]);
  expect(new IdAllocator(sql).allocate(c, both(10), noon + 8 * dayMs).msgIds.first).toBe(52_499_000_010);
});
