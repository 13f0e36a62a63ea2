import { expect, test } from "vitest";
import { ok } from "../../src/foundation/result.ts";
import { bridge, commands, domain, firstEpoch, health, own, RelayWorld, twoAgents } from "./relay-world.ts";

/** Of an agent that becomes active now, for the first time in this second. */
const epochOf = ({ now }: RelayWorld) => Math.floor(now / 1_000);

test("a command replaces an agent that was silent for 10 s", async () => {
  const world = await twoAgents();
  const send = () => world.relay.sendCommands({ domain, bridge, conference: own, commands, activeSince: null });
  world.now += 999;
  await send();
  expect(world.closed).toEqual([]);

  world.now += 1;
  world.sent.length = 0;
  await send();
  expect(world.closed).toEqual(["link-1: 4408 silent"]);
  expect(world.sent).toMatchObject([
    { type: "activate", epoch: epochOf(world) },
    { type: "commands", epoch: epochOf(world) },
  ]);
});

test("any message is a sign of life, also before a restart", async () => {
  const world = await twoAgents();
  world.relay.received("link-1", 30, () => ok([health]));
  world.sleep();
  world.now += 9_999;
  expect(await world.relay.health()).toMatchObject({ agentConnected: true, portsInUse: 3 });

  world.now += 1;
  expect(await world.relay.health()).toMatchObject({ agentConnected: false });
});

test("the alarm comes when an agent would be silent too long", async () => {
  const world = await twoAgents();
  const silentAt = world.now + 1_000;
  expect(world.alarmAt).toBe(silentAt);

  world.now = silentAt;
  world.relay.alarm();
  expect(world.closed).toEqual(["link-1: 4408 silent"]);
  expect(world.alarmAt).toBe(silentAt); // Nobody is left who could take the place of the other one.
});

test("the alarm comes for the agent that would be silent first", async () => {
  const world = await twoAgents();
  world.pings("link-1");
  const silentAt = world.now + 10_000;
  world.now += 1_000;
  world.pings("link-2");
  await world.relay.alarm();
  expect(world.alarmAt).toBe(silentAt);
});

test("replaces a silent agent in time after a clock was set back", async () => {
  const world = await twoAgents();
  world.now -= 3_600_000;
  await world.relay.health();
  world.now += 9_999;
  world.pings("link-2");
  await world.relay.health();
  expect(world.closed).toEqual([]);

  world.now += 1;
  await world.relay.health();
  expect(world.closed).toEqual(["link-1: 4408 silent"]);
});

test.each([
  ["a day forward", 86_400_000],
  ["by the least that is no silence", 15_000],
])(
  "a clock that is set %s closes no agent that pings, and one that does not is replaced in four seconds",
  async (_, ms) => {
    const world = await twoAgents();
    world.pings("link-1");
    world.now += ms;
    await world.relay.alarm();
    expect(world.closed).toEqual([]);
    expect(world.alarmAt).toBe(world.now + 4_000);
    world.now += 3_000;
    world.pings("link-2");
    await world.relay.alarm();
    expect(world.closed).toEqual([]);
    world.now += 1_000;
    await world.relay.alarm();
    expect(world.closed).toEqual(["link-1: 4408 silent"]);
  },
);

test("finds a single silent agent, also across a restart", async () => {
  const world = await RelayWorld.begin();
  world.now += 60_000;
  await world.relay.health();
  expect(world.closed).toEqual([]);
  expect(world.alarmAt).toBe(world.now + 4_000);
  world.sleep();
  world.now += 4_000;
  await world.relay.alarm();
  expect(world.closed).toEqual(["link-1: 4408 silent"]);
});

test("waits 10 s for an active agent whose socket was lost", async () => {
  const world = await RelayWorld.begin();
  world.sockets.clear();
  world.now += 60_000;
  world.sleep();
  world.connect("agent-2");
  world.now += 5_000;
  world.sleep();
  world.now += 4_999;
  world.pings("link-2");
  await world.relay.health();
  expect(world.sent.at(-1)).toMatchObject({ type: "welcome", role: "standby" });

  world.now += 1;
  await world.relay.health();
  const epoch = epochOf(world);
  expect(world.sent.at(-1)).toMatchObject({ type: "activate", epoch });
  // Nobody knows how long the agent acted without its socket.
  const takeover = { level: "warn", event: "agent-takeover", domain, bridge, agent: "agent-2", from: "agent-1" };
  expect(world.lines.at(-1)).toEqual({ ...takeover, epoch, why: "silent" });
});

test("replaces an agent that lost its bridge after 2 s", async () => {
  const world = await twoAgents();
  const health = (id: string, bridgeUp: boolean) =>
    world.relay.received(id, 100, () => ok([{ type: "health", bridgeUp, portsInUse: 0, ports: null, version: "1" }]));
  world.pings("link-1");
  health("link-2", true);
  await world.relay.alarm();
  health("link-1", false);
  expect(world.alarmAt).toBe(world.now + 2_000);
  world.now += 1_900;
  world.sleep();
  await world.relay.health();
  expect(world.closed).toEqual([]);
  world.now += 100;
  await world.relay.alarm();
  expect(world.lines.at(-1)).toMatchObject({ event: "agent-takeover", why: "bridge-away", nobodyActedMs: 2_000 });
  expect(world.closed).toEqual(["link-1: 4411 bridgeAway"]);
  expect(world.sent.at(-1)).toMatchObject({ type: "activate", epoch: epochOf(world) });
});

test("an agent stays active if its bridge is back in time", async () => {
  const world = await twoAgents();
  const health = (id: string, bridgeUp: boolean) =>
    world.relay.received(id, 100, () => ok([{ type: "health", bridgeUp, portsInUse: 0, ports: null, version: "1" }]));
  health("link-1", false);
  health("link-2", false);
  world.now += 5_000;
  await world.relay.health();
  health("link-1", true);
  health("link-2", true);
  await world.relay.health();
  expect(world.closed).toEqual([]);
});

test("an agent whose welcome was lost learns that none else was active", async () => {
  const world = await RelayWorld.begin();
  for (const id of ["link-1", "link-2"]) {
    world.sockets.delete(id);
    world.relay.closed(id);
    world.sleep();
    world.connect();
  }
  expect(world.sent.at(-1)).toMatchObject({
    type: "welcome",
    role: "active",
    epoch: firstEpoch + 2,
    activeSince: firstEpoch,
  });
  const active = { level: "info", event: "agent-active", agent: "agent-1" };
  expect([world.lines[0], world.lines.at(-1)]).toMatchObject([active, active]);
});

test("logs a closed socket as a disconnect, and the takeover", async () => {
  const world = await twoAgents();
  world.now += 60_000;
  for (const id of ["link-1", "link-2"]) world.pings(id);
  world.lines.length = 0;
  world.sent.length = 0;
  world.sockets.delete("link-1");
  world.relay.closed("link-1");

  expect(world.lines).toMatchObject([
    { event: "agent-disconnected", agent: "agent-1", role: "active" },
    {
      event: "agent-takeover",
      agent: "agent-2",
      from: "agent-1",
      why: "closed",
      nobodyActedMs: 0,
      epoch: epochOf(world),
    },
  ]);
  expect(world.sent).toMatchObject([{ type: "activate", epoch: epochOf(world) }]);
});

test("logs and counts each takeover with its reason and duration", async () => {
  const world = await twoAgents();
  const counted = () => Number(/^bridgehead_takeovers_total\{.*\} (\d+)$/m.exec(world.measures.text([]))?.[1] ?? 0);
  expect(counted()).toBe(0);
  for (const id of ["link-1", "link-2"]) world.pings(id);
  world.now += 10_000;
  world.pings("link-2");
  world.lines.length = 0;
  await world.relay.alarm();
  expect(world.lines).toMatchObject([
    { event: "agent-closed", agent: "agent-1", why: "silent" },
    { level: "warn", event: "agent-takeover", agent: "agent-2", from: "agent-1", why: "silent", nobodyActedMs: 10_000 },
  ]);
  expect(counted()).toBe(1);

  world.sockets.delete("link-2");
  world.relay.closed("link-2");
  expect(world.lines.at(-1)).toMatchObject({
    level: "warn",
    event: "no-agent-active",
    agent: "agent-2",
    why: "closed",
  });
  expect(counted()).toBe(1);
  world.sleep();
  world.now += 4_000;
  world.connect("agent-1");
  expect(world.lines.at(-1)).toMatchObject({ event: "agent-takeover", from: "agent-2", nobodyActedMs: 4_000 });
  expect(counted()).toBe(2);
});

test("warns of two processes under one agent name", async () => {
  const world = await RelayWorld.begin();
  for (let times = 0; times < 4; times += 1) {
    world.now += 5_000;
    world.connect();
  }
  const replaced = world.lines.filter(({ event }) => event === "agent-closed");
  const note = "it seems that two processes connect under this name, with one key: stop one";
  expect(replaced.map(({ why, note }) => [why, note])).toEqual([
    ...Array.from({ length: 3 }, () => ["replaced", undefined]),
    ["replaced", note],
  ]);

  world.now += 60_000;
  world.connect();
  expect(world.lines.filter(({ event }) => event === "agent-closed").at(-1)?.note).toBeUndefined();
});

/** Of the agent that connected last. */
function lastWelcome({ sent }: RelayWorld): { readonly epoch: number; readonly activeSince: number } {
  const welcome = sent.findLast(({ type }) => type === "welcome");
  if (welcome?.type !== "welcome") throw new Error("no welcome");
  return welcome;
}

test("a relay that lost its state begins a higher epoch", async () => {
  const before = await twoAgents();
  before.sockets.delete("link-1");
  before.relay.closed("link-1");
  const known = before.sent.flatMap((message) => ("epoch" in message ? [message.epoch] : []));
  expect(known).toHaveLength(2);

  const after = new RelayWorld();
  after.now = before.now + 5_000;
  after.connect("agent-1");
  const { epoch, activeSince } = lastWelcome(after);
  expect(epoch).toBeGreaterThan(Math.max(...known));
  expect(activeSince).toBe(epoch);
});

test("a restored relay does not know which agent was active last", async () => {
  const world = await RelayWorld.begin();
  const begun = world.now / 1_000;
  const connectAgain = (restored: boolean) => {
    world.sockets.clear();
    world.now += 5_000;
    if (restored) world.restoredAt = world.now;
    world.sleep();
    world.connect("agent-1");
    return lastWelcome(world);
  };

  expect(connectAgain(false).activeSince).toBe(begun);
  const { epoch, activeSince } = connectAgain(true);
  expect(activeSince).toBe(epoch);
  expect(connectAgain(false).activeSince).toBe(epoch);
});
