import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { WebexHost } from "../../src/foundation/ids.ts";
import { eventually, Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  const impatient = { webex: { retryDelaysMs: [0] } };
  world = await startWorld({ domain: impatient });
});
afterAll(() => world?.stop());

test("a WebEx that redirects is not followed, however often it is tried", async () => {
  const inner = await serving(() => null);
  const redirecting = await serving(() => `http://127.0.0.1:${inner.port}/`);
  const meeting = new Meeting(world);

  await meeting.ask({ ...meeting.createRequest(), replyTo: `127.0.0.1:${redirecting.port}` as WebexHost });
  await eventually("three attempts", async () => redirecting.posts() >= 3);

  expect(inner.posts()).toBe(0);
  for (const { server } of [inner, redirecting]) server.close();
});

test("a host outside the list is sent nothing, and log and counter say so", async () => {
  const stranger = await serving(() => null);
  const meeting = new Meeting(world);

  await meeting.ask({ ...meeting.createRequest(), replyTo: `127.0.0.1.:${stranger.port}` as WebexHost });
  await meeting.ask({ ...meeting.createRequest(), replyTo: `2130706433:${stranger.port}` as WebexHost });

  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  const metrics = await (await fetch(`${world.run.edgeUrl}/metrics`, { headers })).text();
  expect(metrics).toContain('bridgehead_hosts_refused_total{domain="local"} 2\n');
  await eventually("two lines in the log", async () => log("edge").split('"host-refused"').length === 3);
  expect(await meeting.acts()).toEqual([]);
  expect(stranger.posts()).toBe(0);
  stranger.server.close();
});

test("the logs of a whole meeting name no key, no number and no attendee", async () => {
  const meeting = new Meeting(world, "918273645");
  await meeting.create();
  await meeting.callIn("5566");
  const request = meeting.callOutRequest("77", "5559876");
  await meeting.ask(request);
  await meeting.answerTo(request.msgId, "ok");
  await meeting.close();

  const written = log("edge") + log("agent");

  expect(written).toContain('"command":"dial"');
  expect(written).not.toMatch(/918273645|4085555566|"5566"|5559876/);
});

function log(part: "edge" | "agent"): string {
  return readFileSync(join(world.run.state, "logs", `${part}.log`), "utf8");
}

/** A server that counts what is posted to it, and sends everyone to `location`. */
async function serving(location: () => string | null): Promise<{ server: Server; port: number; posts: () => number }> {
  let posts = 0;
  const server = createServer((request, response) => {
    posts += 1;
    request.resume();
    const to = location();
    response.writeHead(to === null ? 200 : 307, to === null ? {} : { location: to }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port, posts: () => posts };
}

test("hundreds of strangers at the agents' door cost the edge nothing that lasts, and keep no agent out", async () => {
  const { edge, agent } = world.run.pids();
  const descriptors = () => readdirSync(`/proc/${edge}/fd`).length;
  const before = descriptors();
  const crowd: WebSocket[] = [];
  const closedAfterMs: number[] = [];
  const openedAt = Date.now();
  const come = () => {
    const stranger = new WebSocket(`${world.run.edgeUrl.replace("http", "ws")}/agent/local/simulated`);
    stranger.on("error", () => {});
    stranger.on("close", () => closedAfterMs.push(Date.now() - openedAt));
    crowd.push(stranger);
  };
  for (let count = 0; count < 200; count += 1) come();
  await eventually("all are sent away", async () => closedAfterMs.length === 200);
  expect(Math.max(...closedAfterMs)).toBeLessThan(3_000);

  const coming = setInterval(() => crowd.length < 2_000 && come(), 5);
  process.kill(agent, "SIGKILL");
  const killedAt = Date.now();
  await eventually("another agent is there", async () => world.run.pids().agent !== agent && (await ready()));
  expect(Date.now() - killedAt).toBeLessThan(5_000);

  clearInterval(coming);
  for (const stranger of crowd) stranger.terminate();
  await eventually("all descriptors are free", async () => descriptors() <= before + 10);
});

async function ready(): Promise<boolean> {
  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  return (await fetch(`${world.run.edgeUrl}/readyz`, { headers })).status === 200;
}
