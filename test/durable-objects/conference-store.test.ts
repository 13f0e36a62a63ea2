import { expect, test } from "vitest";
import { ConferenceStore } from "../../durable-objects/conference/store.ts";
import type { TransId } from "../../src/foundation/ids.ts";
import { MemorySql } from "./memory-sql.ts";

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const retention = { neededMs: 2 * hourMs, keptMs: weekMs };
const books = { bridge: null, serial: 0, msgIds: [], transIds: [], taken: {} };

function journal(sql: MemorySql, count: number, now: (index: number) => number): ConferenceStore {
  const store = new ConferenceStore(sql);
  for (let index = 0; index < count; index += 1) {
    const at = now(index);
    store.append({ type: "webex", at, transId: `t${index}` as TransId, messages: [] }, { ...books, serial: index });
    store.prune(at, retention);
  }
  return store;
}

const rowsIn = (sql: MemorySql) => sql.exec("SELECT seq FROM journal").length;

test("rows of more than a week ago go in chunks, and never the last one with the running numbers", () => {
  const sql = new MemorySql();
  const store = journal(sql, 1024, (index) => (index < 1023 ? 0 : 2 * weekMs));
  expect(rowsIn(sql)).toBe(512);
  expect(store.load().books.serial).toBe(1023);

  store.prune(4 * weekMs, retention);
  store.prune(4 * weekMs, retention);
  expect(rowsIn(sql)).toBe(1);
  expect(store.load().books.serial).toBe(1023);
});

test("beyond 10,000 rows the oldest go earlier, but none that a repeat may still need", () => {
  const old = new MemorySql();
  journal(old, 10_496, (index) => index * 10_000);
  expect(rowsIn(old)).toBe(10_000);

  const busy = new MemorySql();
  const store = journal(busy, 10_496, (index) => index);
  expect(rowsIn(busy)).toBe(10_496);
  expect(store.transIdsSince(0)).toHaveLength(10_495);
});
