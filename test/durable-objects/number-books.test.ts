import { expect, test } from "vitest";
import { NumberBooks } from "../../durable-objects/number-books.ts";
import type { ConfKey, ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { IdsWanted } from "../../src/rpc.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  confKey,
  createConference,
  extConfId,
  host,
} from "./conference-world.ts";
import { MemorySql } from "./memory-sql.ts";

const noon = Date.UTC(2002, 7, 5, 12);
const dayMs = 86_400_000;
const [a, b, c] = ["a", "b", "c"] as [ConfKey, ConfKey, ConfKey];
const both = (count: number) => ({ msgIds: count, transIds: count });

test("blocks follow one another, from the day's number on, also after a restart (protocol T35)", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);

  expect(books.take(a, both(50), noon).msgIds).toEqual({ first: 52_491_000_000, end: 52_491_000_050 });
  expect(books.take(b, both(10), noon).msgIds).toEqual({ first: 52_491_000_050, end: 52_491_000_060 });
  expect(new NumberBooks(sql).take(a, both(10), noon).msgIds).toEqual({ first: 52_491_000_060, end: 52_491_000_070 });
});

test("a block costs one row", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);
  books.take(a, both(50), noon);
  expect(sql.rowsWritten).toBe(1);
});

test("each day begins anew, and a clock put back gives no number twice", () => {
  const books = new NumberBooks(new MemorySql());
  books.take(a, both(50), noon);
  expect(books.take(a, both(50), noon + dayMs).transIds.first).toBe(52_492_000_000);
  expect(books.take(a, both(50), noon).transIds.first).toBe(52_492_000_050);
});

test("a sequence ends with 999999 and begins again, with the digits of a day 27 years later (protocol T35)", () => {
  const books = new NumberBooks(new MemorySql());
  books.take(a, both(999_990), noon);
  expect(books.take(b, both(50), noon).msgIds).toEqual({ first: 52_491_999_990, end: 52_492_000_000 });
  expect(books.take(c, both(50), noon).msgIds).toEqual({ first: 62_491_000_000, end: 62_491_000_050 });
  expect(books.holderOf("52491000049" as MsgId, noon)).toBe("a");
  expect(books.holderOf("62491000049" as MsgId, noon)).toBe("c");
});

test("thirty conferences a minute, of ten callers who come and go one by one, get no number twice (protocol T9, T36)", async () => {
  const world = new ConferenceWorld();
  const { takeNumbers } = world;
  const takes: IdsWanted[] = [];
  world.takeNumbers = (wanted) => {
    takes.push(wanted);
    return takeNumbers(wanted);
  };
  await world.running(0);
  for (let index = 0; index < 10; index += 1) {
    await world.during(world.report(callerEntered(index)));
    await world.time.pass(3000);
  }
  const entered = world.sql.exec("SELECT value FROM entry WHERE key LIKE 'caller/%'");
  for (const [index, { value }] of entered.entries()) {
    const { enterMsgId: msgId } = JSON.parse(String(value));
    const named = { type: "caller-named", msgId, extCallId: `${index}` } as FromWebex;
    await world.during(world.receive(`named-${index}`, named));
    await world.during(world.report(callerLeft(index)));
    await world.time.pass(3000);
  }
  expect(world.posted).toHaveLength(21);

  const books = new NumberBooks(new MemorySql());
  const given = { msgIds: new Set<number>(), transIds: new Set<number>() };
  const together = takes.reduce((sum, { msgIds, transIds }) => ({
    msgIds: sum.msgIds + msgIds,
    transIds: sum.transIds + transIds,
  }));
  expect([takes.length, together]).toEqual([3, { msgIds: 51, transIds: 41 }]);
  for (let conference = 0; conference < 43_200; conference += 1) {
    const { msgIds, transIds } = books.take(a, together, noon);
    given.msgIds.add(msgIds.first);
    given.transIds.add(transIds.first);
  }
  expect([given.msgIds.size, given.transIds.size]).toEqual([43_200, 43_200]);
});

test("it is known who holds a MsgID, and whose was never given out", () => {
  const books = new NumberBooks(new MemorySql());
  books.take(a, both(50), noon);
  books.take(b, both(50), noon);
  const holders = ["52491000000", "52491000049", "52491000050", "52491000100", "52490999999", "x", ""];

  expect(holders.map((msgId) => books.holderOf(msgId as MsgId, noon))).toEqual(["a", "a", "b", null, null, null, null]);
});

test("blocks of a week ago are forgotten, and the numbers still go on", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);
  books.take(a, both(10), noon);
  books.take(b, both(10), noon + 7 * dayMs);
  expect(sql.exec("SELECT holder FROM given")).toEqual([{ holder: "a" }, { holder: "b" }]);
  books.take(b, both(10), noon + 8 * dayMs);
  expect(sql.exec("SELECT holder FROM given")).toEqual([{ holder: "b" }, { holder: "b" }]);
  expect(new NumberBooks(sql).take(c, both(10), noon + 8 * dayMs).msgIds.first).toBe(52_499_000_010);
});

test("mail that belongs to no conference takes no MsgIDs, and no key stands for it", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);
  expect(books.take(null, { msgIds: 0, transIds: 50 }, noon)).toEqual({
    msgIds: { first: 52_491_000_000, end: 52_491_000_000 },
    transIds: { first: 52_491_000_000, end: 52_491_000_050 },
  });
  books.take(null, { msgIds: 0, transIds: 50 }, noon);
  expect(books.holderOf("52491000000" as MsgId, noon)).toBeNull();

  const again = new NumberBooks(sql);
  expect(again.take(a, both(50), noon)).toEqual({
    msgIds: { first: 52_491_000_000, end: 52_491_000_050 },
    transIds: { first: 52_491_000_100, end: 52_491_000_150 },
  });
  again.take(null, { msgIds: 0, transIds: 50 }, noon);
  expect([again.holderOf("52491000000" as MsgId, noon), again.holderOf("52491000049" as MsgId, noon)]).toEqual([a, a]);
});

test("it is known page by page, the latest first, who was given numbers since then, and not who is no conference", () => {
  const books = new NumberBooks(new MemorySql());
  const keys = Array.from({ length: 1_250 }, (_, index) => `k${index}` as ConfKey);
  books.take("old" as ConfKey, both(20), noon - dayMs);
  books.take("early" as ConfKey, both(20), noon - 60_001);
  for (const key of keys) books.take(key, both(20), noon);
  books.take(null, { msgIds: 0, transIds: 20 }, noon);
  books.take(keys[1_249] as ConfKey, both(20), noon);

  const found: ConfKey[] = [];
  let pages = 0;
  for (let from: number | null = null; pages === 0 || from !== null; pages += 1) {
    const { holders, next } = books.holdersSince(noon - 60_000, from);
    found.push(...holders);
    from = next;
  }

  expect(found).toEqual(keys.toReversed());
  expect(pages).toBe(3);
});

test("a conference that begins anew takes new numbers, since it is not known for ever who has the old ones", async () => {
  const world = new ConferenceWorld();
  const close = { type: "close-conference", msgId: "m", replyTo: host, extConfId } as FromWebex;
  await world.running(0);
  await world.during(world.receive("close", close));
  await world.allDone();
  await world.time.pass(6 * dayMs);
  await world.during(world.receive("create again", createConference()));
  await world.allDone();
  await world.time.pass(2 * dayMs);
  world.pool.take(b, both(10), world.time.now);
  await world.during(world.report(callerEntered(0)));

  const [entered] = world.sql.exec("SELECT value FROM entry WHERE key LIKE 'caller/%'");
  const { enterMsgId } = JSON.parse(String(entered?.value));
  expect(world.pool.holderOf(enterMsgId, world.time.now)).toBe(confKey);
});

test("a new life that begins in one commit with another document takes numbers once", async () => {
  const world = new ConferenceWorld();
  await world.running(0);
  const close: FromWebex = {
    type: "close-conference",
    msgId: "m-close" as MsgId,
    replyTo: host,
    extConfId,
    keepAlive: false,
  };
  await world.during(world.receive("t-close", close));
  await world.allDone();
  await world.time.pass(5000);
  const { takeNumbers, posted } = world;
  const [takes, before]: [IdsWanted[], number] = [[], posted.length];
  world.takeNumbers = (wanted) => {
    takes.push(wanted);
    return takeNumbers(wanted);
  };

  const elsewhere = {
    ...close,
    msgId: "m-else" as MsgId,
    replyTo: "127.0.0.1:8802" as WebexHost,
    extConfId: "9" as ExtConfId,
  };
  const together = [createConference({ msgId: "m-again" as MsgId }), elsewhere];
  const lone = world.receive("t-lone", { ...close, msgId: "m-lone" as MsgId });
  await world.during(Promise.all([lone, ...together.map((message, index) => world.receive(`t${index}`, message))]));
  await world.time.pass(5000);

  expect(takes).toEqual([{ msgIds: 20, transIds: 20 }]);
  expect(posted.slice(before).map(({ body }) => /MsgID="([^"]*)"/.exec(body)?.[1])).toEqual(["m-lone", "m-else"]);
  world.kill();
  world.start();
  await world.allDone();
  const [last = 0, first = 0] = posted.slice(-2).map(({ transId }) => Number(transId));
  expect(first).toBeGreaterThan(last + 1);
});
