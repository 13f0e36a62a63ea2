import { expect, test } from "vitest";
import { NumberBooks } from "../../durable-objects/number-books.ts";
import type { ConfKey, MsgId } from "../../src/foundation/ids.ts";
import { MemorySql } from "./memory-sql.ts";

const noon = Date.UTC(2002, 7, 5, 12);
const dayMs = 86_400_000;
const [a, b, c] = ["a", "b", "c"] as [ConfKey, ConfKey, ConfKey];

test("blocks follow one another, from the day's number on, also after a restart (protocol T35)", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);

  expect(books.take(a, 50, noon).msgIds).toEqual({ first: 52_491_000_000, end: 52_491_000_050 });
  expect(books.take(b, 10, noon).msgIds).toEqual({ first: 52_491_000_050, end: 52_491_000_060 });
  expect(new NumberBooks(sql).take(a, 10, noon).msgIds).toEqual({ first: 52_491_000_060, end: 52_491_000_070 });
});

test("a block costs one row", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);
  books.take(a, 50, noon);
  expect(sql.rowsWritten).toBe(1);
});

test("the sequence goes on the next day, so that a clock put back gives no number twice", () => {
  const books = new NumberBooks(new MemorySql());
  books.take(a, 50, noon);
  expect(books.take(a, 50, noon + dayMs).transIds.first).toBe(52_492_000_050);
  expect(books.take(a, 50, noon).transIds.first).toBe(52_491_000_100);
});

test("a sequence ends with 999999 and begins again (protocol T35)", () => {
  const books = new NumberBooks(new MemorySql());
  books.take(a, 999_990, noon);
  expect(books.take(b, 50, noon).msgIds).toEqual({ first: 52_491_999_990, end: 52_492_000_000 });
  expect(books.take(c, 50, noon).msgIds).toEqual({ first: 52_491_000_000, end: 52_491_000_050 });
  expect(books.holderOf("52491000049" as MsgId)).toBe("c");
});

test("it is known who holds a MsgID, and whose was never given out", () => {
  const books = new NumberBooks(new MemorySql());
  books.take(a, 50, noon);
  books.take(b, 50, noon);
  const holders = ["52491000000", "52491000049", "52491000050", "52491000100", "52490999999", "x", ""];

  expect(holders.map((msgId) => books.holderOf(msgId as MsgId))).toEqual(["a", "a", "b", null, null, null, null]);
});

test("blocks of a week ago are forgotten, and the numbers still go on", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);
  for (let take = 0; take < 63; take += 1) books.take(a, 10, noon);
  books.take(b, 10, noon + 8 * dayMs);

  expect(sql.exec("SELECT holder FROM block")).toEqual([{ holder: "b" }]);
  expect(new NumberBooks(sql).take(c, 10, noon + 8 * dayMs).msgIds.first).toBe(52_499_000_640);
});

test("mail that belongs to no conference takes no MsgIDs, and no key stands for it", () => {
  const sql = new MemorySql();
  const books = new NumberBooks(sql);
  expect(books.take(null, 50, noon)).toEqual({
    msgIds: { first: 52_491_000_000, end: 52_491_000_000 },
    transIds: { first: 52_491_000_000, end: 52_491_000_050 },
  });
  books.take(null, 50, noon);
  expect(books.holderOf("52491000000" as MsgId)).toBeNull();

  const again = new NumberBooks(sql);
  expect(again.take(a, 50, noon)).toEqual({
    msgIds: { first: 52_491_000_000, end: 52_491_000_050 },
    transIds: { first: 52_491_000_100, end: 52_491_000_150 },
  });
  again.take(null, 50, noon);
  expect([again.holderOf("52491000000" as MsgId), again.holderOf("52491000049" as MsgId)]).toEqual([a, a]);
});

test("it is known page by page who was given numbers since then, each once in a page, and not who is no conference", () => {
  const books = new NumberBooks(new MemorySql());
  const keys = Array.from({ length: 250 }, (_, index) => `k${index}` as ConfKey);
  books.take("old" as ConfKey, 20, noon - dayMs);
  books.take("early" as ConfKey, 20, noon - 60_001);
  for (const key of keys) books.take(key, 20, noon);
  books.take(null, 20, noon);
  books.take(keys[249] as ConfKey, 20, noon);

  const found: ConfKey[] = [];
  let pages = 0;
  for (let from: number | null = null; pages === 0 || from !== null; pages += 1) {
    const { holders, next } = books.holdersSince(noon - 60_000, from);
    found.push(...holders);
    from = next;
  }

  expect(found).toEqual(keys);
  expect(pages).toBe(3);
});
