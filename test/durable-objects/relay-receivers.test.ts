import { beforeEach, expect, test } from "vitest";
import { bridge, domain, health, RelayWorld } from "./relay-world.ts";

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

test("notifies of a drain and a refused agent after 10 s", async () => {
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

test("notifies at once of a bridge about to end", async () => {
  const [first] = await bothAgents();
  world.says({ ...health, ports: 0 }, 100, first);
  await world.settle();
  expect(world.notified).toEqual(["bridge-ends"]);
});

test("notifies of an alert's end 10 s after an agent came back", async () => {
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

test("agents that come and go delay no new alert", async () => {
  const [, second] = await bothAgents();
  await world.relay.drain(domain, bridge, true);
  await pass(8_000);
  leaves(second);
  world.connect("agent-2");
  world.says(health);
  await pass(2_000);
  expect(world.notified).toEqual(["bridge-drained"]);
});

test("notifies of a bridge without an agent, also after restarts", async () => {
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
