import { expect, test, vi } from "vitest";
import type { BridgeName, ConfKey } from "../../src/foundation/ids.ts";
import type { ConferenceView } from "../../src/rpc/conference-view.ts";
import { timelineLine } from "../builders.ts";
import { conferenceView, FakeEdge, token } from "./fake-edge.ts";

const base = "/api/v1/domains/local";

async function asked(edge: FakeEdge, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await edge.app.request(path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, body: await response.json() };
}

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

test("only the operator sees conferences", async () => {
  const edge = await edgeWith(view("1"));
  const paths = ["/api/v1/domains", `${base}/agents`, `${base}/conferences`, `${base}/conferences/1`];
  const read = [`${base}/conferences/1/timeline`];
  for (const path of [...paths, ...read]) {
    expect((await edge.app.request(path)).status, path).toBe(401);
  }
  expect(edge.calls.filter((call) => call.startsWith("view"))).toEqual([]);
});

test("a page that has the rest says that none follows, and the next one begins behind it, in lists and in timelines", async () => {
  const edge = new FakeEdge(token, {}, {}, ["other", "third"]);
  await edge.held("handle-1", "1");
  const lines = [1, 2, 3].map((seq) => timelineLine(seq, 0, "webex > edge", `${seq}`));
  edge.timelines.set("1" as ConfKey, lines);
  for (const [path, of, name] of [
    ["/api/v1/domains", "domains", "name"],
    [`${base}/conferences/1/timeline`, "lines", "what"],
  ] as const) {
    const page = async (query: string) => {
      const body = (await asked(edge, `${path}?${query}`)).body as Record<string, unknown>;
      return [(body[of] as readonly Record<string, string>[]).map((one) => one[name]), body.next];
    };
    const all = (await page(""))[0] as unknown as readonly string[];
    expect(await page("limit=3")).toEqual([all, null]);
    expect(await page("limit=2")).toEqual([all.slice(0, 2), "2"]);
    expect(await page("limit=1&cursor=1")).toEqual([all.slice(1, 2), "2"]);
    expect(await page("limit=1&cursor=2")).toEqual([all.slice(2), null]);
  }
});

test("the list has what is not over, and with `all` what is", async () => {
  const edge = await edgeWith(view("1"), view("2", "ended"), view("3", "creating"), view("4", "not-created"));
  const keys = async (query: string) => {
    const { body } = await asked(edge, `${base}/conferences${query}`);
    return (body as { conferences: ConferenceView[] }).conferences.map(({ key }) => key);
  };
  expect(await keys("")).toEqual(["1", "3"]);
  expect(await keys("?all=1")).toEqual(["1", "2", "3", "4"]);
  expect(edge.calls).toContain("conferences of 21600000 ms before null up to null");
});

test("hours limit those that are over, and no running one, however quiet it is", async () => {
  const hourMs = 3_600_000;
  const edge = await edgeWith(view("1"), view("2", "ended", 9 * hourMs), view("3", "ended", 8 * hourMs));
  edge.time = 10 * hourMs;
  const keys = async (query: string) => {
    const { body } = await asked(edge, `${base}/conferences${query}`);
    return (body as { conferences: ConferenceView[] }).conferences.map(({ key }) => key);
  };
  expect(await keys("?hours=1")).toEqual(["1"]);
  expect(await keys("?all=1&hours=1")).toEqual(["1", "2"]);
  expect(await keys("?all=1&hours=8")).toEqual(["1", "2", "3"]);
  expect(edge.calls.filter((call) => call.startsWith("conferences of"))).toEqual([
    "conferences of 21600000 ms before null up to null",
    "conferences of 21600000 ms before null up to null",
    "conferences of 28800000 ms before null up to null",
  ]);
});

test("conferences of a bridge that no agent reaches have the mark, but for those that are over; no other relay is asked", async () => {
  const agents = [{ name: "agent-1", publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" }];
  const edge = new FakeEdge(token, { bridges: ["east", "west", "south"].map((name) => ({ name, agents })) });
  const inside = { call: "c1", extCallId: "7", number: "1", attendeeId: "", room: "main", muted: false };
  const callers = [{ ...inside, speaks: true }] as object[] as ConferenceView["callers"];
  const all = [
    ["1", "east", "running"],
    ["2", "west", "running"],
    ["3", "east", "ended"],
  ] as const;
  for (const [key, bridge, phase] of all) {
    edge.views.set(key as ConfKey, conferenceView(key, { bridge: bridge as BridgeName, phase, callers }));
    await edge.held(`handle-${key}`, key);
  }
  edge.health.set("west", { agentConnected: true, bridgeUp: true, portsInUse: 1, ports: 50 });
  const relays = () => edge.calls.splice(0).filter((call) => call.startsWith("health of"));
  const said = ({ key, away, callers: [one] }: ConferenceView) => [key, away, one?.speaks];
  const { body } = await asked(edge, `${base}/conferences?all=1`);
  expect((body as { conferences: ConferenceView[] }).conferences.map(said)).toEqual([
    ["1", true, null],
    ["2", undefined, true],
    ["3", undefined, true],
  ]);
  expect(relays()).toEqual(["health of east", "health of west"]);
  for (const [key, away, speaks, ...asks] of [
    ["1", true, null, "health of east"],
    ["2", undefined, true, "health of west"],
    ["3", undefined, true],
  ] as const) {
    const { body } = await asked(edge, `${base}/conferences/${key}`);
    expect(said(body as ConferenceView)).toEqual([key, away, speaks]);
    expect(relays()).toEqual(asks);
  }
});

test("a conference that does not answer is named, and holds up no other one", async () => {
  const edge = await edgeWith(view("1"), view("2"));
  edge.broken.add("1");
  expect((await asked(edge, `${base}/conferences`)).body).toEqual({
    conferences: [view("2")],
    next: null,
    incomplete: [{ what: "conference 1", why: expect.stringContaining("did not answer") }],
  });
  expect([edge.logged, edge.lines]).toEqual([
    ["view-failed"],
    [{ domain: "local", object: "a conference", objectId: "id of 1", conference: "1", error: "Error: 1 is broken" }],
  ]);
});

test("a list whose time is up says where to go on; those that were not asked are not counted as silent", async () => {
  const keys = Array.from({ length: 50 }, (_, index) => String(index));
  const edge = await edgeWith(...keys.map((key) => view(key)));
  edge.viewPauses = async () => {
    edge.time += 250;
  };
  const found: string[] = [];
  let pages = 0;
  for (let query = ""; ; pages += 1) {
    const { body } = await asked(edge, `${base}/conferences${query}`);
    const { conferences, next } = body as {
      readonly conferences: readonly ConferenceView[];
      readonly next: string | null;
    };
    found.push(...conferences.map(({ key }) => key));
    if (next === null) break;
    query = `?cursor=${next}`;
  }

  expect(found).toEqual(keys);
  expect(pages).toBe(2);
  expect(edge.calls.filter((call) => call.startsWith("conferences of")).map((call) => call.split("ms ")[1])).toEqual([
    "before null up to null",
    "before 30 up to 49",
    "before 10 up to 49",
  ]);
});

test("each conference of a list has its own time: those that hang are named, and the others are shown", async () => {
  const edge = await edgeWith(...["1", "2", "3"].map((key) => view(key)));
  edge.hung.add("1").add("2");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const answer = asked(edge, `${base}/conferences`);
    // The token is compared outside the fake time.
    while (vi.getTimerCount() < 2) await new Promise((next) => setImmediate(next));
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await answer).body).toEqual({
      conferences: [view("3")],
      next: null,
      incomplete: ["conference 1", "conference 2"].map((what) => ({ what, why: expect.any(String) })),
    });
    expect(edge.logged).toEqual(["view-failed", "view-failed"]);
  } finally {
    vi.useRealTimers();
  }
});

test("a list is asked for by page and hours, and wrong ones are named", async () => {
  const edge = await edgeWith();
  await asked(edge, `${base}/conferences?hours=7.5&cursor=17-99`);
  expect(edge.calls).toContain("conferences of 27000000 ms before 17 up to 99");
  for (const [query, named, value] of [
    ["hours=0", "hours", "0"],
    ["hours=-1.5", "hours", "-1.5"],
    ["hours=169", "hours", "169"],
    ["hours=x", "hours", '"x"'],
    ["hours=", "hours", '""'],
    ["cursor=x", "cursor", '"x"'],
    ["limit=0", "limit", "0"],
    ["limit=-1", "limit", "-1"],
    ["limit=501", "limit", "501"],
    ["limit=1.5", "limit", "1.5"],
    ["all=0", "all", '"0"'],
  ]) {
    const detail = expect.stringContaining(`(it is ${value})`);
    const { status, body } = await asked(edge, `${base}/conferences?${query}`);
    expect([status, body], query).toMatchObject([400, { errors: [{ in: "query", name: named, detail }] }]);
  }
  for (const [query, detail] of [
    ["hour=3", "is no parameter of this request; there are all, hours, cursor, limit"],
    ["constructor=3", "is no parameter of this request; there are all, hours, cursor, limit"],
    ["hours=1&hours=2", "stands there more than once"],
  ]) {
    const { body } = await asked(edge, `${base}/conferences?${query}`);
    expect(body, query).toMatchObject({ title: "bad query", errors: [{ in: "query", detail }] });
  }
});

test("a list has at most `limit`, and goes on where its page ended", async () => {
  const edge = await edgeWith(...["1", "2", "3", "4", "5"].map((key) => view(key)));
  const found: string[][] = [];
  for (let query = "limit=2"; ; ) {
    const { body } = await asked(edge, `${base}/conferences?${query}`);
    const { conferences, next } = body as { conferences: ConferenceView[]; next: string | null };
    found.push(conferences.map(({ key }) => key));
    if (next === null) break;
    query = `limit=2&cursor=${next}`;
  }
  expect(found).toEqual([["1", "2"], ["3", "4"], ["5"]]);
});

test("an unknown conference is 404, and no object is made by the question", async () => {
  const edge = await edgeWith(view("1"));
  for (const path of ["", "/timeline"].map((what) => `conferences/9${what}`)) {
    expect((await asked(edge, `${base}/${path}`)).status).toBe(404);
  }
  expect((await asked(edge, "/api/v1/domains/nobody/conferences")).status).toBe(404);
  expect(edge.calls.filter((call) => call.startsWith("view"))).toEqual([]);
  expect((await asked(edge, `${base}/conferences/1`)).body).toEqual(view("1"));
});

const line = timelineLine(1, 5, "webex > edge", "W2A_CreateConference");

test("one answer has a thousand lines of a timeline at most", async () => {
  const edge = await edgeWith(view("1"));
  edge.timelines.set("1" as ConfKey, Array(1_500).fill(line));
  const found = async (query: string) => (await asked(edge, `${base}/conferences/1/timeline${query}`)).body;

  for (const query of ["", "?limit=10000"])
    expect(await found(query)).toEqual({ lines: Array(1_000).fill(line), next: "1000" });
  expect(await found("?limit=10000&cursor=1000")).toEqual({ lines: Array(500).fill(line), next: null });
});

test("a timeline is answered whole, or only its lines with a reason", async () => {
  const edge = await edgeWith(view("1"));
  const reason = { ...line, why: "The line was busy." };
  edge.timelines.set("1" as ConfKey, [line, reason]);
  expect((await asked(edge, `${base}/conferences/1/timeline`)).body).toEqual({ lines: [line, reason], next: null });
  expect((await asked(edge, `${base}/conferences/1/timeline?why=1`)).body).toEqual({ lines: [reason], next: null });
});

test("the agents of each bridge are listed; those of a relay that does not answer are null", async () => {
  const edge = await edgeWith();
  const agent = { agent: "agent-1", role: "active", lastSeen: 5, health: null } as const;
  edge.agents.push(agent);
  const load = { conferences: 0, callers: 0 };
  expect((await asked(edge, `${base}/agents`)).body).toEqual({
    bridges: [{ bridge: "simulated", drainedSince: null, load, agents: [agent], missing: [] }],
    next: null,
  });
  edge.agents.splice(0, 1, { ...agent, agent: "agent-2" });
  expect((await asked(edge, `${base}/agents`)).body).toMatchObject({ bridges: [{ missing: ["agent-1"] }] });
  edge.broken.add("simulated");
  edge.broken.add("directory");
  const why = "did not answer; the edge's log says more";
  expect((await asked(edge, `${base}/agents`)).body).toEqual({
    bridges: [{ bridge: "simulated", drainedSince: null, load: null, agents: null }],
    next: null,
    incomplete: ["the directory", "bridge simulated"].map((what) => ({ what, why })),
  });
  expect(edge.lines).toMatchObject([
    { domain: "local", error: "Error: directory is broken" },
    { domain: "local", bridge: "simulated", error: "Error: simulated is broken" },
  ]);
  expect((await asked(edge, "/api/v1/domains")).body).toEqual({
    domains: [{ name: "local", bridges: ["simulated"], timeZone: "UTC" }],
    next: null,
  });
});

test("the settings of a domain are shown with what to keep in mind, and without their secrets", async () => {
  const edge = new FakeEdge(token, { adapterSecrets: ["abcdefghijklmnop", "bcdefghijklmnopq"] });
  const { status, body } = await asked(edge, `${base}/settings`);
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
  const receiver = {
    id: "https://voice.example.com/",
    url: "https://voice.example.com/",
    waiting: 4,
    refused: 0,
    oldestAt: 5,
    failure,
  };
  edge.webhooks.push({ ...receiver, givenUp: 6, lastGivenUpAt: 7 });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await edge.app.request("/api/v1/domains/local/webhooks", { headers });
  expect([answer.status, await answer.json()]).toEqual([200, { webhooks: edge.webhooks, next: null }]);
});
