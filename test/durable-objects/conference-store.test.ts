import { expect, test } from "vitest";
import { ConferenceStore } from "../../durable-objects/conference/conference-store.ts";
import { Journal } from "../../durable-objects/conference/journal.ts";
import { Draws } from "../../simulators/draws.ts";
import type { QueuedDocument } from "../../src/conference/server/queue.ts";
import { type Changes, emptyState } from "../../src/conference/state.ts";
import type { CallId, ConfKey, DomainName, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { conferenceOn, Database } from "../simulation/database.ts";
import { ConferenceWorld, muteCaller } from "./conference-world.ts";

const hourMs = 3_600_000;
const weekMs = 7 * 24 * hourMs;
const retention = { neededMs: 2 * hourMs, keptMs: weekMs };
const progress = { bridge: null, serial: 0, msgIds: [], transIds: [], streams: [] };
const identity = { domain: "local" as DomainName, confKey: "1" as ConfKey };
const { head: _, ...none } = emptyState();

function open(sql: Database, onLost: (error: unknown) => void = () => {}): ConferenceStore {
  return new ConferenceStore(sql, onLost);
}

function journal(sql: Database, count: number, now: (index: number) => number): ConferenceStore {
  const store = open(sql);
  for (let index = 0; index < count; index += 1) {
    const at = now(index);
    const input = { type: "webex", at, transId: `t${index}` as TransId, messages: [] } as const;
    store.transaction(() => {
      store.identify(identity, retention);
      store.append(input, none, { ...progress, serial: index });
    });
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
    const input = { type: "time", at: 4 * weekMs } as const;
    store.transaction(() => store.append(input, none, { ...progress, serial: 2000 + index }));
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

test("no old row goes that the entries do not hold yet, nor one that the directory is owed", () => {
  const firstAfter = (before: number, owed: { told: number; upTo: number }) => {
    const sql = new Database();
    const rows = new Journal(sql);
    rows.tables.make();
    for (let index = 1; index <= 256; index += 1) {
      const input = { type: "time", at: index < 256 ? 0 : 2 * weekMs } as const;
      rows.append({ input, text: "{}", progress, changes: null, facts: "[]" });
    }
    rows.prune(before, retention, owed);
    return sql.exec("SELECT min(seq) AS first FROM journal")[0]?.first;
  };
  expect(firstAfter(256, { told: 150, upTo: 150 })).toBe(256);
  expect(firstAfter(200, { told: 150, upTo: 150 })).toBe(200);
  expect(firstAfter(256, { told: 100, upTo: 150 })).toBe(101);
});

test("a clock in doubt keeps rows and the memory of documents for as much longer", () => {
  const sql = new Database();
  const store = new ConferenceStore(
    sql,
    () => {},
    () => hourMs,
  );
  const document = "t1" as TransId;
  store.transaction(() => {
    store.identify(identity, retention);
    store.append({ type: "webex", at: 0, transId: document, messages: [] }, none, progress);
  });
  expect(store.retention).toEqual({ neededMs: 3 * hourMs, keptMs: weekMs + hourMs });
  expect([3 * hourMs - 1, 3 * hourMs].map((now) => store.hasDocument(document, now))).toEqual([true, false]);
});

test.each([{ neededMs: 3 * hourMs }, { keptMs: 2 * weekMs }])(
  "of settings that change the new retention is kept, and the journal keeps its name: %o",
  (change) => {
    const sql = new Database();
    const store = open(sql);
    const changed = { ...retention, ...change };
    store.transaction(() => store.identify(identity, retention, () => "first"));
    store.transaction(() => store.identify(identity, changed, () => "another"));

    for (const life of [store, open(sql)]) expect([life.retention, life.journalName]).toEqual([changed, "first"]);
  },
);

test("documents come back by their numbers, in whatever order they were written", () => {
  const sql = new Database();
  const store = open(sql);
  const aRow = (seq: number) => ({ seq }) as QueuedDocument;
  store.transaction(() => {
    for (const seq of [2, 3, 1]) store.putDocument(aRow(seq));
  });
  for (const life of [store, open(sql)]) expect(life.loadOutbox().map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test("a document is known from its commit on, as long as repeats of it may come, and in the next life too", () => {
  const sql = new Database();
  const store = open(sql);
  const [first, failed] = ["t1", "t2"] as [TransId, TransId];
  const commit = (transId: TransId, at: number, work = () => {}) =>
    store.transaction(() => {
      store.identify(identity, retention);
      store.append({ type: "webex", at, transId, messages: [] }, none, progress);
      work();
    });
  expect(store.hasDocument(first, 1_000)).toBe(false);
  commit(first, 1_000);
  expect(() => commit(failed, 2_000, () => expect.unreachable("a bug"))).toThrow("a bug");

  for (const life of [store, open(sql)]) {
    expect([first, failed].map((transId) => life.hasDocument(transId, 1_000 + retention.neededMs - 1))).toEqual([
      true,
      false,
    ]);
    expect(life.hasDocument(first, 1_000 + retention.neededMs)).toBe(false);
  }
});

const head = { phase: "ended", at: 0, byWebex: true } as const;

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
  expect([store.identity, store.state.head, store.progress.serial, store.journal.lastAt]).toEqual([
    null,
    { phase: "absent" },
    0,
    0,
  ]);
  expect(sql.exec("SELECT name FROM sqlite_master")).toEqual([]);
});

test.each(["INSERT INTO journal", "INSERT INTO entry", "DELETE FROM entry"])(
  "where the disk is full at %s, disk and memory are as they were, and the next transaction is right",
  (query) => {
    const disk = new Database();
    let isFull = false;
    const store = new ConferenceStore(
      {
        transaction: (work) => disk.transaction(work),
        exec: (text, ...bindings) => {
          if (isFull && text.startsWith(query)) throw new Error("database or disk is full");
          return disk.exec(text, ...bindings);
        },
      },
      () => expect.unreachable("the store is lost"),
    );
    const commit = (serial: number, value: unknown) =>
      store.transaction(() => {
        const callers = new Map([["c1", value]]);
        // Long enough for a checkpoint.
        const rooms = new Map([["r1", { kind: "x".repeat(600_000) }]]);
        store.identify(identity, retention);
        store.append({ type: "time", at: serial }, { ...none, callers, rooms } as never, { ...progress, serial });
      });
    commit(1, { number: "1" });
    commit(2, { number: "2" });
    const before = contentsOf(store);
    isFull = true;
    expect(() => commit(3, null)).toThrow("full");
    expect([contentsOf(store), contentsOf(conferenceOn(disk))]).toEqual([before, before]);

    isFull = false;
    commit(4, { number: "4" });
    expect(store.state.callers.get("c1" as CallId)).toEqual({ number: "4" });
    expect(contentsOf(conferenceOn(disk))).toEqual(contentsOf(store));
  },
);

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

  const fails = () =>
    store.transaction(() => {
      isBroken = true;
      store.append({ type: "time", at: 5 }, { ...none, head }, progress);
      throw new Error("a bug");
    });
  expect(fails).toThrow("a bug");
  expect(lost).toEqual(["Error: the disk is away"]);
});

/** All of a conference, with the order of its entries. */
function contentsOf(store: ConferenceStore) {
  const { identity, retention, state, progress } = store;
  const { lastAt } = store.journal;
  const outbox = store.loadOutbox();
  const { head, ...entries } = state;
  return { identity, retention, head, ...Object.values(entries).map((map) => [...map]), outbox, progress, lastAt };
}

test("after each of 1,000 transactions the next life finds what memory holds, in the same order", () => {
  const sql = new Database();
  const store = open(sql);
  const draws = new Draws(1, "entries");
  const drawn = () => `c${draws.between(0, 12)}`;
  for (let serial = 1; serial <= 1_000; serial += 1) {
    const transact = () =>
      store.transaction(() => {
        store.identify(identity, { ...retention, neededMs: draws.between(1, 4) * hourMs });
        for (let inputs = draws.between(0, 4); inputs > 0; inputs -= 1) {
          const call = drawn();
          const value = draws.chance(0.4) ? null : { call, number: `${serial}` };
          const changes = {
            ...none,
            callers: new Map([[call, value]]),
            rooms: new Map([[drawn(), value]]),
          } as unknown as Changes;
          store.append({ type: "time", at: serial * 1_000 + inputs }, changes, { ...progress, serial });
        }
        const seq = draws.between(0, 5);
        if (draws.chance(0.5)) store.deleteDocument(seq);
        else
          store.putDocument({
            seq,
            host: "http://a" as WebexHost,
            transId: `${serial}`,
            queuedAt: 0,
            attempts: 0,
            dueAt: 0,
            messages: [],
          });
        if (draws.chance(0.1)) throw new Error("a bug");
      });
    const before = contentsOf(store);
    try {
      transact();
    } catch {
      expect(contentsOf(store)).toEqual(before);
    }
    expect(contentsOf(conferenceOn(sql))).toEqual(contentsOf(store));
  }
});

test("a caller who is muted and unmuted for ever costs a row each time, and a few more each 32 times", () => {
  const sql = new Database();
  const store = open(sql);
  const muted = (index: number) => {
    const callers = new Map([["c1", { muted: index % 2 === 0 }]]);
    store.transaction(() => store.append({ type: "time", at: index }, { ...none, callers } as never, progress));
  };
  for (let index = 0; index < 640; index += 1) muted(index);

  expect(sql.rowsWritten).toBeLessThanOrEqual(640 + 20 * 3);
});

test.each([
  ["one character each", "1"],
  ["three bytes each", "€"],
])("changes of %s stay in their row up to half a million, with their input, and then go into the entries", (_, one) => {
  for (const [inInput, inChanges, isInRow] of [
    [0, 499_000, true],
    [250_000, 249_000, true],
    [250_000, 251_000, false],
    [0, 600_000, false],
  ] as const) {
    const sql = new Database();
    const store = open(sql);
    const callers = new Map([["c1", { number: one.repeat(inChanges) }]]);
    const input = { type: "time", at: 1, more: one.repeat(inInput) } as never;
    store.transaction(() => store.append(input, { ...none, callers } as never, progress));

    const [row] = sql.exec("SELECT length(CAST(input AS BLOB)) + length(CAST(changes AS BLOB)) AS bytes FROM journal");
    expect(row?.bytes === null, `${inInput} and ${inChanges}`).toBe(!isInRow);
    expect(Number(row?.bytes)).toBeLessThan(1_600_000);
    expect(contentsOf(conferenceOn(sql))).toEqual(contentsOf(store));
  }
});

/** Of the version before facts were kept, for the same mute. */
const bytesWithoutFacts = 2_250;

test("with its facts, the journal of a mute is at most 26 % longer than without", async () => {
  const world = await ConferenceWorld.running(3);
  const before = world.stored.journal.lastSeq;
  await world.received("T-1", muteCaller("1002"));
  await world.allDone();
  await world.time.pass(5_000);

  const columns = "coalesce(length(input), 0) + length(progress) + coalesce(length(changes), 0) + length(facts)";
  const [row] = world.sql.exec(`SELECT sum(${columns}) AS bytes, count(*) AS rows FROM journal WHERE seq > ?`, before);
  expect(row?.rows).toBe(3);
  expect(Number(row?.bytes)).toBeGreaterThan(bytesWithoutFacts);
  expect(Number(row?.bytes)).toBeLessThanOrEqual(1.26 * bytesWithoutFacts);
});
