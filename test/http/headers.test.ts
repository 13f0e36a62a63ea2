import { expect, test } from "vitest";
import { FakeEdge, token } from "./fake-edge.ts";

const authorization = `Bearer ${token}`;
const json = /^application\/json$/;
const problem = /^application\/problem\+json$/;
const page = /^text\/html; charset=utf-8$/i;
const text = /^text\/plain;.*charset=utf-8$/i;
const answers: readonly (readonly [request: string, status: number, type: RegExp | null])[] = [
  ["GET /healthz", 200, json],
  ["GET /readyz", 503, json],
  ["GET /nothing", 404, problem],
  ["GET /api/v1/me", 200, json],
  ["GET /api/v1/nothing", 404, problem],
  ['POST /api/v1/domains/local/records {"format":"csv"}', 200, /^text\/csv; charset=utf-8/i],
  ["GET /metrics", 200, text],
  ["GET /console", 302, null],
  ["GET /console/local", 200, page],
  ["GET /console/assets/style.css", 200, /^text\/css; charset=utf-8$/],
  ["GET /console/assets/live.js", 200, /^text\/javascript; charset=utf-8$/],
  ["GET /console/assets/icon.svg", 200, /^image\/svg\+xml; charset=utf-8$/],
  ["GET /console/sign-in", 200, page],
  ["GET /agent/local/simulated", 426, problem],
  ["POST /tsp/local", 200, /^text\/xml; charset=utf-8$/i],
  ["GET /tsp/local", 405, text],
];

test.each(answers)(
  "nobody keeps the answer to %s, or takes it for something else than it says",
  async (request, status, type) => {
    const edge = new FakeEdge();
    const [method = "", path = "", body = null] = request.split(" ");
    const ask = (more: Record<string, string> = {}) =>
      edge.app.request(path, { method, body, headers: { authorization, ...more } });
    const answer = await ask({ "sec-fetch-site": "same-origin" });

    expect(answer.status).toBe(status);
    if (type) expect(answer.headers.get("content-type")).toMatch(type);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    const policy = answer.headers.get("content-security-policy");
    for (const part of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
      expect(policy).toContain(part);
    expect(answer.headers.get("referrer-policy")).toMatch(/^(no-referrer|same-origin)$/);
    // To no other site's page, and to no other site.
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(answer.headers.get("location") ?? "/").toMatch(/^\/(?!\/)/);
    expect(answer.headers.get("cache-control")).toMatch(/^no-(store|cache)$/);
    expect(answer.headers.get("strict-transport-security")).toBe(null);
    const byHttps = await ask({ "x-forwarded-proto": "https" });
    expect(byHttps.headers.get("strict-transport-security")).toBe("max-age=31536000");
    expect(await byHttps.text()).toBe(await answer.text());
  },
);

test("a refusal has the headers, too, and an answer keeps its own", async () => {
  const edge = new FakeEdge();
  const refused = await edge.app.request("/api/v1/me");
  expect([refused.status, refused.headers.get("cache-control")]).toEqual([401, "no-store"]);
  const style = await edge.app.request("/console/assets/style.css");
  expect([style.headers.get("content-type"), style.headers.get("cache-control")]).toEqual([
    "text/css; charset=utf-8",
    "no-cache",
  ]);
});

test.each([
  "/healthz",
  "/readyz",
  "/api/v1/me",
  "/console/local",
  "/console/sign-in",
  "/metrics",
  "/tsp/local",
  "/nothing",
])("a TRACE of %s gives back nothing that was sent", async (path) => {
  const edge = new FakeEdge();
  const request = new Request(`http://localhost${path}`, { headers: { authorization, "x-sent": "what was sent" } });
  // No script can make one, and the server hands it on like this.
  const answer = await edge.app.request(Object.defineProperty(request, "method", { value: "TRACE" }));

  expect([404, 405]).toContain(answer.status);
  expect(`${JSON.stringify([...answer.headers])} ${await answer.text()}`).not.toMatch(/what was sent|operator-token/);
});
