import { expect, test } from "vitest";
import type { BridgeName, DomainName, WebexHost } from "../../src/foundation/ids.ts";
import type { ConferenceRecord, DirectoryRecord } from "../../src/records/conference-record.ts";
import { noCounts } from "../../src/records/counts.ts";
import { type ARunning, aBatch } from "../durable-objects/a-batch.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { windowOf } from "./console-window.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const domain = "local" as DomainName;

async function runs(edge: FakeEdge, key: string, more: ARunning = {}): Promise<void> {
  const running = { createdAt: edge.time, webexHost: "tsp1" as WebexHost, bridge: "simulated" as BridgeName };
  await edge.directory.publish(aBatch({ key, running: { ...running, callers: 2, ...more } }));
  await edge.directory.alarm();
}

async function ended(edge: FakeEdge, record: DirectoryRecord): Promise<void> {
  await edge.directory.publish(aBatch({ key: record.conference, records: [record] }));
}

/** Of a conference that ended now. */
function over(edge: FakeEdge, more: Partial<ConferenceRecord> = {}): ConferenceRecord {
  const times = { createdAt: edge.time, runningAt: edge.time, endedAt: edge.time };
  return aConferenceRecord({ ...times, bridge: "simulated", extConfIds: [], failovers: 0, topic: "", ...more });
}

test("the overview has the numbers of the whole domain, and of conferences those with alerts alone", async () => {
  const edge = new FakeEdge();
  const { read } = await windowOf(edge);
  await runs(edge, "1");
  await runs(edge, "2", { alerts: ["commands"], callers: 3 });
  const text = await read("");
  expect(text).toContain("Conferences now\n2\nCallers now\n5");
  expect(text).toContain("2 → /console/local/conferences/2");
  expect(text).not.toContain("1 → /console/local/conferences/1");
  expect(text).toContain("No agent of the bridge simulated of local is connected");

  edge.health.set("simulated", { agentConnected: true, bridgeUp: true, portsInUse: 5, ports: 50 });
  await runs(edge, "2");
  expect(await read("")).toContain("No alerts");
});

test("what was asked and posted is plotted on the overview, and posts are told by host on a page of its own", async () => {
  const edge = new FakeEdge();
  const { read } = await windowOf(edge);
  const posts = { host: "tsp9" as WebexHost, confirmed: 12, failed: 0, givenUp: 0, tookMs: 120, lastFailure: null };
  const counts = { ...noCounts, requests: { confirmed: 7, refused: 5 }, hosts: [posts] };
  await edge.directory.count(domain, { source: "p", version: 1, counts });
  const waits = { host: "*back-end", documents: 1, oldestAt: edge.time, failure: "HTTP status 503" } as const;
  await edge.directory.publish(aBatch({ key: "2", running: {}, waiting: [waits] }));

  const overview = await read("");
  for (const count of [12, 7, 5]) expect(overview).toContain(`Total ${count}; peak ${count}/min`);
  const hosts = await read("/servers");
  expect(hosts).toContain("tsp9\n0\n100 % 12 of 12\n10 ms");
  expect(hosts).toMatch(/the partner's back end\n.*HTTP status 503/s);
  expect(hosts).toContain("2 → /console/local/conferences/2");
});

test("the list is searched by the begin of keys, and goes on from page to page", async () => {
  const edge = new FakeEdge();
  const { read } = await windowOf(edge);
  for (let key = 1000; key < 1150; key += 1) await runs(edge, String(key));
  await runs(edge, "2000");
  const first = await read("/conferences?begins=1");
  expect(first).toContain("151 conferences");
  expect(first.match(/→ \/console\/local\/conferences\/1/g)).toHaveLength(100);
  const [, next = ""] = /Next page → \/console\/local(\S+)/.exec(first) ?? [];
  const second = await read(next);
  expect(second.match(/→ \/console\/local\/conferences\/1/g)).toHaveLength(50);
  expect(second).not.toContain("2000");
  expect(second).not.toContain("Next page");
  expect(await read("/conferences?begins=%202000%20")).toContain("2000 → /console/local/conferences/2000");
});

test("the list is searched by number and attendee ID, and the search is posted again for further pages", async () => {
  const edge = new FakeEdge();
  const { ask, read } = await windowOf(edge);
  const [number, other] = ["14085551234", "14085559999"];
  for (let key = 1000; key <= 1100; key += 1) await runs(edge, String(key), { people: [{ number, attendeeId: "44" }] });
  await runs(edge, "2000", { people: [{ number: other, attendeeId: "45" }] });

  for (const form of [{ number: "+1 (408) 555-1234" }, { attendeeId: " 44 " }]) {
    expect((await ask("/console/local/conferences", form)).headers.get("location")).toBeNull();
    const text = await read("/conferences", form);
    expect(text).toContain("1000 → /console/local/conferences/1000");
    expect(text).not.toContain("/conferences/2000");
    expect(text).toMatch(/Next page$/m);
  }
  const second = await read("/conferences", { number, cursor: "1099" });
  expect(second).toContain("/conferences/1100");
  expect(second).not.toContain("/conferences/2000");
});

test("exports records as CSV by a form", async () => {
  const edge = new FakeEdge();
  await ended(edge, aCallRecord({ conference: "12", endedAt: edge.time }));
  const body = new URLSearchParams({ kind: "call", number: "+1 (408) 555-1234" });
  const headers = { authorization: `Bearer ${token}` };
  const answer = await edge.app.request("/console/local/records/export", { method: "POST", headers, body });

  expect([answer.status, answer.headers.get("content-disposition")]).toEqual([200, 'attachment; filename="calls.csv"']);
  expect(await answer.text()).toMatch(/^cursor,recordedAt[\s\S]*,12,/);
});

test("records are found by what stands in the address, the latest first", async () => {
  const edge = new FakeEdge();
  edge.time = Date.UTC(2026, 2, 1, 23, 59);
  await ended(edge, over(edge, { conference: "11" }));
  edge.time = Date.UTC(2026, 2, 2, 0, 1);
  await ended(edge, over(edge, { conference: "12", endedBy: "operator" }));
  await ended(edge, aCallRecord({ conference: "12", endedAt: edge.time }));
  const { read } = await windowOf(edge);
  const found = async (query: string, form?: Readonly<Record<string, string>>) => {
    const keys = (await read(`/records${query}`, form)).matchAll(/→ \/console\/local\/conferences\/(\d+)/g);
    return [...keys].map(([, key]) => key);
  };
  expect(await found("")).toEqual(["12", "11"]);
  expect(await found("?kind=conference&since=2026-03-02")).toEqual(["12"]);
  expect(await found("?until=2026-03-01")).toEqual(["11"]);
  expect(await found("?conference=11&bridge=simulated&webexHost=tsp1&status=completed")).toEqual(["11"]);
  expect(await found("", { kind: "call", number: "+1 (408) 555-1234" })).toEqual(["12"]);
  expect(await found("", { kind: "call", attendeeId: "77" })).toEqual(["12"]);
  expect(await found("", { kind: "conference", number: "" })).toEqual(["12", "11"]);
});

test("wrong filters are refused in the API's words", async () => {
  const { read } = await windowOf(new FakeEdge());
  expect(await read("/records?until=2026-13-01")).toContain("until must be");
  expect(await read("/records?magic=1")).toContain("magic is not a parameter of this request; there are kind, since,");
});

test("bridges whose relay does not answer are shown as that, beside the others", async () => {
  const agents = [{ name: "agent-1", publicKey: "A".repeat(43) }];
  const bridges = ["one", "two"].map((name) => ({ name, agents }));
  const edge = new FakeEdge(token, { bridges });
  const { read } = await windowOf(edge);
  const health = { bridgeUp: true, portsInUse: 5, ports: 50 };
  edge.health.set("one", { agentConnected: true, ...health });
  edge.agents.push({ agent: "agent-1", role: "active", lastSeen: edge.time - 1_000, health });
  edge.broken.add("two");
  const text = await read("/bridges");
  expect(text).toContain("one\nup");
  expect(text).toContain("5 of 50 ports in use, 45 free");
  expect(text).toContain("agent-1\nactive\nup\n1 s");
  expect(text).toContain("two\nrelay does not answer");
  expect(edge.logged).toContain("relay-unreachable");
});

test("what people have asked is shown page by page, the latest first", async () => {
  const edge = new FakeEdge();
  const { read } = await windowOf(edge);
  for (let index = 0; index < 101; index += 1) {
    const user = { person: `p${index}`, role: "operator", by: "token", from: "" } as const;
    const done = { action: "act", about: { confKey: "5" }, actionId: `k${index}`, status: 202, refusal: null };
    await edge.directory.keepAudit(domain, { at: edge.time, ...user, ...done });
  }
  const latest = await read("/audit");
  expect(latest).toContain("p100 operator, by token");
  expect(latest).not.toMatch(/^p0 /m);
  const [, older = ""] = /Older → \/console\/local(\S+)/.exec(latest) ?? [];
  expect(await read(older)).toMatch(/^p0 operator/m);
  expect(await read("/audit?cursor=x")).toContain("cursor must be the `next` of the page before");
});

test("settings are shown without their secrets", async () => {
  const edge = new FakeEdge(token, { adapterSecrets: ["abcdefghijklmnop", "bcdefghijklmnopq"] });
  const text = await (await windowOf(edge)).read("/settings");
  expect(text).toMatch(/"adapterSecrets": \[\s*"\(secret\)",\s*"\(secret\)"/);
  expect(text).toContain("local has two adapterSecrets");
  expect(text).toContain("local has one agent at the bridge simulated");
  expect(text).not.toContain("abcdefgh");
});
