import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runOnEdge } from "../../scripts/command.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

const files = 256;
let world: World;
beforeAll(async () => {
  world = await startWorld({ files });
});
afterAll(() => world?.stop());

// The platform's own server accepts connections at Cloudflare, and under plain workerd.
runOnEdge("node");

test("a crowd that reads no answer delays no post of WebEx", async () => {
  const port = Number(new URL(world.run.edgeUrl).port);
  const meeting = new Meeting(world);
  await meeting.create();
  const asks = "GET /console/assets/style.css HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400);
  const crowd: Socket[] = [];
  for (let count = 0; count < 100; count += 1) {
    const socket = connect(port, "127.0.0.1").pause();
    socket.on("error", () => {}).write(asks);
    crowd.push(socket);
  }
  const begunAt = performance.now();
  const lock = { type: "update-conference", msgId: meeting.msgId(), action: "lock", ...meeting.handles } as const;
  await meeting.ask(lock);
  expect(performance.now() - begunAt).toBeLessThan(2_000);
  await meeting.answerTo(lock.msgId, "ok");
  await meeting.close();
  for (const socket of crowd) socket.destroy();
});

test("an edge with too many idle connections admits WebEx and an agent", async () => {
  const port = Number(new URL(world.run.edgeUrl).port);
  const { edge, agent } = world.run.pids();
  const crowd: Socket[] = [];
  for (let count = 0; count < 4 * files; count += 1) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    crowd.push(socket);
    await once(socket, "connect");
  }
  expect(readdirSync(`/proc/${edge}/fd`).length).toBeLessThan(files);

  process.kill(agent, "SIGKILL");
  const isBack = async () => (await fetch(`${world.run.edgeUrl}/readyz`)).ok && world.run.pids().agent !== agent;
  await eventually("the agent is back", isBack);
  const meeting = new Meeting(world);
  await meeting.create();
  await meeting.callIn("7001");
  await meeting.close();

  expect(world.run.pids().edge).toBe(edge);
  const open = () => crowd.filter(({ closed }) => !closed).length;
  await eventually("the oldest are closed", async () => open() < 0.6 * files);
  expect(crowd.findIndex(({ closed }) => !closed)).toBeGreaterThan(3 * files);
  for (const socket of crowd) socket.destroy();
});
