import { expect, test } from "vitest";
import { unnamedProxy } from "../../src/foundation/guard/networks.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import { tokenOperator } from "../../src/operators/people.ts";
import { helloOf } from "../workers/hello-of.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const me = "/api/v1/me";
const bearer = (text: string, from?: string) => ({
  headers: { authorization: `Bearer ${text}`, ...(from && { "cf-connecting-ip": from }) },
});

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

test("a user who asks too much gets 429 and when to go on; others are answered", async () => {
  const edge = await edgeWithAnna();
  const { count, last } = await answered(edge, 2_001, me, bearer("annas"));

  expect([count, last.status, last.headers.get("retry-after")]).toEqual([2_000, 429, "1"]);
  expect(await last.json()).toMatchObject({ title: "too many requests", instance: me });
  expect((await edge.app.request(me, bearer(token))).status).toBe(200);
  edge.time += 1_000;
  expect((await answered(edge, 210, me, bearer("annas"))).count).toBe(200);
});

test("a user's loop of actions fills 20,000 rows of the audit a day, half at once, and blocks no end", async () => {
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
      edge.rates.ofAction({ ...tokenOperator, name: "anna" }, "lock", edge.time),
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
  expect(edge.audited).toHaveLength(1);
  expect((await act("lock", token)).status).toBe(202);
  expect((await act("end")).status).toBe(202);
  expect((await edge.app.request(me, bearer("annas"))).status).toBe(200);
  edge.time += 3_600_000;
  expect(loop(900) * 24).toBeLessThan(20_100);
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

test("a network that signs in too often has to wait; the record has only sign-ins that began a session", async () => {
  const edge = await edgeWithAnna();
  const body = new URLSearchParams({ token: "annas" });
  const headers = { "sec-fetch-site": "same-origin", "cf-connecting-ip": "192.0.2.1" };
  const signIn = { method: "POST", body, headers };
  const { count, last } = await answered(edge, 300, "/console/sign-in", signIn);

  expect([count, last.headers.get("retry-after")]).toEqual([60, "3"]);
  expect((await edge.sessions.signIns(null, 1_000)).signIns).toHaveLength(60);
  const another = { ...signIn, headers: { ...headers, "cf-connecting-ip": "192.0.2.2" } };
  expect((await edge.app.request("/console/sign-in", another)).status).toBe(303);
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
        : edge.app.request("/console/sign-in", {
            method: "POST",
            headers: from,
            body: new URLSearchParams({ token: text }),
          });
    const volley = () =>
      Promise.all([...Array.from({ length: 100 }, (_, index) => guess(`guess ${index}`)), guess("annas")]);
    const judged = async () => (await volley()).filter(({ status }) => status !== 429).length;
    expect(await judged()).toBe(60);
    edge.time += 3_000;
    expect(await judged()).toBe(1);
  },
);

test("guesses through a proxy that nobody has named are limited, whatever addresses they claim", async () => {
  const edge = await edgeWithAnna();
  const guesses = await answered(edge, 90, me, bearer("a guess", unnamedProxy));
  expect([guesses.count, guesses.last.status]).toEqual([60, 429]);
  // Staff that are locked out by it learn why.
  expect(await guesses.last.json()).toMatchObject({ detail: expect.stringContaining("trustedProxies") });
  expect((await edge.app.request(me, bearer(token, "127.0.0.1"))).status).toBe(200);
});
