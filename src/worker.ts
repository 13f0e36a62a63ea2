import type { Env } from "../durable-objects/env.ts";
import { logOf } from "../durable-objects/log.ts";
import { targetUrl } from "./delivery/target-url.ts";
import { domainOf } from "./domain.ts";
import { createApp } from "./http/app.ts";
import { problem } from "./http/bodies.ts";
import type { Edge } from "./http/edge.ts";
import { Metrics } from "./http/metrics.ts";
import type { Objects } from "./http/objects.ts";
import { RateLimit } from "./http/rate-limit.ts";
import { AliasCache } from "./routing/alias-cache.ts";
import { type Domains, loadDomains } from "./settings/load.ts";

export { AliasObject } from "../durable-objects/alias-object.ts";
export { ConferenceObject } from "../durable-objects/conference/conference-object.ts";
export { IdAllocatorObject } from "../durable-objects/id-allocator-object.ts";
export { RelayObject } from "../durable-objects/relay-object.ts";
export { UnroutedMailObject } from "../durable-objects/unrouted-mail.ts";

let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch(request, env, context) {
    const domains = loadDomains(env.DOMAINS);
    if (!domains.ok) {
      logOf(env)({ level: "error", event: "settings-refused", error: domains.error });
      return problem(
        503,
        "wrong settings",
        "This deployment serves nothing until its settings are right; see its log.",
      );
    }
    app ??= createApp(edgeOf(env, domains.value));
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler<Env>;

function edgeOf(env: Env, domains: Domains): Edge {
  const log = logOf(env);
  return {
    domains: new Map(Array.from(domains.keys(), (name) => [name, domainOf(env, name)])),
    objects: objectsOf(env),
    aliases: new AliasCache(),
    posts: new RateLimit(),
    metrics: new Metrics(),
    operatorToken: env.OPERATOR_TOKEN ?? "",
    now: Date.now,
    log: (event, facts) => log({ level: "info", event, ...facts }),
  };
}

function objectsOf(env: Env) {
  return {
    conference: (domain, confKey) => env.CONFERENCE.getByName(`${domain}/${confKey}`),
    alias: (domain, extConfId) => env.ALIAS.getByName(`${domain}/${extConfId}`),
    numberPool: (domain) => env.ID_ALLOCATOR.getByName(domain),
    unroutedMail: (domain, host) => {
      const target = targetUrl(host, domainOf(env, domain).settings.webex);
      return env.UNROUTED_MAIL.getByName(`${domain}/${target.ok ? new URL(target.value).origin : host}`);
    },
    bridgeHealth: (domain, bridge) => env.RELAY.getByName(`${domain}/${bridge}`).health(),
    connectAgent: (domain, bridge, request) => env.RELAY.getByName(`${domain}/${bridge}`).fetch(request),
  } satisfies Objects;
}
