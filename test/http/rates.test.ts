import { expect, test } from "vitest";
import { unnamedProxy } from "../../src/foundation/guard/networks.ts";
import type { DomainName } from "../../src/foundation/ids.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import { Refusals } from "../../src/http/refusals.ts";
import type { AuditEntry } from "../../src/operators/audit.ts";
import { tokenOperator } from "../../src/operators/people.ts";
import { Clock } from "../kit/clock.ts";
import { helloOf } from "../workers/hello-of.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const me = "/api/v1/me";
const bearer = (text: string, from?: string) => ({
  headers: { authorization: `Bearer ${text}`, ...(from && { "cf-connecting-ip": from }) },
});

function aRefusal(more: object): AuditEntry {
  const refused = { person: "viewer", action: "act", status: 403, refusal: "not allowed", from: "", about: {} };
  return { at: 0, ...refused, ...more } as object as AuditEntry;
}

async function edgeWithAnna() {
  const rights = { role: "viewer" as const, domains: ["local"] };
  const people = [{ name: "anna", tokenSha256: await sha256("annas"), ...rights }];
  return new FakeEdge(token, {}, { people });
}

/** How many of so many requests were answered, and the last answer. */
async function answered(edge: FakeEdge, times: number, path: string, init: RequestInit = {}) {
  let count = 0;
  let last = new Response();
  for (let time = 0; time < times; time += 1) {
    last = await edge.app.request(path, init);
    if (last.status !== 429) count += 1;
  }
  return { count, last };
}

test("a person who asks too much gets 429 and when to go on; others are answered", async () => {
  const edge = await edgeWithAnna();
  const { count, last } = await answered(edge, 1_001, me, bearer("annas"));

  expect([count, last.status, last.headers.get("retry-after")]).toEqual([1_000, 429, "1"]);
  expect(await last.json()).toMatchObject({ title: "too many requests", instance: me });
  expect((await edge.app.request(me, bearer(token))).status).toBe(200);
  edge.time += 1_000;
  expect((await answered(edge, 60, me, bearer("annas"))).count).toBe(50);
});

test("a person's loop of actions fills 20,000 rows of the audit a day, half at once; others act", async () => {
  const rights = { role: "operator" as const, domains: ["local"] };
  const people = [{ name: "anna", tokenSha256: await sha256("annas"), ...rights }];
  const edge = new FakeEdge(token, {}, { people });
  await edge.held("7000001", "5");
  edge.alive.add("5");
  const path = "/api/v1/domains/local/conferences/5/actions";
  const act = async (type = "lock", by = "annas") =>
    edge.app.request(path, { method: "POST", ...bearer(by), body: JSON.stringify({ type }) });
  /** How many of so many actions are done. */
  const loop = (times: number) =>
    Array.from({ length: times }, () =>
      edge.rates.ofAction({ ...tokenOperator, name: "anna" }, null, edge.time),
    ).filter((refusal) => refusal === null).length;
  edge.time = 1_000_000;
  expect((await act()).status).toBe(202);
  let done = 1;
  for (let second = 0; second < 255; second += 1) {
    edge.time += 1_000;
    done += loop(40);
  }
  const refused = await act();

  expect([done, refused.status, refused.headers.has("retry-after")]).toEqual([10_059, 429, true]);
  expect(edge.audited.at(-1)?.[1]).toMatchObject({ person: "anna", status: 429, refusal: "too many requests" });
  expect((await act("lock", token)).status).toBe(202);
  expect((await edge.app.request(me, bearer("annas"))).status).toBe(200);
  // What cannot wait is done all the same.
  expect((await act("end")).status).toBe(202);
  edge.time += 3_600_000;
  expect(loop(900) * 24).toBeLessThan(20_100);
});

test("a loop of drains has a limit, and keeps neither ends nor other actions from being done", async () => {
  const edge = new FakeEdge();
  await edge.held("7000001", "5");
  edge.alive.add("5");
  const drain = () =>
    edge.app.request("/api/v1/domains/local/bridges/simulated/drain", { method: "PUT", ...bearer(token) });
  const act = (type: string) => {
    const path = "/api/v1/domains/local/conferences/5/actions";
    return edge.app.request(path, { method: "POST", ...bearer(token), body: JSON.stringify({ type }) });
  };
  expect((await drain()).status).toBe(200);
  const left = Array.from({ length: 10_000 }, () => edge.rates.ofAction(tokenOperator, "drainBridge", edge.time));
  expect(left.filter((refusal) => refusal === null)).toHaveLength(9_999);
  expect((await drain()).status).toBe(429);
  expect([(await act("end")).status, (await act("lock")).status]).toEqual([202, 202]);
  expect(edge.rates.ofAction({ ...tokenOperator, name: "anna" }, "drainBridge", edge.time)).toBe(null);
});

test("hundreds of requests a second with the operator's token are all answered", async () => {
  const edge = await edgeWithAnna();
  expect((await answered(edge, 3_000, me, bearer(token))).count).toBe(3_000);
});

test("an address that asks too much gets 429 before anything is read; this machine and posts of WebEx do not", async () => {
  const edge = await edgeWithAnna();
  const stranger = { headers: { "cf-connecting-ip": "2001:db8:1:2::7" } };
  const { count, last } = await answered(edge, 2_001, "/healthz", stranger);
  expect([count, last.status]).toEqual([2_000, 429]);

  const neighbour = { headers: { "cf-connecting-ip": "2001:db8:1:2::8" } };
  expect((await edge.app.request("/healthz", neighbour)).status).toBe(429);
  expect((await edge.app.request("/tsp/nobody/wrong", { ...stranger, method: "POST" })).status).toBe(429);
  expect((await edge.app.request("/tsp/local", { ...stranger, method: "POST", body: "<" })).status).toBe(200);
  const here = { headers: { "cf-connecting-ip": "127.0.0.1" } };
  expect((await answered(edge, 2_100, "/healthz", here)).count).toBe(2_100);
});

test("who signs in too often has to wait, from this machine too, and nobody else; the record has those sign-ins alone that began a session", async () => {
  const edge = await edgeWithAnna();
  const body = JSON.stringify({ token: "annas" });
  const headers = { "sec-fetch-site": "same-origin", "cf-connecting-ip": "127.0.0.1" };
  const signIn = { method: "POST", body, headers };
  const { count, last } = await answered(edge, 300, "/console/session", signIn);

  expect([count, last.headers.get("retry-after")]).toEqual([60, "3"]);
  expect((await edge.sessions.signIns(null, 1_000)).signIns).toHaveLength(60);
  // From the same machine, as behind a proxy there.
  const another = { ...signIn, body: JSON.stringify({ token }) };
  expect((await edge.app.request("/console/session", another)).status).toBe(201);
});

test("who opens too many pages at once has to wait before a further socket is opened, and nobody else", async () => {
  const edge = await edgeWithAnna();
  const open = (by: string) => {
    const headers = { ...bearer(by).headers, upgrade: "websocket" };
    return answered(edge, 1, "/console/live/local", { headers });
  };
  for (let count = 0; count < 100; count += 1) expect((await open("annas")).last.status).toBe(200);
  const { last } = await open("annas");

  expect([last.status, last.headers.get("retry-after")]).toEqual([429, "1"]);
  expect((await open(token)).last.status).toBe(200);
});

test("a viewer's refused actions at 141 a second for a minute are four lines, which count them all", async () => {
  const clock = new Clock(0);
  const told: (readonly [string, number])[] = [];
  const refusals = new Refusals({
    after: (ms, run) => clock.after(ms, run),
    now: () => clock.now,
    waitUntil: () => {},
    told: (_, { person, count = 1 }) => told.push([person, count]),
  });
  const entry = (person: string, more: Partial<AuditEntry> = {}) =>
    ({
      at: clock.now,
      person,
      action: "act",
      status: 403,
      refusal: "not allowed",
      from: "",
      about: {},
      ...more,
    }) as AuditEntry;
  const domain = "local" as DomainName;
  for (let tenth = 0; tenth < 600; tenth += 1) {
    for (let count = 0; count < 14; count += 1) refusals.add(domain, entry("viewer"));
    await clock.pass(100);
  }
  refusals.add(domain, entry("boris"));
  refusals.add(domain, entry("viewer", { status: 202, refusal: null }));

  expect(told).toHaveLength(6);
  expect(told.filter(([person]) => person === "viewer").reduce((sum, [, count]) => sum + count, 0)).toBe(8_401);
  await clock.pass(60_000);
  expect(told).toHaveLength(6);
  refusals.add(domain, entry("viewer"));
  expect(told).toHaveLength(7);
});

test.each([
  ["is slow", (ms: number) => Math.floor(ms * 0.999_99)],
  ["is set back", (ms: number) => (ms < 5_000 ? ms : ms - 1_000)],
  ["is set forward", (ms: number) => (ms < 5_000 ? ms : ms + 86_400_000)],
])("what follows a refusal is told by itself, also while the clock %s", async (_, shown) => {
  const clock = new Clock(0);
  const told: number[] = [];
  const refusals = new Refusals({
    after: (ms, run) => clock.after(ms, run),
    now: () => shown(clock.now),
    waitUntil: () => {},
    told: (_, { count = 1 }) => told.push(count),
  });
  for (let time = 0; time < 100; time += 1) {
    refusals.add("local" as DomainName, aRefusal({ at: shown(clock.now) }));
    await clock.pass(50);
  }
  await clock.pass(60_000);
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect(told.length).toBeLessThanOrEqual(3);
});

test("refusals whose wait the platform has ended are told with the next one", () => {
  const told: (number | undefined)[] = [];
  const time = { now: 0 };
  const none = { after: () => () => {}, waitUntil: () => {}, now: () => time.now };
  const refusals = new Refusals({ ...none, told: (_, { count }) => told.push(count) });
  const add = () => refusals.add("local" as DomainName, aRefusal({ at: time.now }));
  for (time.now of [0, 5_000, 19_999, 20_000, 25_000]) add();
  expect(told).toEqual([undefined, 3]);
  // A clock that is set back silences nobody.
  time.now = -3_600_000;
  add();
  expect(told).toEqual([undefined, 3, 2]);
});

test("another kind of action, or another domain, is another refusal", () => {
  const told: string[] = [];
  const ports = { after: () => () => {}, waitUntil: () => {}, now: () => 0 };
  const refusals = new Refusals({ ...ports, told: (_, { about }) => told.push(String(about.type)) });
  for (const type of ["lock", "end", "end"]) refusals.add("local" as DomainName, aRefusal({ about: { type } }));
  refusals.add("other" as DomainName, aRefusal({ about: { type: "end" } }));
  expect(told).toEqual(["lock", "end", "end"]);
});

test("an agent that proves who it is gets in beside a stranger who has used up the rate of their address", async () => {
  const edge = new FakeEdge();
  const from = { "cf-connecting-ip": "192.0.2.1", upgrade: "websocket" };
  await answered(edge, 2_001, "/healthz", { headers: from });
  const hello = await helloOf(0, { at: edge.time });
  const agent = { headers: { ...from, "bridgehead-hello": hello } };
  // First its relay refuses it, with a challenge.
  for (const status of [403, 200]) {
    edge.relayStatus = status;
    expect((await edge.app.request("/agent/local/simulated", agent)).status).toBe(status);
  }
  const stranger = { headers: { ...from, "bridgehead-hello": await helloOf(1, { at: edge.time }) } };
  expect((await edge.app.request("/agent/local/simulated", stranger)).status).toBe(429);
  for (const path of ["/agent/local", "/agent/local/simulated"])
    expect((await edge.app.request(path, { headers: { "cf-connecting-ip": "192.0.2.1" } })).status).toBe(429);
});

test.each(["a program's", "a person's"])(
  "of %s guesses that come side by side no more are judged, the right one too",
  async (whose) => {
    const edge = await edgeWithAnna();
    const from = { "cf-connecting-ip": "192.0.2.1", "sec-fetch-site": "same-origin" };
    const guess = (text: string) =>
      whose === "a program's"
        ? edge.app.request(me, { headers: { ...from, authorization: `Bearer ${text}` } })
        : edge.app.request("/console/session", {
            method: "POST",
            headers: from,
            body: JSON.stringify({ token: text }),
          });
    const volley = () =>
      Promise.all([...Array.from({ length: 100 }, (_, index) => guess(`guess ${index}`)), guess("annas")]);
    const judged = async () => (await volley()).filter(({ status }) => status !== 429).length;
    expect(await judged()).toBe(20);
    edge.time += 3_000;
    expect(await judged()).toBe(1);
  },
);

test("guesses through a proxy that nobody has named are limited, whatever addresses they claim", async () => {
  const edge = await edgeWithAnna();
  const guesses = await answered(edge, 60, me, bearer("a guess", unnamedProxy));
  expect([guesses.count, guesses.last.status]).toEqual([20, 429]);
  // Staff that are locked out by it learn why.
  expect(await guesses.last.json()).toMatchObject({ detail: expect.stringContaining("trustedProxies") });
  expect((await edge.app.request(me, bearer(token, "127.0.0.1"))).status).toBe(200);
});

test("what may not be asked is written down once, and not as asked before", async () => {
  const edge = await edgeWithAnna();
  const put = { method: "PUT", body: JSON.stringify({ connectData: "x" }), ...bearer("annas") };
  expect((await edge.app.request("/api/v1/domains/local/conferences/5/hybrid", put)).status).toBe(403);
  expect([edge.auditAsked.length, edge.audited.length]).toEqual([0, 1]);
});
