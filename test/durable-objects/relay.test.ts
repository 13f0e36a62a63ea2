import { expect, test } from "vitest";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";
import { measuredText } from "./fakes.ts";
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

test("what an agent says about a conference of the edge reaches the conference, with its bridge", async () => {
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

test("a conference hears with a report what the bridge cannot do, also from a relay that has slept", async () => {
  const world = await RelayWorld.begin();
  world.says({ type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1", cannot: ["lock"] });
  world.sleep();
  world.says(reports(own));
  await world.settle();

  expect(world.asked).toEqual([`${own} report 1 without lock of ${bridge}`]);
});

test.each([
  ["differs", [{ type: "snapshot-wanted", conference: own }]],
  ["undecided", []],
] as const)("of a digest that is %s, nothing is confirmed", async (found, sent) => {
  const world = await RelayWorld.begin();
  world.found = found;
  world.says(digests(own));
  await world.settle();

  expect(world.sent).toEqual(sent);
});

test("the active agent is asked for a snapshot with the digest that makes it needless", async () => {
  const world = await RelayWorld.begin();
  world.connect("agent-2");
  world.sent.length = 0;
  await world.relay.askForSnapshot(own, "d");
  expect(world.sent).toEqual([{ type: "snapshot-wanted", conference: own, unless: "d" }]);
});

test("a conference hears with a report since when the relay has lost nothing: its beginning, or a restore", async () => {
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

test("a conference hears how much time had gone on at once when the relay began", async () => {
  const world = new RelayWorld();
  world.skippedMs = 5_000;
  world.connect();
  world.skippedMs = 9_000;
  world.says(reports(own, 1));
  await world.settle();
  world.sleep();
  world.says(reports(own, 2));
  await world.settle();
  expect(world.knownSkippedMs).toEqual([5_000, 5_000]);
});

test.each([0, 7_000])(
  "behind a restore it hears how much there was by then, also where %d ms were",
  async (skippedMs) => {
    const world = new RelayWorld();
    world.connect();
    world.now += 1_000;
    world.restoredAt = world.now;
    world.skippedMs = skippedMs;
    for (const number of [1, 2]) {
      world.sockets.clear();
      world.sleep();
      world.sent.length = 0;
      world.connect();
      const { epoch } = world.sent.find(({ type }) => type === "welcome") as unknown as { readonly epoch: number };
      world.says({ ...reports(own, number), epoch } as AgentToEdge);
      await world.settle();
      world.skippedMs += 9_000;
    }
    expect([world.knownSince, world.knownSkippedMs]).toEqual([
      [world.restoredAt, world.restoredAt],
      [skippedMs, skippedMs],
    ]);
  },
);

/** The agent's link is made anew; returns its welcome. */
function connectedAgain(world: RelayWorld): { readonly epoch: number } {
  world.now += 1_000;
  world.connect();
  const welcome = world.sent.findLast(({ type }) => type === "welcome");
  return welcome?.type === "welcome" ? welcome : expect.unreachable();
}

test("a relay has lost nothing since the first agent came to it, also one that it had to refuse", async () => {
  const world = new RelayWorld();
  const begun = world.now;
  world.skippedMs = 5_000;
  world.connect("agent-1", { key: "B".repeat(43) });
  world.skippedMs = 9_000;
  const { epoch } = connectedAgain(world);
  await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  world.says({ ...reports(own, 1), epoch } as AgentToEdge);
  await world.settle();

  expect([world.knownSince, world.knownSkippedMs]).toEqual([[begun], [5_000]]);
});

test("a relay that began while the clock was ahead begins anew, where an operator has set the time back", async () => {
  const world = new RelayWorld();
  world.skippedMs = 365 * dayMs;
  world.connect();
  world.now -= 365 * dayMs;
  world.skippedMs = 0;
  connectedAgain(world);
  const begun = world.now;
  const { epoch } = connectedAgain(world);
  await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  world.says({ ...reports(own, 1), epoch } as AgentToEdge);
  await world.settle();

  expect([world.knownSince, world.knownSkippedMs]).toEqual([[begun], [0]]);
});

test("a restore that was made while the clock was ahead counts from when an operator has set the time back", async () => {
  const world = await RelayWorld.begin();
  world.now += dayMs;
  world.restoredAt = world.now;
  world.skippedMs = dayMs;
  world.sleep();
  connectedAgain(world);
  world.now -= dayMs;
  world.skippedMs = 0;
  connectedAgain(world);
  const set = world.now;
  const { epoch } = connectedAgain(world);
  world.says({ ...reports(own, 1), epoch } as AgentToEdge);
  await world.settle();

  expect([world.knownSince, world.knownSkippedMs]).toEqual([[set], [0]]);
});

test("of what went on at once by an earlier restore, nothing counts behind a later one", async () => {
  const world = await RelayWorld.begin();
  for (const ms of [5_000, 9_000]) {
    world.now += 1_000;
    world.restoredAt = world.now;
    world.skippedMs = ms;
    world.sleep();
    if (ms === 5_000) connectedAgain(world);
  }
  world.says({ ...reports(own, 1), epoch: world.now / 1_000 - 1 } as AgentToEdge);
  await world.settle();
  expect(world.knownSkippedMs).toEqual([0]);
});

test("with a report a conference hears since when its agent has acted", async () => {
  const world = await RelayWorld.begin();
  world.says(reports(own));
  await world.settle();
  expect(world.activeSince).toEqual([firstEpoch]);
});

test("whether a conference is the edge's can be asked, and makes it none", async () => {
  const world = await RelayWorld.begin();
  for (let times = 0; times < 2; times += 1) {
    expect(await Promise.all([own, foreign].map((key) => world.relay.hasConference(key)))).toEqual([true, false]);
    world.sleep();
  }
});

test("where the home says nothing of its disk, an event took as long as its conference", async () => {
  const world = await RelayWorld.begin();
  world.says(reports(own));
  await world.settle();
  const said = measuredText(world.measures);
  expect(said).toContain(`bridgehead_event_seconds_bucket{domain="${domain}",le="0.05"} 1\n`);
  expect(said).toContain(`bridgehead_event_seconds_sum{domain="${domain}"} 0\n`);
});

test("a conference that the edge does not know gets an object, and a snapshot is wanted of it", async () => {
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

test("keys that an agent makes up fill no disk: of ten thousand within a minute, no more get an object", async () => {
  const world = await RelayWorld.begin();
  const rows = () => world.sql.exec("SELECT key FROM conference").length;
  for (let from = 0; from < 10_200; from += 100) {
    world.now += 300;
    world.pings("link-1");
    world.says(digests(...Array.from({ length: 100 }, (_, index) => `9${from + index}` as ConfKey)));
  }
  expect(rows()).toBe(10_003 + 1);
  // A relay that begins anew grants no more than the time that has passed, nor does one whose clock was set back.
  world.sleep();
  world.says(digests("8000" as ConfKey, "8001" as ConfKey));
  expect(rows()).toBe(10_004);
  world.now += 10_000;
  world.sleep();
  world.pings("link-1");
  world.says(digests("8002" as ConfKey, "8003" as ConfKey));
  expect(rows()).toBe(10_005);
  world.now -= 3_600_000;
  world.sleep();
  world.says(digests("8004" as ConfKey));
  expect(rows()).toBe(10_005);
  world.sent.length = 0;
  world.says(reports(foreign, 7));
  world.says(digests(foreign));

  // Without an ack, the agent would send it for ever.
  expect(world.sent).toEqual([
    { type: "reports-ack", conference: foreign, stream, upTo: 7 },
    { type: "digest-confirmed", conference: foreign, digest: "d" },
  ]);
  // Nor does a key that gets none cost a row.
  const { rowsWritten } = world.sql;
  for (let key = 0; key < 10; key += 1) world.says(digests(String(7_000 + key) as ConfKey));
  expect(world.sql.rowsWritten).toBe(rowsWritten);
});

test("an agent's reports about a conference that the edge does not know are counted once", async () => {
  const world = await RelayWorld.begin();
  world.says(reports(own));
  world.says(reports(foreign, 1));
  world.says(reports(foreign, 2));
  world.says(digests(foreign));
  world.sent.length = 0;
  // Of a digest alone a conference is compared first: it may need no snapshot.
  world.says(digests("555999998" as ConfKey));
  await world.settle();
  await world.timers.pass(100);
  expect(world.sent).not.toContainEqual(expect.objectContaining({ type: "snapshot-wanted" }));
  expect(measuredText(world.measures)).toContain(
    `bridgehead_foreign_reports_total{domain="${domain}",bridge="${bridge}"} 1\n`,
  );
});

test("where the edge waits for the disk itself, an event took as long as that, and what is lost took no time", async () => {
  const world = new RelayWorld();
  const flushes = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let next = 0;
  world.onDisk = () => (flushes[next++] as PromiseWithResolvers<void>).promise;
  world.sleep();
  world.connect();
  await world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  world.says(reports(own, 1));
  await world.settle();
  world.says(reports(own, 2));
  await world.settle();
  expect(next).toBe(2);
  world.now += 3_000;
  flushes[0]?.resolve();
  flushes[1]?.reject(new Error("lost"));
  await world.settle();
  const said = measuredText(world.measures);
  expect(said).toContain(`bridgehead_event_seconds_bucket{domain="${domain}",le="1"} 0\n`);
  expect(said).toContain(`bridgehead_event_seconds_count{domain="${domain}"} 1\n`);
});

test("a conference that asked for a snapshot, or that got commands while no agent was there, is known, also after a sleep", async () => {
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

test("a conference is a row, written once a day, and gone 30 days after the last word about it", async () => {
  const world = await RelayWorld.begin();
  const rows = () => world.sql.exec("SELECT key FROM conference").map(({ key }) => key);
  const before = world.sql.rowsWritten;
  for (let count = 0; count < 10; count += 1) world.says(reports(own, count + 1));
  expect(world.sql.rowsWritten).toBe(before);

  const other = "555111333" as ConfKey;
  await world.relay.sendCommands({ domain, bridge, conference: other, commands, activeSince: null });
  expect(world.sql.rowsWritten).toBe(before + 1);
  world.now += 20 * dayMs;
  world.connect();
  world.says({ ...digests(other), epoch: world.now / 1_000 } as AgentToEdge);
  world.now += 11 * dayMs;
  await world.relay.sendCommands({ domain, bridge, conference: "555111444" as ConfKey, commands, activeSince: null });
  expect(rows()).toEqual([own, "555111333", "555111444"]);
  world.now += dayMs;
  await world.relay.sendCommands({ domain, bridge, conference: "555111444" as ConfKey, commands, activeSince: null });
  expect(rows()).toEqual(["555111333", "555111444"]);

  world.connect();
  const lines = world.lines.length;
  world.says({ ...digests(own, other), epoch: world.now / 1_000 } as AgentToEdge);
  await world.settle();
  const found = world.lines.slice(lines).filter(({ event }) => event === "foreign-conference");
  expect(found.map(({ conference }) => conference)).toEqual([own]);
});

test("a clock that is far ahead for a moment makes the relay forget nothing", async () => {
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

test("a conference that hangs holds up what is for it by ten seconds, and nothing else", async () => {
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

test("what is dropped since too many conferences wait leaves a line in the log", async () => {
  const world = await RelayWorld.begin();
  world.hangs = true;
  const keys = Array.from({ length: 10_001 }, (_, index) => String(600_000_000 + index) as ConfKey);
  for (const conference of keys) await world.relay.askForSnapshot(conference, "d");
  for (let first = 0; first < keys.length; first += 500) {
    world.says(digests(...keys.slice(first, first + 500)));
    world.now += 1_000;
  }
  await world.settle();

  expect(world.lines).toContainEqual(
    expect.objectContaining({ event: "too-many-conferences-wait", conference: keys.at(-1) }),
  );
});

test("commands for an agent are not sent to its successor, which knows nothing of the commands before", async () => {
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

test("after a restart of the bridge, and once another agent acts, all conferences compare themselves with it", async () => {
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
});

test("a relay that ends before its conferences are about to compare themselves sees to it when it is back", async () => {
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

test("where the allocator fails, or another agent acts meanwhile, the conferences are swept once more", async () => {
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

test("where another agent acts before the allocator has answered, the conferences are swept for that one, too", async () => {
  const world = await RelayWorld.begin();
  saysBoot(world, "first");
  world.asked.length = 0;
  saysBoot(world, "second");
  saysBoot(world, "third");
  await world.settle();
  expect(sweepsIn(world.asked)).toHaveLength(2);
});

test("sweeps once after a start without a noted sweep", async () => {
  const world = await RelayWorld.begin();
  saysBoot(world, "first");
  world.sql.exec("DELETE FROM entry WHERE key = 'sweepBegunFor'");
  world.sleep();
  world.asked.length = 0;
  for (let times = 0; times < 3; times += 1) saysBoot(world, "first");
  await world.settle();
  expect(sweepsIn(world.asked)).toHaveLength(1);
});

test("an agent hears the epoch of its edge, and one that knows a later one has the edge begin behind that", async () => {
  const world = await RelayWorld.begin();
  expect(JSON.stringify(world.sent)).not.toContain("edgeEpoch");
  world.connect("agent-2", { edgeEpoch: 99 });
  expect(world.begunAfter).toEqual([]); // It shares its state with no other edge.
  world.edgeEpoch = 7;
  world.sleep();
  world.connect("agent-2");
  expect(world.sent.at(-1)).toMatchObject({ type: "welcome", edgeEpoch: 7 });
  for (const edgeEpoch of [6, 7]) world.connect("agent-2", { edgeEpoch });
  expect(world.begunAfter).toEqual([]);
  world.connect("agent-2", { edgeEpoch: 8 });
  expect(world.begunAfter).toEqual([8]);
});

test("who is alone at its bridge hears so, by how many agents the settings name", async () => {
  const alone = () => {
    const world = new RelayWorld();
    world.agentNames = ["agent-1"];
    world.sleep();
    return world;
  };
  for (const [world, isAlone] of [
    [alone(), true],
    [new RelayWorld(), false],
  ] as const) {
    world.connect();
    expect(world.sent).toMatchObject([{ type: "welcome", alone: isAlone }]);
  }
});

test("an agent is admitted at its own bridge, whatever others the settings have before it", () => {
  const world = new RelayWorld();
  world.agentsBefore = ["agent-7"];
  world.sleep();
  world.connect("agent-7");
  expect(world.closed).toEqual(["link-1: 4401 wrongKey"]);
  world.connect("agent-1");
  expect(world.sent).toMatchObject([{ type: "welcome" }]);
});

test("a relay whose bridge or domain is gone from the settings turns agents away, and answers all the same", async () => {
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

test("a relay that has never had an agent says so, and is asked in vain", async () => {
  const { relay, lines } = new RelayWorld();
  expect(await relay.health()).toEqual({ agentConnected: false, bridgeUp: false, portsInUse: null, ports: null });
  expect([await relay.agents(), await relay.handOver("agent-1")]).toEqual([[], "no-agent"]);
  relay.closed("nobody's link");
  await relay.alarm();
  expect(lines).toEqual([]);
});
