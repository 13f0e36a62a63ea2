import { DurableObject } from "cloudflare:workers";
import { siteSecretOf } from "../../src/settings/load.ts";
import { objectClass } from "../platform/object-class.ts";
import { digestUnderToken } from "./code-digest.ts";

/** What a domain knows of its WebEx site, on the platform. */
export const WebexSiteObject = objectClass("webexSite", DurableObject, async (place, { env }) => {
  // The tables of WebEx's interfaces cost each start of a Worker some 15 ms, and few domains have a site.
  const { WebexSite } = await import("./webex-site.ts");
  return new WebexSite({
    ...place,
    secret: (name) => siteSecretOf(env, name),
    // Workers refuse a fetch that is called as a method.
    fetch: (address, init) => fetch(address, init),
    secretDigest: await digestUnderToken(env),
  });
});
