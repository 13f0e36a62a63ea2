import { DurableObject } from "cloudflare:workers";
import { secretIn } from "../../src/settings/values.ts";
import { objectClass } from "../platform/object-class.ts";
import { digestUnderToken } from "./code-digest.ts";

export const WebexSiteObject = objectClass("webexSite", DurableObject, async (place, { env }) => {
  // The tables of WebEx's interfaces cost each start of a Worker some 15 ms, and few domains have a site.
  const { WebexSite } = await import("./webex-site.ts");
  return new WebexSite({
    ...place,
    secret: (name) => secretIn(env, "site", name),
    // Workers refuse a fetch that is called as a method.
    fetch: (address, init) => fetch(address, init),
    secretDigest: await digestUnderToken(env),
  });
});
