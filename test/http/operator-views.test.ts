import { expect, test, vi } from "vitest";
import type { BridgeName, ConfKey } from "../../src/foundation/ids.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import { timelineLine } from "../builders.ts";
import { aBatch } from "../durable-objects/a-batch.ts";
import { conferenceView, FakeEdge, token } from "./fake-edge.ts";

const base = "/api/v1/domains/local";

function view(key: string, phase: ConferenceView["phase"] = "running", lastAt = 0): ConferenceView {
  return conferenceView(key, { phase, lastAt });
}

/** An edge with these conferences. */
async function edgeWith(...views: readonly ConferenceView[]): Promise<FakeEdge> {
  const edge = new FakeEdge();
  for (const one of views) {
    edge.views.set(one.key, one);
    await edge.held(`handle-${one.key}`, one.key);
  }
  return edge;
}

test("a page of a timeline that has the rest says that none follows, and the next one begins behind it", async () => {
  const edge = await edgeWith(view("1"));
  const lines = [1, 2, 3].map((seq) => timelineLine(seq, 0, "webex > edge", `${seq}`));
  edge.timelines.set("1" as ConfKey, lines);
  const page = async (query: string) => (await edge.ask(`${base}/conferences/1/timeline?${query}`)).body;
  expect(await page("limit=3")).toEqual({ lines, next: null });
  expect(await page("limit=2")).toEqual({ lines: lines.slice(0, 2), next: "2" });
  expect(await page("limit=1&cursor=1")).toEqual({ lines: lines.slice(1, 2), next: "2" });
  expect(await page("limit=1&cursor=2")).toEqual({ lines: lines.slice(2), next: null });
  edge.timelines.set("1" as ConfKey, Array(1_500).fill(line));
  for (const query of ["", "limit=1000"])
    expect(await page(query)).toEqual({ lines: Array(1_000).fill(line), next: "1000" });
  expect(await page("limit=1000&cursor=1000")).toEqual({ lines: Array(500).fill(line), next: null });
  const reason = { ...line, why: "The line was busy." };
  edge.timelines.set("1" as ConfKey, [line, reason]);
  expect(await page("why=1")).toEqual({ lines: [reason], next: null });
});

test("running conferences come in pages; those that do not answer are named, and delay no other", async () => {
  const edge = new FakeEdge();
  const one = (key: string) => conferenceView(key, { bridge: "simulated" as BridgeName });
  for (const key of ["1", "2", "3"]) {
    await edge.directory.publish(aBatch({ key, running: {} }));
    edge.views.set(key as ConfKey, one(key));
  }
  await edge.directory.alarm();
  const health = { agentConnected: true, bridgeUp: true, portsInUse: 1, ports: 50 };
  edge.health.set("simulated", health);
  const list = async (query = "") => (await edge.ask(`${base}/conferences${query}`)).body;
  expect(await list("?limit=2")).toEqual({ conferences: [one("1"), one("2")], next: "2" });
  expect(await list("?limit=2&cursor=2")).toEqual({ conferences: [one("3")], next: null });
  expect(await list("?hour=3")).toMatchObject({ title: "bad query", errors: [{ name: "hour" }] });
  for (const query of ["limit=0", "limit=101", "limit=1.5", "limit=1&limit=2"])
    expect(await list(`?${query}`), query).toMatchObject({ errors: [{ in: "query", name: "limit" }] });

  edge.health.set("simulated", { ...health, portsInUse: null });
  const why = "no agent reports its state: callers may have left";
  expect(await list("?limit=1")).toMatchObject({ incomplete: [{ what: "bridge simulated", why }] });
  expect((await edge.ask(`${base}/conferences/1`)).status).toBe(404);
  edge.health.set("simulated", health);
  edge.broken.add("1");
  edge.hung.add("2");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const answer = list();
    // The token is compared outside the fake time.
    while (vi.getTimerCount() < 1) await new Promise((next) => setImmediate(next));
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await answer).toEqual({
      conferences: [one("3")],
      next: null,
      incomplete: ["conference 1", "conference 2"].map((what) => ({ what, why: expect.any(String) })),
    });
    expect(edge.logged).toEqual(["view-failed", "view-failed"]);
  } finally {
    vi.useRealTimers();
  }
});

test("an unknown conference is 404, and no object is made by the question", async () => {
  const edge = await edgeWith(view("1"));
  for (const path of ["", "/timeline"].map((what) => `conferences/9${what}`)) {
    expect((await edge.ask(`${base}/${path}`)).status).toBe(404);
  }
  expect((await edge.ask("/api/v1/domains/nobody/conferences")).status).toBe(404);
  expect(edge.calls.filter((call) => call.startsWith("view"))).toEqual([]);
  expect((await edge.ask(`${base}/conferences/1`)).body).toEqual(view("1"));
});

const line = timelineLine(1, 5, "webex > edge", "W2A_CreateConference");

test("the agents of each bridge are listed; those of a relay that does not answer are null", async () => {
  const edge = await edgeWith();
  const agent = { agent: "agent-1", role: "active", lastSeen: 5, health: null } as const;
  edge.agents.push(agent);
  const load = { conferences: 0, callers: 0 };
  expect((await edge.ask(`${base}/agents`)).body).toEqual({
    bridges: [{ bridge: "simulated", drainedSince: null, load, agents: [agent], missing: [] }],
  });
  edge.agents.splice(0, 1, { ...agent, agent: "agent-2" });
  expect((await edge.ask(`${base}/agents`)).body).toMatchObject({ bridges: [{ missing: ["agent-1"] }] });
  edge.health.get = () => {
    throw new Error("no health");
  };
  const { body } = await edge.ask(`${base}/agents`);
  expect(body).toMatchObject({
    bridges: [{ drainedSince: null, agents: null }],
    incomplete: [{ what: "bridge simulated" }],
  });
  edge.lines.length = 0;
  edge.broken.add("simulated");
  edge.broken.add("directory");
  const why = "did not answer; the edge's log says more";
  expect((await edge.ask(`${base}/agents`)).body).toEqual({
    bridges: [{ bridge: "simulated", drainedSince: null, load: null, agents: null }],
    incomplete: ["the directory", "bridge simulated"].map((what) => ({ what, why })),
  });
  expect(edge.lines).toMatchObject([
    { domain: "local", error: "Error: directory is broken" },
    { domain: "local", bridge: "simulated", error: "Error: simulated is broken" },
  ]);
  expect((await edge.ask("/api/v1/domains")).body).toEqual({
    domains: [{ name: "local", bridges: ["simulated"], timeZone: "UTC" }],
  });
});

test("the settings of a domain are shown with what to keep in mind, and without their secrets", async () => {
  const edge = new FakeEdge(token, { adapterSecrets: ["abcdefghijklmnop", "bcdefghijklmnopq"] });
  const { status, body } = await edge.ask(`${base}/settings`);
  expect([status, body]).toMatchObject([
    200,
    {
      settings: { adapterSecrets: ["(secret)", "(secret)"], webex: { attempts: 3 } },
      warnings: [],
      reminders: [
        expect.stringMatching(/^local has two adapterSecrets: .*\.$/),
        expect.stringMatching(/^local has one agent at the bridge simulated: .*\.$/),
      ],
    },
  ]);
});

test("the receivers of webhooks are listed, with how they are", async () => {
  const edge = new FakeEdge();
  const failure = { since: 1, attempts: 2, why: "nobody listens", nextAt: 3 };
  const url = "https://voice.example.com/";
  edge.webhooks.push({ id: url, url, waiting: 4, refused: 0, oldestAt: 5, failure, givenUp: 6, lastGivenUpAt: 7 });
  expect((await edge.ask(`${base}/webhooks`)).body).toEqual({ webhooks: edge.webhooks });
});
