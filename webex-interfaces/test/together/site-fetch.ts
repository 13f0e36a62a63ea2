import type { PostFetch } from "../../client/xml-api/client.ts";
import type { Timers } from "../../doors/foundation.ts";
import { answerXml } from "../../site/xml-service.ts";
import type { SiteOnTest } from "../site/site-on-test.ts";

/** Pauses pass at once, and nothing takes too long. */
export const noTimers: Timers = {
  after: (ms, run) => {
    if (ms < 10_000) queueMicrotask(run);
    return () => {};
  },
};

/** A fetch that ends at the site. */
export function fetchOf({ site }: SiteOnTest): PostFetch {
  return async (_, { body }) => new Response(answerXml(site, body), { headers: { "content-type": "text/xml" } });
}
