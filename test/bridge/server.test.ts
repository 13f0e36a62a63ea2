import { once } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { Clock } from "../simulation/clock.ts";

let time: Clock;
let bridge: SimulatedBridge;
let agents: WebSocket[];
/** How often something that was to be done later was called off. */
let calledOff = 0;

beforeEach(async () => {
  time = new Clock();
  calledOff = 0;
  const { after } = time;
  time.after = (ms, run) => {
    const callOff = after.call(time, ms, run);
    return () => {
      calledOff += 1;
      callOff();
    };
  };
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

test("each connected agent gets the events", async () => {
  const both = [await connect(), await connect()];
  const call = bridge.machine.dialIn("123", "");
  for (const { socket, heard } of both) {
    await settled(socket);
    expect(heard.map(({ type }) => type)).toEqual(["hello", "prompted"]);
    expect(heard[1]).toEqual({ type: "prompted", call, number: "123", dialled: "" });
  }
});

test("a bridge that is down neither answers nor carries out commands, while its control interface goes on", async () => {
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

test("a command that was under way when the bridge went down is carried out, and its result is sent to nobody", async () => {
  const { socket, heard } = await connect();
  await put("/faults", { delayMs: 100 });
  socket.send(JSON.stringify(create));
  await settled(socket);
  await put("/faults", { down: true });
  time.advance(100);
  expect(bridge.machine.acts).toHaveLength(1);
  await settled(socket);
  expect(heard.map(({ type }) => type)).toEqual(["hello"]);
});

test("a command that has not begun when its connection closes is not carried out", async () => {
  const { socket } = await connect();
  await put("/faults", { delayMs: 100 });
  socket.send(JSON.stringify(create));
  await settled(socket);
  socket.terminate();
  // The bridge hears of it when it does.
  await vi.waitFor(() => expect(calledOff).toBe(1));
  time.advance(100);
  expect(bridge.machine.acts).toEqual([]);
});

test("an agent that connects anew has given up its older connection, and what it asked for there", async () => {
  const [older, other] = [await connect("agent-1"), await connect("agent-2")];
  await put("/faults", { delayMs: 100 });
  for (const [index, { socket }] of [older, other].entries()) {
    socket.send(JSON.stringify({ ...create, commandId: `o${index + 1}` }));
    await settled(socket);
  }
  const closed = once(older.socket, "close");
  await connect("agent-1");
  await closed;
  time.advance(100);
  expect(bridge.machine.acts.map(({ commandId }) => commandId)).toEqual(["o2"]);
});

test("an agent that does not speak the protocol learns why, and its connection is closed", async () => {
  const { socket } = await connect();
  const closed = once(socket, "close");
  socket.send('{"type":"command"}');
  const [code, reason] = await closed;
  expect([code, String(reason)]).toEqual([1008, expect.stringContaining("id")]);
});

test("a body that is too long is refused", async () => {
  const answer = await put("/faults", { refuse: ["x".repeat(70_000)] });
  expect([answer.status, await answer.json()]).toEqual([400, { error: "the body is longer than 65536 bytes" }]);
});

test("a port that is taken is an error of the start, not of later", async () => {
  await expect(startSimulatedBridge(bridge.port, "other", time)).rejects.toThrow("EADDRINUSE");
});

test("of each owner one agent is active, and takes the place of the one before", async () => {
  const [first, second, ofAnother] = [await connect("a"), await connect("b"), await connect("c")];
  const activate = async ({ socket }: { socket: WebSocket }, owner: string, epoch = 1) => {
    socket.send(JSON.stringify({ type: "activate", owner, epoch }));
    await settled(socket);
  };
  await activate(first, "local/simulated");
  await activate(ofAnother, "other/simulated");
  const closed = once(first.socket, "close");
  await activate(second, "local/simulated", 2);
  await activate(second, "local/simulated", 2);
  expect((await closed)[0]).toBe(4001);
  expect([second, ofAnother].map(({ socket }) => socket.readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
});
