import { expect, onTestFinished, test, vi } from "vitest";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import { siteDifferences } from "../../webex-interfaces/doors/edge.ts";
import { byPost, conferenceView, FakeEdge, token } from "./fake-edge.ts";

const base = "/api/v1/domains/local";
const site = { site: "acme", webExId: "anna", passwordFrom: "WEBEX_SECRET_ACME" };

const who = { olga: "token-of-olga", boris: "token-of-boris", anna: "token-of-anna", operator: token };
const people = [
  {
    ...{ name: "olga", tokenSha256: await sha256(who.olga), domains: ["local"] },
    ...{ role: "operator" as const, secrets: true },
  },
  { name: "boris", tokenSha256: await sha256(who.boris), role: "operator" as const, domains: ["local"] },
  { name: "anna", tokenSha256: await sha256(who.anna), role: "viewer" as const, domains: ["local"] },
];

/** An edge with the conferences 1 and 2. */
async function edgeWith(webexSite: object | undefined = site, settings: object = {}): Promise<FakeEdge> {
  const edge = new FakeEdge(token, webexSite && { webexSite: { ...site, ...webexSite }, ...settings }, { people });
  for (const key of ["1", "2"]) {
    edge.views.set(key as ConfKey, conferenceView(key, { extConfId: `E${key}` as ExtConfId }));
    await edge.held(`handle-${key}`, key);
  }
  return edge;
}

async function asked(edge: FakeEdge, path: string, method = "GET", by = token) {
  const [to, init] = path.includes("?") ? byPost(base + path) : [base + path, { method }];
  const response = await edge.app.request(to, { ...init, headers: { authorization: `Bearer ${by}` } });
  return { status: response.status, body: await response.json() };
}

test("a conference's meeting is asked for by its ConfKey, or by its ExtConfID where the settings say so", async () => {
  const edge = await edgeWith();
  expect(await asked(edge, "/conferences/1/meeting?attendeeId=101")).toEqual({ status: 200, body: edge.meeting });
  const other = await edgeWith({ sessionKey: "ExtConfID" });
  await asked(other, "/conferences/1/meeting");

  expect(edge.questions).toEqual([{ domain: "local", confKey: "1", sessionKey: "1", attendeeId: "101" }]);
  expect(other.questions).toMatchObject([{ confKey: "1", sessionKey: "E1" }]);
});

test("unknown conferences, odd attendee IDs and domains without a site are refused, and no site is asked", async () => {
  const edge = await edgeWith();
  expect((await asked(edge, "/conferences/9/meeting")).status).toBe(404);
  expect((await asked(edge, "/conferences/1/meeting?attendeeId=x%23")).status).toBe(400);
  const without = new FakeEdge(token);

  for (const path of ["/conferences/1/meeting", "/provisioning-check"]) {
    expect(await asked(without, path), path).toMatchObject({ status: 404, body: { title: "no site" } });
  }
  expect((await asked(without, "/provisioning-check", "POST")).status).toBe(404);
  expect([...edge.calls, ...without.calls].filter((call) => /meeting|check/.test(call))).toEqual([]);
});

test("only the operator sees meetings and has sites compared", async () => {
  const edge = await edgeWith();

  for (const [method, path] of [
    ["GET", "/conferences/1/meeting"],
    ["GET", "/provisioning-check"],
    ["POST", "/provisioning-check"],
  ] as const) {
    expect((await edge.app.request(`${base}${path}`, { method })).status).toBe(401);
  }
  expect(edge.calls).not.toContain("begin a check");
});

const codePath = "/conferences/1/meeting/access-code";

test("the access code of a meeting is for people with a right of its own, and the audit has each reading before it", async () => {
  const edge = await edgeWith({ sessionKey: "ExtConfID" });
  edge.accessCode = "4711001";
  for (const by of ["operator", "boris", "anna"] as const)
    expect(await asked(edge, codePath, "POST", who[by]), by).toMatchObject({
      ...{ status: 403, body: { detail: expect.stringContaining("Secrets are for people") } },
    });
  expect(edge.calls.filter((call) => call.startsWith("access code"))).toEqual([]);
  expect(edge.audited.map(([, { person, refusal }]) => [person, refusal])).toEqual([
    ...["operator", "boris", "anna"].map((person) => [person, "not allowed"]),
  ]);

  edge.audited.length = 0;
  edge.auditAsked.length = 0;
  const kept = Promise.withResolvers<void>();
  edge.keepAsked = () => kept.promise;
  const answer = asked(edge, codePath, "POST", who.olga);
  while (edge.auditAsked.length === 0) await new Promise((next) => setImmediate(next));
  const entry = { person: "olga", action: "readAccessCode", about: { confKey: "1" }, at: edge.time };
  expect(edge.auditAsked).toMatchObject([["local", entry]]);
  expect(edge.calls.filter((call) => call.startsWith("access code"))).toEqual([]);
  kept.resolve();
  expect(await answer).toEqual({ status: 200, body: { accessCode: "4711001" } });
  expect(edge.calls).toContain("access code of 1 by E1");
  expect(edge.audited).toMatchObject([["local", { ...entry, status: 200, refusal: null }]]);
  expect(JSON.stringify([edge.audited, edge.auditAsked, edge.lines, edge.logged])).not.toContain("4711001");
});

test("no access code is shown of which the audit cannot say who read it, nor one that is not known", async () => {
  const edge = await edgeWith();
  edge.accessCode = "4711001";
  edge.keepAsked = async () => false;
  const refused = { status: 503, body: { title: "not written down" } };
  expect(await asked(edge, codePath, "POST", who.olga)).toMatchObject(refused);
  expect(edge.calls.filter((call) => call.startsWith("access code"))).toEqual([]);

  edge.keepAsked = async () => {};
  edge.accessCode = null;
  const unknown = { status: 404, body: { title: "no access code" } };
  expect(await asked(edge, codePath, "POST", who.olga)).toMatchObject(unknown);
  expect((await asked(edge, codePath.replace("1", "9"), "POST", who.olga)).status).toBe(404);
  expect(await asked(edge, codePath, "GET", who.olga)).toMatchObject({
    ...{ status: 405, body: { detail: "This path is there for POST." } },
  });
});

test("a check begins on demand, and its state is shown", async () => {
  const edge = await edgeWith();

  expect(await asked(edge, "/provisioning-check")).toEqual({ status: 200, body: edge.provisioning });
  expect(edge.calls).not.toContain("begin a check");
  expect(await asked(edge, "/provisioning-check", "POST")).toEqual({ status: 202, body: edge.provisioning });
  expect(edge.calls).toContain("begin a check");
});

test("conferences have the topics that are cached; an object that hangs or fails takes nothing but these", async () => {
  const edge = await edgeWith();
  edge.topics.set("2" as ConfKey, "Berth planning");
  const topics = async () => {
    const { body } = await asked(edge, "/conferences");
    return (body as { conferences: { topic?: string }[] }).conferences.map(({ topic }) => topic);
  };

  expect(await topics()).toEqual([undefined, "Berth planning"]);
  expect(edge.calls).toContain("topics of 1,2");
  expect((await asked(edge, "/conferences/2")).body).toMatchObject({ key: "2", topic: "Berth planning" });
  expect(edge.questions).toEqual([]);

  edge.broken.add("site");
  expect(await topics()).toEqual([undefined, undefined]);
  expect(edge.logged).toEqual(["view-failed"]);
  edge.broken.clear();
  edge.hung.add("site");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const late = topics();
  // The token is compared outside the fake time.
  while (vi.getTimerCount() === 0) await new Promise((next) => setImmediate(next));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await late).toEqual([undefined, undefined]);
});

test.each(["masked", "none"])("names of the site are not shown with recordsPersonal %s", async (recordsPersonal) => {
  const edge = await edgeWith(site, { recordsPersonal });
  edge.topics.set("2" as ConfKey, "Berth planning");

  for (const path of ["/conferences", "/conferences/2"])
    expect(JSON.stringify((await asked(edge, path)).body), path).not.toContain("Berth planning");
});

test("nothing that WebEx, an agent or a caller does asks the object of the site", async () => {
  const edge = await edgeWith();
  edge.alive.add("1");
  const create =
    '<WbxTSPSchema><TransID>1</TransID><W2A_CreateConference MsgID="1" WbxHostName="tsp1.example.com" ExtConfID="E1" ConfKey="1"/></WbxTSPSchema>';
  edge.broken.add("site");

  expect((await edge.post(create)).status).toBe(200);
  expect((await asked(edge, "/conferences/1/story")).status).toBe(200);
  const body = JSON.stringify({ connectData: "x" });
  const headers = { authorization: `Bearer ${token}` };
  expect((await edge.app.request(`${base}/conferences/1/hybrid`, { method: "PUT", body, headers })).status).toBe(202);
  for (const path of ["/healthz", "/readyz", "/metrics", "/global-numbers/local", "/agent/local/simulated"]) {
    await edge.app.request(path, { headers });
  }

  expect(edge.calls.filter((call) => /topics|numbers|meeting|check/.test(call))).toEqual([]);
});

test.each([
  ["", 200],
  ["/", 200],
  ["//", 404],
  ["?from=webex", 200],
  ["/x", 404],
  ["x", 404],
])(
  "the check finds nothing wrong with an adaptor URL that ends with %j only where the edge answers it, with %i",
  async (end, status) => {
    for (const adapterSecrets of [[], ["q3J8xWm0ZbV5tYk2a"]]) {
      const url = `https://tsp.example.com/tsp/local${adapterSecrets.map((secret) => `/${secret}`)}${end}`;
      const edge = new FakeEdge(undefined, { adapterSecrets });
      const answer = await edge.app.request(url, { method: "POST", body: "x" });

      const expected = { domain: "local", adapterSecrets, numbers: [], labels: {}, hosts: [], hasNumbersPage: false };
      const site = { siteInstance: { telephonyConfig: { primaryAdaptorURL: url } } } as never;
      const found = siteDifferences(site, expected).filter(({ says }) => says.includes("adaptor URL"));

      expect([url, answer.status === 404 ? 404 : 200, found.length]).toEqual([url, status, status === 404 ? 1 : 0]);
      if (end === "//")
        expect(found[0]?.says).toMatch(/ends with several slashes, so that WebEx gets 404: have WebEx change it to/);
    }
  },
);
