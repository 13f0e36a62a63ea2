import { waitUntil } from "cloudflare:workers";
import { countingOf, type Env, logAt, now, objectsOf, timers } from "../durable-objects/cloudflare/env.ts";
import { Edge } from "./edge.ts";
import { asResponse } from "./http/text-answer.ts";

export * from "../durable-objects/cloudflare/objects.ts";

/** Of the bindings of this isolate. */
let known: { readonly env: Env; readonly edge: Edge } | undefined;

export default {
  async fetch(request, env) {
    if (known?.env !== env) known = { env, edge: edgeOf(env) };
    return asResponse(await known.edge.fetch(request));
  },
  // The edge is nobody's proxy. Without this, plain workerd logs an error for each CONNECT of a stranger.
  connect: (socket) => socket.close(),
} satisfies ExportedHandler<Env>;

function edgeOf(env: Env): Edge {
  return new Edge({
    ...timers,
    variables: env,
    objects: objectsOf(env),
    counting: countingOf(env),
    log: logAt(env),
    disk: env.STATE_DISK ?? null,
    now,
    passedMs: () => performance.now(),
    newId: () => crypto.randomUUID(),
    // Workers refuse a fetch that is called as a method.
    fetch: (url, init) => fetch(url, init),
    waitUntil,
  });
}
