import { expect, test } from "vitest";
import { ConferenceStore } from "../../durable-objects/conference-store.ts";
import type { Changes } from "../../src/conference/state.ts";
import type { ConfKey, DomainName, TransId } from "../../src/foundation/ids.ts";
import { Database } from "../simulation/database.ts";

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const retention = { neededMs: 2 * hourMs, keptMs: weekMs };
const progress = { bridge: null, serial: 0, msgIds: [], transIds: [], streams: [] };
const identity = { domain: "local" as DomainName, confKey: "1" as ConfKey };
const none: Changes = { callers: new Map(), callOuts: new Map(), commands: new Map(), rooms: new Map() };

function open(sql: Database, onLost: (error: unknown) => void = () => {}): ConferenceStore {
  return new ConferenceStore(sql, onLost);
}

function journal(sql: Database, count: number, now: (index: number) => number): ConferenceStore {
  const store = open(sql);
  store.transaction(() => store.identify(identity, retention));
  for (let index = 0; index < count; index += 1) {
    const at = now(index);
    const input = { type: "webex", at, transId: `t${index}` as TransId, messages: [] } as const;
    store.append(input, none, { ...progress, serial: index });
  }
  return store;
}

const rowsIn = (sql: Database) => sql.exec("SELECT seq FROM journal").length;

test("rows of more than a week ago go in chunks, and never the last one with the progress", () => {
  const sql = new Database();
  const store = journal(sql, 1024, (index) => (index < 1023 ? 0 : 2 * weekMs));
  expect(rowsIn(sql)).toBe(512);
  expect(open(sql).progress.serial).toBe(1023);

  for (let index = 0; index < 512; index += 1) {
    store.append({ type: "time", at: 4 * weekMs }, none, { ...progress, serial: 2000 + index });
  }
  expect(rowsIn(sql)).toBe(512);
  expect(open(sql).progress.serial).toBe(2511);
});

test("beyond 10,000 rows the oldest go earlier, but none that a repeat may still need", () => {
  const old = new Database();
  journal(old, 10_496, (index) => index * 10_000);
  expect(rowsIn(old)).toBe(10_000);

  const busy = new Database();
  const store = journal(busy, 10_496, (index) => index);
  expect(rowsIn(busy)).toBe(10_496);
  expect(store.hasDocument("t1" as TransId, 10_496)).toBe(true);
});

const head = { phase: "ended", byWebex: true } as const;

test("a transaction that fails leaves disk and memory as they were", () => {
  const sql = new Database();
  const store = open(sql);
  const fails = () =>
    store.transaction(() => {
      store.identify(identity, retention);
      store.append({ type: "time", at: 5 }, { ...none, head }, { ...progress, serial: 9 });
      throw new Error("a bug");
    });

  expect(fails).toThrow("a bug");
  expect([store.identity, store.state.head, store.progress.serial, store.lastAt]).toEqual([
    null,
    { phase: "absent" },
    0,
    0,
  ]);
  expect(sql.exec("SELECT name FROM sqlite_master")).toEqual([]);
});

test("memory that cannot be reloaded after a failed transaction is reported as lost", () => {
  const sql = new Database();
  const lost: unknown[] = [];
  let isBroken = false;
  const store = new ConferenceStore(
    {
      transaction: (work) => sql.transaction(work),
      exec: (query, ...bindings) => {
        if (isBroken && query.startsWith("SELECT")) throw new Error("the disk is away");
        return sql.exec(query, ...bindings);
      },
    },
    (error) => lost.push(String(error)),
  );
  store.transaction(() => store.identify(identity, retention));
  isBroken = true;

  const fails = () =>
    store.transaction(() => {
      store.append({ type: "time", at: 5 }, { ...none, head }, progress);
      throw new Error("a bug");
    });
  expect(fails).toThrow("a bug");
  expect(lost).toEqual(["Error: the disk is away"]);
});
