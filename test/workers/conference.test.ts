import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConferenceStore } from "../../durable-objects/conference/conference-store.ts";
import type { SqlValue } from "../../durable-objects/platform/platform.ts";
import type {
  BridgeName,
  ConfKey,
  DomainName,
  ExtConfId,
  MsgId,
  StreamId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { done } from "../builders.ts";

const host = "127.0.0.1:8801" as WebexHost;
/** Another one for each test, since an object may outlive the storage that is taken from under it. */
let identity = { domain: "local" as DomainName, bridge: "simulated" as BridgeName, confKey: "987654320" as ConfKey };
let create: FromWebex;
const conference = () => env.CONFERENCE.getByName(`local/${identity.confKey}`);
const receive = (transId: string, ...messages: readonly FromWebex[]) =>
  conference().receive({ ...identity, transId: transId as TransId, messages });

/** The bodies that were posted to WebEx. */
const posted: string[] = [];
let reachable = true;

beforeEach(() => {
  const confKey = String(Number(identity.confKey) + 1) as ConfKey;
  identity = { ...identity, confKey };
  create = { type: "create-conference", msgId: "m1" as MsgId, replyTo: host, extConfId: "7001" as ExtConfId, confKey };
  posted.length = 0;
  reachable = true;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_url, init) => {
    const body = String(init?.body);
    posted.push(body);
    if (!reachable) await new Promise(() => undefined);
    const transId = /<TransID>(\d+)/.exec(body)?.[1];
    return new Response(`<WbxTSPSchema><TransID>${transId}</TransID><Confirmation Result="0"/></WbxTSPSchema>`);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

function rows(query: string): Promise<Record<string, SqlStorageValue>[]> {
  return runInDurableObject(conference(), (_object, state) => state.storage.sql.exec(query).toArray());
}

/** Reads the disk as another life of the conference would. */
function stored<Value>(read: (store: ConferenceStore) => Value): Promise<Value> {
  return runInDurableObject(conference(), (_object, { storage }) => {
    const exec = (query: string, ...bindings: readonly SqlValue[]) =>
      storage.sql.exec<Record<string, SqlValue>>(query, ...bindings).toArray();
    return read(new ConferenceStore({ exec, transaction: (work) => work() }, () => {}));
  });
}

const outboxRows = () => stored((store) => store.loadOutbox().length);

async function bridgeDone(first = 1): Promise<number> {
  const pending = await stored(({ state }) => [...state.commands.keys()]);
  const reports = pending.map((id, index) => ({ number: first + index, report: done(id) }));
  return conference().report({ ...identity, stream: "s1" as StreamId, activeSince: null, reports });
}

test("what was confirmed is on disk, with an alarm for what is outstanding", async () => {
  await receive("t1", create);

  expect(await rows("SELECT trans_id FROM journal")).toEqual([{ trans_id: "t1" }]);
  expect(await stored(({ identity, state }) => [identity?.confKey, state.head.phase, state.commands.size])).toEqual([
    identity.confKey,
    "creating",
    1,
  ]);
  const alarm = await runInDurableObject(conference(), (_object, state) => state.storage.getAlarm());
  expect(alarm).toBeLessThanOrEqual(Date.now() + 1000);
});

test("the bridge's result becomes an answer to WebEx, under ids of the allocator", async () => {
  await receive("t1", create);
  expect(await bridgeDone()).toBe(1);
  expect(await bridgeDone()).toBe(1);

  // Its row goes with the alarm, since nothing else is committed.
  await vi.waitFor(async () => expect(await outboxRows()).toBe(0));
  expect(posted).toEqual([expect.stringMatching(/<TransID>\d{11}<.*A2W_RspCreateConference MsgID="m1" Result="0"/)]);
  const status = /A2W_NotifyConferenceChange MsgID="(\d{11})"/.exec(posted[0] ?? "")?.[1] as MsgId;
  expect(await env.ID_ALLOCATOR.getByName("local").holderOf(status)).toBe(identity.confKey);
});

test("a killed object delivers what it left behind when its alarm comes, without being asked", async () => {
  reachable = false;
  await receive("t1", create);
  await bridgeDone();
  await vi.waitFor(() => expect(posted).toHaveLength(1));
  await abortAllDurableObjects();
  reachable = true;

  await vi.waitFor(() => expect(posted).toHaveLength(2));
  expect(new Set(posted).size).toBe(1);
  await vi.waitFor(async () => expect(await outboxRows()).toBe(0));
});

test("a sweep by the id allocator wakes an object whose alarm got lost, also where the allocator is evicted between two pages", async () => {
  const allocator = () => env.ID_ALLOCATOR.getByName("local");
  reachable = false;
  await receive("t1", create);
  await bridgeDone();
  await vi.waitFor(() => expect(posted).toHaveLength(1));
  await runInDurableObject(conference(), (_object, state) => state.storage.deleteAlarm());
  const { domain } = identity;
  const others = Array.from({ length: 500 }, (_, index) => ({ domain, holder: `other-${index}` as ConfKey }));
  await Promise.all(others.map((other) => allocator().allocate({ ...other, msgIds: 1, transIds: 1 })));
  await abortAllDurableObjects();
  reachable = true;

  expect(await runDurableObjectAlarm(allocator())).toBe(true);
  expect(posted).toHaveLength(1);
  await evictDurableObject(allocator());
  expect(await runDurableObjectAlarm(allocator())).toBe(true);

  await vi.waitFor(() => expect(posted).toHaveLength(2));
  expect(new Set(posted).size).toBe(1);
});

test("a conference holds its handle while it is not over", async () => {
  expect(await conference().hasHandle("7001" as ExtConfId, null)).toBe(false);
  await receive("t1", create);
  expect(await conference().hasHandle("7001" as ExtConfId, null)).toBe(true);
  expect(await conference().hasHandle("7002" as ExtConfId, null)).toBe(false);
});

test("a conference that does not have the transaction that claimed a handle is about to hold it", async () => {
  const hasHandle = () => conference().hasHandle("7002" as ExtConfId, "t1" as TransId);
  expect(await hasHandle()).toBe(true);
  await receive("t1", create);
  expect(await hasHandle()).toBe(false);
});

test("a conference that is over is deleted by its alarm after a week, and may begin anew", async () => {
  await receive("t1", { ...create, replyTo: undefined } as unknown as FromWebex);
  const committed = await bridgeDone();
  await receive("t2", { type: "close-conference", msgId: "m2" as MsgId, extConfId: "7001" as ExtConfId } as FromWebex);
  await bridgeDone(committed + 1);
  await rows("UPDATE journal SET at = at - 8 * 86400000");
  // The directory has all of it.
  await vi.waitFor(async () =>
    expect(JSON.stringify(await rows("SELECT progress FROM journal"))).toContain('row\\":4'),
  );
  await vi.waitFor(() => evictDurableObject(conference()));

  await runDurableObjectAlarm(conference());

  expect(await rows("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")).toEqual([]);
  expect(await runInDurableObject(conference(), (_object, state) => state.storage.getAlarm())).toBeNull();
  await receive("t1", create);
  expect(await rows("SELECT seq FROM journal")).toEqual([{ seq: 1 }]);
});

test("an object that comes back reads of its journal what repeats may need, and no more", async () => {
  await receive("t1", create);
  const [read, known] = await runInDurableObject(conference(), (_object, state) => {
    const { sql } = state.storage;
    sql.exec(
      `WITH RECURSIVE n (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM n WHERE seq < 1000)
       INSERT INTO journal (seq, at, trans_id, input, progress) SELECT seq, seq, 't' || seq, '{}', '{}' FROM n`,
    );
    const cursors: SqlStorageCursor<Record<string, string | number | null>>[] = [];
    const exec = (query: string, ...bindings: readonly (string | number | null)[]) => {
      const cursor = sql.exec<Record<string, string | number | null>>(query, ...bindings);
      cursors.push(cursor);
      return cursor.toArray();
    };
    const store = new ConferenceStore({ exec, transaction: (work) => work() }, () => {});
    cursors.length = 0;
    const isKnown = (seq: number) => store.hasDocument(`t${seq}` as TransId, 990 + store.retention.neededMs);
    const known = [990, 991, 1000].map(isKnown);
    return [cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0), known];
  });

  expect(known).toEqual([false, true, true]);
  expect(read).toBeLessThanOrEqual(25);
});

test("each row of the tables is billed as one", async () => {
  await receive("t1", create);
  const billed = await runInDurableObject(conference(), (_object, state) =>
    [
      "INSERT INTO entry (key, position, value) VALUES ('caller/x', 99, '1')",
      "INSERT INTO entry (key, position, value) VALUES ('caller/x', 99, '2') ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      "DELETE FROM entry WHERE key = 'caller/x'",
      "INSERT INTO journal (seq, at, trans_id, input, progress) VALUES (99, 1, 't', '{}', '{}')",
    ].map((statement) => state.storage.sql.exec(statement).rowsWritten),
  );

  expect(billed).toEqual([1, 1, 1, 1]);
});
