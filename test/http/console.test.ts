import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { sha256 } from "../../src/foundation/secrets.ts";
import { FakeEdge, token } from "./fake-edge.ts";

const tokenOfAnna = "token-of-anna";
const people = [
  { name: "anna", tokenSha256: await sha256(tokenOfAnna), role: "viewer" as const, domains: ["local"] },
  { name: "nina", tokenSha256: await sha256("nina"), role: "viewer" as const, domains: ["elsewhere"] },
];
const browser = { accept: "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin" };

const edgeWith = () => new FakeEdge(token, {}, { people }, ["other"]);

/** Fills in the form of the sign-in page. */
function signIn(edge: FakeEdge, fields: Record<string, string>, headers: Record<string, string> = browser) {
  return edge.app.request("/console/sign-in", { method: "POST", headers, body: new URLSearchParams(fields) });
}

/** What a browser sends on after it has signed in. */
async function signedIn(edge: FakeEdge, who = tokenOfAnna): Promise<Record<string, string>> {
  const response = await signIn(edge, { token: who });
  return { ...browser, cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "" };
}

test("a browser without a session is led to the sign-in and back; programs get a problem", async () => {
  const edge = edgeWith();
  const asked = await edge.app.request("/console/local/conferences?begins=7", { headers: browser });
  expect(asked.status).toBe(302);
  const to = asked.headers.get("location") ?? "";
  expect(to).toBe("/console/sign-in?to=%2Fconsole%2Flocal%2Fconferences%3Fbegins%3D7");
  const form = await (await edge.app.request(to, { headers: browser })).text();
  expect(form).toContain('name="to" value="/console/local/conferences?begins=7"');

  const begun = await signIn(edge, { token: ` ${tokenOfAnna}\n`, to: "/console/local/conferences?begins=7" });
  expect(begun.status).toBe(303);
  expect(begun.headers.get("location")).toBe("/console/local/conferences?begins=7");
  expect(begun.headers.get("set-cookie")).toMatch(/^__Host-bridgehead-session=.*HttpOnly.*Secure.*SameSite=Strict/);

  const program = await edge.app.request("/console/local");
  expect([program.status, program.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
  const wrongToken = await edge.app.request("/console/local", { headers: { ...browser, authorization: "Bearer x" } });
  expect(wrongToken.status).toBe(401);
  const posted = await edge.app.request("/console/local", { method: "POST", headers: browser });
  expect([posted.status, posted.headers.get("location")]).toEqual([303, "/console/sign-in"]);
});

test.each([
  ["https://evil.example/console/local", "/console/local"],
  ["//evil.example/console", "/console"],
  ["/\\evil.example/console", "/console"],
  ["/consoles", "/console"],
  ["/api/v1/me", "/console"],
  ["/console/../api/v1/me", "/console"],
  ["/console/sign-in?to=x", "/console"],
  ["javascript:alert(1)", "/console"],
  ["", "/console"],
  ["/console/local", "/console/local"],
])("whoever signs in with %s in mind goes on to %s", async (to, expected) => {
  expect((await signIn(edgeWith(), { token: tokenOfAnna, to })).headers.get("location")).toBe(expected);
});

test("a link from elsewhere, which brings no cookie, is followed once more from here", async () => {
  const edge = edgeWith();
  const headers = { ...browser, "sec-fetch-site": "cross-site" };
  const response = await edge.app.request('/console/local?a="b"', { headers });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('http-equiv="refresh" content="0;url=/console/local?a=%22b%22"');
});

test("a wrong token, a form of another site, and too many guesses are refused in words, without a session", async () => {
  const edge = edgeWith();
  const wrong = await signIn(edge, { token: "<script>", to: '/console/"><script>' });
  expect(wrong.status).toBe(401);
  const text = await wrong.text();
  expect(text).toContain("Wrong token.");
  expect(text).not.toContain("<script>");
  expect(text).toContain("autofocus");

  const crossSite = await signIn(edge, { token: tokenOfAnna }, { ...browser, "sec-fetch-site": "cross-site" });
  expect([crossSite.status, crossSite.headers.get("set-cookie")]).toEqual([403, null]);
  const long = await signIn(edge, { token: "x".repeat(5_000) });
  expect(long.status).toBe(413);

  const headers = { ...browser, "cf-connecting-ip": "192.0.2.1" };
  for (let guess = 0; guess < 60; guess += 1) await signIn(edge, { token: "wrong" }, headers);
  const tooMany = await signIn(edge, { token: tokenOfAnna }, headers);
  expect([tooMany.status, tooMany.headers.get("retry-after"), tooMany.headers.get("set-cookie")]).toEqual([
    429,
    "3",
    null,
  ]);
});

test("a token is typed where nobody reads it, or pasted with blanks around it, and each page has the way out", async () => {
  const edge = edgeWith();
  const form = await (await edge.app.request("/console/sign-in", { headers: browser })).text();
  expect(form).toMatch(/<input id="token" name="token" type="password"[^>]*autocomplete="current-password"/);
  expect(form).not.toContain("onpaste");
  expect((await signIn(edge, { token: `  ${tokenOfAnna}\n` })).status).toBe(303);
  expect((await signIn(edge, { token: tokenOfAnna.toUpperCase() })).status).toBe(401);

  const headers = await signedIn(edge);
  const pages = ["", "/conferences", "/records", "/find", "/prompt-calls", "/bridges", "/servers"];
  for (const page of [...pages, "/settings", "/audit", "/nothing"]) {
    const text = await (await edge.app.request(`/console/local${page}`, { headers })).text();
    expect(text, page).toContain('<form method="post" action="/console/sign-out">');
  }
});

test("sign-out ends the session, and a form of another site does not", async () => {
  const edge = edgeWith();
  const headers = await signedIn(edge);
  const out = (more: Record<string, string>) =>
    edge.app.request("/console/sign-out", { method: "POST", headers: { ...headers, ...more } });
  expect((await out({ "sec-fetch-site": "cross-site" })).status).toBe(403);
  expect((await edge.app.request("/console/local", { headers })).status).toBe(200);

  const gone = await out({});
  expect([gone.status, gone.headers.get("location")]).toEqual([303, "/console/sign-in"]);
  expect(gone.headers.get("set-cookie")).toMatch(/^__Host-bridgehead-session=;.*Max-Age=0.*Secure/);
  expect((await edge.app.request("/console/local", { headers })).status).toBe(302);
});

test("the begin is the first domain that the person sees, and others are not there", async () => {
  const edge = edgeWith();
  const headers = await signedIn(edge);
  expect((await edge.app.request("/console", { headers })).headers.get("location")).toBe("/console/local");
  const shown = await (await edge.app.request("/console/local", { headers })).text();
  expect(shown).toContain("anna</b>");
  expect(shown).not.toContain("other");

  const hidden = await edge.app.request("/console/other", { headers });
  const missing = await edge.app.request("/console/nowhere", { headers });
  expect([hidden.status, missing.status]).toEqual([404, 404]);
  expect((await hidden.text()).replaceAll("other", "nowhere")).toBe(await missing.text());

  const all = await (await edge.app.request("/console/other", { headers: await signedIn(edge, token) })).text();
  expect(all).toContain('href="/console/local"');
  const nina = await edge.app.request("/console", { headers: await signedIn(edge, "nina") });
  expect([nina.status, await nina.text()]).toEqual([404, expect.stringContaining("give you no domain")]);
});

test("pages say what is missing and what failed; programs get the same as problems", async () => {
  const edge = edgeWith();
  const headers = await signedIn(edge);
  const nothing = await edge.app.request("/console/local/nothing", { headers });
  expect([nothing.status, nothing.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
  const bearer = { authorization: `Bearer ${token}` };
  const problem = await edge.app.request("/console/local/nothing", { headers: bearer });
  expect([problem.status, problem.headers.get("content-type")]).toEqual([404, "application/problem+json"]);

  edge.broken.add("directory");
  const failed = await edge.app.request("/console/local/conferences", { headers });
  expect([failed.status, await failed.text()]).toEqual([503, expect.stringContaining("The directory did not answer")]);
  expect(edge.logged).toContain("request-failed");
});

test("who cannot be signed in, or found, for now is told so in words", async () => {
  const edge = edgeWith();
  const headers = await signedIn(edge);
  edge.sessions.find = edge.sessions.begin = async () => {
    throw new Error("no storage");
  };
  for (const response of [
    await edge.app.request("/console/local", { headers }),
    await signIn(edge, { token: tokenOfAnna }),
  ]) {
    expect([response.status, response.headers.get("cache-control")]).toEqual([503, "no-store"]);
    expect(await response.text()).toContain("<h1>Failed for now</h1>");
  }
  const program = await edge.app.request("/console/local", { headers: { cookie: headers.cookie ?? "" } });
  expect(program.headers.get("content-type")).toBe("application/problem+json");
});

test("no page takes scripts or styles from a page's text or from elsewhere, lies in a frame, or is kept", async () => {
  const edge = edgeWith();
  const headers = await signedIn(edge);
  for (const path of ["/console/sign-in", "/console/local", "/console/local/nothing"]) {
    const response = await edge.app.request(path, { headers });
    expect(response.headers.get("content-security-policy"), path).toBe(
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(response.headers.get("cache-control"), path).toBe("no-store");
    expect(response.headers.get("referrer-policy"), path).toBe("same-origin");
    const text = await response.text();
    expect(text, path).not.toMatch(/ style=| on\w+=|<script>|<style>/);
    expect(text, path).toMatch(/^<!doctype html><html lang="en"/);
  }
});

test("style, script and icon need no sign-in, and are fetched again only when they have changed", async () => {
  const edge = edgeWith();
  for (const [file, type] of [
    ["style.css", "text/css; charset=utf-8"],
    ["live.js", "text/javascript; charset=utf-8"],
    ["icon.svg", "image/svg+xml; charset=utf-8"],
  ]) {
    const first = await edge.app.request(`/console/assets/${file}`);
    expect([first.status, first.headers.get("content-type")], file).toEqual([200, type]);
    const tag = first.headers.get("etag") ?? "";
    const again = await edge.app.request(`/console/assets/${file}`, { headers: { "if-none-match": tag } });
    expect(again.status, file).toBe(304);
  }
  expect((await edge.app.request("/console/assets/other.css")).status).toBe(404);
});

test("the script is whole in itself, also where a bundler has put names into it", async () => {
  const script = await (await edgeWith().app.request("/console/assets/live.js")).text();
  expect(script).toMatch(/^var Idiomorph=.*\nconst __name = /s);
  // What it would take from a module is not there, and this is the first that it asks of the browser.
  expect(() => runInNewContext(script)).toThrow("document is not defined");
});

test("a page that did not change is answered with 304, however old it is", async () => {
  const edge = edgeWith();
  const headers = await signedIn(edge);
  const ask = (etag: string, query = "") =>
    edge.app.request(`/console/local/conferences${query}`, { headers: { ...headers, "if-none-match": etag } });
  const first = await ask('""');
  const etag = first.headers.get("etag") ?? "";
  expect([first.status, etag]).toEqual([200, expect.stringMatching(/^W\/"[0-9a-f]{64}"$/)]);
  edge.time += 1_000;
  const again = await ask(etag);
  expect([again.status, await again.text()]).toEqual([304, ""]);
  expect((await ask(etag, "?begins=7")).status).toBe(200);
});

test("a page that is only polled leaves its session to end after an hour without use", async () => {
  const edge = edgeWith();
  const headers = await signedIn(edge);
  const statuses: number[] = [];
  for (const isPoll of [false, true, true]) {
    edge.time += 1_800_000;
    const asked = { headers: isPoll ? { ...headers, "if-none-match": '""' } : headers };
    statuses.push((await edge.app.request("/console/local/conferences", asked)).status);
  }
  expect(statuses).toEqual([200, 200, 302]);
});
