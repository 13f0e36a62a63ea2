import { expect, test } from "vitest";
import { FakeEdge, token } from "./fake-edge.ts";

const authorization = `Bearer ${token}`;
const answers: readonly (readonly [path: string, status: number])[] = [
  ["/healthz", 200],
  ["/readyz", 503],
  ["/nothing", 404],
  ["/api/v1/me", 200],
  ["/api/v1/nothing", 404],
  ["/metrics", 200],
  ["/console", 302],
  ["/console/assets/style.css", 200],
  ["/console/sign-in", 200],
];

test.each(answers)(
  "nobody keeps the answer of %s, or takes it for something else than it says",
  async (path, status) => {
    const edge = new FakeEdge();
    const ask = (more: Record<string, string> = {}) => edge.app.request(path, { headers: { authorization, ...more } });
    const answer = await ask();

    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
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
