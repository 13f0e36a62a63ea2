import { expect, test } from "vitest";
import type { ConfKey } from "../../src/foundation/ids.ts";
import type { ConferenceView } from "../../src/rpc.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const base = "/api/v1/domains/local";

async function asked(edge: FakeEdge, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await edge.app.request(path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
}

function view(key: string, phase: ConferenceView["phase"] = "running"): ConferenceView {
  return { key, phase, callers: [], documents: [] } as object as ConferenceView;
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

test("only the operator sees conferences", async () => {
  const edge = await edgeWith(view("1"));
  const paths = ["/api/v1/domains", `${base}/agents`, `${base}/conferences`, `${base}/conferences/1`];
  for (const path of [...paths, `${base}/conferences/1/story`]) {
    expect((await edge.app.request(path)).status, path).toBe(401);
  }
  expect(edge.calls.filter((call) => call.startsWith("view"))).toEqual([]);
});

test("the list has what is not over, and with `all` what is", async () => {
  const edge = await edgeWith(view("1"), view("2", "ended"), view("3", "creating"));
  const keys = async (query: string) => {
    const { body } = await asked(edge, `${base}/conferences${query}`);
    return (body as { conferences: ConferenceView[] }).conferences.map(({ key }) => key);
  };
  expect(await keys("")).toEqual(["1", "3"]);
  expect(await keys("?all=1")).toEqual(["1", "2", "3"]);
  expect(edge.calls).toContain("conferences of 21600000 ms before null");
});

test("a conference that does not answer is counted, and holds up no other one", async () => {
  const edge = await edgeWith(view("1"), view("2"));
  edge.broken.add("1");
  expect((await asked(edge, `${base}/conferences`)).body).toEqual({
    conferences: [view("2")],
    next: null,
    unreachable: 1,
  });
});

test("a list is asked for by page and hours, and wrong ones are named", async () => {
  const edge = await edgeWith();
  await asked(edge, `${base}/conferences?hours=0.5&before=17`);
  expect(edge.calls).toContain("conferences of 1800000 ms before 17");
  for (const [query, named] of [
    ["hours=0", "0"],
    ["hours=169", "169"],
    ["hours=x", "x"],
    ["before=-1", "-1"],
    ["before=x", "x"],
  ]) {
    const { status, body } = await asked(edge, `${base}/conferences?${query}`);
    expect([status, JSON.stringify(body)], query).toEqual([400, expect.stringContaining(`\\"${named}\\"`)]);
  }
});

test("an unknown conference is 404, and no object is made by the question", async () => {
  const edge = await edgeWith(view("1"));
  for (const path of ["conferences/9", "conferences/9/story"]) {
    expect((await asked(edge, `${base}/${path}`)).status).toBe(404);
  }
  expect((await asked(edge, "/api/v1/domains/nobody/conferences")).status).toBe(404);
  expect(edge.calls.filter((call) => call.startsWith("view"))).toEqual([]);
  expect((await asked(edge, `${base}/conferences/1`)).body).toEqual(view("1"));
});

test("a story is told as the conference tells it", async () => {
  const edge = await edgeWith(view("1"));
  const line = { seq: 1, at: 5, from: "webex", to: "edge", what: "W2A_CreateConference", facts: {} } as const;
  edge.stories.set("1" as ConfKey, [line]);
  expect((await asked(edge, `${base}/conferences/1/story`)).body).toEqual({ lines: [line] });
});

test("the agents of each bridge are listed; those of a relay that does not answer are null", async () => {
  const edge = await edgeWith();
  const agent = { agent: "agent-1", role: "active", lastSeen: 5, health: null } as const;
  edge.agents.push(agent);
  expect((await asked(edge, `${base}/agents`)).body).toEqual({ bridges: [{ bridge: "simulated", agents: [agent] }] });
  edge.broken.add("simulated");
  expect((await asked(edge, `${base}/agents`)).body).toEqual({ bridges: [{ bridge: "simulated", agents: null }] });
  expect((await asked(edge, "/api/v1/domains")).body).toEqual({ domains: [{ name: "local", bridges: ["simulated"] }] });
});
