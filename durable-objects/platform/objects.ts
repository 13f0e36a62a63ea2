import type { BridgeName, ConfKey, DomainName } from "../../src/foundation/ids.ts";
import type { EdgeObjects } from "../../src/rpc/objects.ts";
import type { Env } from "./platform.ts";

/** All objects by their names. A stub is made for each call: one whose object has ended once stays broken. */
export function objectsOf(env: Env) {
  return {
    conference: (domain: DomainName, confKey: ConfKey) => env.CONFERENCE.getByName(`${domain}/${confKey}`),
    handles: (domain: DomainName) => env.HANDLE_INDEX.getByName(domain),
    idAllocator: (domain: DomainName) => env.ID_ALLOCATOR.getByName(domain),
    mailbox: (domain: DomainName) => env.MAILBOX.getByName(domain),
    directory: (domain: DomainName) => env.DIRECTORY.getByName(domain),
    relay: (domain: DomainName, bridge: BridgeName) => env.RELAY.getByName(`${domain}/${bridge}`),
    counts: () => env.COUNTS.getByName("all"),
    sessions: () => env.SESSIONS.getByName("all"),
    webexSite: (domain: DomainName) => env.WEBEX_SITE.getByName(domain),
  } satisfies EdgeObjects;
}
