import { runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import type { DomainName } from "../../src/foundation/ids.ts";
import { operatorToken } from "./test-domains.ts";

const base = "http://edge.example.com/api/v1/domains";
const headers = { authorization: `Bearer ${operatorToken}` };

test("the object of a site wakes by its alarm on the platform, and tells the secret that is missing", async () => {
  const before = await exports.default.fetch(`${base}/harbour/provisioning-check`, { headers });
  expect(await before.json()).toMatchObject({ last: null, running: null, nextAt: expect.any(Number) });

  const begun = await exports.default.fetch(`${base}/harbour/provisioning-check`, { method: "POST", headers });
  expect(begun.status).toBe(202);
  const object = env.WEBEX_SITE.getByName("harbour");
  await runDurableObjectAlarm(object as never);

  const { running, failure } = await object.provisioning("harbour" as DomainName);
  expect(running).toBeNull();
  expect(failure?.says).toMatch(/^the secret WEBEX_SECRET_HARBOUR is not set/);
  expect(await object.topics("harbour" as DomainName, [])).toEqual(new Map());
});

test("the object of a domain that has no site any more leaves nothing", async () => {
  const object = env.WEBEX_SITE.getByName("local");
  await object.settingsRead("local" as DomainName);

  expect(await object.numbers("local" as DomainName)).toEqual([]);
  expect(await runDurableObjectAlarm(object as never)).toBe(false);
});
