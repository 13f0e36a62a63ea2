import { evictAllDurableObjects, listDurableObjectIds } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { operatorToken, viewerToken } from "./test-domains.ts";

const origin = "http://edge.example.com";
const ask = (path: string, init: RequestInit = {}) => exports.default.fetch(`${origin}${path}`, init);
const sameSite = { "sec-fetch-site": "same-origin" };

async function signIn(token: string): Promise<string> {
  const init = { method: "POST", headers: sameSite, body: new URLSearchParams({ token }), redirect: "manual" } as const;
  const response = await ask("/console/sign-in", init);
  expect(response.status).toBe(303);
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

test("strangers with cookies and tokens of their own make no object", async () => {
  const statusFor = async (headers: Record<string, string>) => (await ask("/api/v1/me", { headers })).status;
  expect(await statusFor({ cookie: `bridgehead-session=${"A".repeat(43)}.${"0".repeat(64)}` })).toBe(401);
  expect(await statusFor({ authorization: "Bearer wrong" })).toBe(401);
  expect(await statusFor({ "cf-access-jwt-assertion": "x.y.z" })).toBe(401);
  expect(await listDurableObjectIds(env.SESSIONS as never)).toEqual([]);
});

test("a session is on disk: it outlives its object, and ends when its person signs out", async () => {
  const cookie = await signIn(viewerToken);
  await evictAllDurableObjects();

  const me = await ask("/api/v1/me", { headers: { cookie } });
  expect(await me.json()).toMatchObject({ name: "anna", role: "viewer", domains: ["local"], by: "session" });
  expect((await ask("/api/v1/domains/harbour/agents", { headers: { cookie } })).status).toBe(404);
  const check = { method: "POST", headers: { cookie, ...sameSite } };
  expect((await ask("/api/v1/domains/local/records/erasures", check)).status).toBe(403);

  const out = { method: "POST", headers: { cookie, ...sameSite }, redirect: "manual" } as const;
  expect((await ask("/console/sign-out", out)).status).toBe(303);
  await evictAllDurableObjects();
  expect((await ask("/api/v1/me", { headers: { cookie } })).status).toBe(401);
});

test("what is kept of a session is no cookie; all of a person's end at once", async () => {
  const cookies = [await signIn(viewerToken), await signIn(viewerToken), await signIn(operatorToken)];
  const kept = JSON.stringify(await env.SESSIONS.getByName("all").list(null));
  expect(cookies.filter((cookie) => kept.includes(cookie.slice(19, 62)))).toEqual([]);

  const headers = { authorization: `Bearer ${operatorToken}` };
  const ended = await ask("/api/v1/people/anna/sessions", { method: "DELETE", headers });
  expect(await ended.json()).toEqual({ ended: 2 });
  const statuses = cookies.map(async (cookie) => (await ask("/api/v1/me", { headers: { cookie } })).status);
  expect(await Promise.all(statuses)).toEqual([401, 401, 200]);
  const record = await ask("/api/v1/sign-ins", { headers });
  expect(await record.json()).toMatchObject({
    signIns: [
      { outcome: "sessions-ended", person: "operator", of: "anna" },
      {},
      {},
      { outcome: "signed-in", person: "anna" },
    ],
  });
});

test("the API describes itself on the platform", async () => {
  const response = await ask("/api/v1/openapi.json", { headers: { authorization: `Bearer ${viewerToken}` } });
  expect(await response.json()).toMatchObject({ openapi: "3.1.1", paths: { "/api/v1/me": { get: {} } } });
});
