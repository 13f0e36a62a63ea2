import { createHash } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import { unnamedProxy } from "../../src/foundation/guard/networks.ts";
import type { BridgeName, CallId, ConfKey, DomainName, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import type { Alert, AlertKind } from "../../src/operators/alert-kinds.ts";
import { noPosts } from "../../src/records/activity.ts";
import { noCounts } from "../../src/records/counts.ts";
import type { BridgeHealth } from "../../src/rpc/relay.ts";
import { readPage } from "../console/read-page.ts";
import { type ARunning, aBatch } from "../durable-objects/a-batch.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { FakePair, standby } from "./fake-pair.ts";

const viewer = "viewers-token";
const tokenSha256 = createHash("sha256").update(viewer).digest("hex");
const boris = { name: "boris", tokenSha256, role: "viewer" as const, domains: ["local"] };
const path = "/api/v1/domains/local/alerts";
const host = "tsp1.example.com:443";
const url = "https://voice.example.com/events";
const up: BridgeHealth = { agentConnected: true, bridgeUp: true, portsInUse: 3, ports: 50 };
const receiver = {
  id: url,
  url,
  waiting: 0,
  refused: 0,
  oldestAt: null,
  failure: null,
  givenUp: 0,
  lastGivenUpAt: null,
};

let edge: FakeEdge;
beforeEach(() => {
  edge = new FakeEdge(token, { webhooks: [{ url, secretFrom: "WEBHOOK_SECRET_A" }] }, { people: [boris] });
  edge.health.set("simulated", up);
});

async function ask(asked: string, body?: object, by = token) {
  const headers = { authorization: `Bearer ${by}` };
  const init = body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers };
  return edge.app.request(asked, init);
}

const listed = async () => ((await (await ask(path)).json()) as { alerts: Alert[] }).alerts;
const acknowledge = (id: string, body: object, by?: string) =>
  ask(`${path}/${encodeURIComponent(id)}/acknowledge`, body, by);

const accept = { accept: "text/html", "sec-fetch-site": "same-origin" };

async function cookieOf(by: string): Promise<string> {
  const signIn = { method: "POST", headers: accept, body: new URLSearchParams({ token: by }) };
  return (await edge.app.request("/console/sign-in", signIn)).headers.get("set-cookie")?.split(";")[0] ?? "";
}

/** What a person's browser sends and gets at the console; a redirect is followed. */
async function browse(asked: string, form?: Readonly<Record<string, string>>, by = token) {
  const headers = { ...accept, cookie: await cookieOf(by) };
  const sent = form ? { method: "POST", headers, body: new URLSearchParams(form) } : { headers };
  const answer = await edge.app.request(`/console/local${asked}`, sent);
  const to = answer.headers.get("location");
  const page = to === null ? answer : await edge.app.request(to, { headers });
  return readPage(await page.text());
}

/** Documents to a TSP server are given up. */
async function giveUp(count: number, server = host as WebexHost | typeof BACK_END) {
  const of = { transId: "t" as TransId, host: server, attempts: 3, why: "TimeoutError", messages: [] };
  const facts = Array.from({ length: count }, (): Fact => ({ kind: "post-given-up", ...of }));
  await edge.directory.publish(aBatch({ running: {}, facts, at: edge.time }));
  await edge.directory.alarm();
}

/** A number calls in so often, and the agent hangs up. */
function callInVain(number: string, times: number): Promise<void> {
  const calls = Array.from({ length: times }, (_, index) => ({
    call: `${number} ${index}` as CallId,
    number,
    dialled: "",
    at: edge.time + index,
    steps: [],
    end: { at: edge.time + index, why: "unknown-keys" as const },
  }));
  const said = { bridge: "simulated" as BridgeName, calls };
  return edge.directory.promptStore.keepPromptCalls("local" as DomainName, said);
}

/** The bridge was started anew, and has lost so many conferences. */
async function lose(count: number, reason = "lost" as "lost" | "ended", endedBy = "bridge" as "bridge" | "operator") {
  for (let index = 0; index < count; index += 1) {
    lostSoFar += 1;
    const times = { createdAt: edge.time, endedAt: edge.time };
    const lost = aConferenceRecord({ conference: `${lostSoFar}`, bridge: "simulated", reason, endedBy, ...times });
    await edge.directory.publish(aBatch({ key: lost.conference, records: [lost] }));
  }
}
let lostSoFar = 0;

/** A document of a conference of its own waits for a server since then. */
function waits(server: string, oldestAt: number, key = "5") {
  const waiting = [{ host: server as WebexHost, documents: 1, oldestAt, failure: null }];
  return edge.directory.publish(aBatch({ key, running: {}, waiting }));
}

/** The bridge holds a conference that the edge did not know, since then. */
function orphan(since: number, key = "555", more: ARunning = {}) {
  const found = { createdAt: since, attached: false, orphan: true, webexHost: "" as WebexHost } as const;
  return edge.directory.publish(aBatch({ key, running: { ...found, bridge: "simulated" as BridgeName, ...more } }));
}

/** A conference does not answer a sweep. */
async function silence(more: ARunning = {}, lastsMs = 60_000): Promise<void> {
  await edge.directory.publish(aBatch({ key: "7", running: more }));
  await edge.directory.list.swept("local" as DomainName, { failed: ["7" as ConfKey], running: [], over: [] });
  edge.time += lastsMs;
}

/** How each kind comes about. */
const kinds: Readonly<Record<AlertKind, () => unknown>> = {
  disk: () => {
    edge.disk.full = true;
  },
  "no-standby-edge": () => {
    edge = new FakeEdge(token, {}, { people: [boris] }, [], undefined, new FakePair([]));
    edge.health.set("simulated", up);
  },
  "relay-unreachable": () => edge.broken.add("simulated"),
  "no-agent": () => edge.health.set("simulated", { ...up, agentConnected: false }),
  "bridge-unreachable": () => edge.health.set("simulated", { ...up, bridgeUp: false }),
  "bridge-ends": () => edge.health.set("simulated", { ...up, ports: 0 }),
  "trunk-fails": () => edge.health.set("simulated", { ...up, alerts: [{ kind: "trunk-fails", since: 1, why: "x" }] }),
  "numbers-shared": () =>
    edge.health.set("simulated", { ...up, alerts: [{ kind: "numbers-shared", since: 1, why: "x" }] }),
  "bridge-full": () => edge.health.set("simulated", { ...up, portsInUse: 50, fullSince: 1 }),
  "bridge-drained": () => edge.health.set("simulated", { ...up, drainedSince: edge.time }),
  "no-standby-agent": () => edge.health.set("simulated", withAlert("no-standby-agent")),
  "orphan-conference": () => orphan(edge.time),
  "state-lost": () => orphan(edge.time - 1),
  "database-unreplicated": () => {
    edge = new FakeEdge(token, {}, { people: [boris] }, [], undefined, new FakePair([standby], "no replica"));
    edge.health.set("simulated", up);
  },
  "clock-jumped": () => edge.directory.publish(aBatch({ running: { aheadMs: 180_000 } })),
  "clock-not-believed": () => {
    edge.clockAheadMs = 500 * 86_400_000;
  },
  "operator-token-weak": () => {
    edge.isTokenWeak = true;
  },
  "agent-refused": () => edge.health.set("simulated", withAlert("agent-refused")),
  "clock-differs": () =>
    edge.health.set("simulated", {
      ...up,
      alerts: [{ kind: "clock-differs", about: "agent-2", since: 1, why: "6 minutes behind" }],
    }),
  "state-unreachable": () => edge.broken.add("directory"),
  "documents-refused": () => {
    const refused = { kind: "post-confirmed", transId: "t1", host: "tsp1", at: edge.time, tookMs: 5, refused: true };
    return edge.directory.publish(aBatch({ facts: [refused as never], at: edge.time }));
  },
  "documents-pending": () => waits("tsp1", edge.time - 30_000),
  "conferences-unreachable": () => silence(),
  "conferences-lost": () => lose(1),
  undelivered: () => giveUp(3),
  "caller-refused": () => callInVain("15552345678", 3),
  "commands-late": () => edge.directory.publish(aBatch({ running: { alerts: ["commands"], lateSince: edge.time } })),
  "creates-refused": () => edge.creates.refused({ keys: [] }, edge.time),
  "bridge-removed": () => edge.directory.publish(aBatch({ running: { bridge: "sold" as BridgeName } })),
  "server-refused": () => edge.directory.alertStore.serverRefused("local" as DomainName, "tsp9.example.com"),
  "source-refused": () => edge.directory.alertStore.sourceRefused("local" as DomainName, "192.0.2.7"),
  "webhook-fails": () =>
    edge.webhooks.push({ ...receiver, failure: { since: 1, attempts: 2, why: "away", nextAt: 2 } }),
  "webhooks-undelivered": () => edge.webhooks.push({ ...receiver, givenUp: 4, lastGivenUpAt: edge.time }),
};

function withAlert(kind: "no-standby-agent" | "agent-refused"): BridgeHealth {
  return { ...up, alerts: [{ kind, about: "agent-2", since: edge.time - 60_000 }] };
}

test.each(Object.entries(kinds).filter(([kind]) => kind !== "state-lost"))(
  "shows %s in the same words everywhere",
  async (kind, plant) => {
    await plant();
    const [one, ...others] = await listed();
    expect([one?.kind, others]).toEqual([kind, []]);
    if (!one) return;
    const ready = (await (await ask("/readyz")).json()) as { alerts: Alert[] };
    expect(ready.alerts).toEqual([one]);
    const overview = await browse("");
    for (const text of [one.title, one.type === "condition" ? "Now" : "Happened", one.says, one.todo.text])
      expect(overview.replaceAll(" .", ".")).toContain(text.replaceAll("`", ""));
    expect(overview).not.toContain("No alerts");
    const metrics = await (await ask("/metrics")).text();
    const open = Array.from(
      metrics.matchAll(/^bridgehead_alerts\{domain="local",kind="([^"]*)"\} 1$/gm),
      ([, name]) => name,
    );
    expect(open).toEqual([kind]);
  },
);

test("a seen condition stays on the list with its note, and /readyz stays 503", async () => {
  edge.health.set("simulated", { ...up, bridgeUp: false, awaySince: edge.time });
  const answer = await acknowledge("bridge-unreachable:simulated", { note: "moved to another rack" });
  const seen = { by: "operator", note: "moved to another rack" };
  expect([answer.status, await answer.json()]).toMatchObject([200, { alert: { seen } }]);
  await giveUp(1);
  expect(await listed()).toMatchObject([
    { kind: "undelivered", seen: null },
    { kind: "bridge-unreachable", seen },
  ]);
  expect(await browse("")).toMatch(/Seen by\s+operator\s+at\s+[\d:]+\s+: moved to another rack/);
  expect((await ask("/readyz")).status).toBe(503);
  expect(await (await ask("/metrics")).text()).toContain('alerts{domain="local",kind="bridge-unreachable"} 0\n');
  edge.health.set("simulated", { ...up, bridgeUp: false, awaySince: edge.time + 1 });
  expect((await listed()).map(({ seen }) => seen)).toEqual([null, null]);
});

test("an incident is listed until it is seen, and again when it happens again", async () => {
  const id = `undelivered:${host}`;
  await giveUp(3);
  const first = edge.time;
  edge.time += 3_600_000;
  expect(await listed()).toMatchObject([{ id, count: 3, sequence: 3, since: first, severity: "bad", seen: null }]);
  expect((await acknowledge(id, { note: "told" }, viewer)).status).toBe(403);
  expect((await acknowledge(id, { note: " " })).status).toBe(400);
  expect((await acknowledge(id, { note: "x".repeat(501) })).status).toBe(400);
  for (const upTo of [-1, 0, 1.5, "-1", "x"])
    expect((await acknowledge(id, { note: "told", upTo })).status, String(upTo)).toBe(400);
  expect((await acknowledge("undelivered:other", { note: "told" })).status).toBe(404);

  await acknowledge(id, { note: "told WebEx", upTo: 2 });
  const seen = { by: "operator", note: "told WebEx", upTo: 2 };
  expect(await listed()).toMatchObject([{ count: 1, sequence: 3, seen }]);
  expect(edge.audited.at(-1)).toMatchObject([
    "local",
    { action: "acknowledge", about: { alert: id, note: "told WebEx" }, status: 200 },
  ]);
  await acknowledge(id, { note: "a page that was opened before", upTo: 1 });
  expect(await listed()).toMatchObject([{ count: 1, seen }]);
  await acknowledge(id, { note: "known", upTo: 999_999_999_999_999 });
  expect(await listed()).toEqual([]);
  expect(await browse("")).toContain("No alerts");

  edge.directory = edge.startDirectory();
  expect(await listed()).toEqual([]);
  await giveUp(2);
  edge.directory = edge.startDirectory();
  expect(await listed()).toMatchObject([{ count: 2, sequence: 5, since: edge.time, latest: edge.time }]);
});

test("an acknowledgement covers no condition that has ended and begun again", async () => {
  const since = edge.time - 600_000;
  const away = (awaySince: number) => edge.health.set("simulated", { ...up, agentConnected: false, awaySince });
  const id = "no-agent:simulated";
  away(since);
  expect(await browse("")).toContain("No agent is connected");
  away(edge.time - 60_000);
  await acknowledge(id, { note: "seen at two", upTo: since });
  expect(await listed()).toMatchObject([{ id, seen: null }]);
  expect(await browse(`/alerts/${id}`, { note: "seen now", upTo: String(edge.time - 60_000) })).toContain("seen now");
  expect(await listed()).toMatchObject([{ id, seen: { note: "seen now" } }]);
  away(edge.time + 1);
  expect(await listed()).toMatchObject([{ id, seen: null }]);
});

test("a condition whose beginning moves on or is unknown is covered", async () => {
  await waits("tsp1", edge.time - 60_000);
  await acknowledge("documents-pending:tsp1", { note: "slow", upTo: edge.time - 60_000 });
  await waits("tsp1", edge.time - 30_000);
  expect(await listed()).toMatchObject([{ kind: "documents-pending", seen: { note: "slow" } }]);
  edge.time += 40_000;
  await waits("tsp1", edge.time - 35_000);
  expect(await listed()).toMatchObject([{ kind: "documents-pending", seen: null }]);
  await waits("tsp1", edge.time);

  edge.clockAheadMs = 8 * 86_400_000;
  expect((await acknowledge("clock-not-believed", { note: "upgrade", upTo: "" })).status).toBe(200);
  edge.time += 86_400_000;
  expect(await listed()).toMatchObject([{ kind: "documents-pending" }, { kind: "clock-not-believed", seen: {} }]);
  edge.time += 1;
  expect(await listed()).toMatchObject([{ kind: "documents-pending" }, { kind: "clock-not-believed", seen: null }]);
  edge.clockAheadMs = null;
  expect(await listed()).toHaveLength(1);
});

test("operators acknowledge on the overview; viewers have no form", async () => {
  await giveUp(2);
  expect(await browse("", undefined, viewer)).not.toContain("Acknowledge");
  expect(await browse("")).toContain("Acknowledge");
  const form = encodeURIComponent(`undelivered:${host}`);
  expect(await browse(`/alerts/${form}`, { note: "" })).toContain("note must not be empty");
  expect(await browse(`/alerts/${form}`, { note: "told", upTo: "" })).toContain("No alerts");
});

test("unauthenticated clients see no alerts of agents, documents or the operator's token", async () => {
  edge.health.set("simulated", withAlert("no-standby-agent"));
  edge.isTokenWeak = true;
  await giveUp(1);
  const answer = await edge.app.request("/readyz");
  expect([answer.status, await answer.json()]).toEqual([200, { ready: true, domains: expect.anything() }]);
});

test("/readyz answers as to an unauthenticated client while sessions do not answer", async () => {
  const cookie = await cookieOf(token);
  edge.sessions.find = () => Promise.reject(new Error("it is away"));
  const answer = await edge.app.request("/readyz", { headers: { cookie } });
  expect([answer.status, await answer.json()]).toEqual([200, { ready: true, domains: expect.anything() }]);
});

test("an object that does not answer is an alert, and the gauges of kinds without alerts are absent", async () => {
  await giveUp(2);
  edge.broken.add("directory");
  expect(await listed()).toMatchObject([{ id: "state-unreachable:directory", since: null, severity: "bad" }]);
  expect((await ask("/readyz")).status).toBe(200);
  const gauges = async () => (await ask("/metrics")).text();
  expect(await gauges()).toMatch(/bridgehead_alerts\{domain="local",kind="state-unreachable"\} 1\n/);
  for (const kind of ["undelivered", "documents-pending", "caller-refused", "commands-late"])
    expect(await gauges()).not.toContain(`kind="${kind}"`);
  for (const id of [`undelivered:${host}`, "state-unreachable:directory", "orphan-conference:simulated:555"])
    expect((await acknowledge(id, { note: "known" })).status).toBe(503);
  edge.broken.clear();
  expect(await listed()).toMatchObject([{ kind: "undelivered", count: 2 }]);

  edge.broken.add("simulated");
  for (const kind of ["no-agent", "no-standby-agent"]) expect(await gauges()).not.toContain(`kind="${kind}"`);
  expect((await acknowledge("no-agent:simulated", { note: "known" })).status).toBe(503);
  expect((await acknowledge(`undelivered:${host}`, { note: "known" })).status).toBe(200);
  edge.broken.clear();
  edge.broken.add("mailbox");
  expect(await listed()).toMatchObject([{ id: "state-unreachable:mailbox" }]);
});

test("a caller's incident counts calls until the caller gets in, and no id has the number", async () => {
  const number = "15552345678";
  await callInVain(number, 2);
  expect(await listed()).toEqual([]);
  await callInVain(number, 4);
  const [one] = await listed();
  expect(one).toMatchObject({ kind: "caller-refused", about: number, count: 4, since: edge.time });
  await acknowledge(one?.id ?? "", { note: "known", upTo: one?.sequence });
  expect(await listed()).toEqual([]);
  expect(await (await ask("/api/v1/domains/local/audit")).text()).not.toContain(number);
  expect(JSON.stringify(edge.directoryDisk.exec("SELECT * FROM seen"))).not.toContain(number);
  edge.time += 10_000;
  await callInVain(number, 5);
  expect(await listed()).toMatchObject([{ id: one?.id, latest: edge.time + 4 }]);
  const call = aCallRecord({ number, enteredAt: edge.time + 9 });
  await edge.directory.publish(aBatch({ key: call.conference, records: [call] }));
  expect(await listed()).toEqual([]);
});

test.each([
  ["*********02", "6 calls from numbers that end in 02 did not get in at local."],
  ["", "6 calls from withheld or unknown numbers did not get in at local."],
])("calls from %j are not called one caller's", async (number, says) => {
  await callInVain(number, 6);
  expect(await listed()).toMatchObject([{ says: expect.stringContaining(says) }]);
});

test("of many refused callers 20 are named; the others are one incident", async () => {
  const call = async (from: number, to: number) => {
    for (let n = from; n <= to; n += 1) await callInVain(`1555000${1_000 + n}`, 3);
  };
  await call(1, 20);
  edge.time += 1_000;
  await call(21, 22);
  const all = await listed();
  expect(all).toHaveLength(21);
  expect(all.at(-1)).toMatchObject({ id: "caller-refused:others", about: null, count: 6 });
  await acknowledge("caller-refused:others", { note: "wrong invitation", upTo: all.at(-1)?.sequence });
  expect(await listed()).toHaveLength(20);
  edge.time += 1_000;
  await call(23, 23);
  expect((await listed()).at(-1)).toMatchObject({ id: "caller-refused:others", count: 3, seen: null });
  for (const { id, sequence } of (await listed()).toReversed())
    await acknowledge(id, { note: "known", upTo: sequence });
  expect(await listed()).toEqual([]);
});

test("conferences that a bridge lost are counted once each", async () => {
  await lose(2);
  await lose(1, "ended");
  await lose(1, "lost", "operator");
  const first = edge.time;
  edge.time += 1_000;
  await lose(1);
  edge.directory = edge.startDirectory();
  const id = "conferences-lost:simulated";
  expect(await listed()).toMatchObject([{ id, count: 3, since: first, latest: edge.time, sequence: 3 }]);
});

test("what was seen goes with what it was seen of, and not before", async () => {
  edge.webhooks.push({ ...receiver, givenUp: 4, lastGivenUpAt: edge.time });
  await lose(3);
  for (const { id } of await listed()) await acknowledge(id, { note: "known" });
  edge.time += 300 * 86_400_000;
  await lose(1);
  edge.time += 200 * 86_400_000;
  await edge.directory.alarm();
  expect(await listed()).toMatchObject([{ kind: "conferences-lost", count: 1, sequence: 4 }]);
  edge.time += 400 * 86_400_000;
  await edge.directory.alarm();
  expect(edge.directoryDisk.exec("SELECT id FROM seen")).toEqual([{ id: `webhooks-undelivered:${url}` }]);
  expect(edge.directoryDisk.exec("SELECT id FROM alert")).toEqual([]);
});

test("documents that the mailbox did not deliver count once, with those of conferences", async () => {
  const count = (version: number) => {
    const hosts = [{ ...noPosts, host: host as WebexHost, failed: 3 * version, givenUp: 2 * version }];
    return edge.directory.count("local" as DomainName, { source: "m1", version, counts: { ...noCounts, hosts } });
  };
  for (const version of [1, 1, 2]) await count(version);
  await giveUp(1);
  expect(await listed()).toMatchObject([{ id: `undelivered:${host}`, count: 5 }]);
});

test("only TSP servers of the settings are to be resynced", async () => {
  const servers = ["https://tsp9:8800/tsp", "https://tsp1.example.com:8800/tsp", BACK_END] as WebexHost[];
  for (const server of servers) await giveUp(1, server);
  const commands = (await listed()).map(({ about, todo }) => [about, todo.command?.[0]]);
  expect(Object.fromEntries(commands)).toEqual({
    "tsp9:8800/tsp": undefined,
    "tsp1.example.com:8800/tsp": "servers",
    [BACK_END]: undefined,
  });
});

test("counts conferences older than the state in one alert", async () => {
  await kinds["state-lost"]();
  await orphan(edge.time - 2, "101");
  await orphan(edge.time, "102");
  const [one, ...others] = await listed();
  expect(one).toMatchObject({ id: "state-lost", since: edge.time, count: 2 });
  expect(new Set(others.map(({ kind }) => kind))).toEqual(new Set(["orphan-conference"]));
});

test("the 20 oldest orphans are listed until WebEx creates them again", async () => {
  const first = edge.time;
  for (let count = 0; count < 22; count += 1) await orphan(first + count, `${100 + count}`);
  const orphans = await listed();
  expect(orphans).toHaveLength(21);
  expect(orphans.at(-1)?.says).toContain("know 2 further conferences on the bridge simulated");
  expect(orphans[0]).toMatchObject({ id: "orphan-conference:simulated:100", about: "100", since: first, count: 3 });
  const running = { bridge: "simulated" as BridgeName, createdAt: first };
  await edge.directory.publish(aBatch({ key: "100", running }));
  expect((await listed()).map(({ about }) => about)).not.toContain("100");
});

test("an orphan says if it is locked and if the settings lack its bridge", async () => {
  const { time } = edge;
  await orphan(time, "100", { locked: true });
  await orphan(time + 1, "101", { locked: false });
  await orphan(time + 2, "102", { bridge: "former" as BridgeName });
  expect((await listed()).map(({ about, says }) => [about, says])).toEqual([
    ["100", expect.stringContaining("it is locked.")],
    ["101", expect.stringContaining("it is not locked.")],
    ["102", expect.stringContaining("the settings lack the bridge.")],
  ]);
});

test.each([
  ["bridge-removed", { bridge: "sold" as BridgeName }],
  ["clock-jumped", { aheadMs: 180_000 }],
])("%s can be acknowledged for a day, and ends with its cause", async (kind, running) => {
  await edge.directory.publish(aBatch({ running }));
  const [first] = await listed();
  await acknowledge(first?.id ?? "", { note: "known" });
  expect(await listed()).toMatchObject([{ kind, since: null, seen: { note: "known" } }]);
  edge.time += 86_400_001;
  expect(await listed()).toMatchObject([{ kind, seen: null }]);
  await edge.directory.publish(aBatch({ running: {} }));
  expect(await listed()).toEqual([]);
});

test("a refused server or address is listed until the settings have it", async () => {
  const { alertStore } = edge.directory;
  const local = "local" as DomainName;
  for (const server of ["tsp9", "tsp9", "tsp1.example.com"]) await alertStore.serverRefused(local, server);
  for (const address of ["192.0.2.7", "203.0.113.1", unnamedProxy]) await alertStore.sourceRefused(local, address);
  const found = async () => (await listed()).map(({ about }) => about);
  expect(await found()).toEqual(["tsp9", "192.0.2.7", "203.0.113.1", unnamedProxy].toSorted(byKind));
  const { directoryDisk } = edge;
  edge = new FakeEdge(token, { webex: { hosts: ["tsp9"], from: ["192.0.2.0/24"] } as never });
  edge.health.set("simulated", up);
  edge.directoryDisk = directoryDisk;
  edge.directory = edge.startDirectory();
  expect(await found()).toEqual(["tsp1.example.com", "203.0.113.1", unnamedProxy].toSorted(byKind));
});

/** Servers first, then addresses as SQLite sorts them. */
function byKind(one: string, other: string): number {
  const [a, b] = [one, other].map((about) => `${about.startsWith("tsp") ? 0 : 1}${about}`);
  return (a ?? "") < (b ?? "") ? -1 : 1;
}

test("of refused servers 20 are named; a seen one gives way", async () => {
  const refuse = (server: string) => edge.directory.alertStore.serverRefused("local" as DomainName, server);
  for (let index = 0; index < 23; index += 1) await refuse(`tsp-${index}`);
  const all = await listed();
  expect(all).toHaveLength(21);
  expect(all).toContainEqual(expect.objectContaining({ id: "server-refused:", about: "", sequence: 3 }));
  edge.time += 1_000;
  await refuse("tsp-9");
  for (const server of ["tsp-7", "tsp-9"]) await acknowledge(`server-refused:${server}`, { note: "a stranger" });
  await refuse("tsp-new");
  const kept = edge.directoryDisk.exec("SELECT about FROM alert").map(({ about }) => about);
  expect(["tsp-7", "tsp-9", "tsp-new"].map((server) => kept.includes(server))).toEqual([false, true, true]);
});
