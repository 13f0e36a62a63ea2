import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { BridgeName } from "../../src/foundation/ids.ts";
import type { HandOver } from "../../src/rpc/relay.ts";
import { readPage } from "../console/read-page.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const viewer = "viewers-token";
const tokenSha256 = createHash("sha256").update(viewer).digest("hex");
const boris = { name: "boris", tokenSha256, role: "viewer" as const, domains: ["local"] };
const bridges = "/api/v1/domains/local/bridges";
const health = { agentConnected: true, bridgeUp: true, portsInUse: 3, ports: 50 };
const ofAgent = { bridgeUp: true, portsInUse: 3, ports: 50 };

function newEdge(): FakeEdge {
  return new FakeEdge(token, {}, { people: [boris] });
}

async function ask(edge: FakeEdge, method: string, path: string, body?: object, by = token) {
  const init = { method, headers: { "idempotency-key": "k1" }, ...(body && { body: JSON.stringify(body) }) };
  const { status, body: answer } = await edge.ask(path, init, by);
  return { status, body: answer as Record<string, unknown> };
}

/** What a person's browser sends and gets at the console; a redirect is followed. */
async function browse(edge: FakeEdge, path: string, form?: Readonly<Record<string, string>>, by = token) {
  const accept = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const signIn = { method: "POST", headers: accept, body: new URLSearchParams({ token: by }) };
  const cookie = (await edge.app.request("/console/sign-in", signIn)).headers.get("set-cookie")?.split(";")[0] ?? "";
  const headers = { ...accept, cookie };
  const sent = form ? { method: "POST", headers, body: new URLSearchParams(form) } : { headers };
  const answer = await edge.app.request(`/console/local/bridges${path}`, sent);
  const to = answer.headers.get("location");
  const page = to === null ? answer : await edge.app.request(to, { headers });
  return { status: answer.status, text: readPage(await page.text()) };
}

test("a bridge is drained and takes conferences again, each written down with who asked", async () => {
  const edge = newEdge();
  expect(await ask(edge, "PUT", `${bridges}/simulated/drain`)).toEqual({
    status: 200,
    body: { bridge: "simulated", drainedSince: edge.time },
  });
  expect((await ask(edge, "DELETE", `${bridges}/simulated/drain`)).body).toMatchObject({ drainedSince: null });
  expect(edge.calls).toEqual(["simulated is drained", "simulated is undrained"]);
  expect(edge.audited).toMatchObject([
    ["local", { action: "drain", person: "operator", about: { bridge: "simulated" }, status: 200 }],
    ["local", { action: "undrain", about: { bridge: "simulated" }, actionId: "k1" }],
  ]);
});

test("what the disk lost is not written down as done, nor answered so", async () => {
  const edge = newEdge();
  edge.onDisk = () => Promise.reject(new Error("lost"));
  expect((await ask(edge, "PUT", `${bridges}/simulated/drain`)).status).toBe(503);
  expect(edge.audited).toMatchObject([["local", { action: "drain", status: 503, refusal: "failed for now" }]]);
});

test("a request that needs no body may have an empty one, and no field", async () => {
  const edge = newEdge();
  const drain = (body?: object) => ask(edge, "PUT", `${bridges}/simulated/drain`, body);
  expect(await drain({ x: 1 })).toMatchObject({ status: 400, body: { detail: "x is not a field of this body." } });
  expect(edge.calls).toEqual([]);
  expect([(await drain({})).status, (await drain()).status]).toEqual([200, 200]);
});

test("an agent hands over to the one that is answered; a refusal says why, and is written down", async () => {
  const edge = newEdge();
  const handOver = () => ask(edge, "POST", `${bridges}/simulated/hand-over`, { from: "agent-1" });
  edge.handOver = { acts: "agent-2" };
  expect(await handOver()).toEqual({ status: 200, body: { bridge: "simulated", acts: "agent-2" } });
  expect(edge.calls).toEqual(["agent-1 of simulated hands over"]);
  for (const [refusal, says] of [
    ["no-standby", "No connected standby reaches the bridge."],
    ["no-agent", "No agent is active on the bridge"],
  ] as const) {
    edge.handOver = refusal;
    expect(await handOver()).toMatchObject({ status: 409, body: { detail: expect.stringContaining(says) } });
  }
  expect(edge.audited.map(([, { action, about, refusal }]) => [action, about, refusal])).toEqual([
    ["hand-over", { bridge: "simulated", from: "agent-1" }, null],
    ["hand-over", { bridge: "simulated", from: "agent-1" }, "refused"],
    ["hand-over", { bridge: "simulated", from: "agent-1" }, "refused"],
  ]);
});

test.each([
  ["PUT", "drain"],
  ["DELETE", "drain"],
  ["POST", "hand-over"],
])(
  "%s …/%s reaches no relay for a viewer, for a bridge that is not there, or without what it needs",
  async (method, what) => {
    const edge = newEdge();
    const body = method === "POST" ? { from: "agent-1" } : undefined;
    expect((await ask(edge, method, `${bridges}/simulated/${what}`, body, viewer)).status).toBe(403);
    const { status, body: unknown } = await ask(edge, method, `${bridges}/other/${what}`, body);
    expect([status, unknown.title, unknown.detail]).toEqual([
      404,
      "no such bridge",
      "The domain local has no bridge other; it has simulated.",
    ]);
    if (body) expect((await ask(edge, method, `${bridges}/simulated/${what}`, {})).status).toBe(400);
    expect(edge.calls).toEqual([]);
  },
);

test("a hand-over that names no agent is refused with what is missing", async () => {
  const edge = newEdge();
  const empty = await ask(edge, "POST", `${bridges}/simulated/hand-over`, { from: "" });
  expect([empty.status, empty.body.detail]).toEqual([400, 'from must not be empty (it is "").']);
  const { status, text } = await browse(edge, "/simulated/hand-over", {});
  expect([status, text]).toEqual([400, expect.stringContaining("from is missing.")]);
  expect(edge.calls.filter((call) => call.includes("hands over"))).toEqual([]);
});

test("a drained bridge says so to whoever looks: with what it still carries, among what is wrong, and in the metrics", async () => {
  const edge = newEdge();
  const drainedSince = edge.time - 60_000;
  edge.health.set("simulated", { ...health, drainedSince });
  await edge.directory.publish(aBatch({ running: { bridge: "simulated" as BridgeName, callers: 2 } }));

  expect((await ask(edge, "GET", "/api/v1/domains/local/agents")).body).toMatchObject({
    bridges: [{ bridge: "simulated", drainedSince, load: { conferences: 1, callers: 2 } }],
  });
  const ready = await edge.app.request("/readyz", { headers: { authorization: `Bearer ${token}` } });
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    {
      ready: true,
      domains: { local: { simulated: { ready: true, takesConferences: false } } },
      alerts: [{ kind: "bridge-drained", since: drainedSince }],
    },
  ]);
  const gauge = 'bridgehead_bridge_drained{domain="local",bridge="simulated"}';
  expect(await edge.metric(gauge)).toBe("1");
  edge.health.set("simulated", health);
  expect(await edge.metric(gauge)).toBe("0");
});

test("the metrics have the ports of a bridge, and none where nobody knows or where there is no limit", async () => {
  const edge = newEdge();
  const gauges = () => edge.metrics("bridgehead_ports");
  edge.health.set("simulated", { ...health, ports: 24, portsInUse: 5 });
  expect(await gauges()).toEqual([
    'bridgehead_ports{domain="local",bridge="simulated"} 24',
    'bridgehead_ports_in_use{domain="local",bridge="simulated"} 5',
  ]);
  edge.health.set("simulated", { ...health, ports: null, portsInUse: 5 });
  expect(await gauges()).toEqual(['bridgehead_ports_in_use{domain="local",bridge="simulated"} 5']);
  edge.health.set("simulated", { ...health, ports: null, portsInUse: null });
  expect(await gauges()).toEqual([]);
});

test("of an agent that has not said whether it has its bridge, nobody says that the bridge is away", async () => {
  const edge = newEdge();
  const unsaid = { agentConnected: true, bridgeUp: false, portsInUse: null, ports: null };
  edge.health.set("simulated", unsaid);
  edge.agents.push({ agent: "agent-1", role: "active", lastSeen: edge.time, health: null });
  const { text } = await browse(edge, "");
  expect(text).toContain("not reported yet");
  expect(text).toContain("The agent of the bridge simulated of local has not reported yet if it reaches its bridge.");
  expect(text).not.toMatch(/does not reach/);
  const ready = await edge.app.request("/readyz", { headers: { authorization: `Bearer ${token}` } });
  expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining("has not reported yet")]);

  edge.health.set("simulated", { ...unsaid, awaySince: edge.time });
  expect((await browse(edge, "")).text).toMatch(/does not reach its bridge/);
});

test("the console's bridges are drained and handed over by operators, after a question; viewers have no button", async () => {
  const edge = newEdge();
  edge.health.set("simulated", health);
  edge.agents.push({ agent: "agent-1", role: "active", lastSeen: edge.time, health: ofAgent });
  const page = () => browse(edge, "").then(({ text }) => text);
  expect(await page()).toContain("Stop new conferences on simulated?");
  expect(await page()).not.toContain("Hand over");

  edge.agents.push({ agent: "agent-2", role: "standby", lastSeen: edge.time, health: ofAgent });
  expect(await page()).toContain("Make agent-2 active instead of agent-1?");
  expect((await browse(edge, "", undefined, viewer)).text).not.toMatch(/Drain|Hand over/);

  edge.calls.length = 0;
  expect((await browse(edge, "/simulated/drain", {})).status).toBe(303);
  edge.health.set("simulated", { ...health, drainedSince: edge.time });
  const drained = await page();
  expect(drained).toContain("simulated\ndrained");
  expect(drained).toContain("Resume: accept new conferences");
  expect(drained).toContain("New conferences avoid the bridge simulated of local: it is drained.");
  await browse(edge, "/simulated/undrain", {});
  edge.handOver = { acts: "agent-2" } satisfies HandOver;
  expect((await browse(edge, "/simulated/hand-over", { from: "agent-1" })).text).not.toContain("No standby");
  edge.handOver = "no-standby";
  expect((await browse(edge, "/simulated/hand-over", { from: "agent-1" })).text).toMatch(
    /At \d\d:\d\d:\d\d: No connected standby reaches the bridge/,
  );
  const asked = edge.calls.filter((call) => /drained|hands over/.test(call));
  expect(asked).toEqual([
    "simulated is drained",
    "simulated is undrained",
    "agent-1 of simulated hands over",
    "agent-1 of simulated hands over",
  ]);

  expect((await browse(edge, "/simulated/drain", {}, viewer)).status).toBe(403);
  expect((await browse(edge, "/other/drain", {})).status).toBe(404);
  expect(edge.calls.filter((call) => /drained|hands over/.test(call))).toEqual(asked);
  expect(edge.audited.map(([, { action, person, refusal }]) => [action, person, refusal])).toEqual([
    ["drain", "operator", null],
    ["undrain", "operator", null],
    ["hand-over", "operator", null],
    ["hand-over", "operator", "refused"],
    ["drain", "boris", "not allowed"],
    ["drain", "operator", "no such bridge"],
  ]);
});
