import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bridgehead } from "../bridgehead-command.ts";
import { eventually, goesOn, kill, Meeting, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({ pair: "own" });
});
afterAll(() => world?.stop());

/** What an edge says of itself, whoever acts. */
async function askEdge(at: number, path: string, method = "GET", body?: string) {
  const headers = { authorization: `Bearer ${world.run.operatorToken()}` };
  const answer = await fetch(`${world.run.edgeUrls[at]}${path}`, { method, headers, ...(body && { body }) });
  const text = await answer.text();
  return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : text };
}

/** 0 or 1; -1: none. */
function acting(): number {
  return world.run.edgeUrls.indexOf(world.run.balancer?.acting ?? "");
}

/** Waits until this edge acts, and the other one stands by; how long it took, in ms. */
async function acts(at: number): Promise<number> {
  const from = Date.now();
  await eventually(`edge ${at + 1} acts`, async () => acting() === at);
  const tookMs = Date.now() - from;
  await eventually("an agent is connected", async () => (await askEdge(at, "/readyz")).status === 200);
  await eventually("the other one stands by", async () => (await askEdge(1 - at, "/readyz")).body.role === "standby");
  await eventually(
    "the one that acts knows of it",
    async () => (await askEdge(at, "/readyz")).body.alerts.length === 0,
  );
  return tookMs;
}

/** At the last change, as a load balancer sees it. */
function nobodyActedMs(): number {
  const [ended, began] = world.run.balancer?.turns.slice(-2) ?? [];
  return ended && began && ended.url === null ? began.at - ended.at : 0;
}

async function ask(...args: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  const env = { BRIDGEHEAD_STATE: world.run.state, BRIDGEHEAD_URL: world.run.edgeUrl };
  const { code, stdout, stderr } = await bridgehead(args, env);
  return { code, said: stdout + stderr };
}

test("one acts, the other one stands by; both say so, and only one takes what WebEx posts", async () => {
  await acts(0);
  const pids = world.run.pids();
  expect(Object.keys(pids).toSorted()).toEqual(["agent", "bridge", "edge", "edge2", "postgres"]);
  expect([await askEdge(0, "/active"), await askEdge(1, "/active")]).toEqual([
    { status: 200, body: { role: "active", name: "edge-1" } },
    { status: 503, body: { role: "standby", name: "edge-2" } },
  ]);
  expect((await askEdge(1, "/tsp/local", "POST", "<x/>")).status).toBe(503);
  expect((await askEdge(0, "/readyz")).body).toMatchObject({ role: "active", ready: true, alerts: [] });
  const { body } = await askEdge(0, "/api/v1/edges");
  expect(body).toMatchObject({ active: { name: "edge-1" }, standbys: [{ name: "edge-2" }] });
  const { said } = await ask("status");
  expect(said).toContain("edge-1 has been active for");
});

test("a meeting goes on, whatever happens to the edge that acts", async () => {
  await acts(0);
  const meeting = new Meeting(world);
  await meeting.create();
  const { extCallId } = await meeting.callIn("201");

  await kill(world, "edge");
  expect(await acts(1)).toBeLessThan(10_000);
  await goesOn(meeting, extCallId, "202");

  const { edge2 = 0 } = world.run.pids();
  process.kill(edge2, "SIGSTOP");
  try {
    expect(
      await Promise.race([eventually("edge 1 acts", async () => acting() === 0).then(() => "acts"), pause(10_000)]),
    ).toBe("acts");
    await goesOn(meeting, extCallId, "203");
  } finally {
    process.kill(edge2, "SIGCONT");
  }
  await acts(0);
  await goesOn(meeting, extCallId, "204");

  // An orderly stop hands over.
  process.kill(world.run.pids().edge ?? 0, "SIGTERM");
  await acts(1);
  expect(nobodyActedMs()).toBeLessThan(1_000);
  await goesOn(meeting, extCallId, "205");

  await kill(world, "postgres");
  await eventually("it goes on", async () => acting() >= 0 && (await askEdge(acting(), "/readyz")).status === 200);
  await goesOn(meeting, extCallId, "206");
  await meeting.close();

  const acted = (await world.bridge.acts()).filter(({ conference }) => conference === meeting.confKey);
  expect(new Set(acted.map(({ commandId }) => commandId)).size).toBe(acted.length);
  const left = world.webex.messages.filter(
    (message) => message.type === "caller-entered" && message.extConfId === meeting.extConfId,
  );
  expect(left.map((message) => "attendeeId" in message && message.attendeeId).toSorted()).toEqual([
    "201",
    "202",
    "203",
    "204",
    "205",
    "206",
  ]);
});

test("without an edge that stands by there is an alert, and the edge that acts goes on", async () => {
  const at = acting();
  const { edge, edge2 = 0 } = world.run.pids();
  const other = at === 0 ? edge2 : edge;
  process.kill(other, "SIGSTOP");
  try {
    await eventually("it is an alert", async () => {
      const { body } = await askEdge(at, "/readyz");
      return body.alerts.some(({ kind }: { kind: string }) => kind === "no-standby-edge");
    });
    const meeting = new Meeting(world);
    await meeting.create();
    await meeting.close();
  } finally {
    process.kill(other, "SIGCONT");
  }
  await acts(at);
});
