import { expect, test, vi } from "vitest";
import type { ConfKey } from "../../src/foundation/ids.ts";
import { version } from "../../src/foundation/version.ts";
import type { Alert } from "../../src/operators/alert-kinds.ts";
import { agentWithoutKey } from "../local-domain.ts";
import { conferenceView, FakeEdge, token } from "./fake-edge.ts";

const authorization = `Bearer ${token}`;

test("the edge says its version, and by a digest which settings it has, but no secret", async () => {
  const answers = async (adapterSecrets: string[], createTimeoutMs: number) => {
    const edge = new FakeEdge(token, { adapterSecrets, createTimeoutMs });
    return (await edge.app.request("/healthz")).json();
  };
  const [first, other, otherSecret] = [
    await answers(["a-secret-of-22-letters"], 3_000),
    await answers(["a-secret-of-22-letters"], 2_000),
    await answers(["another-secret-letters"], 3_000),
  ];

  expect(first).toEqual({ status: "ok", version, settings: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect(otherSecret).toEqual(first);
  expect(other).not.toEqual(first);
});

test("the edge is alive, tells its time, and is ready when every bridge has an agent that reaches it", async () => {
  const edge = new FakeEdge();
  const up = { agentConnected: true, bridgeUp: true, portsInUse: 3, ports: 96 };
  const alive = await edge.app.request("/healthz");
  expect([alive.status, alive.headers.get("date")]).toEqual([200, "Thu, 01 Jan 1970 00:16:40 GMT"]);
  expect((await edge.app.request("/readyz")).status).toBe(503);

  edge.health.set("simulated", up);
  edge.time += 1_000;
  const stranger = await edge.app.request("/readyz");
  const open = { ready: true, domains: { local: { simulated: { ready: true, ...up } } } };
  expect([stranger.status, await stranger.json()]).toEqual([200, open]);
  const response = await edge.app.request("/readyz", { headers: { authorization } });

  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    ready: true,
    alerts: [],
    domains: { local: { simulated: { ready: true, ...up } } },
  });
});

test("metrics show the counts of this process and the state of the objects", async () => {
  const edge = new FakeEdge();
  const strangers = () => edge.metric("bridgehead_strangers_total");
  expect(await strangers()).toBe("0");
  await edge.app.request("/tsp/nobody");
  expect([await strangers(), await strangers()]).toEqual(["1", "1"]);
  expect(await edge.metric('bridgehead_rate_limited_total{domain="local"}')).toBe("0");

  const conferences = { conferences: 3, creating: 1, running: 2, callers: 30, bridges: [] };
  edge.totals = { ...conferences, documents: 4, oldestAt: edge.time - 5_000 };
  const agent = { agent: "a", lastSeen: edge.time, health: null };
  edge.agents.push({ ...agent, role: "active" }, { ...agent, role: "standby", lastSeen: null });
  const gauges = ["conferences{", "callers{", "documents_waiting{", "oldest_document_seconds{", "agents{"];
  expect((await Promise.all(gauges.map((name) => edge.metrics(`bridgehead_${name}`)))).flat()).toEqual([
    'bridgehead_conferences{domain="local",phase="creating"} 1',
    'bridgehead_conferences{domain="local",phase="running"} 2',
    'bridgehead_callers{domain="local"} 30',
    'bridgehead_documents_waiting{domain="local"} 4',
    'bridgehead_oldest_document_seconds{domain="local"} 5',
    'bridgehead_agents{domain="local",bridge="simulated",role="active"} 1',
    'bridgehead_agents{domain="local",bridge="simulated",role="standby"} 0',
  ]);
});

test("metrics leave out what no object answers", async () => {
  const edge = new FakeEdge();
  for (const object of ["directory", "simulated"]) edge.broken.add(object);
  await edge.app.request("/tsp/nobody");

  expect(await edge.metric("bridgehead_strangers_total")).toBe("1");
  for (const name of ["callers", "agents", "posts_total"])
    expect(await edge.metrics(`bridgehead_${name}{`)).toEqual([]);
});

test("a bridge that is about to stop takes no calls and is ready", async () => {
  const edge = new FakeEdge();
  const ending = { agentConnected: true, bridgeUp: true, portsInUse: 3, ports: 0 };
  edge.health.set("simulated", ending);
  const response = await edge.app.request("/readyz", { headers: { authorization } });
  expect([response.status, await response.json()]).toMatchObject([
    200,
    {
      ready: true,
      alerts: [{ id: "bridge-ends:simulated", severity: "bad", since: null }],
      domains: { local: { simulated: { ready: true, takesCalls: false, ...ending } } },
    },
  ]);
});

test("the edge is not ready without its bridge, or when no relay answers", async () => {
  const edge = new FakeEdge();
  edge.health.set("simulated", { agentConnected: true, bridgeUp: false, portsInUse: 0, ports: null });
  expect((await edge.app.request("/readyz")).status).toBe(503);

  edge.broken.add("simulated");
  const response = await edge.app.request("/readyz", { headers: { authorization } });

  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    ready: false,
    alerts: [{ kind: "relay-unreachable" }],
    domains: { local: { simulated: { ready: false } } },
  });
});

test("an unreachable relay is an alert, and a disk since this process saw its fault first", async () => {
  const edge = new FakeEdge();
  const found = async () => {
    edge.time += 1_000;
    const answer = await edge.app.request("/readyz", { headers: { authorization } });
    const { alerts } = (await answer.json()) as { alerts: Alert[] };
    return alerts.map(({ kind, since }) => [kind, since]);
  };
  edge.broken.add("simulated");
  edge.disk.full = true;
  await found();
  expect(await found()).toEqual([
    ["disk", 1_001_000],
    ["relay-unreachable", null],
  ]);
  edge.broken.clear();
  edge.disk.full = false;
  edge.health.set("simulated", { agentConnected: true, bridgeUp: true, portsInUse: 0, ports: null });
  expect(await found()).toEqual([]);
});

test("strangers cannot have the relays asked more than once a second; the operator is always answered anew", async () => {
  const edge = new FakeEdge();
  for (let count = 0; count < 5; count += 1) await edge.app.request("/readyz");
  expect(edge.calls).toEqual(["health of simulated"]);

  edge.time += 1_000;
  await edge.app.request("/readyz");
  expect(edge.calls).toHaveLength(2);

  await edge.app.request("/readyz", { headers: { authorization } });
  const asked = ["health of simulated", "alerts of local", "waiting of the mailbox"];
  expect(edge.calls.slice(2).toSorted()).toEqual(asked.toSorted());

  // After the clock is set back, the old answer would else hold until it has caught up.
  edge.time -= 3_600_000;
  await edge.app.request("/readyz");
  expect(edge.calls).toHaveLength(6);
});

test.each([
  ["/api/v1", 404],
  ["/api/v1/anything", 404],
  ["/console", 302],
  ["/console/x", 404],
  ["/metrics/x", 404],
])("%s is closed without the operator's token, and %i with it", async (path, status) => {
  const { app } = new FakeEdge();

  for (const wrong of [undefined, "", "Bearer ", "Bearer x", `Basic ${token}`, token, `Bearer ${token}x`]) {
    const response = await app.request(path, wrong === undefined ? {} : { headers: { authorization: wrong } });
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
  expect((await app.request(path, { headers: { authorization } })).status).toBe(status);
});

test("without a configured token nobody is the operator", async () => {
  const { app } = new FakeEdge("");

  for (const guess of ["Bearer ", "Bearer undefined", authorization]) {
    expect((await app.request("/api/v1/x", { headers: { authorization: guess } })).status).toBe(401);
  }
});

async function running(confKey: string): Promise<FakeEdge> {
  const edge = new FakeEdge();
  await edge.held("7000001", confKey);
  edge.alive.add(confKey);
  return edge;
}

const send = (edge: FakeEdge, method: string, path: string, body: unknown) =>
  edge.app.request(`/api/v1/domains/${path}`, {
    method,
    headers: { authorization },
    body: typeof body === "string" || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
  });

test("operators send data to a caller's client, and new connect data to a conference", async () => {
  const edge = await running("555111222");

  const data = "é".repeat(512);
  const connectData = "é".repeat(1024);
  const passed = await send(edge, "POST", "local/conferences/555111222/passthrough", { extCallId: "77", data });
  const changed = await send(edge, "PUT", "local/conferences/555111222/hybrid", { connectData });

  expect([passed.status, changed.status]).toEqual([202, 202]);
  expect(edge.operated).toEqual([
    { type: "passthrough", extCallId: "77", data },
    { type: "hybrid-data", connectData },
  ]);
});

test.each<[string, string, string, unknown, number]>([
  ["too much data", "POST", "local/conferences/555111222/passthrough", { extCallId: "77", data: "é".repeat(513) }, 413],
  ["too much connect data", "PUT", "local/conferences/555111222/hybrid", { connectData: "é".repeat(1025) }, 413],
  ["a huge body", "PUT", "local/conferences/555111222/hybrid", "x".repeat(70_000), 413],
  ["no JSON", "POST", "local/conferences/555111222/passthrough", "{", 400],
  [
    "no UTF-8",
    "POST",
    "local/conferences/555111222/passthrough",
    Uint8Array.from('{"extCallId":"77","data":"\xff"}', (one) => one.charCodeAt(0)),
    400,
  ],
  ["no object", "POST", "local/conferences/555111222/passthrough", "null", 400],
  ["no call", "POST", "local/conferences/555111222/passthrough", { data: "" }, 400],
  ["a call that cannot be", "POST", "local/conferences/555111222/passthrough", { extCallId: "7%7", data: "" }, 400],
  ["data of a wrong type", "POST", "local/conferences/555111222/passthrough", { extCallId: "77", data: 1 }, 400],
  ["a control character", "POST", "local/conferences/555111222/passthrough", { extCallId: "77", data: "a\u0001" }, 400],
  ["half a character", "PUT", "local/conferences/555111222/hybrid", { connectData: "\ud800" }, 400],
  [
    "a call with a control character",
    "POST",
    "local/conferences/555111222/passthrough",
    { extCallId: "7\u0000", data: "" },
    400,
  ],
  ["what is no character", "PUT", "local/conferences/555111222/hybrid", { connectData: "\uffff" }, 400],
  ["an unknown call", "POST", "local/conferences/555111222/passthrough", { extCallId: "78", data: "" }, 404],
  ["an unknown conference", "PUT", "local/conferences/555999999/hybrid", { connectData: "" }, 404],
  ["an unknown domain", "PUT", "other/conferences/555111222/hybrid", { connectData: "" }, 404],
])("%s is a problem that says so, and nothing is sent", async (_what, method, path, body, status) => {
  const edge = await running("555111222");

  const response = await send(edge, method, path, body);

  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
  expect(edge.operated).toEqual([]);
});

test("what XML cannot carry is refused with the name of its field", async () => {
  const edge = await running("555111222");
  const data = "\u0007";

  const response = await send(edge, "POST", "local/conferences/555111222/passthrough", { extCallId: "77", data });

  expect(await response.json()).toMatchObject({ detail: expect.stringMatching(/^data must not have control char/) });
});

test.each<[object, string]>([
  [{ extCallId: 77, data: "" }, "extCallId must be a text (it is 77)."],
  [{ extCallId: "77" }, "data is missing."],
  [[], "extCallId is missing."],
])("the body %j is refused in words that say what to do", async (body, detail) => {
  const edge = await running("555111222");

  const response = await send(edge, "POST", "local/conferences/555111222/passthrough", body);

  expect(await response.json()).toMatchObject({ status: 400, detail });
});

test("what XML can carry is passed on as it is", async () => {
  const edge = await running("555111222");
  const connectData = "\t\r\n \u0085\ufffd\u{1f600}";

  const response = await send(edge, "PUT", "local/conferences/555111222/hybrid", { connectData });

  expect(response.status).toBe(202);
  expect(edge.operated).toEqual([{ type: "hybrid-data", connectData }]);
});

test("a request about an unknown conference reaches no conference object", async () => {
  const edge = new FakeEdge();

  for (const key of ["555999999", "constructor", "__proto__"]) {
    const response = await send(edge, "PUT", `local/conferences/${key}/hybrid`, { connectData: "" });
    expect(response.status).toBe(404);
    const action = `/api/v1/domains/local/conferences/${key}/actions/k1`;
    expect((await edge.app.request(action, { headers: { authorization } })).status).toBe(404);
  }

  expect(edge.calls).toEqual([]);
  expect(edge.askedOfObjects.filter((call) => call.startsWith("conference"))).toEqual([]);
});

test("a conference that was found on a bridge is known, whatever the relay of another bridge does", async () => {
  const [first, second] = ["first", "second"].map((name) => ({ name, agents: [{ name, publicKey: "A".repeat(43) }] }));
  const edge = new FakeEdge(token, { bridges: [first, second] as never });
  edge.views.set("7" as ConfKey, conferenceView("7"));
  edge.onBridges.set("second", "7");
  edge.broken.add("first");
  const ask = (key: string) =>
    edge.app.request(`/api/v1/domains/local/conferences/${key}`, { headers: { authorization } });
  expect([(await ask("7")).status, (await ask("8")).status]).toEqual([200, 404]);
});

test("a relay that does not answer counts as not ready after 3 s, and holds up nothing else", async () => {
  vi.useFakeTimers();
  try {
    const agents = [agentWithoutKey("agent-1")];
    const edge = new FakeEdge(token, { bridges: ["hung", "quick"].map((name) => ({ name, agents })) });
    edge.hung.add("hung");
    edge.health.set("quick", { agentConnected: true, bridgeUp: true, portsInUse: 0, ports: null });
    const strangers = [edge.app.request("/readyz"), edge.app.request("/readyz")];
    await vi.advanceTimersByTimeAsync(3_000);

    const [first, second] = await Promise.all(strangers);
    expect([first?.status, second?.status]).toEqual([503, 503]);
    expect(await first?.json()).toMatchObject({ ready: false });
    expect(edge.calls).toEqual(["health of hung", "health of quick"]);
    expect(edge.logged).toEqual(["relay-unreachable"]);
  } finally {
    vi.useRealTimers();
  }
});

test("what goes wrong behind the edge is 503, and logged", async () => {
  const edge = await running("555111222");
  edge.broken.add("555111222");

  const response = await send(edge, "PUT", "local/conferences/555111222/hybrid", { connectData: "" });

  expect(response.status).toBe(503);
  expect(await response.text()).toContain("the edge's log has the reason; /readyz shows a full disk");
  expect(edge.logged).toEqual(["request-failed"]);
});
