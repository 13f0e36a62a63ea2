import { expect, test } from "vitest";
import type { Ability, BridgeCommand } from "../../src/bridge/commands.ts";
import type { Report } from "../../src/bridge/events.ts";
import { digestOf } from "../../src/bridge/state.ts";
import type { ActionId, BridgeName, CallId, StreamId } from "../../src/foundation/ids.ts";
import type { BridgeHealth } from "../../src/rpc/relay.ts";
import { aCaller, event, held, left, snapshot as snapshotOf } from "../builders.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  createConference,
  identity,
  lock,
  request,
} from "./conference-world.ts";

/** A second bridge comes into the settings. */
function addBridge(world: ConferenceWorld): void {
  const { bridges } = world.domain.settings;
  const second = bridges.map((bridge) => ({ ...bridge, name: "second" }));
  world.domain = { ...world.domain, settings: { ...world.domain.settings, bridges: [...bridges, ...second] } };
}

test.each<[string, string, Partial<BridgeHealth> | null, Partial<BridgeHealth>]>([
  ["with more free ports", "second", { ports: 90, portsInUse: 80 }, { ports: 30, portsInUse: 10 }],
  [
    "that says how full it is, though it is full",
    "simulated",
    { ports: 30, portsInUse: 30 },
    { ports: 30, portsInUse: null },
  ],
  ["without a limit of ports", "second", { ports: 9_000 }, { ports: null }],
  ["that is up", "second", { ports: 90, bridgeUp: false }, { ports: 1 }],
  ["that takes new calls", "second", { ports: 0, portsInUse: 5 }, { ports: 6, portsInUse: 5 }],
  ["that is up, though it takes no new calls", "simulated", { ports: 0, portsInUse: 5 }, { ports: 6, bridgeUp: false }],
  ["that is not drained", "second", { ports: 9, drainedSince: 0 }, { ports: 1 }],
  ["that is not drained, though it is down", "second", { ports: 9, drainedSince: 0 }, { ports: 1, bridgeUp: false }],
  ["that is drained, where each is", "simulated", { ports: 9, drainedSince: 0 }, { ports: 1, drainedSince: 0 }],
  ["whose relay answers within a second", "second", null, { ports: 1 }],
])("a new conference goes to the bridge %s", async (_, chosen, first, second) => {
  const world = new ConferenceWorld();
  addBridge(world);
  world.health = async (bridge) => (bridge === "second" ? second : (first ?? new Promise(() => {})));
  await world.received("t1", createConference());
  await world.time.pass(1_000);

  expect(new Set(world.sentTo)).toEqual(new Set([chosen]));
});

test("a conference stays on its bridge after a restart with other settings", async () => {
  const world = await ConferenceWorld.running(0);
  addBridge(world);
  prefer(world, "second");
  world.start();
  await world.received("t1", lock("m1"));

  expect(new Set(world.sentTo)).toEqual(new Set(["simulated"]));
});

test("another bridge may get a conference that begins again", async () => {
  const world = await ConferenceWorld.running(0);
  await world.received("t1", request("close-conference"));
  await world.allDone();
  addBridge(world);
  prefer(world, "second");

  await world.received("t2", createConference());

  expect(world.sentTo.at(-1)).toBe("second");
});

test("refuses what the bridge cannot do until its agent reports otherwise", async () => {
  const world = await ConferenceWorld.running(0);
  const sent = () => world.sent.flat().map(({ command }) => command.type);
  const answers = () => Array.from(world.posted.at(-1)?.body.matchAll(/ Result="(\d+)"/g) ?? [], ([, code]) => code);
  let number = 0;
  const report = (bridge: string, cannot: readonly Ability[]) =>
    world.during(
      world.conference.report({
        ...identity,
        bridge: bridge as BridgeName,
        stream: `of-${bridge}` as StreamId,
        activeSince: null,
        cannot,
        reports: [{ number: ++number, report: callerEntered(number) }],
      }),
    );

  await report("simulated", ["lock"]);
  await world.received("t1", lock("m1"));
  expect(sent()).toEqual(["create-conference"]);
  expect(answers()).toEqual(["14"]);

  world.start();
  number = 0;
  await report("elsewhere", []);
  await world.received("t2", lock("m2"));
  expect(sent()).toEqual(["create-conference"]);
  expect(answers()).toEqual(["14"]);

  number = 1;
  await report("simulated", []);
  await world.received("t3", lock("m3"));
  expect(sent()).toEqual(["create-conference", "lock"]);
});

/** This bridge has more free ports than the other one. */
function prefer(world: ConferenceWorld, name: string): void {
  world.health = async (bridge) => ({ ports: bridge === name ? 9 : 1 });
}

/** Two bridges; the first one was chosen and never answered. */
async function chosenBridgeDead(): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  addBridge(world);
  prefer(world, "simulated");
  await world.received("t1", createConference());
  await world.time.pass(16_000);
  expect(answers(world)).toEqual(["16"]);
  return world;
}

function answers(world: ConferenceWorld): (string | undefined)[] {
  return world.posted.flatMap(({ body }) =>
    [...body.matchAll(/A2W_RspCreateConference[^>]* Result="(\d+)"/g)].map(([, result]) => result),
  );
}

/** The commands that this bridge was sent, each once. */
function sentTo(world: ConferenceWorld, bridge: string): string[] {
  const commands = world.sent.flatMap((sent, index) => (world.sentTo[index] === bridge ? sent : []));
  return [...new Map(commands.map(({ id, command }) => [id, command.type])).values()];
}

test("a create whose bridge never answered is repeated on another bridge", async () => {
  const world = await chosenBridgeDead();
  prefer(world, "second");
  await world.received("t2", createConference({ msgId: "m2" }));
  await world.during(world.reportFrom("second", done(world, "create-conference")));
  await world.time.pass(1000);

  expect(answers(world)).toEqual(["16", "0"]);
  expect(sentTo(world, "simulated")).toEqual(["create-conference", "end-conference"]);
  expect(sentTo(world, "second")).toEqual(["create-conference"]);

  const gone = { done: false, reason: "no-such-conference" } as const;
  await world.during(world.reportFrom("simulated", { ...done(world, "end-conference"), result: gone }));
  world.start();
  await world.received("t3", lock("m3"));
  expect(sentTo(world, "second")).toEqual(["create-conference", "lock"]);
});

test("ends a conference on a bridge that should not have it", async () => {
  const world = await chosenBridgeDead();
  prefer(world, "second");
  await world.received("t2", createConference());
  await world.during(world.reportFrom("second", done(world, "create-conference")));
  await world.during(world.reportFrom("simulated", done(world, "end-conference")));
  await world.time.pass(1000);
  const posts = world.posted.length;

  expect(world.conference.compareDigest("second" as BridgeName, digestOf(held()))).toBe("same");
  expect(world.conference.compareDigest("simulated" as BridgeName, digestOf(held()))).toBe("differs");
  for (let times = 0; times < 2; times += 1) await world.during(world.reportFrom("simulated", snapshot));
  await world.time.pass(1000);

  expect(sentTo(world, "simulated")).toEqual(["create-conference", "end-conference", "end-conference"]);
  expect(sentTo(world, "second")).toEqual(["create-conference"]);
  expect(world.posted).toHaveLength(posts);
});

test("stops resending an end to an unreachable bridge after two hours", async () => {
  const world = await chosenBridgeDead();
  await world.time.pass(7_260_000);
  const sent = world.sent.length;
  await world.time.pass(3_600_000);
  expect(world.sent).toHaveLength(sent);

  await world.during(world.reportFrom("simulated", snapshot));
  expect(sentTo(world, "simulated")).toEqual(["create-conference", "end-conference", "end-conference"]);
  await world.time.pass(11 * 86_400_000);
  expect(world.deleted).toBe(1);
});

test("locks an unknown conference on the bridge that reports it", async () => {
  const world = new ConferenceWorld();
  addBridge(world);
  prefer(world, "second");
  await world.during(world.reportFrom("simulated", snapshot));

  expect(sentTo(world, "simulated")).toEqual(["lock"]);
  expect(sentTo(world, "second")).toEqual([]);
});

const snapshot = snapshotOf([], { rooms: [] });

function done(world: ConferenceWorld, type: BridgeCommand["type"]): Extract<Report, { type: "result" }> {
  const command = world.sent.flat().findLast(({ command }) => command.type === type);
  if (!command) throw new Error(`no bridge was sent ${type}`);
  return { type: "result", id: command.id, result: { done: true } };
}

test("a hanging relay delays no command for another bridge", async () => {
  const world = await chosenBridgeDead();
  prefer(world, "second");
  const before = world.sentTo.length;
  world.onSent = () => (world.sentTo.at(-1) === "simulated" ? new Promise(() => {}) : undefined);
  await world.received("t2", createConference({ msgId: "m2" }));
  expect(world.sentTo.slice(before)).toContain("second");
  await world.time.pass(6_100);

  expect(world.lines.find(({ event }) => event === "commands-not-sent")).toMatchObject({
    why: "Error: the relay of simulated took longer than 5000 ms",
  });
  expect(world.sentTo.slice(before).filter((bridge) => bridge === "simulated").length).toBeGreaterThan(1);
});

test("many streams of one bridge leave another bridge's count alone", async () => {
  const world = await ConferenceWorld.running(1);
  for (let times = 0; times < 20; times += 1) await world.during(world.reportFrom("second", callerEntered(times)));

  const upTo = await world.reported();
  expect(upTo).toBeGreaterThan(0);
  expect(await world.reported(callerEntered(5))).toBe(upTo + 1);
});

test("a restored conference compares itself with the bridge before it acts", async () => {
  const world = new ConferenceWorld();
  await world.received("create", createConference());
  const sent = () => world.sent.flat().map(({ command }) => command.type);
  expect(sent()).toEqual(["create-conference"]);
  world.kill();
  await world.time.pass(3_600_000);
  world.restoredAt = world.time.now;
  world.sent.length = 0;
  world.start();
  // As the runtime has it: an alarm loads the object.
  void world.conference.alarm();
  await world.time.pass(60_000);

  expect(sent()).toEqual([]);
  expect(world.asked).toEqual([""]);
  await world.reported(snapshot);
  expect(sent()).toEqual(["lock"]);
});

/** The edge has lost its state, and WebEx has created the conference again on the second bridge. */
async function createdOnSecond(): Promise<ConferenceWorld> {
  const world = new ConferenceWorld();
  addBridge(world);
  prefer(world, "second");
  await world.received("t1", createConference());
  await world.during(world.reportFrom("second", done(world, "create-conference")));
  return world;
}

/** The first bridge is back, and has had a caller inside for an hour. */
function comesBack(world: ConferenceWorld) {
  const { now } = world.time;
  const report = snapshotOf([aCaller({ enteredAt: now - 3_600_000 })], { since: now - 4_000_000 });
  return world.during(world.reportFrom("simulated", report, { knownSince: now }));
}

test("a lost conference continues on the bridge that has its callers", async () => {
  const world = await createdOnSecond();
  world.conference.ackCommands(
    "second" as BridgeName,
    world.sent.flat().map(({ id }) => id),
  );
  await comesBack(world);
  await world.time.pass(1_000);

  expect(sentTo(world, "simulated")).toEqual(["create-conference"]);
  expect(sentTo(world, "second")).toEqual(["create-conference", "end-conference"]);
  expect(answers(world)).toEqual(["0"]);
  const told = world.posted.flatMap(({ body }) => Array.from(body.matchAll(/<A2W_(Notify\w+)/g), ([, name]) => name));
  expect(told).toEqual(["NotifyConferenceChange", "NotifyUserEnter"]);
  world.start();
  await world.received("t2", lock("m2"));
  expect(sentTo(world, "simulated")).toEqual(["create-conference", "lock"]);
});

test("an agent gets a create only if it has callers inside", async () => {
  const create = async (...callers: readonly object[]) => {
    const world = new ConferenceWorld();
    addBridge(world);
    prefer(world, "second");
    await world.during(world.reportFrom("simulated", snapshotOf(callers)));
    await world.received("t1", createConference());
    return [sentTo(world, "simulated"), sentTo(world, "second")];
  };

  expect(await create()).toEqual([["lock", "end-conference"], ["create-conference"]]);
  expect(await create(aCaller())).toEqual([["lock", "create-conference", "unlock"], []]);
});

/** The domain, with a bridge of this name alone. */
function withBridge({ domain }: ConferenceWorld, name: string): ConferenceWorld["domain"] {
  const [bridge] = domain.settings.bridges;
  return { ...domain, settings: { ...domain.settings, bridges: bridge ? [{ ...bridge, name }] : [] } };
}

test("an operator ends a conference whose bridge the settings lack", async () => {
  const world = await ConferenceWorld.running(1);
  const before = world.domain;
  world.domain = withBridge(world, "other");
  expect(await world.operate("a1", { type: "mute-all" })).toBe("bridge-gone");
  world.posted.length = 0;
  const sent = world.sent.length;
  expect(await world.operate("a2", { type: "end" })).toBe("done");
  await world.time.pass(5_000);

  expect(world.sent).toHaveLength(sent);
  expect(world.posted.flatMap(({ body }) => body.match(/(?<=<)A2W_\w+/g))).toEqual([
    "A2W_NotifyUserChange",
    "A2W_NotifyConferenceChange",
  ]);
  expect(world.facts.find(({ kind }) => kind === "conference-ended")).toMatchObject({
    record: { endedBy: "operator", reason: "lost" },
  });
  const stages = await world.during(world.conference.reader.action("a2" as ActionId));
  expect(stages?.result).toMatchObject({ type: "done" });
  expect(stages?.notified?.is).toBe("confirmed");
  const { items } = await world.during(world.conference.reader.timeline(0));
  const why = expect.stringMatching(/asked for the end\. The settings no longer had its bridge/);
  expect(items).toContainEqual(expect.objectContaining({ what: "lost: conference ended", why }));
  expect(world.lines.find((line) => line.event === "conference-ended")).toMatchObject({ by: "operator" });

  expect(await world.operate("a3", { type: "mute-all" })).toBe("no-such-conference");
  // Should the bridge come back with it, it is ended there.
  world.domain = before;
  await world.reported(snapshotOf([aCaller()]));
  expect(world.sent.flat().at(-1)?.command).toMatchObject({ type: "end-conference" });
});

test("an operator's end without the bridge answers WebEx's pending close", async () => {
  const world = await ConferenceWorld.running(0);
  world.domain = withBridge(world, "other");
  await world.received("t-close", request("close-conference", { msgId: "m9" }));
  world.posted.length = 0;
  expect(await world.operate("a1", { type: "end" })).toBe("done");
  await world.time.pass(1_000);
  expect(world.posted.map(({ body }) => body).join("")).toContain('MsgID="m9" Result="0"');
  const { items } = await world.during(world.conference.reader.timeline(0));
  expect(items.map(({ why }) => why)).toContainEqual(
    expect.stringMatching(
      /^WebEx closed it, and the operator \w+ ended it at .*Z\. The settings no longer had its bridge/,
    ),
  );
});

/** The directory's call records after a while. */
async function callRecords(world: ConferenceWorld) {
  await world.time.pass(5_000);
  return world.facts.flatMap((fact) => (fact.kind === "call-left" ? [fact.record] : []));
}

test("reports each caller once when the snapshot follows the create", async () => {
  const world = new ConferenceWorld();
  const enteredAt = world.time.now - 600_000;
  await world.received("t1", createConference());
  const create = done(world, "create-conference");
  await world.reported(create, snapshotOf([aCaller({ enteredAt })]), snapshotOf([aCaller({ enteredAt })]));
  await world.time.pass(1_000);
  await world.reported(left("c0"));
  await world.time.pass(20_000);

  const bodies = world.posted.map(({ body }) => body).join("");
  expect(answers(world)).toEqual(["0"]);
  expect(bodies.match(/<A2W_NotifyUserEnter/g)).toHaveLength(1);
  expect(await callRecords(world)).toMatchObject([{ call: "c0", enteredAt, fromBridge: true, endedBy: "caller" }]);
});

/** A call that is over, as an agent tells of it who knew it: so long ago it entered and left, by the edge's clock. */
const leftAgo = (world: ConferenceWorld, call: string, agoMs: number, aheadMs = 0): Report => {
  const now = world.time.now + aheadMs;
  const was = { number: "4420", enteredAt: now - agoMs, leftAt: now - agoMs + 10_000 };
  return { type: "event", event: { type: "caller-left", call: call as CallId, reason: "hung-up", was } };
};
test("a call that left during a loss of state has one record", async () => {
  const world = await ConferenceWorld.running(1);
  const knownSince = world.time.now - 20_000;
  const tells = (report: Report) => world.during(world.reportFrom("simulated", report, { knownSince, aheadMs: 0 }));
  const before = leftAgo(world, "c8", 60_000);
  for (const report of [before, before, leftAgo(world, "c9", 50_000)]) await tells(report);
  expect((await callRecords(world)).map(({ call }) => call)).toEqual(["c8", "c9"]);

  // Of this one WebEx was told, and another agent tells once more.
  await world.reported(callerEntered(5));
  await world.time.pass(5_000);
  await world.reported(callerLeft(5));
  await tells(leftAgo(world, "c5", 5_000));
  expect((await callRecords(world)).map(({ call }) => call)).toEqual(["c8", "c9", "c5"]);
});

test.each([3_600_000, -3_600_000])("the record of a call is in the edge's time: agent %i ms ahead", async (aheadMs) => {
  const world = new ConferenceWorld();
  const { now } = world.time;
  const call = leftAgo(world, "c7", 60_000, aheadMs);
  await world.during(world.reportFrom("simulated", call, { knownSince: 0, aheadMs }));
  expect(await callRecords(world)).toMatchObject([{ enteredAt: now - 60_000, endedAt: now - 50_000, seconds: 10 }]);
});

test("an agent's wrong clock adds no second record of a call", async () => {
  const world = await ConferenceWorld.running(1);
  await world.reported(event({ type: "conference-ended" }));
  const hourMs = 3_600_000;
  const before = (await callRecords(world)).length;
  await world.time.pass(hourMs);
  const more = { knownSince: 0, aheadMs: hourMs };
  await world.during(world.reportFrom("simulated", leftAgo(world, "c0", hourMs + 60_000, hourMs), more));
  const was = { number: "4420", enteredAt: world.time.now + hourMs, leftAt: world.time.now };
  const left = { type: "caller-left", call: "c0" as CallId, reason: "hung-up", was } as const;
  await world.during(world.reportFrom("simulated", event(left), { knownSince: 0, aheadMs: 0 }));
  expect(await callRecords(world)).toHaveLength(before);
});
