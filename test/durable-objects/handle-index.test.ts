import { expect, test } from "vitest";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { ConfKey, DomainName, ExtConfId, TransId } from "../../src/foundation/ids.ts";
import { Database } from "../kit/database.ts";
import { memoryHandles } from "./fakes.ts";

const domain = "local" as DomainName;
const handle = "7001" as ExtConfId;
const [first, second, third] = ["111", "222", "333"] as [ConfKey, ConfKey, ConfKey];
const hourMs = 3_600_000;
const transId = "t" as TransId;
const weekMs = 7 * 24 * hourMs;

function world() {
  const time = { now: 1_000_000 };
  const alarms: number[] = [];
  /** Conferences that hold their handles, and the questions that they were asked. */
  const held = new Set<string>();
  /** Transactions that have reached their conference. */
  const arrived = new Set<string>();
  const asked: string[] = [];
  const settings: { retentionMs: number | null } = { retentionMs: weekMs };
  const broken = { conferences: false, hang: false, alarm: false };
  const lines: LogLine[] = [];
  const timers: { readonly ms: number; run(): void }[] = [];
  const sql = new Database();
  const index = memoryHandles(() => time.now, {
    sql,
    deleteAll: async () => sql.clear(),
    log: (line) => lines.push(line),
    after: (ms, run) => {
      timers.push({ ms, run });
      return () => {};
    },
    setAlarm: async (at) => {
      if (broken.alarm) throw new Error("database or disk is full");
      alarms.push(at);
    },
    // One whose time has come is not set any more.
    getAlarm: async () => alarms.findLast((at) => at > time.now) ?? null,
    retentionMs: () => settings.retentionMs,
    hasHandle: async (_, { confKey, extConfId }, claimedBy) => {
      asked.push(`${confKey}/${extConfId}`);
      if (broken.hang) return new Promise(() => {});
      if (broken.conferences) throw new Error("unreachable");
      return held.has(confKey) || (claimedBy !== null && !arrived.has(claimedBy));
    },
  });
  let transactions = 0;
  const claim = async (confKey: ConfKey, extConfId = handle, transId = `t${++transactions}`) => {
    const claims = [{ extConfId, confKey }];
    return (await index.resolve({ domain, transId: transId as TransId, claims, handles: [] }))?.get(extConfId);
  };
  const look = async (...handles: string[]) =>
    Object.fromEntries((await index.resolve({ domain, transId, claims: [], handles: handles as ExtConfId[] })) ?? []);
  return { sql, index, claim, look, time, alarms, held, arrived, asked, settings, broken, timers, lines };
}

test("one request claims some handles and looks up others", async () => {
  const { index, claim } = world();
  await claim(first, "7001" as ExtConfId);

  const found = await index.resolve({
    domain,
    transId,
    claims: [{ extConfId: "7002" as ExtConfId, confKey: second }],
    handles: ["7001", "7002", "7003", "__proto__", "constructor"] as ExtConfId[],
  });

  expect([...(found ?? [])]).toEqual([
    ["7002", second],
    ["7001", first],
  ]);
  expect(await index.hasConference(first)).toBe(true);
  expect(await index.hasConference("constructor" as ConfKey)).toBe(false);
});

test("of two claims of a free handle the first wins", async () => {
  const { claim, look, time } = world();
  await claim(first);
  time.now += 60_000;

  expect(await Promise.all([claim(second), claim(third)])).toEqual([second, second]);
  time.now += 60_000;
  expect(await claim(third)).toBe(third);
  expect(await look(handle)).toEqual({ [handle]: third });
});

test("a running conference keeps its handle", async () => {
  const { index, claim, held, time } = world();
  await claim(first);
  held.add(first);
  time.now += 60_000;

  expect(await claim(second)).toBe(first);
  expect(await index.hasConference(second)).toBe(false);
});

test("a hanging conference delays a claim of its handle by 5 s", async () => {
  const { index, claim, time, timers, broken } = world();
  await claim(first);
  time.now += 60_000;
  broken.hang = true;

  const claimed = claim(second);
  const look = index.hasConference(first);
  expect(await look).toBe(true);
  while (timers.length === 0) await Promise.resolve();
  const [timer] = timers;
  timer?.run();

  expect(timer?.ms).toBe(5_000);
  await expect(claimed).rejects.toThrow("a conference took longer than 5000 ms");
});

test("a claim lasts 30 s while its create is on its way", async () => {
  const { claim, time } = world();
  await claim(first);
  time.now += 29_999;
  expect(await claim(second)).toBe(first);
  expect(await claim(first)).toBe(first);
  time.now += 29_999;
  expect(await claim(second)).toBe(first);

  time.now += 1;
  expect(await claim(second)).toBe(second);
});

test("a conference that ended within seconds frees its handle at once", async () => {
  const { claim, arrived, held } = world();
  await claim(first, handle, "t1");
  arrived.add("t1");
  held.add(first);
  expect(await claim(second)).toBe(first);

  held.delete(first);
  expect(await claim(first, handle, "t2")).toBe(first); // On its way to the same conference.
  expect(await claim(second)).toBe(first);
  arrived.add("t2");
  expect(await Promise.all([claim(second), claim(third)])).toEqual([second, second]);
});

test("of two creates in one document the first keeps the handle", async () => {
  const { index, arrived } = world();
  const claims = [first, second].map((confKey) => ({ extConfId: handle, confKey }));
  await index.resolve({ domain, transId, claims, handles: [] });
  arrived.add(transId);

  expect(await index.resolve({ domain, transId, claims, handles: [] })).toEqual(new Map([[handle, first]]));
});

test("releases a handle shortly before its finished conference is deleted", async () => {
  const { index, claim, look, time, alarms, held, asked } = world();
  held.add(first);
  await claim(first);
  expect(alarms).toEqual([time.now + 6 * hourMs]);
  time.now += 6 * hourMs;
  await index.alarm();
  expect(asked).toEqual([]);

  time.now += weekMs - 6 * hourMs;
  await index.alarm();
  expect(asked).toHaveLength(1);
  expect(await look(handle)).toEqual({ [handle]: first });

  held.clear();
  time.now += weekMs;
  await index.alarm();
  expect(await look(handle)).toEqual({});
  expect(await index.hasConference(first)).toBe(false);
  expect(alarms).toHaveLength(3); // With no handle left, there is nothing to wake for.

  await claim(second);
  expect(alarms.at(-1)).toBe(time.now + 6 * hourMs);
});

test("a restart ends no claim whose create is on its way", async () => {
  const sql = new Database();
  const claims = (confKey: ConfKey) => [{ extConfId: handle, confKey }];
  await memoryHandles(() => 1_000_000, { sql }).resolve({ domain, transId, claims: claims(first), handles: [] });
  const next = memoryHandles(() => 1_010_000, { sql });
  const other = { domain, transId: "t2" as TransId, claims: claims(second), handles: [] };
  expect(await next.resolve(other)).toEqual(new Map([[handle, first]]));
});
