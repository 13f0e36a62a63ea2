import { expect, test } from "vitest";
import { IdAllocator } from "../../durable-objects/ids/id-allocator.ts";
import type { ConfKey, MsgId, TransId } from "../../src/foundation/ids.ts";
import type { IdsWanted } from "../../src/rpc/id-allocator.ts";
import { firstPlaceOf, placeByTime, placeOf } from "../../src/tsp/id-scheme.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { Database } from "../simulation/database.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  confKey,
  createConference,
  extConfId,
  host,
} from "./conference-world.ts";

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

test("a block costs one row", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);
  ids.allocate(a, both(50), noon);
  expect(sql.rowsWritten).toBe(1);
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

test("a conference whose ids are renewed is the latest, for one row", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);
  ids.allocate(a, both(10), noon - dayMs);
  ids.allocate(b, both(10), noon);
  const written = sql.rowsWritten;
  ids.renew(a, noon);

  const { holders, next } = ids.holdersSince(noon, null);
  const [{ place = 0 } = {}, second] = holders;
  expect(holders).toEqual([
    { key: a, place, at: noon },
    { key: b, place: place - 10, at: noon },
  ]);
  expect([next, sql.rowsWritten - written]).toEqual([null, 1]);
  expect(ids.holdersSince(noon, place).holders).toEqual([second]);
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

test("where nothing expires there is nothing to do; mail that expires leads to no conference", () => {
  const ids = new IdAllocator(new Database());
  expect(ids.expired(noon)).toBeNull();
  ids.allocate(null, both(10), noon);
  ids.allocate(a, both(10), noon);
  ids.allocate(null, both(10), noon);
  ids.allocate(b, both(10), noon + 9 * dayMs);
  expect(ids.expired(noon + 9 * dayMs)).toMatchObject({ holders: [a], hasMore: false });
});

/** How many ids may still be allocated before the limit; `ids`: of an allocator whose next MsgID and TransID are so far behind the place. */
function allocatorAt(msgIds: number, transIds: number) {
  const sql = new Database();
  const ids = new IdAllocator(sql);
  const at = noon + dayMs / 24;
  ids.reserve({ place: placeByTime(at) + 1_000_000, by: "1 this life" }, at);
  const { msgIds: first } = ids.allocate(a, { msgIds, transIds }, at);
  return { ids, sql, at, first: placeOf(first.first, at) };
}

test("ids up to the limit are allocated without another one, each sequence by itself, and a MsgID is kept for a conference that wants none", () => {
  const { ids, at, first } = allocatorAt(100, 300);
  const limitAt = (place: number) => ids.reserve({ place, by: "1 this life" }, at);
  const exceeds = (msgIds: number, transIds: number) => ids.exceedsLimit({ msgIds, transIds }, at);
  limitAt(first + 500);
  expect([exceeds(399, 0), exceeds(400, 0)]).toEqual([false, true]);
  expect([exceeds(0, 200), exceeds(0, 201)]).toEqual([false, true]);
  limitAt(first + 300);
  expect([exceeds(0, 0), exceeds(0, 1)]).toEqual([false, true]);

  // The first ids of a day are behind all of the day before.
  const { ids: next, first: today } = allocatorAt(0, 0);
  const tomorrow = firstPlaceOf(noon + dayMs);
  next.reserve({ place: tomorrow + 50, by: "1 this life" }, noon);
  expect(today).toBeLessThan(tomorrow);
  const exceedsThen = (msgIds: number, transIds: number) => next.exceedsLimit({ msgIds, transIds }, noon + dayMs);
  expect([exceedsThen(49, 0), exceedsThen(50, 0), exceedsThen(0, 49), exceedsThen(0, 50)]).toEqual([
    ...[false, true, false, true],
  ]);
});

test("a limit is chosen behind what has been used of either sequence, and is known to be used from the next id on", () => {
  const { ids, at } = allocatorAt(5, 20);
  ids.nextLimit(both(0), at, () => "x");
  expect(ids.isUsed).toBe(false);
  ids.allocate(null, { msgIds: 0, transIds: 1 }, at);
  expect(ids.isUsed).toBe(true);
});

test("ids that agents were handed, but that a life never used, are not used by the next as if nothing had been before", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);
  ids.reserve(
    ids.nextLimit(both(10), noon, () => "x"),
    noon,
  );
  const { msgIds, transIds } = new IdAllocator(sql).allocate(a, both(10), noon);
  expect([msgIds, transIds].map(({ first }) => placeOf(first, noon))).toEqual([placeByTime(noon), placeByTime(noon)]);
});

test("a limit that is reserved while the clock is ahead moves no id, and each sequence goes on where it was after a restart", () => {
  const { ids, sql, at, first } = allocatorAt(5, 20);
  ids.reserve({ place: firstPlaceOf(at + 11 * dayMs), by: "1 this life" }, at + 10 * dayMs);
  for (const next of [ids, new IdAllocator(sql)]) {
    const more = next.allocate(a, both(1), at);
    expect([more.msgIds.first, more.transIds.first].map((id) => placeOf(id, at) - first)).toEqual([5, 20]);
  }
});

test("what an agent keeps of another life moves both sequences behind it, unless both are there already", () => {
  const heard = (place: number) => {
    const { ids, sql, at, first } = allocatorAt(100, 300);
    const written = sql.rowsWritten;
    ids.heardLimit({ place: first + place, by: "0 another life" }, at, () => "x");
    const isWritten = sql.rowsWritten > written;
    // An hour later, it still goes on from there.
    const more = ids.allocate(a, both(1), at + dayMs / 24);
    return [isWritten, ...[more.msgIds.first, more.transIds.first].map((id) => placeOf(id, at) - first)];
  };
  expect([50, 100, 200, 400].map(heard)).toEqual([
    [false, 100, 300],
    [false, 100, 300],
    [true, 200, 300],
    [true, 400, 400],
  ]);
});

test("what an agent keeps of an earlier life does not make a limit that others keep look like one of a newer state", () => {
  const ids = new IdAllocator(new Database());
  const limit = ids.nextLimit(both(10), noon, () => "this life");
  ids.reserve(limit, noon);
  ids.allocate(a, both(10), noon);
  expect(ids.heardLimit({ place: placeByTime(noon) + 100, by: "an earlier life" }, noon, () => "x")).toBe(true);

  expect(ids.isOlderThan(limit)).toBe(false);
  expect(ids.isOlderThan({ ...limit, place: limit.place + 1 })).toBe(true);
  expect(placeOf(ids.allocate(a, both(1), noon).msgIds.first, noon)).toBe(placeByTime(noon) + 100);
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

test("the latest block is remembered without its holder: a clock that was ahead for a moment repeats no id after a restart", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);
  const { msgIds, transIds } = ids.allocate(a, both(50), noon);
  expect(expire(new IdAllocator(sql), 9)).toEqual([a]);
  const written = sql.rowsWritten;
  expect([expire(ids, 9), ids.nextExpiry, sql.rowsWritten]).toEqual([[], null, written]);

  const again = new IdAllocator(sql);
  expect(again.holderOf(`${msgIds.first}` as MsgId, noon)).toBeNull();
  const next = again.allocate(b, both(50), noon + 60_000);
  expect([next.msgIds.first, next.transIds.first]).toEqual([msgIds.end, transIds.end]);
});

test("mail that belongs to no conference asked no MsgIDs, and no key stands for it", () => {
  const sql = new Database();
  const ids = new IdAllocator(sql);
  expect(ids.allocate(null, { msgIds: 0, transIds: 50 }, midnight)).toEqual({
    msgIds: { first: 52_491_000_000, end: 52_491_000_000 },
    transIds: { first: 52_491_000_000, end: 52_491_000_050 },
  });
  ids.allocate(null, { msgIds: 0, transIds: 50 }, midnight);
  expect(ids.holderOf("52491000000" as MsgId, midnight)).toBeNull();

  const again = new IdAllocator(sql);
  expect(again.allocate(a, both(50), midnight)).toEqual({
    msgIds: { first: 52_491_000_000, end: 52_491_000_050 },
    transIds: { first: 52_491_000_100, end: 52_491_000_150 },
  });
  again.allocate(null, { msgIds: 0, transIds: 50 }, midnight);
  expect([again.holderOf("52491000000" as MsgId, midnight), again.holderOf("52491000049" as MsgId, midnight)]).toEqual([
    a,
    a,
  ]);
});

test("a conference that was allocated TransIDs alone is known too, whatever is allocated after it", () => {
  const ids = new IdAllocator(new Database());
  const { msgIds } = ids.allocate(a, { msgIds: 0, transIds: 20 }, noon);
  ids.allocate(b, both(10), noon);

  expect(msgIds.end - msgIds.first).toBe(0);
  expect(ids.holdersSince(noon, null).holders.map(({ key }) => key)).toEqual([b, a]);
});

test("a conference that gives answers alone is not given more MsgIDs with each refill", async () => {
  const world = await ConferenceWorld.running(0);
  for (let index = 0; index < 300; index += 1) {
    const message = { type: "unknown", element: "W2A_New", msgId: `m${index}`, replyTo: host, extConfId };
    await world.received(`t${index}`, message as unknown as FromWebex);
  }

  const { msgIds, transIds } = world.stored.progress;
  expect(msgIds.length).toBeLessThanOrEqual(2);
  expect(transIds.length).toBeLessThanOrEqual(3);
});

test("the conferences that were allocated ids since then are known page by page, the latest first", () => {
  const ids = new IdAllocator(new Database());
  const keys = Array.from({ length: 1_250 }, (_, index) => `k${index}` as ConfKey);
  ids.allocate("old" as ConfKey, both(20), noon - dayMs);
  ids.allocate("early" as ConfKey, both(20), noon - 60_001);
  for (const key of keys) ids.allocate(key, both(20), noon);
  ids.allocate(null, { msgIds: 0, transIds: 20 }, noon);
  ids.allocate(keys[1_249] as ConfKey, both(20), noon);

  const found: ConfKey[] = [];
  let pages = 0;
  for (let from: number | null = null; pages === 0 || from !== null; pages += 1) {
    const { holders, next } = ids.holdersSince(noon - 60_000, from);
    found.push(...holders.map(({ key }) => key));
    from = next;
  }

  expect(found).toEqual(keys.toReversed());
  expect(pages).toBe(3);
});

test("a conference that gets ids between two pages of a list stays where the first page would have had it", () => {
  const ids = new IdAllocator(new Database());
  const keys = Array.from({ length: 501 }, (_, index) => `k${index}` as ConfKey);
  for (const key of keys) ids.allocate(key, both(20), noon);
  const first = ids.holdersSince(noon - 60_000, null);
  ids.allocate("k0" as ConfKey, both(20), noon);
  ids.allocate("k500" as ConfKey, both(20), noon);
  ids.allocate("new" as ConfKey, both(20), noon);
  const second = ids.holdersSince(noon - 60_000, first.next, first.holders[0]?.place);

  expect([...first.holders, ...second.holders].map(({ key }) => key)).toEqual(keys.toReversed());
  expect(second.next).toBe(null);
});

test("a clock that was set back for a moment hides no conference that was allocated ids before", () => {
  const ids = new IdAllocator(new Database());
  ids.allocate(a, both(20), noon - dayMs);
  ids.allocate(b, both(20), noon);
  ids.allocate(a, both(20), noon - dayMs / 2);
  ids.allocate(c, both(20), noon);

  expect(ids.holdersSince(noon - dayMs / 4, null).holders.map(({ key }) => key)).toEqual([c, b]);
});

test("a conference that was put back from a backup uses no id that it had at hand then, and keeps those that it is allocated since", async () => {
  const world = await ConferenceWorld.running(1);
  const { msgIds: before, transIds } = world.stored.progress;
  const { allocateIds } = world;
  let asked = 0;
  world.allocateIds = (wanted) => {
    asked += 1;
    return allocateIds(wanted);
  };
  const enter = async (index: number) => {
    world.kill();
    world.start();
    await world.reported(callerEntered(index));
    await world.time.pass(1_000);
    return world.stored.progress;
  };
  expect([(await enter(1)).msgIds[0]?.first, asked]).toEqual([Number(before[0]?.first) + 1, 0]);
  for (const [index, restoredAt] of [noon, noon + 1].entries()) {
    world.restoredAt = restoredAt;
    const restored = await enter(2 + 2 * index);
    expect(restored.msgIds[0]?.first).toBeGreaterThan(before.at(-1)?.end ?? 0);
    expect(restored.transIds[0]?.first).toBeGreaterThan(transIds.at(-1)?.end ?? 0);
    expect(asked).toBe(1 + index);
    expect((await enter(3 + 2 * index)).msgIds[0]?.first).toBe(Number(restored.msgIds[0]?.first) + 1);
    expect(asked).toBe(1 + index);
  }
});

test("a conference that begins anew asked new numbers, since it is not known for ever who has the old ones", async () => {
  const world = new ConferenceWorld();
  const close = { type: "close-conference", msgId: "m", replyTo: host, extConfId } as FromWebex;
  await world.running(0);
  await world.received("close", close);
  await world.allDone();
  await world.time.pass(6 * dayMs);
  await world.received("create again", createConference());
  await world.allDone();
  await world.time.pass(2 * dayMs);
  world.allocator.allocate(b, both(10), world.time.now);
  await world.reported(callerEntered(0));

  const [entered] = world.stored.state.callers.values();
  expect(world.allocator.holderOf(entered?.enterMsgId as MsgId, world.time.now)).toBe(confKey);
});
