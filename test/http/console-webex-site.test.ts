import { expect, test } from "vitest";
import type { BridgeName, ConfKey, ExtConfId, WebexHost } from "../../src/foundation/ids.ts";
import { sha256 } from "../../src/foundation/secrets.ts";
import { type ARunning, aPage } from "../durable-objects/fact-page.ts";
import { aCallRecord, aConferenceRecord } from "../records/a-record.ts";
import { conferenceView, FakeEdge, token } from "./fake-edge.ts";

const site = { site: "acme", webExId: "anna", passwordFrom: "WEBEX_SECRET_ACME" };
const tokens = { anna: "token-of-anna", boris: "token-of-boris", olga: "token-of-olga" };
const people = [
  { name: "anna", tokenSha256: await sha256(tokens.anna), role: "viewer" as const, domains: ["local"] },
  { name: "boris", tokenSha256: await sha256(tokens.boris), role: "operator" as const, domains: ["local"] },
  {
    ...{ name: "olga", tokenSha256: await sha256(tokens.olga), domains: ["local"] },
    ...{ role: "operator" as const, secrets: true },
  },
];

/** An edge with the conferences 1 and 2, and somebody who is signed in. */
async function there(webexSite: object | null = {}, who: keyof typeof tokens = "boris") {
  const edge = new FakeEdge(token, webexSite ? { webexSite: { ...site, ...webexSite } } : {}, { people });
  for (const key of ["1", "2"]) {
    edge.views.set(key as ConfKey, conferenceView(key, { extConfId: `E${key}` as ExtConfId }));
    await edge.held(`handle-${key}`, key);
  }
  const browser = { accept: "text/html", "sec-fetch-site": "same-origin" };
  const body = new URLSearchParams({ token: tokens[who] });
  const signIn = await edge.app.request("/console/sign-in", { method: "POST", headers: browser, body });
  const headers = { ...browser, cookie: signIn.headers.get("set-cookie")?.split(";")[0] ?? "" };
  const ask = async (path: string, method = "GET", more: Readonly<Record<string, string>> = {}) => {
    const init = { method, headers: { ...headers, ...more } };
    const response = await edge.app.request(`/console/local${path}`, init);
    return { status: response.status, text: await response.text(), to: response.headers.get("location") ?? "" };
  };
  const asked = () => edge.calls.filter((call) => /^(?:meeting|topics|begin a check)/.test(call));
  return { edge, ask, asked };
}

test("a conference's meeting stands on a tab of its own, and only there the site is asked", async () => {
  const { edge, ask, asked } = await there();
  const { status, text } = await ask("/conferences/1/meeting");
  expect(status).toBe(200);
  expect(text).toContain("It is not known.");
  expect(text).toContain("acme.webex.com has said nothing of this conference");
  expect(text).not.toContain("data-live");
  expect(edge.questions).toEqual([{ domain: "local", confKey: "1", sessionKey: "1", attendeeId: undefined }]);

  for (const path of ["", "/conferences", "/conferences/1", "/conferences/1/timeline", "/records", "/settings"])
    expect((await ask(path)).status, path).toBe(200);
  expect((await ask("/conferences/1")).text).toContain('href="/console/local/conferences/1/meeting"');
  expect(asked().filter((call) => call.startsWith("meeting"))).toHaveLength(1);

  const byExtConfId = await there({ sessionKey: "ExtConfID" });
  await byExtConfId.ask("/conferences/1/meeting");
  expect(byExtConfId.edge.questions).toMatchObject([{ sessionKey: "E1" }]);
});

test("who may read secrets has a button for the access code, which stands in that one answer", async () => {
  const button = "Show the access code";
  const withCode = async (who: keyof typeof tokens) => {
    const shown = await there({}, who);
    const meeting = {
      ...{ sessionKey: "1", service: "MC" as const, topic: "Berths", status: null, host: null, schedule: null },
      ...{ numbers: [], accessCode: "(secret)", dialInSequences: null, missing: [] },
    };
    shown.edge.meeting = { ...shown.edge.meeting, meeting, knownAt: shown.edge.time, failure: null };
    shown.edge.accessCode = "4711001";
    return shown;
  };
  for (const who of ["anna", "boris"] as const) {
    const { edge, ask } = await withCode(who);
    const { text } = await ask("/conferences/1/meeting");
    expect([text.includes("(secret)"), text.includes(button)], who).toEqual([true, false]);
    const refused = await ask("/conferences/1/meeting", "POST");
    expect([refused.status, refused.text.includes("4711001")], who).toEqual([403, false]);
    expect(edge.calls.join()).not.toContain("access code of");
  }
  const { edge, ask } = await withCode("olga");
  expect((await ask("/conferences/1/meeting")).text).toContain(button);
  const { status, text } = await ask("/conferences/1/meeting", "POST");
  expect([status, text.includes("4711001"), text.includes(button)]).toEqual([200, true, false]);
  expect((await ask("/conferences/1/meeting")).text).not.toContain("4711001");
  const entry = { person: "olga", action: "readAccessCode", about: { confKey: "1" }, status: 200, refusal: null };
  expect(edge.audited).toMatchObject([["local", entry]]);
  expect(JSON.stringify([edge.audited, edge.lines])).not.toContain("4711001");

  edge.keepAsked = async () => false;
  const unwritten = await ask("/conferences/1/meeting", "POST");
  expect([unwritten.status, unwritten.text.includes("4711001")]).toEqual([503, false]);
  edge.keepAsked = async () => {};
  edge.accessCode = null;
  expect((await ask("/conferences/1/meeting", "POST")).status).toBe(404);
  expect((await ask("/conferences/1/meeting", "POST", { "sec-fetch-site": "cross-site" })).status).toBe(403);
});

test("the links are those of the settings' site, whatever comes from its object", async () => {
  const { edge, ask } = await there({ site: "https://meet.acme.example/acme" });
  const meeting = {
    ...{ sessionKey: "1", service: "MC" as const, topic: "Berths", status: null, host: null, schedule: null },
    ...{ numbers: [], accessCode: null, dialInSequences: null, missing: [] },
  };
  const link = (host: string) => ({ url: `https://${host}/acme/m.php?MK=1`, needsLogIn: false });
  const links = { join: link("meet.acme.example"), start: link("evil.example") };
  edge.meeting = { ...edge.meeting, meeting, knownAt: edge.time, links, failure: null };
  const { text } = await ask("/conferences/1/meeting");
  expect(text).toContain('href="https://meet.acme.example/acme/m.php?MK=1"');
  expect(text).not.toContain("evil.example");
});

test("a domain without a site has neither tab nor page, and no site is asked", async () => {
  const { ask, asked } = await there(null, "olga");
  expect((await ask("/conferences/1")).text).not.toContain("/meeting");
  expect((await ask("/settings")).text).not.toContain("/console/local/site");
  for (const [path, method] of [
    ["/conferences/1/meeting", "GET"],
    ["/conferences/1/meeting", "POST"],
    ["/site", "GET"],
    ["/site", "POST"],
  ] as const) {
    const answer = await ask(path, method);
    expect(answer.status, path).toBe(404);
    expect(answer.text).toContain("The domain local has no webexSite in its settings.");
  }
  expect(asked()).toEqual([]);
});

test("nothing is asked about a conference that never was", async () => {
  const { ask, asked } = await there();
  expect(await ask("/conferences/9/meeting")).toMatchObject({ status: 404 });
  expect(asked()).toEqual([]);
});

test("the lists have the topics that are cached, each page by one question; without them they are whole all the same", async () => {
  const { edge, ask, asked } = await there();
  edge.topics.set("1" as ConfKey, "Berth planning");
  for (const key of ["1", "2"] as ConfKey[]) {
    const waiting = [{ host: "tsp1" as WebexHost, documents: 1, oldestAt: edge.time, failure: null }];
    const running: ARunning = {
      ...{ life: 3, createdAt: edge.time, webexHost: "tsp1" as WebexHost, callers: 2, waiting, trouble: ["posts"] },
      bridge: "simulated" as BridgeName,
    };
    // Its key had two lives.
    const records = [1, 2].map((life) =>
      aConferenceRecord({ conference: key, life, endedAt: edge.time, extConfIds: [], topic: "" }),
    );
    const call = aCallRecord({ conference: key, endedAt: edge.time, number: "1", attendeeId: "" });
    await edge.directory.follow(aPage({ key, running, records: [...records, call] }));
  }
  const pages = ["", "/conferences", "/records?kind=conference", "/records?kind=call"];
  for (const path of pages) {
    edge.calls.length = 0;
    expect((await ask(path)).text, path).toContain("Berth planning");
    expect(asked(), path).toEqual([path.startsWith("/records") ? "topics of 2,1" : "topics of 1,2"]);
  }

  edge.broken.add("site");
  for (const path of pages) {
    const { status, text } = await ask(path);
    expect([status, text.includes("/conferences/1"), text.includes("Berth")], path).toEqual([200, true, false]);
  }
});

test("an operator begins a check and comes back to its page; who asked is written down, viewers are refused", async () => {
  const { edge, ask, asked } = await there();
  const first = await ask("/site");
  expect(first.text).toContain("Nothing has been compared yet");
  expect(first.text).toContain('data-every="5000"');
  expect(asked()).toEqual([]);
  expect(await ask("/site", "POST")).toMatchObject({ status: 303, to: "/console/local/site" });
  expect(asked()).toEqual(["begin a check"]);

  const viewer = await there({}, "anna");
  expect((await viewer.ask("/site")).text).not.toContain("Compare now");
  const refused = await viewer.ask("/site", "POST");
  expect(refused.status).toBe(403);
  expect(refused.text).toContain("You may look, and change nothing.");
  expect(viewer.asked()).toEqual([]);

  const entries = [...edge.audited, ...viewer.edge.audited].map(([, { person, action, status, refusal }]) => ({
    ...{ person, action, status, refusal },
  }));
  expect(entries).toEqual([
    { person: "boris", action: "beginProvisioning", status: 202, refusal: null },
    { person: "anna", action: "beginProvisioning", status: 403, refusal: "not allowed" },
  ]);
});

test("a form of another site begins no check", async () => {
  const { ask, asked } = await there();
  expect((await ask("/site", "POST", { "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect(asked()).toEqual([]);
});
