import { beforeEach, expect, test } from "vitest";
import { bridgeAlerts } from "../../src/operators/alerts.ts";
import { bridge, dayMs, domain, health, RelayWorld } from "./relay-world.ts";

const [minuteMs, hourMs] = [60_000, 3_600_000];

let world: RelayWorld;
beforeEach(async () => {
  world = await RelayWorld.begin();
});

const found = async () => (await world.relay.health()).alerts ?? [];
const foundOf = async (kind: string) => (await found()).filter((one) => one.kind === kind);

/** Time passes, and these links give signs of life meanwhile. */
async function pass(ms: number, ...links: readonly string[]) {
  for (let left = ms; left > 0; left -= 3_000) {
    world.now += Math.min(left, 3_000);
    for (const link of links) world.pings(link);
    if (world.alarmAt === null || world.alarmAt > world.now) continue;
    world.alarmAt = null;
    await world.relay.alarm();
  }
}

test("alerts of a standby that is disconnected for 10 s", async () => {
  const second = world.connect("agent-2");
  expect(await found()).toEqual([]);
  world.sockets.delete(second);
  world.relay.closed(second);
  const since = world.now;
  await pass(9_999, "link-1");
  expect(await found()).toEqual([]);
  await pass(1, "link-1");
  world.sleep();
  expect(await found()).toEqual([{ kind: "no-standby-agent", about: "agent-2", since, why: "is not connected" }]);
  world.connect("agent-2");
  expect(await found()).toEqual([]);
});

test("alerts of a standby without its bridge", async () => {
  const second = world.connect("agent-2");
  world.says({ ...health, bridgeUp: false }, 100, second);
  const since = world.now;
  await pass(15_000, "link-1", second);
  expect(await found()).toEqual([
    { kind: "no-standby-agent", about: "agent-2", since, why: "does not reach the bridge" },
  ]);
  world.says(health, 100, second);
  expect(await found()).toEqual([]);
  world.says({ ...health, bridgeUp: false }, 100, "link-1");
  world.says({ ...health, bridgeUp: false }, 100, second);
  await pass(15_000, "link-1", second);
  expect((await found()).map(({ about }) => about)).toEqual(["agent-2"]);
});

test("misses no standby of a single agent or of none", async () => {
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  await pass(30_000);
  expect(await found()).toEqual([]);

  world = new RelayWorld();
  world.agentNames = ["agent-1"];
  world.sleep();
  world.connect();
  await pass(30_000, "link-1");
  expect(await found()).toEqual([]);
});

/** Alerts of the bridge itself. */
async function alertsOfBridge() {
  const health = await world.relay.health();
  return bridgeAlerts({ bridge, health }).filter(({ kind }) => kind.startsWith("bridge-"));
}

test("a bridge is full until a port was free for a minute", async () => {
  world.says({ ...health, ports: 8, portsInUse: 7 });
  expect(await alertsOfBridge()).toEqual([]);
  world.says({ ...health, ports: 8, portsInUse: 8 });
  const since = world.now;
  await pass(6_000, "link-1");
  world.says({ ...health, ports: 8, portsInUse: 9 });
  world.sleep();
  expect(await alertsOfBridge()).toEqual([{ kind: "bridge-full", bridge, since }]);
  for (let call = 0; call < 10; call += 1) {
    world.says({ ...health, ports: 8, portsInUse: 7 });
    await pass(6_000, "link-1");
    expect(await alertsOfBridge()).toEqual([{ kind: "bridge-full", bridge, since }]);
    world.says({ ...health, ports: 8, portsInUse: 8 });
  }
  world.says({ ...health, ports: 8, portsInUse: 7 });
  await pass(59_000, "link-1");
  expect(await alertsOfBridge()).toEqual([{ kind: "bridge-full", bridge, since }]);
  await pass(1_000, "link-1");
  expect(await alertsOfBridge()).toEqual([]);
  world.says({ ...health, ports: 8, portsInUse: 8 });
  expect(await alertsOfBridge()).toEqual([{ kind: "bridge-full", bridge, since: world.now }]);
});

test.each([
  { ports: null, portsInUse: 9 },
  { ports: 0, portsInUse: 0 },
  { ports: 8, portsInUse: 8, portsUnread: true as const },
  { ports: 8, portsInUse: 8, bridgeUp: false },
])("a full bridge is full no more with %o", async (said) => {
  world.says({ ...health, ports: 8, portsInUse: 8 });
  expect(await alertsOfBridge()).toMatchObject([{ kind: "bridge-full" }]);
  world.says({ ...health, ...said });
  expect((await alertsOfBridge()).map(({ kind }) => kind)).not.toContain("bridge-full");
});

test("a bridge without any agent's report is unreachable", async () => {
  expect(await alertsOfBridge()).toMatchObject([
    { kind: "bridge-unreachable", since: null, why: expect.stringContaining("not reported") },
  ]);
});

test.each([
  ["bridge-unreachable", { ...health, bridgeUp: false }],
  ["bridge-ends", { ...health, ports: 0 }],
])("the alert %s keeps its beginning across restarts", async (kind, said) => {
  const since = world.now;
  world.says(said);
  world.now += hourMs;
  world.connect();
  world.says(said);
  world.now += hourMs;
  world.sockets.clear();
  world.sleep();
  const second = world.connect("agent-2");
  await pass(15_000, second);
  world.says(said, 100, second);
  expect(await alertsOfBridge()).toMatchObject([{ kind, since }]);
  world.says(health, 100, second);
  expect(await alertsOfBridge()).toEqual([]);
  world.says(said, 100, second);
  expect(await alertsOfBridge()).toMatchObject([{ kind, since: world.now }]);
});

test("shows the agent's reports on its trunk only to staff", async () => {
  const trouble = { kind: "trunk-fails", since: 7, why: "status 503" } as const;
  world.says({ ...health, troubles: [trouble] });
  expect(await foundOf("trunk-fails")).toEqual([trouble]);
  expect(await world.relay.health()).not.toHaveProperty("troubles");
  world.says(health);
  expect(await foundOf("trunk-fails")).toEqual([]);
});

test("an alert of a refused agent ends after ten minutes", async () => {
  const found = async () => (await foundOf("agent-refused")).length;
  await world.relay.agentRefused(domain, bridge, "agent-2");
  const foundAfter = (minutes: number) => {
    world.now += minutes * minuteMs;
    world.sleep();
    return found();
  };
  expect(await foundAfter(6)).toBe(1);
  expect(await foundAfter(5)).toBe(0);
  expect(await foundAfter(1)).toBe(0);
  for (let minute = 0; minute < 10; minute += 1) {
    await world.relay.agentRefused(domain, bridge, "agent-2");
    world.now += minuteMs;
  }
  world.sleep();
  world.now += 3 * minuteMs;
  expect(await found()).toBe(1);
  world.connect("agent-2");
  expect(await found()).toBe(0);
});

test("alerts of an agent with a wrong key since the first attempt", async () => {
  const since = world.now;
  await world.relay.agentRefused(domain, bridge, "agent-2");
  world.now += minuteMs;
  await world.relay.agentRefused(domain, bridge, "agent-2");
  world.sleep();
  expect(await foundOf("agent-refused")).toEqual([{ kind: "agent-refused", about: "agent-2", since }]);
  world.connect("agent-2");
  await world.relay.agentRefused(domain, bridge, "agent-9");
  expect(await foundOf("agent-refused")).toEqual([]);
});

test("alerts of an agent's clock that differs, and keeps its link", async () => {
  const since = world.now;
  const id = world.connect("agent-2", { at: world.now - 400_000 });
  const differs = { kind: "clock-differs", about: "agent-2", since };
  expect(await foundOf("clock-differs")).toEqual([{ ...differs, why: "6 minutes behind" }]);
  world.now += 5_000;
  world.sleep();
  world.says({ ...health, at: world.now + 7_300_000 }, 100, id);
  expect(await foundOf("clock-differs")).toEqual([{ ...differs, since: world.now, why: "2 hours ahead of" }]);
  world.says({ ...health, at: world.now + 30_000 }, 100, id);
  expect(await foundOf("clock-differs")).toEqual([]);
  world.says({ ...health, at: world.now - 2 * dayMs }, 100, id);
  expect(await foundOf("clock-differs")).toMatchObject([{ why: "2 days behind" }]);
  world.relay.closed(id);
  expect(await foundOf("clock-differs")).toEqual([]);
});
