import { expect, test } from "vitest";
import type { BridgeName, StreamId, TransId } from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { done } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  createConference,
  extConfId,
  identity,
  lock,
  muteCaller,
  request,
} from "./conference-world.ts";

test("a create is stored before it is confirmed and sent (protocol T28)", async () => {
  const world = new ConferenceWorld();
  const rows = { confirmed: 0, told: 0 };
  world.onSent = () => {
    rows.told = world.journalRows;
  };
  const received = world.receive("t1", createConference()).then(() => {
    rows.confirmed = world.journalRows;
  });

  await world.during(received);

  expect(world.sent.flat().map(({ command }) => command.type)).toEqual(["create-conference"]);
  expect(rows).toEqual({ confirmed: 1, told: 1 });
});

test("refuses a document routed by an outdated handle, except repeats", async () => {
  const world = await ConferenceWorld.running(0);
  const recalled = (transId: string, ...messages: readonly FromWebex[]) =>
    world.during(world.conference.receive({ ...identity, transId: transId as TransId, messages, fromCache: true }));
  const other = request("update-conference", { action: "lock", extConfId: "7002" });

  expect(await recalled("t1", other)).toBe(false);
  expect(await recalled("t1", lock("m0"), other)).toBe(false);
  expect(await world.received("t1", other)).toBe(true);
  expect(await recalled("t1", other)).toBe(true);
  expect(await recalled("t2", lock("m2"))).toBe(true);
});

test("refuses a create while no ids can be allocated", async () => {
  const world = new ConferenceWorld();
  const { allocateIds } = world;
  world.allocateIds = () => Promise.reject(new Error("the allocator is being moved"));
  await expect(world.received("t1", createConference())).rejects.toThrow("being moved");
  world.allocateIds = () => new Promise(() => {});
  const hangs = world.receive("t1", createConference());
  hangs.catch(() => {});
  await world.time.pass(5_000);
  await expect(hangs).rejects.toThrow("the id allocator took longer than 5000 ms");
  const empty = { first: 1, end: 1 };
  world.allocateIds = async () => ({ msgIds: empty, transIds: empty });
  await expect(world.received("t1", createConference())).rejects.toThrow("gave no ids");
  expect(world.tables).toBe(0);
  expect(world.alarmAt).toBeNull();

  world.allocateIds = allocateIds;
  expect(await world.received("t1", createConference())).toBe(true);
});

test("asking an unknown conference leaves nothing on disk", async () => {
  const world = new ConferenceWorld();
  const { conference } = world;
  const recalled = { ...identity, transId: "t1" as TransId, messages: [lock("m1")], fromCache: true } as const;

  expect(await world.during(conference.receive(recalled))).toBe(false);
  expect(conference.hasHandle(extConfId, null)).toBe(false);
  expect(conference.compareDigest(identity.bridge, "digest")).toBe("differs");
  await conference.sweep();
  await conference.alarm();
  world.isInSettings = false;
  await expect(world.received("t2", createConference())).rejects.toThrow("no domain");

  expect(world.tables).toBe(0);
  expect(world.alarmAt).toBeNull();
  expect(world.lines).toEqual([]);
});

test("without ids, only inputs that need them are refused, after 5 s", async () => {
  const world = await ConferenceWorld.running(1);
  world.allocateIds = () => new Promise(() => {});
  const all = Array.from({ length: 200 }, (_, index) => callerEntered(index + 1));
  const since = world.time.now;
  const tries = [
    world.receive("t0", lock("m0")),
    world.reportAs(3, ...all),
    world.receive("t1", lock("m1")),
    world.reportAs(3, ...all),
    world.receive("t2", lock("m2")),
  ];
  const settled = tries.map((tried) =>
    tried.then(
      () => ["committed", world.time.now - since],
      () => ["refused", world.time.now - since],
    ),
  );
  await world.time.pass(9_000);

  const outcomes = await Promise.all(settled);
  expect(outcomes.map(([outcome]) => outcome)).toEqual(["committed", "refused", "committed", "refused", "committed"]);
  expect(Math.max(...outcomes.map(([, ms]) => Number(ms)))).toBeLessThan(6_000);
});

test("an input that cannot be stored fails alone", async () => {
  const world = await ConferenceWorld.running(1);
  const tooLarge = request("passthrough", { extCallId: "1001", data: "x".repeat(2_000_000) });

  const outcomes = await world.during(
    Promise.allSettled([
      world.receive("before", lock("m1")),
      world.receive("poison", muteCaller("1001"), tooLarge),
      world.receive("after", lock("m2")),
    ]),
  );

  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  // Nothing of it is left in memory either: the state is that of the disk.
  await world.received("mute", muteCaller("1001"));
  expect(
    world.sent
      .flat()
      .map(({ command }) => command.type)
      .filter((type) => type === "mute"),
  ).toHaveLength(1);
});

test("after a loss, a stream continues from its first report", async () => {
  const world = new ConferenceWorld();
  expect(await world.during(world.reportAs(7, callerEntered(0)))).toBe(7);
  expect(await world.during(world.reportAs(9, callerEntered(1)))).toBe(7);
});

test("accepts reports once and in order, up to a gap", async () => {
  const world = await ConferenceWorld.running(0);
  const upTo = await world.reported(callerEntered(0), callerEntered(1));

  expect(await world.during(world.reportAs(upTo - 1, callerEntered(0), callerEntered(1)))).toBe(upTo);
  expect(await world.during(world.reportAs(upTo + 2, callerEntered(3)))).toBe(upTo);
  expect(await world.during(world.reportAs(upTo, callerEntered(1), callerEntered(2)))).toBe(upTo + 1);
});

test("resends acknowledged commands at once to another agent", async () => {
  const world = await ConferenceWorld.running(1);
  await world.received("t1", muteCaller("1001"));
  world.ackAll();
  const sent = world.sent.length;

  await world.reported(callerEntered(1));
  expect(world.sent).toHaveLength(sent);

  await world.during(
    world.conference.report({
      ...identity,
      stream: "another" as StreamId,
      activeSince: null,
      reports: [{ number: 1, report: callerEntered(2) }],
    }),
  );
  expect(world.sent).toHaveLength(sent + 1);
  expect(world.sent.at(-1)).toMatchObject([{ command: { type: "mute" }, again: true }]);
});

test("refuses requests while the bridge is too far behind, except creates", async () => {
  const world = await ConferenceWorld.running(2);
  const oldestDone = () => world.reported(done(world.pending[0]));
  for (const index of [0, 1, 2]) await world.received(`t${index}`, lock(`m${index}`));
  world.ackAll();
  await world.time.pass(4_999);
  await world.received("early", lock("early"));
  await world.time.pass(1);
  await world.received("no-result-yet", lock("no-result-yet"));

  await oldestDone();
  await expect(world.received("late", lock("late"))).rejects.toThrow("the bridge is too far behind");
  await world.received("taken over", createConference({ msgId: "taken over" }));
  await world.received("named", request("caller-named", { msgId: "1", extCallId: "1" }));
  expect(await world.received("t0", lock("m0"))).toBe(true);

  await oldestDone();
  await expect(world.received("late", lock("late"))).rejects.toThrow("the bridge is too far behind");
  await world.time.pass(5_000);
  expect(await world.received("late", lock("late"))).toBe(true);
});

test("an alarm comes again while the settings cannot be read", async () => {
  const world = new ConferenceWorld();
  await world.received("t1", createConference());
  world.settingsFault = "DOMAINS is no JSON";
  world.start();
  await world.time.pass(20_000);
  await world.during(world.conference.alarm());
  expect(world.alarmAt).toBeGreaterThan(world.time.now);

  world.settingsFault = null;
  await world.time.pass(61_000);
  expect(world.posted.map(({ body }) => body.includes("A2W_RspCreateConference"))).toEqual([true]);
});

test("operators reach only what is there", async () => {
  const world = new ConferenceWorld();
  const hybrid = { type: "hybrid-data", connectData: "x" };
  expect(await world.operate("a1", hybrid)).toBe("no-such-conference");
  await world.running(1);
  expect(await world.operate("a2", { type: "passthrough", extCallId: "77", data: "eA==" })).toBe("no-such-call");

  expect(await world.operate("a1", hybrid)).toBe("done");
  await world.time.pass(100);
  expect(world.posted.at(-1)?.body).toContain('HybridConnectData="x"');
});

test("ignores an ack from another bridge", async () => {
  const world = await ConferenceWorld.running(1);
  await world.received("t1", muteCaller("1001"));
  world.conference.ackCommands(
    "another" as BridgeName,
    world.sent.flat().map(({ id }) => id),
  );
  const sent = world.sent.length;

  await world.time.pass(5000);
  expect(world.sent.length).toBeGreaterThan(sent);
});

/** When the one request was answered with code 16, in ms after it came. */
async function refusedAfter(world: ConferenceWorld, begins: (now: number) => void): Promise<number | null> {
  await world.running(2);
  await world.received("t-lock", lock("m-lock"));
  for (let ms = 0; ms <= 40_000; ms += 100) {
    begins(ms);
    if (world.posted.some(({ body }) => /MsgID="m-lock" Result="16"/.test(body))) return ms;
    await world.time.pass(100);
  }
  return null;
}

test.each([
  ["an agent that is away delays no answer for longer than 30 s", () => false, 30_000],
  ["nor does one whose bridge is given nothing", (ms: number) => ms === 300 && "waiting", 30_000],
  ["a bridge has 10 s from when the agent gave it the command", (ms: number) => ms === 300 && "begun", 10_300],
  [
    "which may be later than when the agent had the command",
    (ms: number) => (ms === 300 ? "waiting" : ms === 5_000 && "begun"),
    15_000,
  ],
  ["but 30 s in all", (ms: number) => ms === 25_000 && "begun", 30_000],
] as const)("%s", async (_, acked, afterMs) => {
  const world = new ConferenceWorld();
  const found = await refusedAfter(world, (ms) => {
    const how = acked(ms);
    const ids = world.pending;
    if (how !== false) world.conference.ackCommands(identity.bridge, ids, how === "waiting" ? ids : []);
  });
  expect(found).toBeGreaterThanOrEqual(afterMs);
  expect(found).toBeLessThanOrEqual(afterMs + 200);
});

test("no other agent begins an expired command", async () => {
  const world = new ConferenceWorld();
  await refusedAfter(world, (ms) => ms === 300 && world.ackAll());
  await world.time.pass(1_000);
  const before = world.sent.length;
  world.kill();
  world.start();
  await world.time.pass(1_000);
  expect(world.sent.slice(before).flat()).toMatchObject([{ command: { type: "lock" }, again: true, withinMs: 0 }]);

  await world.allDone();
  await world.time.pass(1_000);
  expect(world.posted.at(-1)?.body).toContain('Status="2"');
});
