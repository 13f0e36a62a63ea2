import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import type { OperatorsSettings } from "../../src/operators/people.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const tokens = { anna: "token-of-anna", boris: "token-of-boris", clara: "token-of-clara" };
const people: OperatorsSettings["people"] = [
  { name: "anna", tokenSha256: await sha256(tokens.anna), role: "viewer", domains: ["local"] },
  { name: "boris", tokenSha256: await sha256(tokens.boris), role: "operator", domains: ["local"] },
  { name: "clara", tokenSha256: await sha256(tokens.clara), role: "viewer", domains: ["*"] },
];
const minuteMs = 60_000;

/** The domains `local` and `other`, and the conference 5 in `local`. */
async function edgeWith(operators: Partial<OperatorsSettings> = { people }): Promise<FakeEdge> {
  const edge = new FakeEdge(token, { adapterSecrets: ["aaaaaaaaaaaaaaaa"] }, operators, ["other"]);
  await edge.held("7000001", "5");
  edge.alive.add("5");
  return edge;
}

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });
const hybrid = "/api/v1/domains/local/conferences/5/hybrid";
const change = { method: "PUT", body: '{"connectData":"x"}' };

async function statusOf(edge: FakeEdge, path: string, headers: HeadersInit, init: RequestInit = {}): Promise<number> {
  return (await edge.app.request(path, { ...init, headers })).status;
}

const sameSite = { "sec-fetch-site": "same-origin" };

function signIn(edge: FakeEdge, who: string, headers: Record<string, string> = sameSite, origin = "") {
  return edge.app.request(`${origin}/console/sign-in`, {
    method: "POST",
    headers,
    body: new URLSearchParams({ token: who }),
  });
}

/** The cookie of a session that begins now. */
async function signedIn(
  edge: FakeEdge,
  who: string = tokens.boris,
  headers: Record<string, string> = sameSite,
): Promise<string> {
  const response = await signIn(edge, who, headers);
  expect(response.status).toBe(303);
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

test("staff of one domain see nothing of another: it is answered as one that is not there", async () => {
  const edge = await edgeWith();
  const asked = async (domain: string) => {
    const answers: string[] = [];
    for (const [path, init] of [
      ["agents", {}],
      ["conferences?hours=x", {}],
      ["conferences/5", {}],
      ["conferences/5/hybrid", change],
      ["bridges/simulated/drain", { method: "PUT" }],
    ] as const) {
      const headers = bearer(tokens.boris);
      const response = await edge.app.request(`/api/v1/domains/${domain}/${path}`, { ...init, headers });
      answers.push(`${response.status} ${[...response.headers]} ${await response.text()}`.replaceAll(domain, "DOMAIN"));
    }
    return answers;
  };

  expect(await asked("other")).toEqual(await asked("there-is-none"));
  expect((await asked("other"))[0]).toMatch(/^404 /);
  expect(await statusOf(edge, "/api/v1/domains/other/agents", bearer(token))).toBe(200);
  const domains = await edge.app.request("/api/v1/domains", { headers: bearer(tokens.boris) });
  expect(await domains.json()).toMatchObject({ domains: [{ name: "local" }] });
  const all = await edge.app.request("/api/v1/domains", { headers: bearer(tokens.clara) });
  expect(await all.json()).toMatchObject({ domains: [{ name: "local" }, { name: "other" }] });
});

test("logs an action with all that is asked before it is done", async () => {
  const edge = await edgeWith();
  const local = "/api/v1/domains/local";
  for (const [path, body] of [
    ["conferences/5/actions", { type: "mute", call: "c1" }],
    ["conferences/5/actions", { type: "call-out", number: "+14085551234" }],
    ["bridges/simulated/hand-over", { from: "agent-1" }],
    ["records/erasures", { number: "+1 408 555 1234" }],
  ] as const)
    await statusOf(edge, `${local}/${path}`, bearer(tokens.boris), { method: "POST", body: JSON.stringify(body) });
  const byForm = { method: "POST", body: "from=agent-2" };
  const cookie = { cookie: await signedIn(edge), ...sameSite };
  await statusOf(edge, "/console/local/bridges/simulated/hand-over", cookie, byForm);

  expect(edge.loggedActions.map(([{ action, about }, done]) => [action, about, done])).toEqual([
    ["mute", { confKey: "5", call: "c1" }, 0],
    ["call-out", { confKey: "5", number: "**********34" }, 1],
    ["hand-over", { bridge: "simulated", from: "agent-1" }, 2],
    ["erase", { number: "*********34" }, 2],
    ["hand-over", { bridge: "simulated", from: "agent-2" }, 2],
  ]);
});

test("viewers look, operators act", async () => {
  const edge = await edgeWith();
  expect(await statusOf(edge, "/api/v1/domains/local/agents", bearer(tokens.anna))).toBe(200);
  expect(await statusOf(edge, hybrid, bearer(tokens.anna), change)).toBe(403);
  expect(await statusOf(edge, hybrid, bearer(tokens.clara), change)).toBe(403);
  expect(edge.operated).toEqual([]);
  expect(await statusOf(edge, hybrid, bearer(tokens.boris), change)).toBe(202);
  expect(edge.operated).toHaveLength(1);
});

test("metrics are for those who see all domains, and readiness shows each person's", async () => {
  const edge = await edgeWith();
  for (const [who, status] of [
    [tokens.boris, 403],
    [tokens.clara, 200],
    [token, 200],
  ] as const) {
    expect(await statusOf(edge, "/metrics", bearer(who)), who).toBe(status);
  }
  const shown = async (headers: HeadersInit) => {
    const answer = await edge.app.request("/readyz", { headers });
    const { domains = {} } = (await answer.json()) as { domains?: object };
    return Object.keys(domains);
  };
  expect(await shown({})).toEqual([]);
  expect(await shown(bearer("wrong"))).toEqual([]);
  expect(await shown(bearer(tokens.anna))).toEqual(["local"]);
  expect(await shown({ cookie: await signedIn(edge, tokens.anna) })).toEqual(["local"]);
  expect(await shown(bearer(tokens.clara))).toEqual(["local", "other"]);
});

test("what a person asks is written down with what became of it and from where; what only looks is not", async () => {
  const edge = await edgeWith();
  const from = { "cf-connecting-ip": "192.0.2.7" };
  await statusOf(edge, "/api/v1/domains/local/agents", bearer(tokens.boris));
  await statusOf(edge, hybrid, { ...bearer(tokens.boris), ...from, "idempotency-key": "k1" }, change);
  await statusOf(edge, hybrid, { ...bearer(tokens.anna), "idempotency-key": "k2" }, change);
  edge.broken.add("5");
  await statusOf(edge, hybrid, { ...bearer(token), "idempotency-key": "k3" }, change);

  const ofAll = { at: edge.time, by: "token", action: "hybrid-data", about: { confKey: "5" } };
  const done = { status: 202, refusal: null, from: "192.0.2.7" };
  const refused = (status: number, refusal: string) => ({ status, refusal, from: "" });
  expect(edge.audited).toEqual([
    ["local", { ...ofAll, person: "boris", role: "operator", actionId: "k1", ...done }],
    ["local", { ...ofAll, person: "anna", role: "viewer", actionId: "k2", ...refused(403, "not allowed") }],
    ["local", { ...ofAll, person: "operator", role: "operator", actionId: "k3", ...refused(503, "failed for now") }],
  ]);
});

test("staff of a domain read what was asked of it, refusals too, in pages; nobody reads another domain's", async () => {
  const edge = await edgeWith();
  for (const [who, key] of [
    [tokens.boris, "k1"],
    [tokens.anna, "k2"],
    [token, "k3"],
  ] as const)
    await statusOf(edge, hybrid, { ...bearer(who), "idempotency-key": key }, change);
  const read = (who: string, path: string) => edge.ask<{ next: string | null }>(`/api/v1/domains/${path}`, {}, who);

  const page = await read(tokens.anna, "local/audit?limit=2");
  expect(page.body).toMatchObject({
    entries: [
      { person: "operator", actionId: "k3", status: 202, refusal: null },
      { person: "anna", role: "viewer", actionId: "k2", status: 403, refusal: "not allowed", about: { confKey: "5" } },
    ],
  });
  const rest = await read(tokens.clara, `local/audit?cursor=${page.body.next}`);
  expect(rest.body).toMatchObject({ entries: [{ person: "boris", actionId: "k1" }], next: null });
  expect((await read(tokens.anna, "other/audit")).status).toBe(404);
});

test("what is kept of an action is of a limited length, whatever the path was", async () => {
  const edge = await edgeWith();
  const long = `/api/v1/domains/local/conferences/${"9".repeat(5_000)}/hybrid`;
  expect(await statusOf(edge, long, bearer(tokens.boris), change)).toBe(404);
  expect(edge.audited[0]?.[1].about).toEqual({ confKey: `${"9".repeat(256)}…` });
});

test("a token is exchanged for a session, whose cookie no script and no other site gets", async () => {
  const edge = await edgeWith();
  const response = await signIn(edge, tokens.boris);
  const origin = "http://192.0.2.7:8787";
  const byHttp = await signIn(edge, tokens.boris, sameSite, origin);
  expect(response.headers.get("set-cookie")).toMatch(
    /^__Host-bridgehead-session=[\w-]{43}\.[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  const byHttps = await signIn(edge, tokens.boris, { origin: "https://192.0.2.7:8787" }, origin);
  expect(byHttps.headers.get("set-cookie")).toMatch(
    /^__Host-bridgehead-session=.*; HttpOnly; Secure; SameSite=Strict$/,
  );
  // By http from another machine, a browser would not keep that one.
  expect(byHttp.headers.get("set-cookie")).toMatch(/^bridgehead-session=.*; Path=\/; HttpOnly; SameSite=Strict$/);
  const plain = byHttp.headers.get("set-cookie")?.split(";")[0] ?? "";
  expect(await statusOf(edge, "/api/v1/me", { cookie: plain })).toBe(200);
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  const me = await edge.app.request("/api/v1/me", { headers: { cookie } });
  expect(await me.json()).toMatchObject({ name: "boris", by: "session", endsAt: edge.time + 60 * minuteMs });
  expect(await statusOf(edge, hybrid, { cookie, ...sameSite }, change)).toBe(202);
  expect(edge.audited.at(-1)?.[1]).toMatchObject({ person: "boris", by: "session" });
});

test("a session ends after an hour without use, and after twelve at the latest", async () => {
  const edge = await edgeWith();
  const idle = await signedIn(edge);
  const busy = await signedIn(edge);
  let hours = 0;
  for (; (await statusOf(edge, "/api/v1/me", { cookie: busy })) === 200 && hours < 20; hours += 0.5)
    edge.time += 30 * minuteMs;

  expect(hours).toBe(12);
  expect(await statusOf(edge, "/api/v1/me", { cookie: idle })).toBe(401);
  const other = await signedIn(edge);
  edge.time += 59 * minuteMs;
  expect(await statusOf(edge, "/api/v1/me", { cookie: other })).toBe(200);
  edge.time += 59 * minuteMs;
  expect(await statusOf(edge, "/api/v1/me", { cookie: other })).toBe(200);
  edge.time += 60 * minuteMs;
  expect(await statusOf(edge, "/api/v1/me", { cookie: other })).toBe(401);
});

test("who signs out has no session any more, and its cookie goes", async () => {
  const edge = await edgeWith();
  const [cookie, other] = [await signedIn(edge), await signedIn(edge)];
  const response = await edge.app.request("/console/sign-out", { method: "POST", headers: { cookie, ...sameSite } });

  expect([response.status, response.headers.get("set-cookie")]).toEqual([
    303,
    "__Host-bridgehead-session=; Max-Age=0; Path=/; Secure",
  ]);
  expect(await statusOf(edge, "/api/v1/me", { cookie })).toBe(401);
  expect(await statusOf(edge, "/api/v1/me", { cookie: other })).toBe(200);
});

test("who signs in again has another session, and the one before is over", async () => {
  const edge = await edgeWith();
  const before = await signedIn(edge);
  const other = await signedIn(edge);
  const after = await signedIn(edge, tokens.boris, { ...sameSite, cookie: before });

  expect(after).not.toBe(before);
  expect(await statusOf(edge, "/api/v1/me", { cookie: before })).toBe(401);
  expect(await statusOf(edge, "/api/v1/me", { cookie: after })).toBe(200);
  expect(await statusOf(edge, "/api/v1/me", { cookie: other })).toBe(200);
});

test("sessions and the record of sign-ins say from where each began, and from where it was ended", async () => {
  const edge = await edgeWith();
  const [here, there] = ["192.0.2.7", "192.0.2.8"];
  const cookie = await signedIn(edge, tokens.anna, { ...sameSite, "cf-connecting-ip": here });
  const sessions = await edge.app.request("/api/v1/sessions", { headers: { cookie } });
  expect(await sessions.json()).toMatchObject({ sessions: [{ person: "anna", from: here }] });
  const end = { method: "POST", headers: { cookie, ...sameSite, "cf-connecting-ip": there } };
  await edge.app.request("/console/sign-out", end);
  expect((await edge.sessions.signIns(null, 9)).signIns).toMatchObject([{ from: there }, { from: here }]);
});

test("no other site signs anybody out", async () => {
  const edge = await edgeWith();
  const cookie = await signedIn(edge);
  for (const site of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example.com" }, {}] as object[]) {
    const headers = { cookie, ...site };
    expect(await statusOf(edge, "/console/sign-out", headers, { method: "POST" })).toBe(403);
  }
  expect(await statusOf(edge, "/api/v1/me", { cookie })).toBe(200);
});

test("people end their own sessions, and operators of all domains anybody's; the record tells", async () => {
  const edge = await edgeWith();
  const cookie = await signedIn(edge, tokens.anna);
  const ended = async (who: string, of: string) => {
    const path = `/api/v1/people/${of}/sessions`;
    const { status, body } = await edge.ask<{ ended?: number }>(path, { method: "DELETE" }, who);
    return [status, body.ended];
  };
  const listed = async (who: string) => {
    const { body } = await edge.ask<{ sessions: { person: string }[] }>("/api/v1/sessions", {}, who);
    return body.sessions.map(({ person }) => person);
  };

  const seen = [token, tokens.boris, tokens.anna, tokens.clara].map(listed);
  expect(await Promise.all(seen)).toEqual([["anna"], [], ["anna"], []]);
  expect(await ended(tokens.boris, "anna")).toEqual([403, undefined]);
  expect(await ended(tokens.clara, "anna")).toEqual([403, undefined]);
  expect(await statusOf(edge, "/api/v1/me", { cookie })).toBe(200);
  expect(await ended(token, "anna")).toEqual([200, 1]);
  expect(await statusOf(edge, "/api/v1/me", { cookie })).toBe(401);
  await signedIn(edge, tokens.anna);
  expect(await ended(tokens.anna, "anna")).toEqual([200, 1]);
  expect(await statusOf(edge, "/api/v1/sign-ins", bearer(tokens.boris))).toBe(403);
  expect((await edge.ask("/api/v1/sign-ins?limit=3", {}, tokens.clara)).body).toEqual({
    signIns: [
      { at: edge.time, person: "anna", outcome: "sessions-ended", of: "anna", from: "" },
      { at: edge.time, person: "anna", outcome: "signed-in", from: "" },
      { at: edge.time, person: "operator", outcome: "sessions-ended", of: "anna", from: "" },
    ],
    next: "2",
  });
  expect((await edge.ask("/api/v1/sign-ins?cursor=2", {}, tokens.clara)).body).toMatchObject({
    signIns: [{ person: "anna", outcome: "signed-in" }],
    next: null,
  });
});

test("a session is over when the token by which it began is nobody's any more", async () => {
  const edge = await edgeWith();
  const cookie = await signedIn(edge, tokens.anna);
  const sessions = new Map([["of-anna", cookie]]);
  const replaced = [{ ...people[0], tokenSha256: "0".repeat(64) } as (typeof people)[number]];
  const hers = await edge.sessions.list("anna");

  for (const [after, status] of [
    [people, 200],
    [replaced, 401],
    [[], 401],
  ] as const) {
    const next = await edgeWith({ people: [...after] });
    for (const { hash, person, credential, from } of hers)
      await next.sessions.begin({ hash, person, credential, from });
    expect(await statusOf(next, "/api/v1/me", { cookie: sessions.get("of-anna") ?? "" })).toBe(status);
  }
});

test("a token that changes hands ends the sessions that it began: nobody goes on under another person's rights", async () => {
  const edge = await edgeWith();
  const cookie = await signedIn(edge, tokens.boris);
  const [session] = await edge.sessions.list("boris");
  const [, boris] = people;
  if (!session || !boris) throw new Error("boris has no session");
  const { hash, person, credential, from } = session;

  for (const { name, status } of [
    { name: "boris", status: 200 },
    { name: "dora", status: 401 },
  ]) {
    const next = await edgeWith({ people: [{ ...boris, name }] });
    await next.sessions.begin({ hash, person, credential, from });
    expect([name, await statusOf(next, "/api/v1/me", { cookie })]).toEqual([name, status]);
    expect(await statusOf(next, hybrid, { cookie, ...sameSite }, change)).toBe(status === 200 ? 202 : 401);
  }
});

test("a made-up cookie wakes no object", async () => {
  const edge = await edgeWith();
  const found: string[] = [];
  const find = edge.sessions.find.bind(edge.sessions);
  edge.sessions.find = (hash, isUse) => {
    found.push(hash);
    return find(hash, isUse);
  };
  const cookie = await signedIn(edge);
  const forged = [
    `${"A".repeat(43)}.${"0".repeat(64)}`,
    "x",
    "",
    `${cookie.slice(19, -1)}${cookie.endsWith("0") ? "1" : "0"}`,
  ];
  for (const text of forged) {
    expect(await statusOf(edge, "/api/v1/me", { cookie: `bridgehead-session=${text}` }), text).toBe(401);
  }
  expect(found).toEqual([]);
  expect(await statusOf(edge, "/api/v1/me", { cookie })).toBe(200);
  expect(found).toHaveLength(1);
});

test.each<[what: string, headers: Record<string, string>, byCookie: number, byToken: number]>([
  ["this site", { "sec-fetch-site": "same-origin" }, 202, 202],
  ["this site, by an older browser", { origin: "http://localhost" }, 202, 202],
  ["this site, behind a proxy with TLS", { origin: "https://localhost" }, 202, 202],
  ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example.net" }, 403, 403],
  ["a neighbour's site", { "sec-fetch-site": "same-site", origin: "https://evil.localhost" }, 403, 403],
  ["another site that claims ours", { "sec-fetch-site": "cross-site", origin: "http://localhost" }, 403, 403],
  ["another site, by an older browser", { origin: "https://evil.example.net" }, 403, 403],
  ["another port", { origin: "http://localhost:81" }, 403, 403],
  ["a file", { origin: "null" }, 403, 403],
  ["what somebody has typed", { "sec-fetch-site": "none" }, 202, 202],
  ["a program", {}, 403, 202],
])("what changes something, from %s", async (_, headers, byCookie, byToken) => {
  const edge = await edgeWith();
  const cookie = await signedIn(edge);

  expect(await statusOf(edge, hybrid, { ...headers, cookie }, change)).toBe(byCookie);
  const asked = await edge.app.request(hybrid, { ...change, headers: { ...headers, ...bearer(token) } });
  expect(asked.status).toBe(byToken);
  // It has one.
  expect(await asked.text()).not.toContain("with a bearer token");
  // Looking changes nothing.
  expect(await statusOf(edge, "/api/v1/me", { ...headers, cookie })).toBe(200);
});

test("guesses at tokens are limited by address, right ones too; who is signed in and other addresses are served", async () => {
  const edge = await edgeWith();
  const cookie = await signedIn(edge);
  const here = { "cf-connecting-ip": "2001:db8:1:2:3::4" };
  const guess = (headers: Record<string, string>) => signIn(edge, "x", { ...headers, ...sameSite });
  for (let count = 0; count < 30; count += 1) {
    expect((await guess(here)).status).toBe(401);
    expect(await statusOf(edge, "/api/v1/me", { ...here, ...bearer("wrong") })).toBe(401);
  }

  const refused = await guess(here);

  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "3"]);
  const neighbour = { "cf-connecting-ip": "2001:db8:1:2::9" };
  expect(await statusOf(edge, "/api/v1/me", { ...neighbour, ...bearer(token) })).toBe(429);
  expect(await statusOf(edge, "/api/v1/me", { ...here, cookie })).toBe(200);
  expect(await statusOf(edge, "/api/v1/me", { "cf-connecting-ip": "2001:db8:1:3::4", ...bearer(token) })).toBe(200);
  expect((await edge.sessions.signIns(null, 100)).signIns.filter(({ outcome }) => outcome === "refused")).toHaveLength(
    30,
  );
  edge.time += 3_000;
  expect(await statusOf(edge, "/api/v1/me", { ...here, ...bearer(token) })).toBe(200);
});

test("a wrong token is a line of the log with its address, by a program and at the console, and never the token", async () => {
  const edge = await edgeWith();
  const headers = { "cf-connecting-ip": "192.0.2.7" };
  await statusOf(edge, "/api/v1/me", { ...headers, ...bearer("wrong-61") });
  await statusOf(edge, "/metrics", { ...headers, ...bearer("wrong-61") });
  await signIn(edge, "wrong-61", { ...headers, ...sameSite });
  await statusOf(edge, "/api/v1/me", headers);

  expect(edge.logged).toEqual(["sign-in", "sign-in", "sign-in"]);
  expect(edge.lines).toEqual(Array(3).fill({ outcome: "refused", from: "192.0.2.7" }));
});

test("a flood of wrong tokens from everywhere is answered, and leaves some rows", async () => {
  const edge = await edgeWith();
  for (let count = 0; count < 100; count += 1) {
    const headers = { ...sameSite, "cf-connecting-ip": `192.0.2.${count}` };
    expect((await signIn(edge, "x", headers)).status).toBe(401);
  }
  expect((await edge.sessions.signIns(null, 200)).signIns).toHaveLength(60);
});

test("this machine's own address is not limited: a proxy on it may tell no other", async () => {
  const edge = await edgeWith();
  for (const headers of [{}, { "cf-connecting-ip": "127.0.0.1" }]) {
    for (let count = 0; count < 30; count += 1) await statusOf(edge, "/api/v1/me", { ...headers, ...bearer("wrong") });
    expect(await statusOf(edge, "/api/v1/me", { ...headers, ...bearer(token) })).toBe(200);
  }
});

test("nobody's token begins no session", async () => {
  const edge = await edgeWith();
  const begin = async (who: string) => {
    const response = await signIn(edge, who);
    return [response.status, response.headers.get("set-cookie")];
  };
  expect(await begin("")).toEqual([401, null]);
  expect(await begin(await sha256(tokens.anna))).toEqual([401, null]);
  expect(await begin("x".repeat(5_000))).toEqual([413, null]);
});

const issuer = "https://acme.cloudflareaccess.com";
const access: OperatorsSettings["access"] = {
  team: "acme",
  audience: "aud-1",
  people: [{ email: "Dora@example.com", role: "viewer", domains: ["local"] }],
};

test("whom Cloudflare Access has signed in is known by the address in its token, whose signature and claims are right", async () => {
  const [right, wrong] = [await generateKeyPair("RS256"), await generateKeyPair("RS256")];
  const edge = await edgeWith({ people, access });
  edge.time = Date.now();
  const fetched: string[] = [];
  edge.fetches = (url) => {
    fetched.push(url);
    if (fetched.length === 1) throw new Error("the team does not answer");
    return Response.json({ keys: [key] });
  };
  const key = { ...(await exportJWK(right.publicKey)), kid: "k1", alg: "RS256", use: "sig" };
  const seconds = Math.floor(edge.time / 1_000);
  const assertion = (claims: object = {}, by = right.privateKey) =>
    new SignJWT({ iss: issuer, aud: ["aud-1"], email: "dora@example.com", exp: seconds + 60, ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "k1" })
      .sign(by);
  const asked = (text: string, path = "/api/v1/me", init: RequestInit = {}) =>
    edge.app.request(path, { ...init, headers: { "cf-access-jwt-assertion": text, ...(init.headers as object) } });

  expect((await asked(await assertion())).status).toBe(503);
  const me = await asked(await assertion());
  expect([me.status, await me.json()]).toEqual([
    200,
    { name: "dora@example.com", role: "viewer", domains: ["local"], by: "access", endsAt: null },
  ]);
  expect(fetched).toEqual([`${issuer}/cdn-cgi/access/certs`, `${issuer}/cdn-cgi/access/certs`]);
  expect(await (await asked(await assertion(), "/readyz")).json()).toMatchObject({ domains: { local: {} } });
  for (const text of [
    "",
    "x.y.z",
    await assertion({ aud: ["aud-2"] }),
    await assertion({ iss: "https://evil.cloudflareaccess.com" }),
    await assertion({ exp: seconds - 1 }),
    await assertion({ exp: undefined }),
    await assertion({ nbf: seconds + 600 }),
    await assertion({ email: "eve@example.com" }),
    await assertion({ email: ["dora@example.com"] }),
    await assertion({ email: undefined }),
    await assertion({}, wrong.privateKey),
    `${btoa('{"alg":"none"}')}.${btoa(`{"iss":"${issuer}","aud":"aud-1","email":"dora@example.com","exp":${seconds + 60}}`)}.`.replaceAll(
      "=",
      "",
    ),
    await new SignJWT({ iss: issuer, aud: "aud-1", email: "dora@example.com", exp: seconds + 60 })
      .setProtectedHeader({ alg: "HS256", kid: "k1" })
      .sign(new TextEncoder().encode(JSON.stringify(key))),
  ]) {
    expect((await asked(text)).status, text).toBe(401);
  }
  // The browser brings Access' cookie along from everywhere.
  for (const headers of [{ "sec-fetch-site": "cross-site" }, {}] as object[]) {
    const end = { method: "DELETE", headers } as RequestInit;
    const answer = await asked(await assertion(), "/api/v1/people/dora@example.com/sessions", end);
    expect([answer.status, await answer.json()]).toMatchObject([403, { title: "cross-site" }]);
  }
});

test("who sends a token is known by that alone: nothing may stand behind it, and no cookie makes a wrong one right", async () => {
  const edge = await edgeWith();
  const cookie = await signedIn(edge);
  expect(await statusOf(edge, "/api/v1/me", bearer(`${token} ${token}`))).toBe(401);
  for (const authorization of ["Bearer wrong", "Bearer ", ""])
    expect(await statusOf(edge, "/api/v1/me", { authorization, cookie }), authorization).toBe(401);
});

test("a session's cookie that another name under ours could have set does not count beside one that it could not", async () => {
  const edge = await edgeWith();
  const plain = (await signedIn(edge, tokens.anna)).replace("__Host-", "");
  const cookie = `${plain}; ${await signedIn(edge)}`;
  const me = await edge.app.request("/api/v1/me", { headers: { cookie } });
  expect(await me.json()).toMatchObject({ name: "boris" });
});

test("without settings of Access its header means nothing", async () => {
  const edge = await edgeWith();
  expect(await statusOf(edge, "/api/v1/me", { "cf-access-jwt-assertion": "x.y.z" })).toBe(401);
});
