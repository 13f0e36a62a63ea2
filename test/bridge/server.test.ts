import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { Clock } from "../kit/clock.ts";

let time: Clock;
let bridge: SimulatedBridge;
let agents: WebSocket[];
beforeEach(async () => {
  time = new Clock();
  bridge = await startSimulatedBridge(0, "boot", time);
  agents = [];
});
afterEach(async () => {
  for (const agent of agents) agent.terminate();
  await bridge.close();
});

/** An agent, and what it has been sent so far. */
async function connect(name?: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${bridge.port}/bridge${name ? `?agent=${name}` : ""}`);
  agents.push(socket);
  const heard: { type: string }[] = [];
  socket.on("message", (data) => heard.push(JSON.parse(String(data))));
  await once(socket, "open");
  await settled(socket);
  return { socket, heard };
}
function put(path: string, body: unknown): Promise<Response> {
  return fetch(`http://127.0.0.1:${bridge.port}${path}`, { method: "PUT", body: JSON.stringify(body) });
}
/** A WebSocket ping is answered below the bridge, in order: what went before has been read, and its answers are here. */
async function settled(socket: WebSocket): Promise<void> {
  const pong = once(socket, "pong");
  socket.ping();
  await pong;
}
const create = {
  type: "command",
  id: 1,
  commandId: "o1",
  conference: "1",
  command: { type: "create-conference", maxCallers: null, anonymousId: null },
};

test("a bridge that is down does nothing, while its control interface works", async () => {
  const before = await connect();
  await put("/faults", { down: true });
  const during = await connect();
  before.heard.length = 0;
  before.socket.send(JSON.stringify(create));
  during.socket.send(JSON.stringify({ type: "ping", id: 2 }));
  for (const { socket } of [before, during]) await settled(socket);
  expect([before.heard, during.heard]).toEqual([[], []]);
  const acts = await fetch(`http://127.0.0.1:${bridge.port}/acts`);
  expect(await acts.json()).toEqual({ acts: [] });

  const closed = [before, during].map(({ socket }) => once(socket, "close"));
  expect((await put("/faults", { down: false })).status).toBe(200);
  await Promise.all(closed);
});

test("explains to an agent why its message is invalid", async () => {
  const { socket } = await connect();
  const closed = once(socket, "close");
  socket.send('{"type":"command"}');
  const [code, reason] = await closed;
  expect(code).toBe(1008);
  expect(String(reason)).toContain("id");
});

test("refuses a body that is too long", async () => {
  const answer = await put("/faults", { refuse: ["x".repeat(70_000)] });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toEqual({ error: "the body is longer than 65536 bytes" });
});

test("a taken port fails the start", async () => {
  await expect(startSimulatedBridge(bridge.port, "other", time)).rejects.toThrow("EADDRINUSE");
});
