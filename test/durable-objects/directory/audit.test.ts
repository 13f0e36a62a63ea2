import { expect, test, vi } from "vitest";
import { AuditStore } from "../../../durable-objects/directory/audit-store.ts";
import type { BridgeName, CallId } from "../../../src/foundation/ids.ts";
import { dayMs } from "../../../src/foundation/time/timers.ts";
import { type AuditEntry, unknownOutcome } from "../../../src/operators/audit.ts";
import { Database } from "../../kit/database.ts";
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

const refused = { status: 403, refusal: "not allowed" };

test("what people ask of a domain is kept once, a row each, the latest first, also in a new directory", async () => {
  const world = new DirectoryWorld();
  expect(await world.directory.audit(null, 10)).toEqual({ entries: [], next: null });
  const first = entry(world);
  for (const one of [first, first, entry(world, { actionId: "k2" }), first, entry(world, { person: "boris" })])
    await world.directory.keepAudit(domain, one);
  world.start();

  const page = await world.directory.audit(null, 2);
  expect(page).toEqual({ entries: [entry(world, { person: "boris" }), entry(world, { actionId: "k2" })], next: 2 });
  expect(await world.directory.audit(page.next, 2)).toEqual({ entries: [first], next: null });
  expect(await world.directory.audit(page.next, 1)).toEqual({ entries: [first], next: null });
  expect(world.alarmAt).not.toBeNull();
});

test("what is asked is kept before it is done, and its outcome takes that place, whichever comes first", async () => {
  const world = new DirectoryWorld();
  const keep = (one: AuditEntry) => world.directory.keepAudit(domain, one);
  const [asked, done] = [entry(world, unknownOutcome), entry(world, { status: 202, refusal: null })];
  await keep(asked);
  await keep(entry(world, { ...unknownOutcome, actionId: "k2" }));
  world.start();
  await keep(done);
  await keep(asked);
  const entries = async () => (await world.directory.audit(null, 9)).entries;
  expect(await entries()).toEqual([entry(world, { ...unknownOutcome, actionId: "k2" }), done]);

  await world.time.pass(1);
  const refusedLater = entry(world, refused);
  await keep(refusedLater);
  expect((await entries()).map(({ status }) => status)).toEqual([403, 503, 202]);
});

test.each<[string, Partial<AuditEntry>]>([
  ["at another time", { at: 5 }],
  ["of another person", { person: "boris" }],
  ["for something else, as from another form of the console", { action: "drainBridge" }],
  ["under another Idempotency-Key", { actionId: "k2" }],
  ["about something else", { about: { confKey: "5" } }],
  ["from another address", { from: "192.0.2.8" }],
])("the outcome of a request %s takes no other one's place: each stays in the audit", async (_what, more) => {
  const world = new DirectoryWorld();
  const [asked, other] = [entry(world, unknownOutcome), entry(world, { status: 202, refusal: null, ...more })];
  await world.directory.keepAudit(domain, asked);
  await world.directory.keepAudit(domain, other);

  expect((await world.directory.audit(null, 9)).entries).toEqual([other, asked]);
});

test("an outcome that says of itself that it is a repeat takes the place of what was asked, and is kept once", async () => {
  const world = new DirectoryWorld();
  const keep = (more: Partial<AuditEntry>) => world.directory.keepAudit(domain, entry(world, more));
  await keep({ status: 202, refusal: null });
  await world.time.pass(1);
  const repeat = { status: 202, refusal: null, repeat: true } as const;
  for (const outcome of [unknownOutcome, repeat, repeat]) await keep(outcome);
  // Under the same Idempotency-Key, and done all the same.
  await keep({ action: "drainBridge" });

  const { entries } = await world.directory.audit(null, 9);
  expect(entries.map(({ action, repeat }) => [action, repeat])).toEqual([
    ["drainBridge", undefined],
    ["act", true],
    ["act", undefined],
  ]);
});

test("an action that was refused in the same moment as one before is no longer one whose outcome nobody knows", async () => {
  const world = new DirectoryWorld();
  const keep = (actionId: string, more: Partial<AuditEntry>) =>
    world.directory.keepAudit(domain, entry(world, { actionId, ...more }));
  for (const id of ["k1", "k2"]) await keep(id, unknownOutcome);
  for (const id of ["k2", "k1"]) await keep(id, refused);
  const { entries } = await world.directory.audit(null, 10);
  expect(entries.map(({ actionId, status, count }) => [actionId, status, count])).toEqual([["k2", 403, 2]]);
});

test("refusals of a kind are one entry with their number, for ten minutes, and each counts once", async () => {
  const world = new DirectoryWorld();
  const keep = (more: Partial<AuditEntry> = {}) =>
    world.directory.keepAudit(domain, entry(world, { ...refused, actionId: String(world.time.now), ...more }));
  const shown = async () =>
    (await world.directory.audit(null, 9)).entries.map(({ person, status, count }) => [person, status, count]);
  for (let second = 0; second < 3; second += 1) {
    await keep();
    await world.time.pass(1_000);
  }
  const further = { count: 140, lastAt: world.time.now + 900 };
  // The second time, the answer to the first one was lost.
  for (let time = 0; time < 2; time += 1) await keep(further);
  expect(await shown()).toEqual([["anna", 403, 143]]);

  await world.time.pass(1_000);
  for (const more of [{ person: "boris" }, { from: "192.0.2.8" }, { action: "drainBridge" }]) await keep(more);
  await keep({ status: 202, refusal: null });
  await keep(unknownOutcome);
  await keep();
  expect(await shown()).toEqual([
    ["anna", 202, undefined],
    ["anna", 403, undefined],
    ["anna", 403, undefined],
    ["boris", 403, undefined],
    ["anna", 403, 144],
  ]);

  await world.time.pass(600_000);
  await keep();
  expect((await shown())[0]).toEqual(["anna", 403, undefined]);
});

test("refusals from while the clock was ahead hide none of those behind it", () => {
  const world = new DirectoryWorld();
  const store = new AuditStore(new Database());
  const refuse = (at: number) => store.add(entry(world, { ...refused, at, actionId: String(at) }), at);
  const shown = () => store.page(null, 9).entries.map(({ at, count = 1 }) => [at, count]);
  for (const at of [dayMs, 1_000, 1_200_000]) refuse(at);
  expect(shown()).toEqual([
    [1_200_000, 1],
    [1_000, 1],
    [dayMs, 1],
  ]);
  // A step back of seconds.
  for (const at of [1_205_000, 1_203_000]) refuse(at);
  expect(shown()[0]).toEqual([1_200_000, 3]);
});

test("a refusal that is told again once the next entry has begun counts once", () => {
  const world = new DirectoryWorld();
  const store = new AuditStore(new Database());
  const refuse = (at: number) => store.add(entry(world, { ...refused, at, actionId: String(at) }), at);
  for (const at of [1, 599_001, 601_001, 599_001, 1, 602_001]) refuse(at);

  expect(store.page(null, 9).entries.map(({ at, count = 1 }) => [at, count])).toEqual([
    [601_001, 2],
    [1, 2],
  ]);
});

test("an entry knows the latest 50 refusals that it counts, however many they are", () => {
  const world = new DirectoryWorld();
  const sql = new Database();
  const store = new AuditStore(sql);
  const refuse = (at: number) => store.add(entry(world, { ...refused, at, actionId: String(at) }), at);
  for (let at = 1; at <= 60; at += 1) refuse(at);
  for (const at of [60, 11]) refuse(at);

  expect(store.page(null, 9).entries.map(({ count }) => count)).toEqual([60]);
  expect(sql.exec("SELECT json_array_length(data, '$.heard') AS heard FROM audit")).toEqual([{ heard: 50 }]);
});

test("what is told again late, behind another refusal too, is kept once", () => {
  const world = new DirectoryWorld();
  const store = new AuditStore(new Database());
  const shown = () => store.page(null, 9).entries.map(({ at, count, lastAt }) => [at, count, lastAt]);
  for (const at of [1_000, 2_000, 1_000, 2_000]) store.add(entry(world, { at }), at);
  expect(shown()).toEqual([
    [2_000, undefined, undefined],
    [1_000, undefined, undefined],
  ]);
  for (const at of [3_000, 5_000, 4_000, 3_000, 4_000, 5_000])
    store.add(entry(world, { ...refused, at, actionId: String(at) }), at);
  expect(shown()[0]).toEqual([3_000, 3, 5_000]);
  // Those of the same moment, told at once and together.
  const more = { ...refused, action: "drainBridge", at: 6_000, actionId: "first" };
  for (const told of [more, { ...more, actionId: "second", count: 9, lastAt: 6_000 }])
    store.add(entry(world, told), 6_000);
  expect(shown()[0]).toEqual([6_000, 10, 6_000]);
});

test("nobody pushes out what was done, or may have been: where entries are too many, those go for which nothing was", () => {
  const world = new DirectoryWorld();
  const sql = new Database();
  const store = new AuditStore(sql, 20);
  let at = 0;
  const keep = (...times: readonly Partial<AuditEntry>[]) => {
    at += 1;
    for (const more of times) store.add(entry(world, { actionId: `k${at}`, at, ...more }), at);
  };
  keep({ action: "end" });
  keep({ action: "unknown", ...unknownOutcome });
  keep({ person: "boris", ...refused });
  const done = { status: 202, refusal: null };
  for (let time = 0; time < 60; time += 1) keep({ action: "mute" });
  for (let time = 0; time < 60; time += 1)
    keep({ action: "unmute", actionId: "again", ...(time > 0 && { repeat: true }) });
  for (let time = 0; time < 60; time += 1)
    keep({ ...unknownOutcome, action: `refused ${time}` }, { ...refused, action: `refused ${time}` });
  new AuditStore(sql, 20).add(entry(world, { ...refused, at: at + 1, action: "refused anew" }), at + 1);

  const { entries } = store.page(null, 500);
  const nothingDone = entries.filter(({ status, repeat }) => status === 403 || repeat);
  const evidence = entries.filter((one) => !nothingDone.includes(one));
  expect(evidence.map(({ action }) => action)).toEqual(["unmute", ...Array(60).fill("mute"), "unknown", "end"]);
  expect(evidence.at(-1)).toMatchObject(done);
  expect(nothingDone).toHaveLength(20);
  expect(nothingDone[0]?.action).toBe("refused anew");
  expect(nothingDone.at(-1)?.person).toBe("boris");
});

test("what went for its age makes room: no refusal goes before its time since there were many before", () => {
  const world = new DirectoryWorld();
  const store = new AuditStore(new Database(), 20);
  const refuse = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) store.add(entry(world, { ...refused, action: `refused ${at}`, at }), at);
  };
  refuse(1, 30);
  store.deleteBefore(100, 50);
  refuse(100, 120);
  expect(store.page(null, 50).entries).toHaveLength(20);
});

test("the same Idempotency-Key at the same time at another conference is another request", async () => {
  const world = new DirectoryWorld();
  const keep = (about: AuditEntry["about"], more: Partial<AuditEntry> = {}) =>
    world.directory.keepAudit(domain, entry(world, { about, status: 202, refusal: null, ...more }));
  await keep({ confKey: "111" }, unknownOutcome);
  await keep({ confKey: "222" }, unknownOutcome);
  await keep({ confKey: "111" });
  await keep({ confKey: "222" });
  const { entries } = await world.directory.audit(null, 9);
  expect(entries.map(({ about, status }) => [about.confKey, status])).toEqual([
    ["222", 202],
    ["111", 202],
  ]);
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
  world.sql.exec("DELETE FROM prompt_call");
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
