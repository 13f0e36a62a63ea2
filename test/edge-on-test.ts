import type { Hono } from "hono";
import { RateLimit } from "../src/foundation/limits.ts";
import type { Timers } from "../src/foundation/time/timers.ts";
import type { Route } from "../src/http/api/route.ts";
import { type AppPorts, createApp } from "../src/http/app.ts";
import { Rates } from "../src/http/guard.ts";
import { Metrics } from "../src/http/monitoring/monitoring.ts";
import { Storage } from "../src/http/storage.ts";
import { asResponse, type PostHooks } from "../src/http/text-answer.ts";
import { CreatesUnderWay } from "../src/routing/creates-under-way.ts";
import { HandleCache } from "../src/routing/handles.ts";
import type { EdgeObjects } from "../src/rpc/objects.ts";
import type { Domain } from "../src/settings/load.ts";

/** The edge on test: its own routes over these objects, whether they are the product's or answer as a test says. */
export function edgeOnTest(
  time: Timers & { now(): number },
  domains: readonly Domain[],
  objects: EdgeObjects,
  { onDisk, ...more }: Partial<AppPorts & PostHooks> = {},
  routes?: readonly Route[],
): Pick<Hono, "request"> {
  const { after, now } = time;
  const ports: AppPorts = {
    ...{ after, now, passedMs: now, objects, domains: new Map(domains.map((domain) => [domain.name, domain])) },
    ...{
      handleCache: new HandleCache(),
      creates: new CreatesUnderWay(Number.POSITIVE_INFINITY),
      posts: new RateLimit(),
      wrongKeys: new RateLimit(),
      rates: new Rates(),
      sessionKey: "a key",
    },
    ...{ metrics: new Metrics(), measured: () => "", processText: () => "" },
    storage: new Storage({ after, now, disk: null, mark: "a mark", log: () => {} }),
    people: async () => ({ byToken: new Map(), access: null }),
    fetch: () => Promise.reject(new Error("nobody answers")),
    refused: () => {},
    serverRefused: () => {},
    sourceRefused: () => {},
    logAction: () => {},
    audit: () => {},
    log: () => {},
    ...more,
  };
  const app = createApp(ports, routes);
  return {
    request: async (input, init) => {
      const request = typeof input === "string" ? new Request(new URL(input, "http://localhost"), init) : input;
      return asResponse(await app.fetch(request as Request, onDisk && { onDisk }));
    },
  };
}
