import { expect, test } from "vitest";
import type { ObjectSocket } from "../../durable-objects/platform/object-sockets.ts";
import { KeptSockets } from "../../durable-objects/relay/agent-sockets.ts";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { err, ok } from "../../src/foundation/result.ts";
import { LINK_PROTOCOL_VERSION } from "../../src/link/hello.ts";
import { agentWithoutKey } from "../local-domain.ts";
import { bridge, digests, domain, health, own, RelayWorld, reports } from "./relay-world.ts";

test("12,000 digests in one message close the agent's socket, and wake nothing", async () => {
  const world = await RelayWorld.begin();
  world.says(digests(...Array.from({ length: 12_000 }, (_, index) => String(600_000_000 + index) as ConfKey)));
  await world.settle();

  expect(world.closed).toEqual(["link-1: 4429 tooMuch"]);
  expect(world.asked).toEqual([]);
});

test("ignores reports and digests beyond an agent's allowance", async () => {
  const world = await RelayWorld.begin();
  for (let number = 1; number <= 20; number += 1) world.says(reports(own, number), 4_000_000);
  await world.settle();
  expect(world.asked).toHaveLength(8);

  world.now += 1_000;
  world.says(reports(own, 9), 4_000_000);
  await world.settle();
  expect(world.asked.at(-1)).toBe(`${own} report 9 of ${bridge}`);

  const many = (key: ConfKey) => digests(...Array<ConfKey>(500).fill(key));
  for (let count = 0; count < 20; count += 1) world.says(many(own));
  for (let count = 0; count < 10; count += 1) world.says(many("600000001" as ConfKey));
  await world.settle();
  expect(world.closed).toEqual([]);
  expect(world.asked.filter((asked) => asked.includes(" digest "))).toEqual([`${own} digest of ${bridge}`]);
  expect(world.lines.map(({ event }) => event)).toContain("agent-message-ignored");
});

test("acknowledges calls at the prompt once the directory has them", async () => {
  const world = await RelayWorld.begin();
  const acks = () => world.sent.flatMap((message) => (message.type === "prompt-calls-ack" ? [message.upTo] : []));
  const says = async (upTo: number, more: { readonly at?: number } = {}) => {
    world.says({ type: "prompt-calls", upTo, calls: [], at: world.now, ...more });
    await world.settle();
  };
  await says(1);
  expect(world.asked.at(-1)).toBe(`0 calls at the prompt of ${bridge}, 0 ms ahead`);
  expect(acks()).toEqual([1]);
  await says(1, { at: world.now + 120_000 });
  expect(world.asked.at(-1)).toBe(`0 calls at the prompt of ${bridge}, 120000 ms ahead`);
  world.directoryFails = true;
  await says(2);
  expect(world.lines.at(-1)).toMatchObject({ event: "directory-not-reached" });
  world.directoryFails = false;
  world.hangs = true;
  await says(3);
  const { length } = world.asked;
  await says(4);
  expect(world.asked).toHaveLength(length);
  expect(acks()).toEqual([1, 1]);
});

test("closes a flooding agent, whose next socket gets no new allowance", async () => {
  const world = await RelayWorld.begin();
  let decoded = 0;
  const flood = (id: string) => {
    for (let count = 0; count < 20_000; count += 1) {
      world.relay.received(id, 30, () => {
        decoded += 1;
        return ok([health]);
      });
    }
  };
  flood("link-1");
  flood(world.connect());
  expect(decoded).toBe(10_000);
  expect(world.closed).toEqual(["link-1: 4429 tooMuch", "link-2: 4429 tooMuch"]);

  world.now += 1_000;
  world.connect();
  world.says(health);
  expect(await world.relay.health()).toMatchObject({ portsInUse: 3 });
});

test("one agent's flood leaves the other agent its allowance", async () => {
  const world = await RelayWorld.begin();
  const other = world.connect("agent-2");
  for (let count = 0; count < 10_001; count += 1) world.relay.received("link-1", 30, () => ok([health]));
  expect(world.closed).toEqual(["link-1: 4429 tooMuch"]);

  world.relay.received(other, 30, () => ok([{ ...health, portsInUse: 7 }]));
  expect(await world.relay.health()).toMatchObject({ portsInUse: 7 });
});

test.each([
  ["agent-3", agentWithoutKey("agent-3").publicKey],
  ["agent-1", "B".repeat(43)],
])("closes %s if the settings lost it or its key", (agent, key) => {
  const world = new RelayWorld();
  world.connect(agent, { key });

  expect(world.closed).toEqual(["link-1: 4401 wrongKey"]);
  expect(world.sent).toEqual([]);
});

test("refuses an agent that connects too often", () => {
  const world = new RelayWorld();
  const old = {
    version: LINK_PROTOCOL_VERSION,
    agent: "agent-1",
    domain,
    bridge,
    at: world.now,
    key: "k",
    signature: "s",
  };
  for (let count = 0; count < 1_000; count += 1) world.relay.refusalOf({ ...old, challenge: "old" });

  for (let count = 0; count < 200; count += 1) world.connect();
  expect(() => world.connect()).toThrow("refused");
  expect(world.sockets.size).toBe(1);

  world.now += 1_000;
  world.connect();
});

test("a challenge expires after five minutes", () => {
  const world = new RelayWorld();
  const hello = {
    version: LINK_PROTOCOL_VERSION,
    agent: "agent-1",
    domain,
    bridge,
    at: world.now,
    key: "k",
    signature: "s",
  };
  const challenge = world.relay.refusalOf({ ...hello, challenge: "" })?.["bridgehead-refusal"].slice(5) ?? "";
  world.now += 5 * 60_000;
  expect(world.relay.refusalOf({ ...hello, challenge })?.["bridgehead-refusal"]).not.toContain(challenge);
  const next = world.relay.refusalOf({ ...hello, challenge: "" })?.["bridgehead-refusal"].slice(5) ?? "";
  world.now += 5 * 60_000 - 1;

  expect(world.relay.refusalOf({ ...hello, challenge: next })).toBe(null);
});

test("invalid messages over many sockets do not fill the log", async () => {
  const world = await RelayWorld.begin();
  const offend = () => {
    const id = world.connect();
    world.relay.received(id, 5, () => err({ kind: "not-json" }));
  };
  for (let count = 0; count < 100; count += 1) offend();
  const refused = () => world.lines.filter(({ event }) => event === "agent-message-refused");
  expect(refused()).toHaveLength(20);
  expect(world.lines.filter(({ note }) => note)).toEqual([]); // No two processes seem to share a key.

  world.now += 10_000;
  offend();
  expect(refused().slice(20)).toEqual([
    {
      level: "warn",
      event: "agent-message-refused",
      domain,
      bridge,
      agent: "agent-1",
      droppedBefore: 80,
      kind: "not-json",
    },
  ]);
});

test("an agent that answers no close gets at most 100 sockets", () => {
  const world = new RelayWorld();
  world.socketsOfAgent = 99;
  world.connect();
  world.socketsOfAgent = 100;

  expect(() => world.connect()).toThrow("refused");
});

test("counts only an agent's own sockets", () => {
  const all: ObjectSocket[] = [];
  const sockets = new KeptSockets({ all: () => all });
  const idle = { kept: () => null, keep: () => {}, send: () => {}, close: () => {}, pingedAt: () => null };
  const accept = (label = "") => {
    const socket = { id: `${all.length}`, label, ...idle };
    all.push(socket);
    return socket;
  };
  for (const agent of ["agent-1", "agent-2", "agent-1"]) sockets.accept(accept, agent);
  expect(["agent-1", "agent-2", "agent-3"].map((agent) => sockets.countOf(agent))).toEqual([2, 1, 0]);
});
