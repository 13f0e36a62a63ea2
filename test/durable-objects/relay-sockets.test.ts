import { expect, test } from "vitest";
import type { ObjectSocket } from "../../durable-objects/platform/object-sockets.ts";
import { AgentConnections } from "../../durable-objects/relay/agent-connections.ts";
import { type Attachment, KeptSockets } from "../../durable-objects/relay/agent-sockets.ts";
import { encodeHello, HELLO_HEADER, LINK_PROTOCOL_VERSION } from "../../src/link/hello.ts";
import { encodeMessage } from "../../src/link/messages.ts";
import { agentWithoutKey } from "../local-domain.ts";
import { bridge, domain, health, RelayWorld } from "./relay-world.ts";

/** A socket of the place; what its agent was sent, and how it was closed. */
class FakeSocket implements ObjectSocket {
  readonly id: string;
  readonly label: string;
  pinged: number | null = null;
  writes = 0;
  readonly sent: string[] = [];
  readonly closes: string[] = [];
  #kept = "null";

  constructor(id: string, label: string) {
    this.id = id;
    this.label = label;
  }

  kept(): unknown {
    return JSON.parse(this.#kept);
  }

  keep(value: unknown): void {
    this.writes += 1;
    this.#kept = JSON.stringify(value);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(code: number, reason: string): void {
    this.closes.push(`${code} ${reason}`);
  }

  pingedAt(): number | null {
    return this.pinged;
  }
}

/** The sockets that the place has, and those of a life of the relay over them. */
class Place {
  readonly all: FakeSocket[] = [];
  kept = this.#life();

  #life(): KeptSockets {
    return new KeptSockets({ all: () => this.all });
  }

  sleep(): KeptSockets {
    this.kept = this.#life();
    return this.kept;
  }

  accept(agent: string): FakeSocket {
    this.kept.accept(this.acceptAs, agent);
    return this.all.at(-1) ?? expect.unreachable();
  }

  readonly acceptAs = (label = ""): FakeSocket => {
    const socket = new FakeSocket(`s${this.all.length + 1}`, label);
    this.all.push(socket);
    return socket;
  };
}

const attachment = (id: string) => ({ identity: { domain, bridge }, link: { id, agent: "agent-1" } }) as Attachment;

test("a link is that of its socket as long as this is open, also in the next life; a socket without one is none", () => {
  const place = new Place();
  const [first, second] = [place.accept("agent-1"), place.accept("agent-2")];
  place.kept.keep(first.id, attachment(first.id));
  expect(place.kept.attachments()).toEqual([attachment("s1")]);
  expect(place.sleep().attachments()).toEqual([attachment("s1")]);
  expect([first, second].map(({ id }) => place.kept.lastSeen(id))).toEqual([0, null]);
  const third = place.accept("agent-2");
  place.kept.seen(third.id, 5_000);
  expect(place.sleep().attachments()).toEqual([attachment("s1")]);
  place.kept.send(first.id, { type: "pong" });
  place.kept.send(second.id, { type: "pong" });
  expect([first.sent, second.sent]).toEqual([[encodeMessage({ type: "pong" })], []]);

  place.kept.close(first.id, 4408, "silent");
  place.kept.close("nobody's", 4408, "silent");
  // The place lists it until its close is answered.
  expect([first.closes, place.kept.attachments(), place.kept.lastSeen(first.id)]).toEqual([["4408 silent"], [], null]);
  expect(place.sleep().attachments()).toEqual([]);
  place.kept.keep(first.id, attachment(first.id));
  place.kept.seen(first.id, 5);
  place.kept.send(first.id, { type: "pong" });
  expect([place.kept.attachments(), first.kept(), first.sent.length]).toEqual([[], null, 1]);
});

test("sockets of an agent count until the place has them no more, and those of no other agent do", () => {
  const place = new Place();
  const [first] = [place.accept("agent-1"), place.accept("agent-1"), place.accept("agent-11")];
  place.kept.close(first.id, 4402, "replaced");
  expect(["agent-1", "agent-11", "agent-2"].map((agent) => place.kept.countOf(agent))).toEqual([2, 1, 0]);
  place.all.shift();
  expect(place.kept.countOf("agent-1")).toBe(1);
});

test("a sign of life is what came last, a message or a ping, and is kept with the socket once a second at most", () => {
  const place = new Place();
  const socket = place.accept("agent-1");
  const lastSeen = () => place.kept.lastSeen(socket.id);
  place.kept.seen(socket.id, 500); // It has no link yet.
  place.kept.keep(socket.id, attachment(socket.id));
  expect([lastSeen(), socket.writes]).toEqual([500, 1]);
  for (const at of [1_000, 1_499]) place.kept.seen(socket.id, at);
  expect([lastSeen(), socket.writes]).toEqual([1_499, 1]);
  place.kept.seen(socket.id, 1_500);
  expect([lastSeen(), socket.writes]).toEqual([1_500, 2]);
  place.kept.seen(socket.id, 2_400);
  place.sleep();
  expect(lastSeen()).toBe(1_500);
  place.kept.seen(socket.id, 2_499);
  expect(socket.writes).toBe(2);

  socket.pinged = 2_000;
  expect(lastSeen()).toBe(2_499);
  socket.pinged = 9_000;
  expect(lastSeen()).toBe(9_000);
});

test("a ping before the clock was set back is no sign of life from then on, also in the next life; the next one is", () => {
  const place = new Place();
  const socket = place.accept("agent-1");
  const lastSeen = () => place.kept.lastSeen(socket.id);
  place.kept.keep(socket.id, attachment(socket.id));
  socket.pinged = 90_000;
  place.kept.seen(socket.id, 90_000);
  expect(lastSeen()).toBe(90_000);
  place.kept.seen(socket.id, 10_000);
  expect(lastSeen()).toBe(10_000);
  place.sleep();
  expect(lastSeen()).toBe(10_000);
  socket.pinged = 12_000;
  expect(lastSeen()).toBe(12_000);
});

/** A relay over sockets of the place, and a request for one by agent-1 with this challenge. */
function connections() {
  const place = new Place();
  const world = new RelayWorld();
  world.ownSockets = () => place.kept;
  world.sleep();
  const agents = () => new AgentConnections(world.relay, place.kept);
  const connect = (challenge: string) => {
    const agent = "agent-1";
    const signed = { key: agentWithoutKey(agent).publicKey, signature: "A".repeat(86), idLimit: { place: 0, by: "" } };
    const hello = { version: LINK_PROTOCOL_VERSION, agent, domain, bridge, at: world.now, challenge, ...signed };
    return agents().connect(new Headers({ [HELLO_HEADER]: encodeHello(hello) }), place.acceptAs);
  };
  return { place, world, agents, connect };
}

const whyOf = (response: Response | null) => response?.headers.get("bridgehead-refusal") ?? "";

test("an agent gets a socket for the challenge that it was given, and nobody without a hello", async () => {
  const { place, world, agents, connect } = connections();
  const stranger = agents().connect(new Headers(), place.acceptAs);
  expect([stranger?.status, whyOf(stranger)]).toEqual([403, "4400 badMessage"]);
  const given = connect("");
  expect([given?.status, whyOf(given)]).toEqual([403, "4402 challenge1"]);
  expect(place.all).toEqual([]);

  expect(connect("challenge1")).toBeNull();
  expect(place.all.map(({ label }) => label)).toEqual(["agent agent-1"]);
  expect(await world.relay.agents()).toMatchObject([{ agent: "agent-1", role: "active" }]);
});

test("what comes over a socket is its agent's until that is closed, also for a relay that has slept", async () => {
  const { place, world, agents, connect } = connections();
  connect("");
  connect("challenge1");
  const [socket] = place.all as [FakeSocket];
  place.sleep();
  world.sleep();
  agents().received(socket, encodeMessage(health));
  expect(await world.relay.health()).toMatchObject({ agentConnected: true, portsInUse: 3 });
  expect(place.kept.lastSeen(socket.id)).toBe(world.now);

  agents().closed(socket);
  expect(await world.relay.agents()).toEqual([]);
  expect(socket.kept()).toBeNull();
  agents().received(socket, encodeMessage(health));
  expect(await world.relay.health()).toMatchObject({ agentConnected: false });
});

test("a text counts by its length: beyond an agent's allowance it is not read", async () => {
  const { place, world, agents, connect } = connections();
  connect("");
  connect("challenge1");
  const [socket] = place.all as [FakeSocket];
  const padded = (portsInUse: number) => encodeMessage({ ...health, portsInUse }) + " ".repeat(4_000_000);
  for (let frame = 1; frame <= 20; frame += 1) agents().received(socket, padded(frame));
  expect(await world.relay.health()).toMatchObject({ portsInUse: 8 });
});
