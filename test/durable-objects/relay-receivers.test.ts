import { beforeEach, expect, test } from "vitest";
import { bridge, domain, health, RelayWorld } from "./relay-world.ts";

/* When receivers of webhooks are notified of what is wrong with a bridge, and of its end. */

const hourMs = 3_600_000;

let world: RelayWorld;
beforeEach(() => {
  world = new RelayWorld();
  world.webhooks = [{ url: "https://voice.example.com/events", secretFrom: "WEBHOOK_SECRET_A" }];
  world.sleep();
});

/** Time passes, and all links that are open give signs of life. */
async function pass(ms: number): Promise<void> {
  const end = world.now + ms;
  while (world.now < end) {
    world.now = Math.min(end, world.now + 1_000);
    for (const id of world.sockets.keys()) world.pings(id);
    if (world.alarmAt === null || world.alarmAt > world.now) continue;
    world.alarmAt = null;
    await world.relay.alarm();
    await world.settle();
  }
}

function leaves(id: string): void {
  world.sockets.delete(id);
  world.relay.closed(id);
}

/** Both agents are there, and say that all is well. */
async function bothAgents(): Promise<readonly [string, string]> {
  const ids = [world.connect("agent-1"), world.connect("agent-2")] as const;
  for (const id of ids) world.says(health, 100, id);
  await pass(12_000);
  return ids;
}

test("a drain, and an agent that is refused, are told ten seconds later, though nothing else happens", async () => {
  await bothAgents();
  world.alarmAt = null;
  world.sleep();
  await world.relay.drain(domain, bridge, true);
  expect(world.alarmAt).toBe(world.now + 10_000);
  world.alarmAt = null;
  world.sleep();
  await world.relay.agentRefused(domain, bridge, "agent-2");
  expect(world.alarmAt).toBe(world.now + 10_000);
  await pass(10_000);
  expect(world.notified.at(-1)?.split(",").sort()).toEqual(["agent-refused", "bridge-drained"]);
});

test("a bridge that is about to end is told at once", async () => {
  const [first] = await bothAgents();
  world.says({ ...health, ports: 0 }, 100, first);
  await world.settle();
  expect(world.notified).toEqual(["bridge-ends"]);
});

test("what is over is told ten seconds after an agent came or went, whatever agents say meanwhile", async () => {
  const [, second] = await bothAgents();
  leaves(second);
  await pass(10_000);
  expect(world.notified).toEqual(["standby-away"]);
  await pass(20_000);
  const back = world.connect("agent-2");
  for (let portsInUse = 0; portsInUse < 9; portsInUse += 1) {
    await pass(1_000);
    world.says({ ...health, portsInUse }, 100, back);
  }
  expect(world.notified).toEqual(["standby-away"]);
  await pass(1_000);
  expect(world.notified).toEqual(["standby-away", ""]);
});

test("of several things that are wrong, the end of one waits as long", async () => {
  const [, second] = await bothAgents();
  await world.relay.drain(domain, bridge, true);
  leaves(second);
  await pass(30_000);
  expect(world.notified.at(-1)?.split(",").sort()).toEqual(["bridge-drained", "standby-away"]);
  const { length } = world.notified;
  world.connect("agent-2");
  world.says(health);
  await pass(9_000);
  expect(world.notified).toHaveLength(length);
  await pass(1_000);
  expect(world.notified.slice(length)).toEqual(["bridge-drained"]);
});

test("the same things in another order, as after a change of the settings, are told once", async () => {
  world.agentNames = ["agent-1", "agent-2", "agent-3"];
  world.sleep();
  world.connect("agent-1");
  world.says(health);
  await pass(12_000);
  expect(world.notified).toEqual(["standby-away,standby-away"]);
  world.agentNames = ["agent-1", "agent-3", "agent-2"];
  world.sleep();
  await pass(30_000);
  expect(world.notified).toHaveLength(1);
});

test("what begins does not wait for agents that come or go", async () => {
  const [, second] = await bothAgents();
  await world.relay.drain(domain, bridge, true);
  await pass(8_000);
  leaves(second);
  world.connect("agent-2");
  world.says(health);
  await pass(2_000);
  expect(world.notified).toEqual(["bridge-drained"]);
});

test("that nobody acts is told though the edge has just begun anew once more, and ends what was said of a standby", async () => {
  const [, second] = await bothAgents();
  leaves(second);
  await pass(12_000);
  expect(world.notified).toEqual(["standby-away"]);
  world.sockets.clear();
  world.sleep();
  await world.relay.health();
  await pass(8_000);
  world.sleep();
  await world.relay.health();
  await pass(2_000);
  expect(world.notified).toEqual(["standby-away", "no-agent"]);
  await pass(30_000);
  expect(world.notified).toHaveLength(2);
});

test("what lasts is looked at each hour, since the settings may change; what is well is not", async () => {
  const [first, second] = await bothAgents();
  leaves(second);
  leaves(first);
  await pass(10_000);
  expect(world.notified).toEqual(["no-agent"]);
  expect(world.alarmAt).toBe(world.now + hourMs);

  world.connect("agent-1");
  world.connect("agent-2");
  await pass(12_000);
  world.alarmAt = null;
  world.sleep();
  await world.relay.alarm();
  expect(world.alarmAt).toBe(world.now + 10_000); // When an agent would be silent.
});

test("a bridge that is full is looked at again a minute after a port is free, and one that was not full is not", async () => {
  world = new RelayWorld();
  world.agentNames = ["agent-1"];
  world.sleep();
  world.connect();
  world.says({ ...health, ports: 8, portsInUse: 7 });
  expect(world.alarmAt).toBeNull();
  world.says({ ...health, ports: 8, portsInUse: 8 });
  expect(world.alarmAt).toBeNull();
  world.says({ ...health, ports: 8, portsInUse: 7 });
  expect(world.alarmAt).toBe(world.now + 60_000);
});

test("that a bridge is about to end is said of one whose agent is there", async () => {
  world.connect();
  world.says({ ...health, ports: 0 });
  expect(await world.relay.health()).toMatchObject({ endsSince: world.now, ports: 0 });
  leaves("link-1");
  expect(await world.relay.health()).not.toHaveProperty("endsSince");
});

test("who is refused is noted on disk at most each five minutes, and is trouble for ten behind the last time", async () => {
  const [id] = await bothAgents();
  const refused = async () =>
    ((await world.relay.health()).trouble ?? []).filter(({ kind }) => kind === "agent-refused");
  const rows = () => world.sql.exec("SELECT key FROM entry WHERE key = 'refusals'").length;
  expect([rows(), await refused()]).toEqual([0, []]);
  const since = world.now;
  const again = async (ms: number) => {
    world.now += ms;
    world.pings(id);
    const before = world.sql.rowsWritten;
    await world.relay.agentRefused(domain, bridge, "agent-2");
    return world.sql.rowsWritten - before;
  };
  const first = await again(0);
  expect([first > 0, await again(299_999), (await again(1)) > 0, await again(240_000)]).toEqual([true, 0, true, 0]);
  world.now += 599_999;
  world.pings(id);
  expect(await refused()).toMatchObject([{ about: "agent-2", since }]);
  world.now += 1;
  expect(await refused()).toEqual([]);
});
