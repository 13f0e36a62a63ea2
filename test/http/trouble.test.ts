import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeEach, expect, test, vi } from "vitest";
import type { Fact } from "../../src/conference/facts.ts";
import { unnamedProxy } from "../../src/foundation/guard/networks.ts";
import type { BridgeName, CallId, ConfKey, DomainName, TransId, WebexHost } from "../../src/foundation/ids.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import type { EdgeOfPair } from "../../src/operators/edge-pair.ts";
import { type DomainTrouble, showTrouble, type TroubleKind, troubleKinds } from "../../src/operators/trouble-kinds.ts";
import { noPosts } from "../../src/records/activity.ts";
import { noCounts } from "../../src/records/counts.ts";
import type { BridgeHealth } from "../../src/rpc/relay.ts";
import { readPage } from "../console/read-page.ts";
import { type ARunning, aBatch } from "../durable-objects/a-batch.ts";
import { aConferenceRecord } from "../records/a-record.ts";
import { FakeEdge, token } from "./fake-edge.ts";
import { acting, FakePair, standing } from "./fake-pair.ts";

const viewer = "viewers-token";
const tokenSha256 = createHash("sha256").update(viewer).digest("hex");
const boris = { name: "boris", tokenSha256, role: "viewer" as const, domains: ["local"] };
const path = "/api/v1/domains/local/trouble";
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

const listed = async () => ((await (await ask(path)).json()) as { trouble: DomainTrouble[] }).trouble;
const acknowledge = (id: string, body: object, by?: string) =>
  ask(`${path}/${encodeURIComponent(id)}/acknowledge`, body, by);

/** What a person's browser sends and gets at the console; a redirect is followed. */
async function browse(asked: string, form?: Readonly<Record<string, string>>, by = token) {
  const accept = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const signIn = { method: "POST", headers: accept, body: new URLSearchParams({ token: by }) };
  const cookie = (await edge.app.request("/console/sign-in", signIn)).headers.get("set-cookie")?.split(";")[0] ?? "";
  const headers = { ...accept, cookie };
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
const kinds: Readonly<Record<TroubleKind, () => unknown>> = {
  disk: () => {
    edge.disk.full = true;
  },
  "no-edge-stands-by": () => pairWith([acting]),
  "edge-could-not-act": () => pairWith([acting, { ...standing, fault: "the database has format 7" }]),
  "relay-unreachable": () => edge.broken.add("simulated"),
  "no-agent": () => edge.health.set("simulated", { ...up, agentConnected: false }),
  "bridge-away": () => edge.health.set("simulated", { ...up, bridgeUp: false }),
  "bridge-ends": () => edge.health.set("simulated", { ...up, ports: 0 }),
  "bridge-full": () => edge.health.set("simulated", { ...up, portsInUse: 50, fullSince: 1 }),
  "bridge-drained": () => edge.health.set("simulated", { ...up, drainedSince: edge.time }),
  "standby-away": () => edge.health.set("simulated", withTrouble("standby-away")),
  "standby-without-bridge": () => edge.health.set("simulated", withTrouble("standby-without-bridge")),
  "orphan-conference": () => orphan(1),
  "clock-jumped": () => edge.directory.publish(aBatch({ running: { aheadMs: 180_000 } })),
  "time-in-doubt": () => {
    edge.doubtMs = 500 * 86_400_000;
  },
  "operator-token-weak": () => {
    edge.isTokenWeak = true;
  },
  "agent-refused": () => edge.health.set("simulated", withTrouble("agent-refused")),
  "clock-differs": () =>
    edge.health.set("simulated", {
      ...up,
      trouble: [{ kind: "clock-differs", about: "agent-2", since: 1, why: "6 minutes behind" }],
    }),
  "directory-unreachable": () => edge.broken.add("directory"),
  "mailbox-unreachable": () => edge.broken.add("mailbox"),
  "posts-refused": () => {
    const refused = { kind: "post-confirmed", transId: "t1", host: "tsp1", at: edge.time, tookMs: 5, refused: true };
    return edge.directory.publish(aBatch({ facts: [refused as never], at: edge.time }));
  },
  "posts-wait": () => waits("tsp1", edge.time - 30_000),
  "conferences-unreachable": () => silence(),
  "conferences-lost": () => lose(1),
  "posts-given-up": () => giveUp(3),
  "caller-refused": () => callInVain("15552345678", 3),
  "commands-late": () => edge.directory.publish(aBatch({ running: { trouble: ["commands"], lateSince: edge.time } })),
  "bridge-removed": () => edge.directory.publish(aBatch({ running: { bridge: "sold" as BridgeName } })),
  "server-refused": () => edge.directory.knownTrouble.serverRefused("local" as DomainName, "tsp9.example.com"),
  "source-refused": () => edge.directory.knownTrouble.sourceRefused("local" as DomainName, "192.0.2.7"),
  "webhook-fails": () =>
    edge.webhooks.push({ ...receiver, failure: { since: 1, attempts: 2, why: "away", nextAt: 2 } }),
  "webhooks-given-up": () => edge.webhooks.push({ ...receiver, givenUp: 4, lastGivenUpAt: edge.time }),
};

function pairWith(edges: readonly EdgeOfPair[]): void {
  const pair = new FakePair();
  pair.edges = edges;
  edge = new FakeEdge(token, {}, { people: [boris] }, [], undefined, pair);
  edge.health.set("simulated", up);
}

function withTrouble(kind: "standby-away" | "standby-without-bridge" | "agent-refused"): BridgeHealth {
  return { ...up, trouble: [{ kind, about: "agent-2", since: edge.time - 60_000 }] };
}

test.each(Object.entries(kinds))(
  "%s is said in the same sentence wherever people and programs look",
  async (kind, plant) => {
    await plant();
    const [one, ...others] = await listed();
    expect([one?.kind, others]).toEqual([kind, []]);
    if (!one) return;
    const ready = (await (await ask("/readyz")).json()) as { trouble: DomainTrouble[] };
    expect(ready.trouble).toEqual([one]);
    const overview = await browse("");
    for (const text of [one.title, one.says, one.todo]) expect(overview).toContain(text);
    expect(overview).not.toContain("Bridges answer");
    const metrics = await (await ask("/metrics")).text();
    const open = [...metrics.matchAll(/^bridgehead_trouble\{domain="local",kind="([^"]*)"\} 1$/gm)].map(
      ([, found]) => found,
    );
    expect(open).toEqual([kind]);
  },
);

test("of a bridge that is down nobody hears that nothing is wrong, whoever has taken it on", async () => {
  edge.health.set("simulated", { ...up, bridgeUp: false });
  await acknowledge("bridge-away:simulated", { word: "moved to another rack" });
  const overview = await browse("");
  expect(overview).toContain("nothing new Somebody has taken on all that is wrong.");
  expect(overview).not.toContain("Nothing is wrong");
  expect(await (await ask("/readyz")).json()).toMatchObject({ domains: { local: { simulated: { ready: false } } } });
  expect(await (await ask("/metrics")).text()).toContain('bridgehead_trouble{domain="local",kind="bridge-away"} 0\n');
});

test("no stranger hears that the operator's token can be guessed", async () => {
  edge.isTokenWeak = true;
  const strangers = await (await edge.app.request("/readyz")).text();
  expect(strangers).not.toMatch(/token/);
  expect(await (await ask("/readyz")).text()).toContain("operator-token-weak");
});

test("who cannot be known, since sessions do not answer, is told of readiness as a stranger is", async () => {
  const accept = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const signIn = { method: "POST", headers: accept, body: new URLSearchParams({ token }) };
  const cookie = (await edge.app.request("/console/sign-in", signIn)).headers.get("set-cookie")?.split(";")[0] ?? "";
  edge.sessions.find = () => Promise.reject(new Error("it is away"));
  const answer = await edge.app.request("/readyz", { headers: { cookie } });
  expect([answer.status, await answer.json()]).toMatchObject([200, { notShown: expect.any(String) }]);
});

test("a time that is in doubt by a day is trouble, and by less is none", async () => {
  edge.doubtMs = 86_400_000 - 1;
  expect(await listed()).toEqual([]);
  edge.doubtMs += 1;
  expect(await listed()).toMatchObject([{ kind: "time-in-doubt" }]);
});

test("an edge whose clock is ahead acknowledges nothing that is still to come", async () => {
  const keep = vi.spyOn(edge.directory.knownTrouble, "acknowledge");
  await giveUp(1);
  const [one] = await listed();
  edge.time += 86_400_000;
  expect((await acknowledge(one?.id ?? "", { word: "known" })).status).toBe(200);
  expect(keep.mock.calls.map(([, { upTo }]) => upTo)).toEqual([one?.latest]);
  expect(one?.latest).toBeGreaterThan(0);
});

test("documents that were given up stay until somebody has acknowledged them, and later ones are open again", async () => {
  await giveUp(3);
  edge.time += 3_600_000;
  expect(await listed()).toMatchObject([
    { id: `posts-given-up:${host}`, count: 3, severity: "bad", acknowledged: null },
  ]);
  expect((await ask("/readyz")).status).toBe(200);

  const [one] = await listed();
  expect((await acknowledge(one?.id ?? "", { word: " told WebEx " }, viewer)).status).toBe(403);
  expect((await acknowledge(one?.id ?? "", { word: " " })).status).toBe(400);
  expect(await (await acknowledge(one?.id ?? "", { word: "x".repeat(501) })).text()).toContain(
    "must have at most 500 characters",
  );
  expect((await acknowledge("posts-given-up:other", { word: "x" })).status).toBe(404);
  expect(await listed()).toHaveLength(1);
  const done = await acknowledge(one?.id ?? "", { word: " told WebEx " });
  expect([done.status, await done.json()]).toMatchObject([
    200,
    { trouble: { ...one, acknowledged: { by: "operator", at: edge.time, word: "told WebEx" } } },
  ]);
  expect(edge.audited.at(-1)).toMatchObject([
    "local",
    { action: "acknowledge", about: { trouble: one?.id, word: "told WebEx" }, status: 200 },
  ]);
  expect(await listed()).toEqual([]);
  expect(await browse("")).toContain("nothing Bridges answer, and WebEx confirms.");

  // Another life of the directory knows the same.
  edge.directory = edge.startDirectory();
  expect(await listed()).toEqual([]);
  await giveUp(2);
  edge.directory = edge.startDirectory();
  expect(await listed()).toMatchObject([{ count: 2, since: edge.time, latest: edge.time }]);
});

test("webhooks and callers that somebody has acknowledged are gone until it happens again", async () => {
  edge.webhooks.push({ ...receiver, givenUp: 4, lastGivenUpAt: edge.time });
  await callInVain("15552345678", 3);
  for (const { id } of await listed()) expect((await acknowledge(id, { word: "known" })).status).toBe(200);
  expect(await listed()).toEqual([]);
  edge.time += 1_000;
  await callInVain("15552345678", 3);
  expect(await listed()).toMatchObject([{ kind: "caller-refused", about: "15552345678", acknowledged: null }]);
});

test("a caller's number is in no id of trouble, and neither in the audit; erased, nothing of it is left", async () => {
  const number = "15552345678";
  await callInVain(number, 3);
  const [one] = await listed();
  expect(one).toMatchObject({ about: number, id: expect.stringMatching(/^caller-refused:[0-9a-f]{8}$/) });
  await acknowledge(one?.id ?? "", { word: "known" });
  expect(await listed()).toEqual([]);
  expect(await (await ask("/api/v1/domains/local/audit")).text()).not.toContain(number);
  const acknowledged = () => edge.directoryDisk.exec("SELECT * FROM acknowledgement");
  expect(acknowledged()).toHaveLength(1);
  expect(JSON.stringify(acknowledged())).not.toContain(number);
  await edge.directory.recordStore.erase("local" as DomainName, "15550000000");
  expect(acknowledged()).toHaveLength(1);
  await edge.directory.recordStore.erase("local" as DomainName, number);
  expect(acknowledged()).toEqual([]);
});

test.each([
  ["*********02", "Within a day, 6 calls from numbers that end in 02 did not get in at local."],
  ["", "Within a day, 6 calls whose numbers are withheld or not kept did not get in at local."],
])("of calls from %j nobody claims that they are one caller's", async (number, says) => {
  await callInVain(number, 2);
  expect(await listed()).toEqual([]);
  edge.time += 1_000;
  await callInVain(number, 4);
  expect(await listed()).toMatchObject([{ kind: "caller-refused", says: expect.stringContaining(says) }]);
});

test("who acknowledges covers what was seen, and not what happened meanwhile", async () => {
  await giveUp(1);
  const [seen] = await listed();
  edge.time += 1_000;
  await giveUp(1);
  const left = await acknowledge(seen?.id ?? "", { word: "seen", place: seen?.place });
  expect(await listed()).toMatchObject([{ count: 1, latest: edge.time, acknowledged: null }]);
  expect(await left.json()).toEqual({ trouble: (await listed())[0] });
  for (const place of [-1, 0, 1.5, "-1", "0", "1.5"]) {
    const refused = await acknowledge(seen?.id ?? "", { word: "seen", place });
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining("place must be a whole number of 1 or more"),
    ]);
  }
  // Nobody has seen what is to come.
  await acknowledge(seen?.id ?? "", { word: "seen", place: 999_999_999_999_999 });
  expect(await listed()).toEqual([]);
  edge.time += 1_000;
  await giveUp(1);
  expect(await listed()).toMatchObject([{ count: 1, since: edge.time, acknowledged: null }]);
});

test("a page that was opened before takes back nothing of what somebody else has acknowledged", async () => {
  await giveUp(6);
  await acknowledge(`posts-given-up:${host}`, { word: "five of them", place: 5 });
  expect(await listed()).toMatchObject([{ count: 1 }]);
  await acknowledge(`posts-given-up:${host}`, { word: "two of them", place: 2 });
  expect(await listed()).toMatchObject([{ count: 1 }]);
  edge.directory = edge.startDirectory();
  expect(await listed()).toMatchObject([{ count: 1 }]);
});

test("a clock that is set back ends no trouble", async () => {
  const oldestAt = edge.time - 90_000;
  await waits("tsp1", oldestAt);
  edge.webhooks.push({ ...receiver, refused: 1, oldestAt });
  for (const back of [0, 24 * 3_600_000, -24 * 3_600_000, 95_000, 60_000]) {
    edge.time -= back;
    expect((await listed()).map(({ kind }) => kind)).toEqual(["posts-wait", "webhook-fails"]);
  }
});

test("of a caller who could not get in, only what came after the acknowledgement counts, and three times again", async () => {
  const number = "15552345678";
  await callInVain(number, 4);
  const [one] = await listed();
  expect(one).toMatchObject({ count: 4, since: edge.time, latest: edge.time + 3 });
  edge.time += 10_000;
  await callInVain(number, 1);
  await acknowledge(one?.id ?? "", { word: "known", place: one?.place });
  expect(await listed()).toEqual([]);
  edge.time += 10_000;
  await callInVain(number, 2);
  expect(await listed()).toMatchObject([{ count: 3, since: edge.time - 10_000, latest: edge.time + 1 }]);
});

test("of very many callers who could not get in the first are named; the others are one trouble, until one calls again", async () => {
  const call = async (from: number, to: number) => {
    for (let n = from; n <= to; n += 1) await callInVain(`1555000${1_000 + n}`, 3);
  };
  const found = async () => (await listed()).map(({ id, about, count }) => [about ?? id, count]);
  await call(1, 22);
  edge.time += 1_000;
  const [first, ...named] = await found();
  expect([first, named.length]).toEqual([["15550001001", 3], 20]);
  const [others] = named.slice(-1);
  expect(others).toEqual(["caller-refused:others", 2]);
  const last = (await listed()).at(-1);
  expect(last?.says).toBe("2 further callers could not get in at local, each three times or more.");

  // One more takes nobody out of the list; only what the person has seen is covered.
  await call(23, 23);
  expect(await found()).toEqual([first, ...named.slice(0, -1), ["caller-refused:others", 3]]);
  await acknowledge("caller-refused:others", { word: "wrong invitation", place: last?.place });
  expect(await found()).toEqual([first, ...named.slice(0, -1), ["caller-refused:others", 1]]);
  await acknowledge("caller-refused:others", { word: "wrong invitation" });
  expect(await found()).toEqual([first, ...named.slice(0, -1)]);
  edge.directory = edge.startDirectory();
  await call(22, 22);
  expect(await found()).toEqual([first, ...named.slice(0, -1), ["caller-refused:others", 1]]);
});

test("how many conferences a bridge has lost stays until it is acknowledged, each counted once, after a restart too", async () => {
  await lose(2);
  await lose(1, "ended");
  await lose(1, "lost", "operator");
  const first = edge.time;
  edge.time += 1_000;
  await lose(1);
  edge.directory = edge.startDirectory();
  const id = "conferences-lost:simulated";
  expect(await listed()).toMatchObject([{ id, count: 3, since: first, latest: edge.time, place: 3, severity: "bad" }]);
  await lose(1);
  await acknowledge(id, { word: "power cut", place: 3 });
  // When the first of the others was lost, nobody knows.
  expect(await listed()).toMatchObject([
    { id, count: 1, since: null, latest: edge.time, place: 4, acknowledged: null },
  ]);
  // By a page that was opened before.
  await acknowledge(id, { word: "power cut", place: 2 });
  expect(await listed()).toMatchObject([{ count: 1, place: 4 }]);
  await acknowledge(id, { word: "power cut" });
  expect(await listed()).toEqual([]);
  edge.time += 1_000;
  await lose(2);
  expect(await listed()).toMatchObject([{ id, count: 2, since: edge.time, latest: edge.time, place: 6 }]);
  edge.time += 500 * 86_400_000;
  await edge.directory.alarm();
  expect(await listed()).toEqual([]);
});

test("who has acknowledged what goes with the records of its time, but for a receiver's webhooks", async () => {
  edge.webhooks.push({ ...receiver, givenUp: 4, lastGivenUpAt: edge.time });
  await lose(1);
  for (const { id } of await listed()) await acknowledge(id, { word: "known" });
  const kept = () => edge.directoryDisk.exec("SELECT id FROM acknowledgement").map(({ id }) => id);
  expect(kept()).toEqual(["conferences-lost:simulated", `webhooks-given-up:${url}`]);
  edge.time += 500 * 86_400_000;
  await edge.directory.alarm();
  expect(kept()).toEqual([`webhooks-given-up:${url}`]);
});

test("a disk that takes no row hides no trouble", async () => {
  await edge.directory.publish(aBatch({ running: { bridge: "removed" as BridgeName } }));
  const { exec } = edge.directoryDisk;
  edge.directoryDisk.exec = (query, ...bindings) => {
    if (query.startsWith("INSERT INTO removed_bridge")) throw new Error("database or disk is full");
    return exec.call(edge.directoryDisk, query, ...bindings);
  };
  expect((await listed()).map(({ kind }) => kind)).toEqual(["bridge-removed"]);
});

test("of a receiver, only webhooks that were given up after the acknowledgement count", async () => {
  edge.webhooks.push({ ...receiver, givenUp: 4, lastGivenUpAt: edge.time });
  await acknowledge(`webhooks-given-up:${url}`, { word: "known" });
  expect(await listed()).toEqual([]);
  edge.webhooks.splice(0, 1, { ...receiver, givenUp: 6, lastGivenUpAt: edge.time });
  expect(await listed()).toMatchObject([{ count: 2, since: null, latest: edge.time, acknowledged: null }]);
  // Nobody can acknowledge what has not happened.
  await acknowledge(`webhooks-given-up:${url}`, { word: "known", place: 999_999_999_999_999 });
  expect(await listed()).toEqual([]);
  edge.webhooks.splice(0, 1, { ...receiver, givenUp: 7, lastGivenUpAt: edge.time });
  expect(await listed()).toMatchObject([{ count: 1 }]);
});

test("what the mailbox gave up, of no conference, is trouble as all else, once, and until it is acknowledged", async () => {
  const count = (version: number) => {
    const hosts = [{ ...noPosts, host: host as WebexHost, failed: 3 * version, givenUp: 2 * version }];
    return edge.directory.count("local" as DomainName, { source: "m1", version, counts: { ...noCounts, hosts } });
  };
  await count(1);
  await count(1);
  expect(await listed()).toMatchObject([{ id: `posts-given-up:${host}`, count: 2 }]);
  await giveUp(1);
  expect(await listed()).toMatchObject([{ id: `posts-given-up:${host}`, count: 3 }]);
  await acknowledge(`posts-given-up:${host}`, { word: "known" });
  expect(await listed()).toEqual([]);
  await count(2);
  expect(await listed()).toMatchObject([{ id: `posts-given-up:${host}`, count: 2 }]);
});

test("each TSP server whose documents wait is trouble of its own, with what waits for it in the mailbox", async () => {
  const oldestAt = edge.time - 40_000;
  await waits("http://tsp1", oldestAt);
  await waits("tsp1", oldestAt + 1_000, "6");
  edge.mailWaiting.push({ host: "tsp1", documents: 3, oldestAt: oldestAt - 1_000 });
  const [one] = await listed();
  expect(one).toMatchObject({ id: "posts-wait:tsp1", count: 5, since: oldestAt - 1_000 });
  await acknowledge("posts-wait:tsp1", { word: "told WebEx" });
  await waits("tsp2", edge.time - 30_000, "7");
  expect((await listed()).map(({ id, acknowledged }) => [id, acknowledged?.word])).toEqual([
    ["posts-wait:tsp2", undefined],
    ["posts-wait:tsp1", "told WebEx"],
  ]);
});

test("who does not answer is trouble from then on, and nobody takes what it would say for nothing", async () => {
  const since = edge.time;
  await giveUp(2);
  edge.broken.add("directory");
  await listed();
  edge.time += 60_000;
  expect(await listed()).toMatchObject([{ kind: "directory-unreachable", since, severity: "bad" }]);
  expect((await ask("/readyz")).status).toBe(200);
  const gauges = async () => await (await ask("/metrics")).text();
  expect(await gauges()).toMatch(/bridgehead_trouble\{domain="local",kind="directory-unreachable"\} 1\n/);
  expect(await gauges()).toMatch(/bridgehead_trouble\{domain="local",kind="no-agent"\} 0\n/);
  for (const kind of ["posts-given-up", "posts-wait", "caller-refused", "commands-late", "webhook-fails"])
    expect(await gauges()).not.toContain(`kind="${kind}"`);
  for (const id of [`posts-given-up:${host}`, "directory-unreachable", "orphan-conference:simulated:555"]) {
    const answer = await acknowledge(id, { word: "known" });
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining("does not answer")]);
  }
  edge.broken.clear();
  expect(await listed()).toMatchObject([{ kind: "posts-given-up", count: 2 }]);
  edge.broken.add("simulated");
  edge.broken.add("mailbox");
  expect(await gauges()).toMatch(/bridgehead_trouble\{domain="local",kind="posts-given-up"\} 1\n/);
  expect(await gauges()).toMatch(/bridgehead_trouble\{domain="local",kind="relay-unreachable"\} 1\n/);
  for (const kind of ["no-agent", "standby-away", "posts-wait"]) expect(await gauges()).not.toContain(`kind="${kind}"`);
  expect(await gauges()).not.toContain("bridgehead_agents{");
  expect((await acknowledge("no-agent:simulated", { word: "known" })).status).toBe(503);
  expect((await acknowledge(`posts-given-up:${host}`, { word: "known" })).status).toBe(200);
  // It has begun anew by then.
  edge.broken.clear();
  await listed();
  edge.time += 1_000;
  edge.broken.add("mailbox");
  expect(await listed()).toMatchObject([{ kind: "mailbox-unreachable", since: edge.time }]);
});

test("a conference that a sweep did not reach keeps its trouble until it publishes", async () => {
  await silence({ trouble: ["commands"], lateSince: edge.time }, 59_999);
  expect(await listed()).toMatchObject([{ kind: "commands-late" }]);
  edge.time += 1;
  expect(await listed()).toMatchObject([
    { kind: "conferences-unreachable", count: 1, since: edge.time - 60_000 },
    { kind: "commands-late" },
  ]);
  await edge.directory.publish(aBatch({ key: "7", running: {} }));
  expect(await listed()).toEqual([]);
});

test("a relay that is silent stays acknowledged in each process of the edge, whichever noticed it first, until it has answered", async () => {
  edge.broken.add("simulated");
  const since = edge.time;
  await listed();
  edge.time += 10_000;
  const by = { by: "ann", at: edge.time, word: "known" };
  const ofOther = { id: "relay-unreachable:simulated", since: since + 5_000, upTo: edge.time, place: null, ...by };
  await edge.directory.knownTrouble.acknowledge("local" as DomainName, ofOther);
  edge.time += 4 * 60_000;
  expect(await listed()).toMatchObject([{ kind: "relay-unreachable", since, acknowledged: { word: "known" } }]);
  edge.broken.clear();
  await listed();
  edge.broken.add("simulated");
  expect(await listed()).toMatchObject([{ since: edge.time, acknowledged: null }]);
  await acknowledge("relay-unreachable:simulated", { word: "seen" });
  // It answers, and is silent again before anybody asks.
  edge.time += 3_600_000;
  expect(await listed()).toMatchObject([{ since: edge.time, acknowledged: null }]);
});

test("what is acknowledged and still so comes last, with who took it; when it begins anew, it is open", async () => {
  const since = edge.time - 60_000;
  edge.health.set("simulated", { ...up, agentConnected: false, bridgeUp: false, awaySince: since });
  await giveUp(1);
  await acknowledge("no-agent:simulated", { word: "power cut, back at noon" });
  expect((await listed()).map(({ kind, acknowledged }) => [kind, acknowledged?.word ?? null])).toEqual([
    ["posts-given-up", null],
    ["no-agent", "power cut, back at noon"],
  ]);
  const ready = await ask("/readyz");
  expect([ready.status, await ready.json()]).toMatchObject([
    503,
    { ready: false, trouble: [{ kind: "posts-given-up" }, { kind: "no-agent" }] },
  ]);
  expect(await browse("")).toContain("operator at 00:16:40 : power cut, back at noon");
  edge.health.set("simulated", { ...up, agentConnected: false, bridgeUp: false, awaySince: edge.time + 1 });
  expect((await listed()).map(({ acknowledged }) => acknowledged)).toEqual([null, null]);
});

test("a page that was opened before acknowledges nothing that has ended and begun anew since", async () => {
  const away = (awaySince: number) => edge.health.set("simulated", { ...up, agentConnected: false, awaySince });
  const first = edge.time - 600_000;
  away(first);
  const id = "no-agent:simulated";
  expect(await browse("")).toContain("No agent is connected");
  away(edge.time - 60_000);
  const answer = await acknowledge(id, { word: "seen at two", since: first });
  expect([answer.status, await answer.json()]).toMatchObject([409, { title: "trouble began anew" }]);
  expect(await browse(`/trouble/${id}`, { word: "seen at two", since: `${first}`, place: "" })).toContain(
    `${id} was over, and has begun again`,
  );
  expect(await listed()).toMatchObject([{ acknowledged: null }]);
  expect((await acknowledge(id, { word: "seen now", since: edge.time - 60_000 })).status).toBe(200);
  expect(await listed()).toMatchObject([{ acknowledged: { word: "seen now" } }]);
  // Since when documents wait moves on as the oldest is confirmed.
  await waits("tsp1", edge.time - 40_000);
  expect((await acknowledge("posts-wait:tsp1", { word: "told", since: edge.time - 90_000 })).status).toBe(200);
  // Of what nobody knows since when it is, a form says nothing.
  edge.doubtMs = 500 * 86_400_000;
  expect((await acknowledge("time-in-doubt", { word: "seen", since: "", place: "" })).status).toBe(200);
});

test("the form on the overview sends what the page shows", async () => {
  edge.health.set("simulated", { ...up, agentConnected: false, awaySince: edge.time - 60_000 });
  const headers = { authorization: `Bearer ${token}`, accept: "text/html" };
  const page = await (await edge.app.request("/console/local", { headers })).text();
  expect(page).toContain(`name="since" value="${edge.time - 60_000}"`);
});

test("what somebody takes on is taken on, and nothing that begins anew, whichever way the clock was set meanwhile", async () => {
  const hour = 3_600_000;
  const away = (awaySince: number) =>
    edge.health.set("simulated", { ...up, agentConnected: false, bridgeUp: false, awaySince });
  const words = async () => (await listed()).map(({ acknowledged }) => acknowledged?.word ?? null);
  // The clock was set back behind the time when it began.
  away(edge.time + hour);
  await waits("tsp1", edge.time + hour);
  for (const id of ["no-agent:simulated", "posts-wait:tsp1"]) await acknowledge(id, { word: "known" });
  expect(await words()).toEqual(["known", "known"]);
  // The clock was two hours ahead when it was acknowledged.
  const since = edge.time - 60_000;
  away(since);
  edge.time += 2 * hour;
  await acknowledge("no-agent:simulated", { word: "power cut" });
  expect(await words()).toEqual(["power cut", "known"]);
  edge.time -= hour;
  edge.health.set("simulated", up);
  await waits("tsp1", edge.time - 40_000);
  expect(await words()).toEqual([null]);
  away(edge.time - 1_000);
  expect(await words()).toEqual([null, null]);
});

test("of several things, those that had begun stay acknowledged when the oldest is over; one that begins is open", async () => {
  const first = edge.time - 60_000;
  const late = (lateSince: number) =>
    edge.directory.publish(aBatch({ key: "6", running: { trouble: ["commands"], lateSince } }));
  const words = async () => (await listed()).map(({ kind, acknowledged }) => [kind, acknowledged?.word ?? null]);
  await late(first);
  await waits("tsp1", first);
  for (const { id } of await listed()) await acknowledge(id, { word: "known" });
  await late(first + 10_000);
  await waits("tsp1", first + 10_000);
  expect(await words()).toEqual([
    ["posts-wait", "known"],
    ["commands-late", "known"],
  ]);
  edge.time += 60_000;
  await late(edge.time - 30_000);
  await waits("tsp1", edge.time - 30_000);
  expect(await words()).toEqual([
    ["posts-wait", null],
    ["commands-late", null],
  ]);
});

test("an orphan is listed with its key, its age and its callers until WebEx creates it again; of very many, the oldest are", async () => {
  const first = edge.time - 3_600_000;
  for (let count = 0; count < 22; count += 1) await orphan(first + count, `${100 + count}`);
  const orphans = await listed();
  expect(orphans).toHaveLength(21);
  expect(orphans[0]).toMatchObject({ id: "orphan-conference:simulated:100", about: "100", since: first, count: 3 });
  expect(orphans[0]?.says).toMatch(/^The bridge simulated of local holds the conference 100 with 3 callers, which/);
  expect(orphans[20]).toMatchObject({ id: "orphan-conference:simulated", about: null, since: first + 20, count: 2 });
  const ready = (await (await ask("/readyz")).json()) as object;
  expect(JSON.stringify(ready)).toContain("orphan-conference:simulated:100");

  await edge.directory.publish(
    aBatch({ key: "100", running: { bridge: "simulated" as BridgeName, createdAt: first } }),
  );
  expect((await listed()).map(({ about }) => about)).not.toContain("100");
});

test("an orphan's trouble says whether it is locked, and what to do where the settings do not have its bridge any more", async () => {
  await orphan(1, "100", { locked: true });
  await orphan(2, "101", { locked: false });
  await orphan(3, "102", { bridge: "former" as BridgeName });
  const todos = (await listed()).map(({ about, todo }) => [about, todo] as const);

  expect(todos).toEqual([
    ["100", expect.stringContaining("It is locked: nobody new gets in.")],
    ["101", expect.stringContaining("It is not locked: whoever has its key gets in.")],
    [
      "102",
      expect.stringMatching(/^The settings do not have the bridge former any more, .* end the conference at the/),
    ],
  ]);
  expect(todos[2]?.[1]).toContain('"bridgehead end 102" takes it from the list, and hangs up nobody');
});

test("commands that are late, and a bridge that ends, are open when it begins anew after it was mended", async () => {
  const late = (lateSince: number | null) =>
    edge.directory.publish(
      aBatch({
        running: lateSince === null ? {} : { trouble: ["commands"], lateSince },
      }),
    );
  const ends = (endsSince: number | null) =>
    edge.health.set("simulated", endsSince === null ? up : { ...up, ports: 0, endsSince });
  for (const begin of [late, ends]) {
    await begin(edge.time - 1_000);
    const [one] = await listed();
    expect(one).toMatchObject({ since: edge.time - 1_000, acknowledged: null });
    await acknowledge(one?.id ?? "", { word: "w1" });
    edge.time += 60_000;
    expect(await listed()).toMatchObject([{ acknowledged: { word: "w1" } }]);
    await begin(null);
    expect(await listed()).toEqual([]);
    await begin(edge.time);
    expect(await listed()).toMatchObject([{ id: one?.id, since: edge.time, acknowledged: null }]);
    await begin(null);
  }
});

test("what nobody knows the beginning of is open again after a day", async () => {
  edge.health.set("simulated", { ...up, ports: 0 });
  await acknowledge("bridge-ends:simulated", { word: "upgrade" });
  edge.time += 24 * 3_600_000 - 1;
  expect(await listed()).toMatchObject([{ acknowledged: { word: "upgrade" } }]);
  edge.time += 1;
  expect(await listed()).toMatchObject([{ acknowledged: null }]);
});

test("operators acknowledge on the overview, with a word; viewers see it, and have no form", async () => {
  await giveUp(2);
  expect(await browse("", undefined, viewer)).not.toContain("Acknowledge");
  expect(await browse("")).toContain("Acknowledge all 2");
  const id = encodeURIComponent(`posts-given-up:${host}`);
  expect(await browse(`/trouble/${id}`, { word: "" })).toContain("word must not be empty");
  expect(await browse(`/trouble/${id}`, { word: "told", place: "" })).toContain("Bridges answer");
});

test("strangers hear nothing of agents and documents, also of a domain whose name is no secret", async () => {
  edge.health.set("simulated", withTrouble("standby-away"));
  await giveUp(1);
  const answer = await edge.app.request("/readyz");
  expect(await answer.json()).toMatchObject({ ready: true, trouble: [] });
});

test("each kind stands in docs/operations.md, with when it is over", () => {
  const page = readFileSync("docs/operations.md", "utf8");
  const rows = page.slice(page.indexOf("### Trouble"), page.indexOf("### Metrics of the edge"));
  const named = [...rows.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, kinds = ""]) => kinds.match(/[a-z-]{3,}/g) ?? []);
  expect(named.filter((word) => word !== "kind" && !/^-+$/.test(word)).toSorted()).toEqual(troubleKinds.toSorted());
});

test("what to do can be typed at a shell as it stands", () => {
  const todo = (about: string) => showTrouble({ kind: "posts-given-up", about, since: 1 }, "acme", null).todo;
  expect(todo("tsp1.example.com:443")).toContain('"bridgehead resync-server tsp1.example.com:443"');
  expect(todo("it's")).toContain("resync-server 'it'\\''s'\"");
});

test("of a bridge that the settings lack, which has conferences, nobody says that its ports are free; its trouble ends with them", async () => {
  const running = { bridge: "sold" as BridgeName };
  await edge.directory.publish(aBatch({ key: "1", running }));
  await edge.directory.publish(aBatch({ key: "2", running }));
  expect(await listed()).toMatchObject([{ kind: "bridge-removed", bridge: "sold", count: 2 }]);
  const { figures } = (await (await ask("/api/v1/domains/local/figures")).json()) as {
    figures: readonly { readonly name: string; readonly missing: readonly string[] }[];
  };
  for (const name of ["portsInUse", "portsFree", "ports", "callers"])
    expect(figures.find((one) => one.name === name)?.missing, name).toEqual(["sold"]);
  edge.time += 60_000;
  for (const key of ["1", "2"]) await edge.directory.publish(aBatch({ key, running: {} }));
  expect(await listed()).toEqual([]);
});

test("a bridge that the settings lack keeps its beginning, and who has taken it on, over a restart of the directory", async () => {
  await edge.directory.publish(aBatch({ key: "1", running: { bridge: "sold" as BridgeName } }));
  const [{ since, id } = { since: 0, id: "" }] = await listed();
  edge.time += 60_000;
  await acknowledge(id, { word: "sold it" });
  edge.time += 10 * 60_000;
  edge.directory = edge.startDirectory();
  await edge.directory.publish(aBatch({ key: "1", running: { bridge: "sold" as BridgeName } }));
  expect(await listed()).toMatchObject([{ since, acknowledged: { word: "sold it" } }]);
});

test("only TSP servers that the settings have are to be resynced", async () => {
  for (const host of ["https://tsp9:8800/tsp", "https://tsp1.example.com:8800/tsp", BACK_END] as WebexHost[])
    await giveUp(1, host);
  const found = (await listed()).map(({ about, todo }) => [about, todo.includes("resync-server")]);
  expect(Object.fromEntries(found)).toEqual({
    "tsp9:8800/tsp": false,
    "tsp1.example.com:8800/tsp": true,
    [BACK_END]: false,
  });
});

test("that a bridge is in the settings no more is known also where the disk takes no row, and then has a beginning", async () => {
  const { exec } = edge.directoryDisk;
  await edge.directory.publish(aBatch({ key: "1", running: { bridge: "sold" as BridgeName } }));
  edge.directoryDisk.exec = (query, ...values) => {
    if (query.startsWith("INSERT INTO removed_bridge")) throw new Error("database or disk is full");
    return exec.call(edge.directoryDisk, query, ...values);
  };
  const [first] = await listed();
  edge.time += 60_000;
  expect(await listed()).toMatchObject([{ kind: "bridge-removed", since: first?.since }]);
});

test.each([
  ["bridge-removed", { bridge: "sold" as BridgeName }],
  ["clock-jumped", { aheadMs: 180_000 }],
])("the alert %s keeps its beginning over a restart and ends with its cause", async (kind, running) => {
  await edge.directory.publish(aBatch({ running }));
  const [first] = await listed();
  expect(first).toMatchObject({ kind, since: edge.time });
  edge.time += 10 * 60_000;
  edge.directory = edge.startDirectory();
  await edge.directory.publish(aBatch({ running }));
  expect(await listed()).toMatchObject([{ kind, since: first?.since }]);
  await edge.directory.publish(aBatch({ running: {} }));
  expect(await listed()).toEqual([]);
  await edge.directory.publish(aBatch({ running }));
  expect(await listed()).toMatchObject([{ kind, since: edge.time }]);
});

test("an orphan on a bridge that is gone is none of the conferences that it has for WebEx", async () => {
  await orphan(1, "102", { bridge: "sold" as BridgeName });
  expect((await listed()).map(({ kind }) => kind)).toEqual(["orphan-conference"]);
});

test("a server that was refused is noted once, until the settings have it or somebody acknowledges it", async () => {
  const { knownTrouble } = edge.directory;
  const local = "local" as DomainName;
  for (const host of ["tsp9", "tsp9", "tsp8", "tsp1.example.com"]) await knownTrouble.serverRefused(local, host);
  const found = async () => (await listed()).map(({ about, count, acknowledged }) => [about, count, acknowledged]);
  expect(await found()).toEqual([
    ["tsp8", 1, null],
    ["tsp9", 1, null],
  ]);
  await acknowledge("server-refused:tsp9", { word: "a test of ours", place: 2 });
  expect(await found()).toEqual([["tsp8", 1, null]]);
  await knownTrouble.serverRefused(local, "tsp9");
  expect(await found()).toEqual([
    ["tsp8", 1, null],
    ["tsp9", 1, null],
  ]);
});

test("an address that documents may come from by now is no trouble any more", async () => {
  const wrong = async () =>
    (await listed()).filter(({ kind }) => kind === "source-refused").map(({ about, says }) => [about, says]);
  await edge.directory.knownTrouble.sourceRefused("local" as DomainName, "192.0.2.7");
  const says =
    "Documents to local with its secret came from 192.0.2.7, and were refused: webex.from of the settings does not have this address.";
  expect(await wrong()).toEqual([["192.0.2.7", says]]);

  const { directoryDisk } = edge;
  edge = new FakeEdge(token, { webex: { hosts: ["tsp1.example.com"], from: ["192.0.2.0/24"] } as never });
  edge.health.set("simulated", up);
  edge.directoryDisk = directoryDisk;
  edge.directory = edge.startDirectory();
  expect(await wrong()).toEqual([]);
});

test("documents that came through a proxy which nobody has named, or which says no address, are said to be so, and what to do in which order", async () => {
  await edge.directory.knownTrouble.sourceRefused("local" as DomainName, unnamedProxy);
  expect(await listed()).toMatchObject([
    {
      says: expect.stringMatching(
        /^Documents .* came through a proxy on the edge's machine that trustedProxies does not name, or that said no address, and/,
      ),
      todo: expect.stringContaining("have that set X-Forwarded-For itself, and then name it in trustedProxies"),
    },
  ]);
});

test("of servers that were refused 20 are named, and further ones are one row; what somebody has acknowledged gives way", async () => {
  const { knownTrouble } = edge.directory;
  const refuse = (host: string) => knownTrouble.serverRefused("local" as DomainName, host);
  for (let index = 0; index < 23; index += 1) await refuse(`tsp-${index}`);
  const [others, ...named] = (await listed()).toSorted((one, other) =>
    (one.about ?? "").localeCompare(other.about ?? ""),
  );
  expect(named).toHaveLength(20);
  expect(others).toMatchObject({ id: "server-refused:", about: "", place: 3 });
  expect(others?.says).toBe(
    "Requests of further servers to local were refused: webex.hosts of the settings has none of them.",
  );
  await acknowledge("server-refused:", { word: "strangers", place: 3 });
  expect(await listed()).toHaveLength(20);
  await acknowledge("server-refused:tsp-7", { word: "a stranger", place: 1 });
  edge.time += 1_000;
  await refuse("tsp-9");
  await acknowledge("server-refused:tsp-9", { word: "a stranger", place: 2 });
  const kept = () => edge.directoryDisk.exec("SELECT about FROM happened").map(({ about }) => about);
  await refuse("tsp-new");
  expect((await listed()).map(({ about }) => about)).toContain("tsp-new");
  expect(await listed()).toHaveLength(19);
  // The one that was heard of longest ago.
  expect([kept().includes("tsp-7"), kept().includes("tsp-9")]).toEqual([false, true]);
});

test("conferences that were lost are kept of each bridge", async () => {
  for (let index = 0; index < 30; index += 1) {
    const lost = aConferenceRecord({ conference: `${index}`, bridge: `b${index}`, reason: "lost", endedBy: "bridge" });
    await edge.directory.publish(aBatch({ key: `${index}`, records: [lost] }));
  }
  expect(await listed()).toHaveLength(30);
});

test("once what was acknowledged is too old to be kept, what comes after is acknowledged as far as somebody saw it", async () => {
  const local = "local" as DomainName;
  const { knownTrouble } = edge.directory;
  const lose = (conference: string) => {
    const lost = { conference, bridge: "simulated", reason: "lost", endedBy: "bridge", endedAt: edge.time } as const;
    return edge.directory.publish(aBatch({ key: conference, records: [aConferenceRecord(lost)] }));
  };
  const open = async () => (await listed()).map(({ count, place }) => [count, place]);
  for (const key of ["1", "2", "3"]) await lose(key);
  edge.time += 5 * 86_400_000;
  await acknowledge("conferences-lost:simulated", { word: "a restart", place: 3 });
  edge.time += 5 * 86_400_000;
  knownTrouble.deleteBefore(local, edge.time - 7 * 86_400_000);
  for (const key of ["4", "5"]) await lose(key);
  await acknowledge("conferences-lost:simulated", { word: "another restart", place: 1 });
  expect(await open()).toEqual([[1, 2]]);
});
