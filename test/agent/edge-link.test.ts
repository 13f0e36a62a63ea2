import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { EdgeLink } from "../../bridge-agent/link/edge-link.ts";
import { openSocket } from "../../bridge-agent/node-ports.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { decodeHello, type Hello, helloText, refusal } from "../../src/link/hello.ts";
import {
  type AgentToEdge,
  type CloseReason,
  decodeAgentToEdge,
  type EdgeToAgent,
  encodeMessage,
  MAX_MESSAGE_LENGTH,
  PONG,
} from "../../src/link/messages.ts";
import { Clock } from "../kit/clock.ts";
import { welcome } from "./agent-world.ts";

let folder = "";
let relay: FakeRelay;
let timers: Clock;
let link: EdgeLink;
let heard: EdgeToAgent[];
let notes: string[];
let gone: () => void;

/** The other end, step by step. */
class FakeRelay {
  readonly server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    verifyClient: ({ req }, answer) => {
      const hello = decodeHello(String(req.headers["bridgehead-hello"]));
      if (!hello.ok) throw new Error(hello.error);
      this.hellos.push(hello.value);
      const [why, said] = this.refusals.shift() ?? [];
      if (why === undefined) answer(true);
      else answer(false, 403, "", why === null ? {} : refusal(why, said));
      this.#wake();
    },
  });
  readonly paths: string[] = [];
  readonly hellos: Hello[] = [];
  /** One for each of the requests to come. */
  readonly refusals: [why: CloseReason | null, said?: string][] = [];
  frames = 0;
  readonly #sockets: WebSocket[] = [];
  readonly #messages: AgentToEdge[] = [];
  #wake: () => void = () => {};

  constructor() {
    this.server.on("connection", (socket, request) => {
      this.paths.push(request.url ?? "");
      this.#sockets.push(socket);
      socket.on("message", (data) => {
        const frame = decodeAgentToEdge(String(data));
        this.frames += 1;
        if (frame.ok) this.#messages.push(...frame.value);
        this.#wake();
      });
      this.#wake();
    });
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  socket(): Promise<WebSocket> {
    return this.#next(this.#sockets);
  }

  message(): Promise<AgentToEdge> {
    return this.#next(this.#messages);
  }

  async #next<Item>(items: Item[]): Promise<Item> {
    for (;;) {
      const item = items.shift();
      if (item !== undefined) return item;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** What the journal has. */

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-link-"));
  relay = new FakeRelay();
  await new Promise((resolve) => relay.server.once("listening", resolve));
  timers = new Clock();
  heard = [];
  notes = [];
  gone = () => {};
  link = new EdgeLink({
    settings: { edge: `ws://127.0.0.1:${relay.port}/`, domain: "local", bridge: "simulated", agent: "agent-1" },
    key: agentKey(folder),
    openSocket,
    timers,
    now: () => 1_790_000_000_000,
    random: () => 1,
    message: (message) => heard.push(message),
    lost: () => gone(),
    log: ({ text }) => notes.push(text),
  });
});

afterEach(() => {
  link.stop();
  for (const client of relay.server.clients) client.terminate();
  relay.server.close();
  rmSync(folder, { recursive: true });
});

async function turns(until: () => boolean): Promise<void> {
  while (!until()) await new Promise((resolve) => setImmediate(resolve));
}

async function welcomed(): Promise<WebSocket> {
  link.connect();
  const socket = await relay.socket();
  socket.send(encodeMessage(welcome));
  await hears(1);
  return socket;
}

/** Until the agent has heard so many messages that are not the link's own. */
async function hears(count: number): Promise<void> {
  while (heard.length < count) await new Promise((resolve) => setImmediate(resolve));
}

test("signs bridge and challenge with the agent's key", async () => {
  relay.refusals.push(["replayed", "abc"]);
  link.connect();
  await turns(() => timers.due()[0] === 0);
  timers.advance(0);
  await relay.socket();
  const [first, second] = relay.hellos;
  expect(first).toMatchObject({ challenge: "" });
  if (!second) throw new Error("it does not come again");
  const { signature, key, ...said } = second;
  expect(said).toEqual({
    version: 1,
    agent: "agent-1",
    domain: "local",
    bridge: "simulated",
    at: 1_790_000_000_000,
    challenge: "abc",
  });
  expect(key).toBe(agentKey(folder).publicKey);
  expect(Buffer.from(key, "base64url")).toHaveLength(32);
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key }, format: "jwk" });
  const signed = Buffer.from(helloText(said));
  expect(verify(null, signed, publicKey, Buffer.from(signature, "base64url"))).toBe(true);
  expect(relay.paths).toEqual(["/agent/local/simulated"]);
  expect(notes).toEqual([]);
});

test("sends and receives nothing before the welcome", async () => {
  const health = { type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1" } as const;
  link.connect();
  link.send([health]);
  const socket = await relay.socket();
  link.send([health]);
  socket.send(encodeMessage({ type: "activate", epoch: 9 }));
  socket.send(encodeMessage(welcome));
  socket.send("nonsense");
  socket.send(encodeMessage({ type: "activate", epoch: 2 }));
  await hears(2);
  expect(heard).toEqual([welcome, { type: "activate", epoch: 2 }]);
  link.send([health]);
  expect([await relay.message(), await relay.message()]).toMatchObject([{ type: "ping" }, health]);
  expect(relay.frames).toBe(2);
});

test("closes the link of an edge that sends too much", async () => {
  const socket = await welcomed();
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  socket.send("x".repeat(4 * MAX_MESSAGE_LENGTH + 1));

  expect(await closed).toBe(1009);
});

test("sends simultaneous messages in one frame", async () => {
  link.connect();
  const socket = await relay.socket();
  socket.send(encodeMessage(welcome));
  await hears(1);
  expect(await relay.message()).toEqual({ type: "ping" });
  const before = relay.frames;
  const health = { type: "health", bridgeUp: true, portsInUse: 0, ports: null, version: "1" } as const;
  const acks = ["o1", "o2"].map(
    (id) => ({ type: "commands-ack", conference: "1" as ConfKey, ids: [id as CommandId] }) as const,
  );
  link.send([...acks, health]);
  const said = { ...health, at: 1_790_000_000_000 };
  expect([await relay.message(), await relay.message(), await relay.message()]).toEqual([...acks, said]);
  expect(relay.frames - before).toBe(1);
  link.send([]);
  link.send([health]);
  expect(await relay.message()).toEqual(said);
  expect(relay.frames - before).toBe(2);
  link.send(acks);
  expect([await relay.message(), await relay.message()]).toEqual(acks);
  link.sayHealth();
  expect(await relay.message()).toEqual(said);
});

test("reconnects to an edge that answers no ping", async () => {
  const socket = await welcomed();
  const lost = new Promise<void>((resolve) => {
    gone = resolve;
  });
  expect((await relay.message()).type).toBe("ping");
  timers.advance(5_000);
  socket.send(encodeMessage({ type: "activate", epoch: 1 })); // Only an answer to a ping counts.
  await hears(2);
  timers.advance(1_000);
  await lost;
  timers.advance(100);
  await relay.socket();
  expect(relay.paths).toHaveLength(2);
});

test("counts a pong once, from when its ping was sent", async () => {
  const socket = await welcomed();
  let isLost = false;
  gone = () => {
    isLost = true;
  };
  timers.advance(2_900);
  await answerPing(socket);
  await pong(socket);
  timers.advance(3_099);
  expect(isLost).toBe(false);
  timers.advance(1);
  expect(isLost).toBe(true);
});

async function answerPing(socket: WebSocket): Promise<void> {
  expect(await relay.message()).toEqual({ type: "ping" });
  await pong(socket);
}

/** Resolves when the agent has read it. */
async function pong(socket: WebSocket): Promise<void> {
  socket.send(PONG);
  socket.send(encodeMessage({ type: "activate", epoch: 1 }));
  await hears(heard.length + 1);
}

test("a thousand reconnects leave one connection with its own timers", async () => {
  let lost = 0;
  gone = () => {
    lost += 1;
  };
  const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
  const before = sockets();
  relay.refusals.push(["replayed", "n0"]);
  link.connect();
  for (let round = 0; round <= 1_000; round += 1) {
    await turns(() => timers.due()[0] === 0);
    timers.advance(0);
    const socket = await relay.socket();
    expect(relay.hellos.at(-1)?.challenge).toBe(`n${round}`);
    socket.send(encodeMessage({ ...welcome, epoch: round }));
    socket.send(encodeMessage({ type: "activate", epoch: round }));
    await hears(2 * round + 2);
    if (round === 1_000) break;
    relay.refusals.push(["replayed", `n${round + 1}`]);
    if (round % 2 === 0) link.renew();
    else socket.terminate();
    while (lost <= round) await new Promise((resolve) => setImmediate(resolve));
    expect(timers.due()).toHaveLength(1);
    timers.advance(timers.due()[0] ?? 0);
  }
  expect(heard.map((message) => "epoch" in message && message.epoch)).toEqual(
    Array.from({ length: 2_002 }, (_, index) => Math.floor(index / 2)),
  );
  expect(lost).toBe(1_000);
  expect(relay.paths.length).toBe(1_001);
  expect(relay.server.clients.size).toBe(1);
  expect(timers.due()).toEqual([3_000, 5_000, 6_000, 8_000]);
  while (sockets() > before + 2) await new Promise((resolve) => setImmediate(resolve));
});

test.each<[CloseReason, RegExp]>([
  ["badMessage", /did not understand this agent: check that both run the same version/],
  ["wrongKey", /does not know this agent's key: put the line that `bridgehead-agent key` prints/],
  ["unknownDomain", /not in this domain: check `domain`/],
  ["unknownBridge", /not at this bridge of the domain: check `bridge`/],
  ["oldVersion", /newer protocol: install the agent of the edge's version/],
])("logs the fix if refused for %s and retries after 5 s", async (reason, sentence) => {
  relay.refusals.push([reason]);
  link.connect();
  await turns(() => notes.length > 0);
  expect(notes).toEqual([expect.stringMatching(sentence)]);
  expect(timers.due()).toEqual([5_000]);
  timers.advance(5_000);
  await relay.socket();
});

test("answers a challenge at once and explains a second refusal", async () => {
  relay.refusals.push(["replayed", "first"], ["replayed", "second"]);
  link.connect();
  await turns(() => timers.due()[0] === 0);
  expect(notes).toEqual([]);
  timers.advance(0);
  await turns(() => notes.length > 0);
  expect(notes).toEqual([expect.stringMatching(/a challenge that it did not give: look for what stands between/)]);
  timers.advance(5_000);
  await relay.socket();
  expect(relay.hellos.map(({ challenge }) => challenge)).toEqual(["", "first", "second"]);
});

test("logs the status of a server that is no edge", async () => {
  relay.refusals.push([null]);
  link.connect();
  await turns(() => notes.length > 0);
  expect(notes).toEqual([
    "edge answers, but not as an edge does (it answered with status 403): check `edge` in the agent's settings",
  ]);
});
