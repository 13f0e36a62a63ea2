import { describe, expect, test } from "vitest";
import type { BridgeCommand, IssuedCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { ok } from "../../src/foundation/result.ts";
import type { AgentToEdge } from "../../src/link/messages.ts";
import { testDomain } from "../local-domain.ts";
import { bridge, commands, domain, firstEpoch, foreign, health, own, RelayWorld, twoAgents } from "./relay-world.ts";

test("only operators see an agent's version and backlog", async () => {
  const world = await RelayWorld.begin();
  const ofAgent = { version: "1.4.0", waiting: { commands: 2, reports: 0 } };
  world.says({ ...health, ...ofAgent });

  expect(await world.relay.agents()).toMatchObject([{ health: ofAgent }]);
  expect(await world.relay.health()).toEqual({ agentConnected: true, bridgeUp: true, portsInUse: 3, ports: null });
});

test("ports are unknown until the agent has read them", async () => {
  const world = await RelayWorld.begin();
  world.says({ ...health, portsInUse: 0, ports: 50, portsUnread: true });
  const inUse = { agentConnected: true, bridgeUp: true, ports: 50 };
  expect(await world.relay.health()).toEqual({ ...inUse, portsInUse: null });
  expect(await world.relay.agents()).toMatchObject([{ health: { portsInUse: null, ports: 50 } }]);
  world.says({ ...health, ports: 50 });
  expect(await world.relay.health()).toEqual({ ...inUse, portsInUse: 3 });
  expect(await world.relay.agents()).toMatchObject([{ health: { portsInUse: 3, ports: 50 } }]);
});

test("shows no ports of an unreachable bridge or a standby", async () => {
  const world = await twoAgents();
  const says = (id: string, said: AgentToEdge) => world.relay.received(id, 100, () => ok([said]));
  says("link-2", { ...health, portsInUse: 0, ports: 50 });
  const shown = async () =>
    (await world.relay.agents()).map(({ role, health }) => [role, health?.portsInUse, health?.ports]);
  says("link-1", { ...health, ports: 50 });
  expect(await shown()).toEqual([
    ["active", 3, 50],
    ["standby", null, 50],
  ]);
  for (const id of ["link-2", "link-1"]) says(id, { ...health, bridgeUp: false, portsInUse: 0, ports: 50 });
  expect(await shown()).toEqual([
    ["active", null, null],
    ["standby", null, null],
  ]);
  expect(await world.relay.health()).toMatchObject({ bridgeUp: false, portsInUse: null, ports: null });
});

describe("an operator has an agent hand over", () => {
  const withStandby = async () => {
    const world = await twoAgents();
    world.relay.received("link-2", 100, () => ok([health]));
    world.sent.length = 0;
    return world;
  };

  test("the standby becomes active at once and gets the commands", async () => {
    const world = await withStandby();
    expect(await world.relay.handOver("agent-1")).toEqual({ acts: "agent-2" });
    expect(world.closed).toEqual(["link-1: 4413 handedOver"]);
    const replaces = { agent: "agent-1", why: "handedOver" };
    const epoch = world.now / 1_000;
    expect(world.sent).toEqual([{ type: "activate", epoch, replaces }]);

    world.connect("agent-1");
    world.says(health);
    expect(await world.relay.handOver("agent-1")).toEqual({ acts: "agent-2" });
    expect(world.closed).toHaveLength(1);
    const sent = { domain, bridge, conference: own, commands, activeSince: firstEpoch };
    expect(await world.relay.sendCommands(sent)).toBe(epoch);
    await world.relay.sendCommands({ ...sent, activeSince: epoch });
    expect(world.sent.at(-1)).toEqual({ type: "commands", epoch, conference: own, commands });
  });

  test("refuses without a ready standby or an active agent", async () => {
    const alone = await RelayWorld.begin();
    expect(await alone.relay.handOver("agent-1")).toBe("no-standby");
    expect(await new RelayWorld().relay.handOver("agent-1")).toBe("no-agent");

    const world = await withStandby();
    world.sockets.delete("link-1");
    world.sleep();
    expect(await world.relay.handOver("agent-1")).toBe("no-agent");
    expect([...alone.closed, ...world.closed]).toEqual([]);
  });
});

describe("a bridge that is drained", () => {
  const create = { type: "create-conference", maxCallers: null, anonymousId: null } as const;
  const [mute, again] = [{ type: "mute", call: "c1" as CallId } as const, { again: true } as const];
  const named = (id: string, command: BridgeCommand, more = {}) => ({ id: id as CommandId, command, ...more });
  const send = (world: RelayWorld, conference: ConfKey, ...sent: IssuedCommand[]) =>
    world.relay.sendCommands({ domain, bridge, conference, commands: sent, activeSince: null });

  test("refuses new conferences at once, also without an agent", async () => {
    const world = await RelayWorld.begin();
    expect(await world.relay.drain(domain, bridge, true)).toBe(world.now);
    await send(world, foreign, named("o2", create));
    await world.settle();
    expect(world.sent).toEqual([]);
    expect(world.reported).toEqual([{ id: "o2", result: { done: false, reason: "capacity" } }]);

    await send(world, own, named("o3", mute), named("o4", { ...create, renews: true }));
    await send(world, own, named("o5", create, again));
    expect(world.sent.flatMap((one) => (one.type === "commands" ? one.commands.map(({ id }) => id) : []))).toEqual([
      "o3",
      "o4",
      "o5",
    ]);

    world.sockets.clear();
    world.sleep();
    world.relay.closed("link-1");
    await send(world, foreign, named("o6", create));
    await world.settle();
    expect(world.reported.map(({ id }) => id)).toEqual(["o2", "o6"]);
  });

  test("refuses a resent create unless the bridge may have begun it", async () => {
    const world = await RelayWorld.begin();
    const { createTimeoutMs } = testDomain().settings;
    await world.relay.drain(domain, bridge, true);
    world.now += 5_000;
    world.pings("link-1");
    await send(world, own, named("o2", create, { ...again, withinMs: createTimeoutMs - 5_001 }));
    await send(world, foreign, named("o3", create, { ...again, withinMs: createTimeoutMs - 4_999 }));
    await send(world, own, named("o4", create, { ...again, withinMs: 0 }));
    // At that very moment, and by an edge that does not say when, long after.
    await send(world, own, named("o5", create, { ...again, withinMs: createTimeoutMs - 5_000 }));
    world.now += createTimeoutMs;
    world.pings("link-1");
    await send(world, own, named("o6", create, again));
    await world.settle();

    expect(world.sent.flatMap((one) => (one.type === "commands" ? one.commands.map(({ id }) => id) : []))).toEqual([
      "o2",
      "o4",
      "o5",
      "o6",
    ]);
    expect(world.reported).toEqual([{ id: "o3", result: { done: false, reason: "capacity" } }]);
  });

  test("keeps the time of the first drain until it is undrained", async () => {
    const world = await RelayWorld.begin();
    const since = await world.relay.drain(domain, bridge, true);
    world.now += 60_000;
    world.pings("link-1");
    world.sleep();
    expect(await world.relay.drain(domain, bridge, true)).toBe(since);
    expect(await world.relay.health()).toMatchObject({ drainedSince: since });
    expect(await world.relay.drain(domain, bridge, false)).toBeNull();
    world.sleep();
    expect(await world.relay.health()).not.toHaveProperty("drainedSince");
    await send(world, foreign, named("o2", create));
    expect(world.sent).toMatchObject([{ commands: [{ id: "o2" }] }]);
    expect(world.lines.map(({ event }) => event).filter((event) => event.includes("drained"))).toEqual([
      "bridge-drained",
      "bridge-undrained",
    ]);
  });
});

test("reports since when the bridge is unreachable, also after a restart", async () => {
  const world = await RelayWorld.begin();
  const awaySince = async () => (await world.relay.health()).awaySince;
  world.says({ ...health, bridgeUp: true });
  expect(await awaySince()).toBeUndefined();
  const bridgeAt = world.now;
  world.says({ ...health, bridgeUp: false });
  world.now += 5_000;
  world.says({ ...health, bridgeUp: false });
  expect(await awaySince()).toBe(bridgeAt);

  const agentAt = world.now;
  world.sockets.delete("link-1");
  world.relay.closed("link-1");
  world.now += 60_000;
  world.sleep();
  expect(await world.relay.health()).toMatchObject({ agentConnected: false, awaySince: agentAt });
});
