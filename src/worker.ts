import { waitUntil } from "cloudflare:workers";
import { countingOf, type Env, logAt, now, objectsOf, timers } from "../durable-objects/cloudflare/env.ts";
import { Edge } from "./edge.ts";
import type { Result } from "./foundation/result.ts";
import { isOneOf } from "./foundation/secrets.ts";
import { bearerOf } from "./http/guard.ts";
import { problem } from "./http/problem.ts";

export * from "../durable-objects/cloudflare/objects.ts";

/** Of the bindings of this isolate. */
let known: { readonly env: Env; readonly edge: Edge } | undefined;

export default {
  async fetch(request, env) {
    if (known?.env !== env) known = { env, edge: edgeOf(env) };
    const { edge } = known;
    if (await isReload(request, env, "/reload")) return answered(await edge.reload(await request.text()));
    if (await isReload(request, env, "/reload/operators"))
      return answered(await edge.reloadPeople(await request.text()));
    return edge.fetch(request);
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
    newId: () => crypto.randomUUID(),
    // Workers refuse a fetch that is called as a method.
    fetch: (url, init) => fetch(url, init),
    waitUntil,
  });
}

/** Whether the process that has started plain workerd hands over other settings. At Cloudflare, a deployment does that. */
async function isReload(request: Request, env: Env, path: string): Promise<boolean> {
  if (!request.url.endsWith(path) || request.method !== "POST") return false;
  const token = bearerOf(request.headers.get("authorization") ?? "");
  // What was given is never empty, so it never fits an empty token.
  return token !== null && isOneOf([env.RELOAD_TOKEN ?? ""], token);
}

function answered(reloaded: Result<unknown, string>): Response {
  return reloaded.ok ? new Response(null, { status: 204 }) : problem(422, "wrong settings", reloaded.error);
}
