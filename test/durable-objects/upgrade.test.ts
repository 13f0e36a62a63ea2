import { expect, test } from "vitest";
import { upgrade } from "../../durable-objects/conference/upgrade.ts";
import { actionsOf, type Cause } from "../../src/conference/facts.ts";
import { type ConferenceState, emptyState } from "../../src/conference/state.ts";
import type { CallId } from "../../src/foundation/ids.ts";
import { isRecord } from "../../src/foundation/record.ts";
import type { DirectoryRecord } from "../../src/records/conference-record.ts";
import { aCaller, event, snapshot } from "../builders.ts";
import { testDomain } from "../local-domain.ts";
import type { Database } from "../simulation/database.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  createConference,
  extConfId,
  host,
  muteCaller,
} from "./conference-world.ts";

type Entry = [key: string, value: Record<string, unknown> | null];

/** What was new with facts goes: the journal is as version 0.1 left it. */
function downgrade(sql: Database): void {
  const old = ([key, value]: Entry): Entry => {
    if (!isRecord(value) || key === "book") return [key, value];
    const { life, history, end, by, formerSecrets, keyedSecret, notCreated, ...rest } = value;
    const actions = actionsOf((by as Cause[] | undefined) ?? []);
    const [action] = actions;
    const asked = action && (key.startsWith("command/") ? { actions } : { action });
    return [key, { ...rest, ...asked }];
  };
  for (const { seq, changes, progress } of sql.exec("SELECT seq, changes, progress FROM journal")) {
    const { telling, ...others } = JSON.parse(String(progress));
    const before = telling && { life: 1, since: 0, from: 1, ...telling };
    sql.exec("UPDATE journal SET progress = ? WHERE seq = ?", JSON.stringify({ ...others, telling: before }), seq ?? 0);
    if (changes === null) continue;
    const entries = (JSON.parse(String(changes)) as Entry[]).map(old);
    sql.exec("UPDATE journal SET changes = ? WHERE seq = ?", JSON.stringify(entries), seq ?? 0);
  }
  for (const { key, value } of sql.exec("SELECT key, value FROM entry")) {
    const [, stripped] = old([String(key), JSON.parse(String(value))]);
    sql.exec("UPDATE entry SET value = ? WHERE key = ?", JSON.stringify(stripped), key ?? "");
  }
  sql.exec("ALTER TABLE journal DROP COLUMN facts");
}

async function meeting(isUpgraded: boolean): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  const { follow } = world;
  world.follow = () => Promise.reject(new Error("the directory is away"));
  await world.running(3);
  await world.received("mute", muteCaller("1001"));
  await world.allDone();
  await world.time.pass(61_000);
  await world.reported(callerLeft(1));
  await world.received("second", createConference({ msgId: "m2", extConfId: "7002", replyTo: "tsp2:80" } as never));
  await world.allDone();
  if (isUpgraded) {
    downgrade(world.sql);
    world.start();
  }
  world.follow = follow;
  await world.reported(callerEntered(4));
  await world.time.pass(61_000);
  await world.reported(callerLeft(0));
  await world.time.pass(10_000);
  await world.reported(event({ type: "conference-ended" }));
  await world.time.pass(10_000);
  return world;
}

function told(world: ConferenceWorld): readonly DirectoryRecord[] {
  return world.pages.flatMap(({ facts }) => facts.flatMap(({ fact }) => ("record" in fact ? [fact.record] : [])));
}

test("an upgrade in the middle of a meeting loses no record, and none of what it says", async () => {
  const [plain, upgraded] = [await meeting(false), await meeting(true)];

  // The upgrade has a row of its own.
  const plainly = told(plain).map((record) =>
    record.kind === "call" && record.call === "c4" ? { ...record, began: record.began + 1 } : record,
  );
  expect(told(upgraded)).toEqual(plainly);
  expect(told(plain).map(({ kind }) => kind)).toEqual(["call", "call", "call", "call", "conference"]);
});

test("what operators asked for in version 0.1 is still theirs: its stages are not known, and WebEx's answer says who wanted it", async () => {
  const world = await ConferenceWorld.running(1);
  const number = { country: "1", area: "408", local: "5550123", extension: "" };
  const requests = [
    { type: "mute", call: "c0" },
    { type: "call-out", number },
  ];
  for (const [index, request] of requests.entries()) await world.operate(`a${index}`, request);
  downgrade(world.sql);
  world.start();
  await world.allDone();
  const by = [{ type: "action", action: "a1", person: "Ann" }];

  const [callOut] = world.stored.state.callOuts.values();
  expect(callOut?.by).toEqual(by);
  expect(callOut).not.toHaveProperty("action");
  const queued = world.stored.journal
    .facts(0)
    .flatMap(({ facts }) => facts.filter(({ kind }) => kind === "post-queued"));
  expect(queued).toMatchObject([{ messages: [{ type: "caller-changed", status: "muted", actions: ["a0"] }] }]);
  expect(await world.conference.reader.action("a0" as never)).toBeNull();
});

/** Facts that the directory of version 0.1 was not told of. */
async function untold(happen: (world: ConferenceWorld) => Promise<unknown>, callers = 2): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  const { follow, answer } = world;
  await world.running(callers);
  await world.time.pass(20_000);
  world.follow = () => Promise.reject(new Error("the directory is away"));
  await happen(world);
  downgrade(world.sql);
  world.pages.length = 0;
  world.follow = follow;
  world.answer = answer;
  world.start();
  return world;
}

const ended = event({ type: "conference-ended" });

function facts(world: ConferenceWorld): readonly object[] {
  return world.pages.flatMap(({ facts }) => facts.map(({ row, at, fact }) => ({ row, at, ...fact })));
}

test("the records of a conference that was over before the upgrade come, though it never says anything again", async () => {
  let rows = 0;
  const world = await untold(async (world) => {
    await world.reported(ended);
    await world.time.pass(20_000);
    rows = world.stored.journal.lastSeq;
  });
  expect(world.outboxRows).toBe(0);
  await world.time.pass(10_000);

  expect(told(world).map(({ kind }) => kind)).toEqual(["call", "call", "conference"]);
  expect(world.stored.journal.lastSeq).toBe(rows);
});

test.each([
  ["is not in the settings", (world: ConferenceWorld, isAway: boolean) => (world.isInSettings = !isAway)],
  [
    "has settings that cannot be read",
    (world: ConferenceWorld, isAway: boolean) => (world.settingsFault = isAway ? "DOMAINS is no JSON" : null),
  ],
])("a domain that %s when a conference is upgraded loses no record by that", async (_, set) => {
  const world = await untold(async (world) => {
    await world.reported(callerLeft(1));
    await world.time.pass(30_000);
    set(world, true);
  });
  set(world, false);
  world.start();
  await world.reported(ended);
  await world.time.pass(20_000);

  expect(told(world).map(({ reason }) => reason)).toEqual(["hung-up", "conference-ended", "ended"]);
});

test("other settings than version 0.1 had end no conference of it, and make no record", async () => {
  const world = await untold(async (world) => {
    await world.reported(callerLeft(1));
    await world.time.pass(30_000);
    world.domain = testDomain({ createTimeoutMs: 1, closedMemoryMs: 1, policy: { deny: ["+1"] } });
  });
  await world.reported(ended);
  await world.time.pass(20_000);

  expect(told(world).map(({ reason }) => reason)).toEqual(["hung-up", "conference-ended", "ended"]);
});

test("what happened before the upgrade comes before what happens after it", async () => {
  const world = await untold(async (world) => {
    await world.reported(callerLeft(1));
    await world.time.pass(30_000);
  });
  await world.reported(ended);
  await world.time.pass(20_000);

  expect(told(world).map(({ reason }) => reason)).toEqual(["hung-up", "conference-ended", "ended"]);
});

test("the journal of a conference is looked through once at most, and not at all where its directory knows that it is over", async () => {
  const world = await ConferenceWorld.running(2);
  await world.reported(ended);
  await world.time.pass(20_000);
  // The acknowledgement of the last page comes to the disk with the next life.
  world.start();
  await world.time.pass(10_000);
  downgrade(world.sql);
  const queries: string[] = [];
  const { exec } = world.sql;
  world.sql.exec = (query, ...values) => {
    queries.push(query);
    return exec.call(world.sql, query, ...values);
  };
  const looks = () => queries.splice(0).filter((query) => /SELECT seq, at, input|ALTER/.test(query));
  world.start();
  expect(looks()).toEqual([expect.stringMatching("^ALTER")]);
  world.start();
  expect(looks()).toEqual([]);
});

test("a call or a call-out that WebEx was having hung up is still ended by WebEx", async () => {
  const request = (type: string, more: object) =>
    ({ type, msgId: `m-${type}`, replyTo: host, extConfId, ...more }) as never;
  const phone = { country: "1", area: "408", local: "5550123", extension: "" };
  const world = await untold(async (world) => {
    await world.received("drop", request("drop-caller", { extCallId: "1001" }));
    await world.received("out", request("call-out", { extCallId: "2001", phone }));
    await world.received("cancel", request("cancel-call-out", { extCallId: "2001" }));
  });
  await world.allDone();
  await world.time.pass(20_000);

  expect(told(world)).toMatchObject([
    { direction: "in", endedBy: "webex", status: "completed", reason: "expelled" },
    { direction: "out", endedBy: "webex", status: "canceled", reason: "cancelled" },
  ]);
});

test("receivers of webhooks hear who entered before the upgrade, and when; of nobody they hear twice", async () => {
  let at = 0;
  const world = await untold(async (world) => {
    await world.reported(callerEntered(4));
    at = world.stored.journal.lastAt;
    await world.time.pass(60_000);
    await world.received("mute", muteCaller("1001"));
  }, 1);
  await world.time.pass(20_000);

  expect(facts(world)).toMatchObject([{ kind: "call-entered", at, call: "c4", direction: "in" }]);
});

test("receivers of webhooks hear of the begin of a conference that the directory was not told of", async () => {
  const world = new ConferenceWorld();
  const { follow } = world;
  world.follow = () => Promise.reject(new Error("the directory is away"));
  await world.running(1);
  downgrade(world.sql);
  world.follow = follow;
  world.pages.length = 0;
  world.start();
  await world.time.pass(20_000);

  expect(facts(world)).toMatchObject([
    { kind: "conference-requested", host, life: 1 },
    { kind: "conference-created", host, life: 1 },
    { kind: "call-entered", call: "c0", life: 1 },
  ]);
});

test("documents that were given up before the upgrade are listed, each by the row that has its text", async () => {
  const world = await untold(async (world) => {
    world.answer = () => ({ kind: "failed", reason: "refused" });
    await world.operate("a0", { type: "lock" });
    await world.allDone();
    await world.time.pass(140_000);
  });
  await world.time.pass(20_000);

  const said = facts(world) as readonly { readonly row: number; readonly kind: string }[];
  const [fact, ...others] = said.filter(({ kind }) => kind !== "post-failed");
  expect(fact).toMatchObject({ kind: "post-given-up", host, messages: [{ type: expect.any(String) }] });
  expect(others).toEqual([]);
  expect(await world.conference.reader.givenUp(fact?.row ?? 0)).not.toBeNull();
});

function takenOver(index: number, anonymousId: string) {
  return createConference({ msgId: `t${index}`, extConfId: `800${index}`, replyTo: "tsp2:80", anonymousId } as never);
}

function keyed(call: string, attendeeId: string) {
  const caller = aCaller({ call, number: "14085550177", attendeeId });
  return event({ type: "caller-entered", caller }) as never;
}

test("a record names nobody by what led in, or made a silent monitor, before the upgrade, also where that was replaced", async () => {
  const world = await untold(async (world) => {
    world.domain = testDomain({ recordsPersonal: "full" });
    await world.received("first", takenOver(1, "4711"));
    await world.reported(keyed("k1", "4711"), keyed("k2", "4711"), keyed("k3", "2000"));
    await world.received("second", takenOver(2, "4712"));
    await world.reported(event({ type: "caller-left", call: "k1" as CallId, reason: "hung-up" }));
  }, 0);
  await world.reported(ended);
  await world.time.pass(20_000);

  expect(told(world)).toMatchObject([
    { call: "k1", attendeeId: "" },
    { call: "k2", attendeeId: "" },
    { call: "k3", attendeeId: "2000" },
    { kind: "conference" },
  ]);
  expect(JSON.stringify(world.pages)).not.toContain("4711");
});

test("of very many codes that were replaced before the upgrade, the state keeps the last ones", async () => {
  const creates = Array.from({ length: 30 }, (_, index) => takenOver(index, String(4700 + index)));
  const world = await untold(async (world) => {
    for (const [index, create] of creates.entries()) await world.received(`create-${index}`, create);
  }, 0);
  const { head } = world.stored.state;

  const latest = creates.slice(-20).map((_, index) => String(4709 + index));
  expect(head).toMatchObject({ phase: "running", formerSecrets: latest });
});

test("a private talk and a closing room of version 0.1 are WebEx's doing: nobody else has them begun or closed", () => {
  const head = { phase: "running", extConfId, host, talk: { room: "r1", stage: "open" } };
  const room = (stage: string) => ({ room: stage, stage });
  const rooms = new Map(["open", "closing"].map((stage) => [stage, room(stage)]));
  const state = { ...emptyState(), head, rooms } as object as ConferenceState;
  const { changes } = upgrade(state, null, null);

  const by = [{ type: "request", transId: "" }];
  expect(changes.head).toMatchObject({ talk: { room: "r1", by } });
  expect([...changes.rooms]).toEqual([["closing", { ...room("closing"), by }]]);
});

test("a command and a call-out of version 0.1 whose rows are gone are theirs who asked: operators, WebEx, or both", () => {
  const asked = {
    both: { request: { msgId: "m1" }, actions: ["a1"] },
    webex: { request: { msgId: "m2" } },
    operators: { request: null, actions: ["a2", "a3"] },
    repair: { request: null },
  };
  const callOuts = new Map<string, object>([
    ["webex", asked.webex],
    ["operators", { request: null, action: "a2" }],
  ]);
  const state = { ...emptyState(), commands: new Map(Object.entries(asked)), callOuts } as object as ConferenceState;
  const { changes } = upgrade(state, null, null);

  const request = (msgId: string) => ({ type: "request", transId: "", msgId });
  const action = (id: string) => ({ type: "action", action: id, person: "" });
  expect([...changes.commands]).toEqual([
    ["both", { request: { msgId: "m1" }, by: [action("a1"), request("m1")] }],
    ["webex", { request: { msgId: "m2" }, by: [request("m2")] }],
    ["operators", { request: null, by: [action("a2"), action("a3")] }],
    ["repair", { request: null, by: [] }],
  ]);
  expect([...changes.callOuts].map(([call, callOut]) => [call, callOut?.by])).toEqual([
    ["webex", [request("m2")]],
    ["operators", [action("a2")]],
  ]);
});

test("a record has the most callers that were in the conference at once, also where some have left before the upgrade", async () => {
  const world = await untold((world) => world.reported(callerLeft(0), callerLeft(1)), 3);
  await world.reported(ended);
  await world.time.pass(20_000);

  expect(told(world)).toMatchObject([{}, {}, {}, { kind: "conference", calls: 3, mostCallers: 3 }]);
});

test("of a conference whose rows are gone, those who are in it now are known, and the most that were kept", () => {
  const head = { phase: "running", extConfId, host };
  const callers = new Map([false, false, true].map((left, index) => [`c${index}`, { left }]));
  const state = { ...emptyState(), head, callers } as object as ConferenceState;
  const kept = (mostCallers: number) => ({ seq: 9, head, life: { seq: 1, mostCallers }, calls: [] }) as never;
  const headAfter = (deleted: ReturnType<typeof kept> | null) => upgrade(state, deleted, null).changes.head;

  expect(headAfter(null)).toMatchObject({ life: { callers: 2, mostCallers: 2 } });
  expect(headAfter(kept(1))).toMatchObject({ life: { callers: 2, mostCallers: 2 } });
  expect(headAfter(kept(5))).toMatchObject({ life: { callers: 2, mostCallers: 5 } });
});

test("what is too long for the rows in which it happened comes in rows of the upgrade, each record once and in order", async () => {
  const calls = Array.from({ length: 800 }, (_, call) => call);
  const world = await untold((world) => world.reported(...calls.map(callerLeft)), calls.length);
  const rows = world.sql.exec("SELECT length(facts) AS length FROM journal WHERE facts IS NOT NULL");
  await world.time.pass(60_000);

  expect(rows.length).toBeGreaterThan(1);
  expect(Math.max(...rows.map(({ length }) => Number(length)))).toBeLessThan(401_000);
  expect(told(world).map((record) => record.kind === "call" && record.call)).toEqual(calls.map((call) => `c${call}`));
});

test("what the directory acknowledges of a conference that was over before the upgrade is on disk at once", async () => {
  const world = await untold((world) => world.reported(ended));
  await world.time.pass(10_000);
  world.pages.length = 0;
  world.start();
  await world.time.pass(10_000);

  expect(world.pages).toEqual([]);
});

test("a call whose first rows version 0.1 had deleted has a whole record: what they said was kept", async () => {
  const world = await untold(async ({ sql, stored: { state } }) => {
    const { head, callers } = state;
    const life = { ...("life" in head && head.life), seq: 1 };
    const unknown = { answeredAt: null, dialledAt: null, mutedAt: null };
    const calls = [...callers.values()].map(({ history, ...call }) => ({ ...call, ...unknown, ...history }));
    const [last] = sql.exec("SELECT max(seq) AS seq FROM journal");
    const kept = [...sql.exec("SELECT changes FROM journal ORDER BY seq")].flatMap(({ changes }) =>
      changes === null ? [] : (JSON.parse(String(changes)) as Entry[]),
    );
    const entries = [...kept, ["checkpoint", last?.seq], ["book", { seq: last?.seq, head, life, calls }]] as const;
    for (const [index, [key, value]] of [...new Map(entries as readonly Entry[])].entries())
      if (value !== null) sql.exec("INSERT INTO entry VALUES (?, ?, ?)", key, index, JSON.stringify(value));
    sql.exec("DELETE FROM journal WHERE seq < ?", last?.seq ?? 0);
  });
  await world.reported(ended);
  await world.time.pass(20_000);

  expect(told(world)).toMatchObject([
    { call: "c0", enteredAt: expect.any(Number), reason: "conference-ended" },
    { call: "c1", enteredAt: expect.any(Number), reason: "conference-ended" },
    { kind: "conference", calls: 2, runningAt: expect.any(Number) },
  ]);
});

test("a conference that its bridge created too late before the upgrade was ended there, and is none that the edge found", async () => {
  const world = new ConferenceWorld();
  const { follow } = world;
  world.follow = () => Promise.reject(new Error("the directory is away"));
  await world.received("create", createConference());
  await world.time.pass(16_000);
  await world.allDone();
  await world.reported(snapshot([]));
  expect([...world.stored.state.commands.values()].map(({ command }) => command.type)).toEqual(["end-conference"]);
  downgrade(world.sql);
  world.follow = follow;
  world.pages.length = 0;
  world.start();
  await world.time.pass(20_000);

  const said = facts(world) as readonly { readonly kind: string }[];
  const ofConference = said.map(({ kind }) => kind).filter((kind) => kind.startsWith("conference-"));
  expect(ofConference).toEqual(["conference-requested", "conference-not-created"]);
  // The state itself says no more than it did.
  expect(world.stored.state.head).toEqual({ phase: "absent" });
});
