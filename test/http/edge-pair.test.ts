import { expect, test } from "vitest";
import { standbyAnswer } from "../../src/http/standby.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { FakePair, standby } from "./fake-pair.ts";

const headers = { authorization: `Bearer ${token}` };
const alone = { why: "the disk is full", activeUrl: null };
const ofPair = { name: "edge-2", why: "edge-1 is active", activeUrl: "http://edge-1" };

function start() {
  const pair = new FakePair();
  const edge = new FakeEdge(token, {}, { people: [] }, [], undefined, pair);
  const ask = async (path: string) => {
    const answer = await edge.app.request(path, { headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { pair, edge, ask };
}

test("answers load balancers as the active edge, whatever its bridges do", async () => {
  const { ask } = start();
  expect(await ask("/active")).toEqual({ status: 200, body: { role: "active", name: "edge-1" } });
  expect((await ask("/readyz")).status).toBe(503); // No agent is connected.
});

test("an edge without a standby has no other edges", async () => {
  const edge = new FakeEdge();
  expect(await (await edge.app.request("/active")).json()).toEqual({ role: "active" });
  const all = await edge.app.request("/api/v1/edges", { headers });
  expect(await all.json()).toEqual({ active: null, standbys: [], fault: null });
});

test("shows the active edge and its standbys in the API and in /readyz", async () => {
  const { ask } = start();
  const view = { active: { name: "edge-1", url: "http://edge-1", since: 1_000 }, standbys: [standby], fault: null };
  expect(await ask("/api/v1/edges")).toEqual({ status: 200, body: view });
  expect((await ask("/readyz")).body).toMatchObject({ role: "active", edges: view });
});

test("a database that does not answer leaves the rest of /readyz", async () => {
  const { pair, ask } = start();
  pair.fault = new Error("it is away");
  expect((await ask("/readyz")).body).toMatchObject({ role: "active", edges: null, domains: { local: {} } });
  const { status, body } = await ask("/api/v1/edges");
  expect([status, body.detail]).toEqual([503, "The database does not answer: it is away."]);
});

test("metrics show the active edge and the standbys that could take over", async () => {
  const { pair, edge } = start();
  const gauges = () => edge.metrics("bridgehead_edge_");
  expect(await gauges()).toEqual([
    'bridgehead_edge_acts{edge="edge-1"} 1',
    'bridgehead_edge_ready{edge="edge-1"} 1',
    'bridgehead_edge_ready{edge="edge-2"} 1',
  ]);
  pair.standbys = [{ ...standby, silentMs: 5_000 }];
  expect(await gauges()).toContain('bridgehead_edge_ready{edge="edge-2"} 0');
  pair.fault = new Error("it does not answer");
  expect(await gauges()).toEqual(['bridgehead_edge_acts{edge="edge-1"} 1', 'bridgehead_edge_ready{edge="edge-1"} 0']);
});

test.each([
  [ofPair, "/active", 503, { role: "standby", name: "edge-2" }],
  [ofPair, "/healthz", 200, { status: "ok" }],
  [ofPair, "/readyz", 503, { ready: false, role: "standby", why: "edge-1 is active", active: "http://edge-1" }],
  [ofPair, "/tsp/local", 503, { detail: "This edge is not active: edge-1 is active, at http://edge-1." }],
  // Only whole paths have answers of their own: the rest may be a secret.
  [ofPair, "/tsp/local/active", 503, { title: "not active" }],
  [alone, "/active", 503, { role: "starting" }],
  [alone, "/healthz", 503, { status: "failing", disk: "the disk is full" }],
  [alone, "/readyz", 503, { ready: false, role: "starting", why: "the disk is full" }],
  [alone, "/metrics", 503, { detail: "This edge is not active: the disk is full." }],
] as const)("an edge that is not active (%j) answers %s with %i", async (waiting, path, status, body) => {
  const answer = standbyAnswer(new Request(`http://edge${path}`), waiting);
  expect([answer.status, await answer.json()]).toMatchObject([status, body]);
});

test("a standby sends agents to the other edge and WebEx away for a second", () => {
  const agent = standbyAnswer(new Request("http://edge/agent/local/simulated"), ofPair);
  expect(agent.headers.get("bridgehead-refusal")).toBe("4414 standsBy");
  const webex = standbyAnswer(new Request("http://edge/tsp/local", { method: "POST", body: "<x/>" }), ofPair);
  expect(webex.headers.get("retry-after")).toBe("1");
});

test("a standby has a metric of its own, so that an alert comes when no edge is active", async () => {
  const answer = standbyAnswer(new Request("http://edge/metrics"), ofPair);
  expect([answer.status, await answer.text()]).toEqual([200, 'bridgehead_edge_acts{edge="edge-2"} 0\n']);
});
