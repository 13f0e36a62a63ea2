import { runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, expect, test, vi } from "vitest";
import type { DomainName } from "../../src/foundation/ids.ts";
import worker from "../../src/worker.ts";
import { domains, operatorToken } from "./test-domains.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

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

test("a reload tells the object of a site that came, changed or went, does not wait for it, and names a missing secret", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { local, harbour } = domains;
  const asked: string[] = [];
  const here = {
    ...env,
    RELOAD_TOKEN: "token",
    RELAY: { getByName: () => ({ closeAgents: async () => {} }) },
    WEBEX_SITE: {
      getByName: (name: string) => ({
        settingsRead: () => {
          asked.push(name);
          return new Promise(() => {});
        },
      }),
    },
  } as never;
  const reload = (body: object) => {
    const request = new Request("http://edge.example.com/reload", {
      method: "POST",
      body: JSON.stringify(body),
      headers: { authorization: "Bearer token" },
    });
    return worker.fetch(request as never, here);
  };

  expect((await reload({ local })).status).toBe(204);
  asked.length = 0;
  warned.mockClear();
  expect((await reload({ local, harbour })).status).toBe(204);
  expect(asked).toEqual(["harbour"]);
  expect(warned.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
    { event: "webex-site-without-secret", domain: "harbour", secret: "WEBEX_SECRET_HARBOUR" },
  ]);
  expect((await reload({ local })).status).toBe(204);
  expect(asked).toEqual(["harbour", "harbour"]);
});
