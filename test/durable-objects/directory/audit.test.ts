import { expect, test, vi } from "vitest";
import type { BridgeName, CallId } from "../../../src/foundation/ids.ts";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import type { AuditEntry } from "../../../src/operators/audit.ts";
import { confKey } from "../conference-world.ts";
import { DirectoryWorld, domain } from "./world.ts";

function entry(world: DirectoryWorld, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: world.time.now,
    person: "anna",
    role: "viewer",
    by: "token",
    action: "act",
    about: { confKey },
    actionId: "k1",
    status: 202,
    refusal: null,
    from: "192.0.2.7",
    ...more,
  };
}

test("stores a row for each action and lists the latest first, also in a new directory", async () => {
  const world = new DirectoryWorld();
  expect(await world.directory.audit(null, 10)).toEqual({ entries: [], next: null });
  const [first, second, third] = ["k1", "k2", "k3"].map((actionId) => entry(world, { actionId }));
  for (const one of [first, second, third]) await world.directory.keepAudit(domain, one as AuditEntry);
  world.start();

  const page = await world.directory.audit(null, 2);
  expect(page).toEqual({ entries: [third, second], next: 2 });
  expect(await world.directory.audit(page.next, 2)).toEqual({ entries: [first], next: null });
  expect(world.alarmAt).not.toBeNull();
});

test("what people do is kept for as long as records are, whatever the clock of the edge that was asked shows", async () => {
  const world = new DirectoryWorld();
  for (const at of [0, world.time.now + 1_000 * dayMs])
    await world.directory.keepAudit(domain, entry(world, { at, actionId: String(at) }));
  await world.time.pass(dayMs);
  await world.directory.alarm();
  expect((await world.directory.audit(null, 9)).entries).toHaveLength(2);
  await world.time.pass(400 * dayMs);
  await world.directory.alarm();
  expect((await world.directory.audit(null, 9)).entries).toEqual([]);
});

test("what people have asked goes with the records of its time", async () => {
  const world = new DirectoryWorld();
  for (let index = 0; index < 1_100; index++) await world.directory.keepAudit(domain, entry(world, { status: index }));
  await world.time.pass(399 * dayMs);
  await world.directory.keepAudit(domain, entry(world));
  const left = async () => (await world.directory.audit(null, 1_000)).entries.length;
  await world.directory.alarm();
  expect((await world.directory.audit(null, 1_000)).next).not.toBeNull();
  await world.time.pass(2 * dayMs);
  await world.directory.alarm();
  expect([await left(), world.alarmAt]).toEqual([101, world.time.now + 10_000]);
  await world.time.pass(10_000);
  await world.directory.alarm();
  expect(await left()).toBe(1);
});

const number = "15552345678";

/** Callers who could not get in, and the ids under which that is trouble, in the order of the numbers. */
async function refusedIds(world: DirectoryWorld, ...numbers: readonly string[]): Promise<readonly string[]> {
  const calls = numbers.flatMap((number) =>
    ["a", "b", "c"].map((name) => {
      const call = { call: `${number} ${name}` as CallId, number, dialled: "", at: world.time.now, steps: [] };
      return { ...call, end: { at: world.time.now, why: "unknown-keys" as const } };
    }),
  );
  const said = { bridge: "main" as BridgeName, calls };
  await world.directory.promptStore.keepPromptCalls(domain, said);
  const { refused } = await world.directory.knownTrouble.trouble(domain);
  return numbers.map((number) => `caller-refused:${refused.find(({ about }) => about === number)?.key}`);
}

test("a caller's key is no hash of the number, and the same in each life; once erased, the audit has no key", async () => {
  const world = new DirectoryWorld();
  await world.directory.keepAudit(domain, entry(world));
  const [id = "", other = ""] = await refusedIds(world, number, "441234567890");
  world.start();
  expect(await refusedIds(world, number)).toEqual([id]);
  for (const trouble of [id, other]) await world.directory.keepAudit(domain, entry(world, { about: { trouble } }));
  await world.directory.recordStore.erase(domain, number);
  const { entries } = await world.directory.audit(null, 9);
  expect(entries.map(({ about }) => about)).toEqual([
    { trouble: other },
    { trouble: "caller-refused:erased" },
    { confKey },
  ]);
});

const callerKeys = (world: DirectoryWorld) => world.sql.exec("SELECT number FROM caller_key");

test("a caller's key lasts as long as calls of the number are kept, whoever has acknowledged them", async () => {
  const world = new DirectoryWorld();
  const gone = "441234567890";
  const pass = async (days: number) => {
    await world.time.pass(days * dayMs);
    await world.directory.alarm();
  };
  const [id, goneId = ""] = await refusedIds(world, number, gone);
  await pass(200);
  const { now } = world.time;
  const acknowledged = { id: goneId, since: null, upTo: now, place: 6, by: "anna", at: now, word: "known" };
  await world.directory.knownTrouble.acknowledge(domain, acknowledged);
  const calls = ["d", "e", "f"].map((call) => {
    const at = world.time.now;
    return { call: call as CallId, number, dialled: "", at, steps: [], end: { at, why: "locked" as const } };
  });
  await world.directory.promptStore.keepPromptCalls(domain, { bridge: "main" as BridgeName, calls });
  await pass(201);
  expect(callerKeys(world)).toEqual([{ number }]);
  const { refused } = await world.directory.knownTrouble.trouble(domain);
  expect(refused.map(({ about, key, count }) => [about, `caller-refused:${key}`, count])).toEqual([[number, id, 3]]);
  await pass(200);
  expect(callerKeys(world)).toEqual([]);
});

test("a number whose calls a flood has pushed out has no key once another one is drawn", async () => {
  const world = new DirectoryWorld();
  await refusedIds(world, number);
  world.sql.exec("DELETE FROM call");
  world.start();
  await refusedIds(world, "441234567890");
  expect(callerKeys(world)).toEqual([{ number: "441234567890" }]);
});

test("a disk that is full leaves out callers whose keys cannot be kept, and no other trouble", async () => {
  const world = new DirectoryWorld();
  const [id] = await refusedIds(world, number);
  const exec = world.sql.exec.bind(world.sql);
  const full = vi.spyOn(world.sql, "exec").mockImplementation((query, ...values) => {
    if (query.startsWith("INSERT INTO caller_key")) throw new Error("database or disk is full");
    return exec(query, ...values);
  });
  expect(await refusedIds(world, number, "441234567890")).toEqual([id, "caller-refused:undefined"]);
  full.mockRestore();
  expect(await refusedIds(world, number, "441234567890")).toEqual([id, expect.stringMatching(/:[0-9a-f]{8}$/)]);
});

test("keys are read from the disk once", async () => {
  const world = new DirectoryWorld();
  const ids = await refusedIds(world, number);
  world.start();
  const exec = vi.spyOn(world.sql, "exec");
  for (const _ of [1, 2, 3]) expect(await refusedIds(world, number)).toEqual(ids);
  expect(exec.mock.calls.filter(([query]) => query.includes("FROM caller_key"))).toHaveLength(1);
});
