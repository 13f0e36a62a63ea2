import { expect, test } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import { readPage } from "../console/read-page.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { acting, FakePair, standing } from "./fake-pair.ts";

const headers = { authorization: `Bearer ${token}` };
const document = '<WbxTSPSchema Name="WTSPDOM" Version="1.0"><TransID>1</TransID></WbxTSPSchema>';

function start() {
  const pair = new FakePair();
  const edge = new FakeEdge(token, {}, { people: [] }, [], undefined, pair);
  const ask = async (path: string, method = "GET") => {
    const answer = await edge.app.request(path, { method, headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { pair, edge, ask };
}

test("load balancers find the edge that acts, whatever its bridges do", async () => {
  const { pair, ask } = start();
  expect(await ask("/active")).toEqual({ status: 200, body: { role: "active", name: "edge-1" } });
  expect((await ask("/readyz")).status).toBe(503); // No agent is connected.
  pair.acts = false;
  expect(await ask("/active")).toEqual({ status: 503, body: { role: "standby", name: "edge-1" } });
});

test("an edge that shares its state with no other one acts", async () => {
  const edge = new FakeEdge();
  expect(await (await edge.app.request("/active")).json()).toEqual({ role: "active" });
  const all = await edge.app.request("/api/v1/edges", { headers });
  expect(await all.json()).toEqual({ role: "active", acting: null, edges: [] });
  const over = await edge.app.request("/api/v1/edges/hand-over", { method: "POST", headers });
  expect([over.status, ((await over.json()) as { detail: string }).detail]).toEqual([
    409,
    "This edge shares its state with no other one.",
  ]);
});

test("an edge that stands by takes nothing, says who acts, and wakes no object", async () => {
  const { pair, edge, ask } = start();
  pair.acts = false;
  const posted = await edge.app.request("/tsp/local", { method: "POST", body: document });
  expect([posted.status, posted.headers.get("retry-after"), await posted.json()]).toEqual([
    503,
    "1",
    expect.objectContaining({
      title: "stands by",
      detail: "The edge edge-1 is not active: edge-2 acts.",
    }),
  ]);
  for (const [path, method] of [
    ["/api/v1/domains", "GET"],
    ["/api/v1/edges/hand-over", "POST"],
  ] as const)
    expect(await ask(path, method)).toMatchObject({
      status: 503,
      body: { title: "stands by", detail: expect.stringMatching(/edge-2 acts, at http/) },
    });
  const console = await edge.app.request("/console/local", { headers: { accept: "text/html" } });
  expect([console.status, await console.text()]).toEqual([
    503,
    expect.stringContaining(
      "edge-1 is on standby</h1><p>It becomes active when the other edge fails or hands over. Now edge-2 acts.",
    ),
  ]);
  // Its own paths are whole ones: this may be a secret.
  expect((await edge.app.request("/tsp/local/active", { method: "POST", body: document })).status).toBe(503);
  pair.edges = [
    { ...acting, acts: false },
    { ...standing, acts: true },
  ];
  expect((await ask("/api/v1/domains")).body.detail).toMatch(/at http:\/\/edge-2\.$/);
  const agent = await edge.app.request("/agent/local/simulated", { headers: { upgrade: "websocket" } });
  expect([agent.status, agent.headers.get("bridgehead-refusal")]).toEqual([503, "4414 standsBy"]);
  expect((await ask("/healthz")).status).toBe(200);
  expect(await ask("/readyz")).toMatchObject({
    status: 503,
    body: { role: "standby", why: "edge-2 acts", ready: false },
  });
  expect(await ask("/api/v1/edges")).toMatchObject({ status: 200, body: { role: "standby", acting: { epoch: 7 } } });
  expect((await edge.app.request("/api/v1/edges")).status).toBe(401);
  const metrics = await (await edge.app.request("/metrics", { headers })).text();
  expect(metrics).toContain('bridgehead_edge_ready{edge="edge-2"} 1');
  expect(metrics).toContain("bridgehead_storage_up 1");
  expect(metrics).toContain("bridgehead_strangers_total 0\n");
  expect(edge.askedOfObjects).toEqual([]);
});

test("who acts, since when and why, and how the other one is, is in /readyz, too", async () => {
  const { ask } = start();
  const { body } = await ask("/api/v1/edges");
  expect(body).toMatchObject({ role: "active", acting: { name: "edge-1", since: 1_000, why: "silent", epoch: 7 } });
  expect(body.edges).toMatchObject([
    { name: "edge-1", acts: true },
    { name: "edge-2", acts: false, behind: 0, fault: null },
  ]);
  expect((await ask("/readyz")).body).toMatchObject({ role: "active", edges: { acting: { name: "edge-1" } } });
});

test("it is handed over to an edge that could act, and to no other", async () => {
  const { pair, ask } = start();
  expect(await ask("/api/v1/edges/hand-over", "POST")).toEqual({ status: 202, body: { to: "edge-2" } });
  for (const [other, says] of [
    [
      { ...standing, fault: "its settings are wrong" },
      "the standby edge edge-2 could not become active: its settings are wrong",
    ],
    [{ ...standing, silentMs: 2_500 }, "edge-2 has been silent for 2500 ms"],
    [{ ...standing, silentMs: 9_000 }, "the standby edge edge-2 is silent"],
  ] as const) {
    pair.edges = [pair.edges[0] ?? standing, other];
    const refused = await ask("/api/v1/edges/hand-over", "POST");
    expect([refused.status, refused.body.detail]).toEqual([409, `Not handed over: ${says}.`]);
  }
  expect(pair.handedOver).toBe(1);
  pair.edges = [pair.edges[0] ?? standing, standing];
  pair.handOver = () => Promise.reject(new Error("the database is away"));
  const failed = await ask("/api/v1/edges/hand-over", "POST");
  expect([failed.status, failed.body.detail]).toEqual([409, "The edge could not hand over: the database is away."]);
});

test("it is handed over by operators of all domains alone", async () => {
  const pair = new FakePair();
  const otto = { name: "otto", tokenSha256: await sha256("ottos"), role: "operator", domains: ["local"] } as const;
  const vera = { name: "vera", tokenSha256: await sha256("veras"), role: "viewer", domains: ["*"] } as const;
  const people = [otto, vera].map((one) => ({ ...one, domains: [...one.domains] }));
  const edge = new FakeEdge(token, {}, { people }, ["other"], undefined, pair);
  for (const who of ["ottos", "veras"]) {
    const init = { method: "POST", headers: { authorization: `Bearer ${who}` } };
    expect((await edge.app.request("/api/v1/edges/hand-over", init)).status).toBe(403);
  }
  expect(pair.handedOver).toBe(0);
});

test("a database that does not answer keeps nobody from the rest of /readyz", async () => {
  const { pair, ask } = start();
  pair.fault = new Error("the database is away");
  expect((await ask("/readyz")).body).toMatchObject({ role: "active", edges: null, domains: { local: {} } });
  const { status, body } = await ask("/api/v1/edges");
  expect([status, body.detail]).toEqual([503, "The active edge is not known: the database is away."]);
});

test("metrics say which edge acts and whether the other one could, and neither where nobody knows", async () => {
  const { pair, edge } = start();
  const gauges = () => edge.metrics("bridgehead_edge_");
  expect(await gauges()).toEqual([
    'bridgehead_edge_acts{edge="edge-1"} 1',
    'bridgehead_edge_acts{edge="edge-2"} 0',
    'bridgehead_edge_ready{edge="edge-1"} 1',
    'bridgehead_edge_ready{edge="edge-2"} 1',
    "bridgehead_edge_epoch 7",
  ]);
  pair.edges = [acting, { ...standing, silentMs: 5_000 }];
  expect(await gauges()).toContain('bridgehead_edge_ready{edge="edge-2"} 0');
  pair.fault = new Error("it does not answer");
  expect(await gauges()).toEqual(['bridgehead_edge_acts{edge="edge-1"} 0', 'bridgehead_edge_ready{edge="edge-1"} 0']);
});

test("the overview says who acts, since when and why, and how the other one is", async () => {
  const { pair, edge } = start();
  const overview = async () => {
    const answer = await edge.app.request("/console/local", { headers: { ...headers, accept: "text/html" } });
    return readPage(await answer.text());
  };
  edge.time = 61_000;
  expect(await overview()).toMatch(/edge-1 has been active for 1 min ?: the other one was silent\./);
  expect(await overview()).toContain("edge-2\nstandby, up to date\nhttp://edge-2\n");
  pair.edges = [acting, { ...standing, fault: "its state took longer than 30 s" }];
  expect(await overview()).toContain("standby, but its state took longer than 30 s");
  pair.edges = [standing];
  expect(await overview()).toContain("No edge is active.");
  pair.fault = new Error("it does not answer");
  expect(await overview()).toContain("Not known: their database did not respond.");
  const alone = await new FakeEdge().app.request("/console/local", { headers: { ...headers, accept: "text/html" } });
  expect(await alone.text()).not.toContain("<h2>Edges</h2>");
});
