import { expect, test } from "vitest";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import {
  bridge,
  commands,
  dayMs,
  digests,
  domain,
  firstEpoch,
  foreign,
  own,
  RelayWorld,
  reports,
  stream,
  twoAgents,
} from "./relay-world.ts";

test("passes an agent's messages to their conference", async () => {
  const world = await RelayWorld.begin();
  world.says({ type: "commands-ack", conference: own, ids: ["o1" as CommandId] });
  world.says(reports(own));
  world.says(digests(own));
  await world.settle();

  expect(world.asked).toEqual([
    `${own} acks o1 of ${bridge}`,
    `${own} report 1 of ${bridge}`,
    `${own} digest of ${bridge}`,
  ]);
  expect(world.sent).toEqual([
    { type: "reports-ack", conference: own, stream, upTo: 1 },
    { type: "digest-confirmed", conference: own, digest: "d" },
  ]);
});

test("passes what the bridge cannot do with each report", async () => {
  const world = await RelayWorld.begin();
  world.says({ type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1", cannot: ["lock"] });
  world.sleep();
  world.says(reports(own));
  await world.settle();

  expect(world.asked).toEqual([`${own} report 1 without lock of ${bridge}`]);
});

test("wakes conferences only for digests that they may not have", async () => {
  const asked = [];
  for (const count of [10, 300]) {
    const world = await RelayWorld.begin();
    const keys = Array.from({ length: count }, (_, index) => `9${index}` as ConfKey);
    for (const key of keys) await world.relay.askForSnapshot(key, "d");
    const round = async () => {
      const before = world.asked.length;
      world.sent.length = 0;
      world.now += 10_000;
      world.pings("link-1");
      for (let from = 0; from < count; from += 100) world.says(digests(...keys.slice(from, from + 100)));
      for (let turn = 0; turn < count / 10; turn += 1) {
        await world.settle();
        world.timers.advance(20);
      }
      expect(world.sent.filter(({ type }) => type === "digest-confirmed")).toHaveLength(count);
      return world.asked.length - before;
    };
    const [first, second] = [await round(), await round()];
    await world.relay.sendCommands({ domain, bridge, conference: keys[0] ?? own, commands, activeSince: null });
    await world.relay.askForSnapshot(keys[1] ?? own, "other");
    world.says(reports(keys[2] ?? own));
    await world.settle();
    const changed = await round();
    world.sleep();
    asked.push([first === count, second, changed, (await round()) === count]);
  }
  expect(asked).toEqual([
    [true, 0, 3, true],
    [true, 0, 3, true],
  ]);
});

test("keeps no digest that a command may have changed", async () => {
  const world = await RelayWorld.begin();
  world.says(digests(own));
  await Promise.resolve();
  await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  await world.settle();
  world.timers.advance(20);
  await world.settle();
  world.says(digests(own));
  await world.settle();
  expect(world.asked).toEqual([`${own} digest of ${bridge}`, `${own} digest of ${bridge}`]);
});

test("asks the agent about an unknown conference without waking its object", async () => {
  const world = await RelayWorld.begin();
  world.says(digests(foreign));
  await world.settle();
  expect(world.sent).toEqual([{ type: "snapshot-wanted", conference: foreign }]);
  expect([world.asked, await world.relay.hasConference(foreign)]).toEqual([[], false]);
});

test.each([
  ["differs", [{ type: "snapshot-wanted", conference: own }]],
  ["undecided", []],
] as const)("does not confirm a digest that is %s", async (found, sent) => {
  const world = await RelayWorld.begin();
  world.found = found;
  world.says(digests(own));
  await world.settle();

  expect(world.sent).toEqual(sent);
});

test("asks only the active agent for a snapshot", async () => {
  const world = await RelayWorld.begin();
  world.connect("agent-2");
  world.sent.length = 0;
  await world.relay.askForSnapshot(own, "d");
  expect(world.sent).toEqual([{ type: "snapshot-wanted", conference: own, unless: "d" }]);
});

test("passes since when the relay has lost nothing", async () => {
  const world = await RelayWorld.begin();
  const begun = world.now;
  world.now += 1_000;
  world.says(reports(own, 1));
  await world.settle();
  world.restoredAt = world.now;
  world.sleep();
  world.says(reports(own, 2));
  await world.settle();

  expect(world.knownSince).toEqual([begun, begun + 1_000]);
});

test("asking for a conference does not make it known", async () => {
  const world = await RelayWorld.begin();
  const known = () => Promise.all([own, foreign].map((key) => world.relay.hasConference(key)));
  expect(await known()).toEqual([true, false]);
  world.sleep();
  expect(await known()).toEqual([true, false]);
});

test("asks for a snapshot of an unknown conference", async () => {
  const world = await RelayWorld.begin();
  world.says({ type: "commands-ack", conference: foreign, ids: ["o1" as CommandId] });
  await world.settle();
  expect(world.asked).toEqual([]);
  world.says(reports(foreign, 7));
  await world.settle();

  expect(world.asked).toEqual([`${foreign} report 7 of ${bridge}`]);
  expect(world.sent).toEqual([
    { type: "snapshot-wanted", conference: foreign },
    { type: "reports-ack", conference: foreign, stream, upTo: 1 },
  ]);
  expect(world.lines.at(-1)).toMatchObject({ event: "foreign-conference", conference: foreign, agent: "agent-1" });
});

test("an agent gets at most ten thousand objects a minute", async () => {
  const world = await RelayWorld.begin();
  const keys = Array.from({ length: 10_200 }, (_, index) => `9${index}` as ConfKey);
  const areGranted = async (...keys: readonly ConfKey[]) => {
    for (const key of keys) world.says(reports(key));
    const known = await Promise.all(keys.map((key) => world.relay.hasConference(key)));
    return known.filter((isKnown) => isKnown).length;
  };
  let granted = 0;
  for (let from = 0; from < keys.length; from += 100) {
    world.now += 300;
    world.pings("link-1");
    granted += await areGranted(...keys.slice(from, from + 100));
  }
  expect(granted).toBe(10_003);
  // A restart grants no more than the time that has passed.
  world.sleep();
  expect(await areGranted("8000" as ConfKey, "8001" as ConfKey)).toBe(0);
  world.now += 10_000;
  world.sleep();
  world.pings("link-1");
  expect(await areGranted("8002" as ConfKey, "8003" as ConfKey)).toBe(1);

  world.sent.length = 0;
  world.says(reports(foreign, 7));
  world.says(digests(foreign));
  // Without an ack, the agent would send it for ever.
  expect(world.sent).toEqual([
    { type: "reports-ack", conference: foreign, stream, upTo: 7 },
    { type: "digest-confirmed", conference: foreign, digest: "d" },
  ]);
});

test("knows a conference that sent commands before an agent came", async () => {
  const world = new RelayWorld();
  const asking = "555111333" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  await world.relay.askForSnapshot(asking, "d");
  world.sleep();
  world.connect();
  world.says(digests(own, asking));
  await world.settle();
  world.timers.advance(20);
  await world.settle();

  expect(world.lines.map(({ event }) => event)).not.toContain("foreign-conference");
  expect(world.asked).toEqual([`${own} digest of ${bridge}`, `${asking} digest of ${bridge}`]);
});

test("a clock ahead for a moment makes the relay forget nothing", async () => {
  const world = await RelayWorld.begin();
  world.now += 32 * dayMs;
  world.pings("link-1");
  const conference = "555111444" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference, commands, activeSince: null });
  world.now -= 32 * dayMs;
  world.says(reports(own));
  await world.settle();
  expect(world.asked).toEqual([`${own} report 1 of ${bridge}`]);
});

test("a hanging conference delays only its own reports, by 10 s", async () => {
  const world = await RelayWorld.begin();
  const other = "555111333" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference: other, commands, activeSince: null });
  world.hangs = true;
  world.says(reports(own, 1));
  await world.settle();
  world.says(reports(own, 2));
  world.says(reports(other, 1));
  await world.settle();
  expect(world.asked).toEqual([`${own} report 1 of ${bridge}`, `${other} report 1 of ${bridge}`]);

  world.timers.advance(10_000);
  await world.settle();
  expect(world.asked.at(-1)).toBe(`${own} report 2 of ${bridge}`);
  expect(world.lines.at(-1)).toMatchObject({ event: "conference-not-reached" });
});

test("commands for one agent are not sent to another", async () => {
  const world = await twoAgents();
  const send = (activeSince: number | null) => {
    world.sent.length = 0;
    return world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince });
  };
  expect(await send(firstEpoch)).toBe(firstEpoch);
  expect(world.sent).toHaveLength(1);
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  const next = world.now / 1_000;
  expect(await send(firstEpoch)).toBe(next);
  expect(world.sent).toEqual([]);
  expect(await send(next)).toBe(next);
  expect(world.sent).toHaveLength(1);
  world.sockets.delete("link-2");
  world.relay.closed("link-2");
  expect(await send(next)).toBe(next); // Nobody is there.
});

/** The agent that connected last names this start of its bridge. */
function saysBoot(world: RelayWorld, bootId: string): void {
  world.says({ type: "health", bridgeUp: true, bootId, portsInUse: 0, ports: null, version: "1" });
}

const sweepsIn = (asked: readonly string[]) => asked.filter((line) => line === "local sweeps");

test("a restart of the bridge has all conferences compared", async () => {
  const world = await RelayWorld.begin();
  const swept = async (): Promise<number> => {
    await world.settle();
    return sweepsIn(world.asked.splice(0)).length;
  };
  saysBoot(world, "first");
  saysBoot(world, "first");
  expect(await swept()).toBe(0);
  saysBoot(world, "second");
  expect(await swept()).toBe(1);

  // The agent that noticed may have told of some conferences alone. What a standby says counts as soon as it acts.
  world.connect("agent-2");
  saysBoot(world, "second");
  expect(await swept()).toBe(0);
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  expect(await swept()).toBe(1);

  world.sleep();
  saysBoot(world, "second");
  expect(await swept()).toBe(0);
  saysBoot(world, "third");
  expect(await swept()).toBe(1);

  // The agent may have lost its journal, and its link pending questions.
  world.connect("agent-2");
  saysBoot(world, "third");
  expect(await swept()).toBe(1);
});

test("a restart of the relay does not lose a comparison", async () => {
  const world = await RelayWorld.begin();
  saysBoot(world, "first");
  world.hangs = true;
  saysBoot(world, "second");
  await world.settle();
  world.sleep();
  world.hangs = false;
  world.asked.length = 0;
  saysBoot(world, "second");
  saysBoot(world, "second");
  await world.settle();

  expect(sweepsIn(world.asked)).toHaveLength(1);
});

test("compares again if the allocator fails", async () => {
  const world = await RelayWorld.begin();
  const swept = () => sweepsIn(world.asked.splice(0)).length;
  saysBoot(world, "first");
  world.connect("agent-2");
  saysBoot(world, "first");
  world.hangs = true;
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  await world.settle();
  expect(swept()).toBe(1);
  world.connect("agent-1");
  saysBoot(world, "first");
  world.sockets.delete("link-2");
  world.relay.closed("link-2");
  world.hangs = false;
  await world.timers.pass(10_000);
  expect(swept()).toBe(0);
  await world.timers.pass(5_000);
  expect(swept()).toBe(1);
  await world.timers.pass(60_000);
  expect(swept()).toBe(0);
});

test.each([
  [["agent-1"], true],
  [["agent-1", "agent-2"], false],
])("the welcome to one of %j says if it is alone", (names, alone) => {
  const world = new RelayWorld();
  world.agentNames = names;
  world.sleep();
  world.connect();
  expect(world.sent).toMatchObject([{ type: "welcome", alone }]);
});

test("a relay of a removed domain refuses agents and still answers", async () => {
  const world = await RelayWorld.begin();
  world.isDomainRemoved = true;
  world.connect("agent-2");
  expect(world.closed).toEqual(["link-2: 4404 unknownBridge"]);
  await world.relay.drain(domain, bridge, true);
  await world.relay.alarm();
  expect(await world.relay.health()).toMatchObject({ agentConnected: true, drainedSince: world.now });
  await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  expect(world.sent).toMatchObject([{ type: "commands" }]);
});

test("a relay without any agent answers each request", async () => {
  const { relay, lines } = new RelayWorld();
  expect(await relay.health()).toEqual({ agentConnected: false, bridgeUp: false, portsInUse: null, ports: null });
  expect(await relay.agents()).toEqual([]);
  expect(await relay.handOver("agent-1")).toBe("no-agent");
  relay.closed("nobody's link");
  await relay.alarm();
  expect(lines).toEqual([]);
});

test("a restarted relay of a lost single agent answers its alarm", async () => {
  const world = new RelayWorld();
  world.agentNames = ["agent-1"];
  world.sleep();
  world.connect();
  world.sockets.clear();
  world.sleep();
  await world.relay.alarm();
  expect(world.lines.map(({ event }) => event)).toEqual(["agent-active"]);
});
