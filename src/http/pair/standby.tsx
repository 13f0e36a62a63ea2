import type { Hono } from "hono";
import { StandbyPage } from "../../console/standby-page.tsx";
import { refusal } from "../../link/hello.ts";
import type { EdgePair } from "../../operators/edge-pair.ts";
import { pageHeaders } from "../console/entrance.tsx";
import type { Variables } from "../guard.ts";
import { problem } from "../problem.ts";

/** Adds `/active` for load balancers: 200 if this edge is active, whatever bridges and agents do. */
export function addActive(app: Hono<Variables>, pair: EdgePair | undefined): void {
  app.get("/active", () => {
    if (!pair) return Response.json({ role: "active" });
    const { acts, name } = pair;
    return Response.json({ role: acts ? "active" : "standby", name }, { status: acts ? 200 : 503 });
  });
}

/** Paths that a standby edge answers itself. */
const own = /^\/(?:active|healthz|readyz|metrics|api\/v1\/(?:edges|openapi\.json)|console\/assets\/.*)$/;

/** The answer of a standby edge; `null`: the normal answer. */
export async function standbyAnswer(request: Request, pair: EdgePair): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  if (own.test(pathname)) return null;
  if (pathname.startsWith("/console") && request.headers.get("accept")?.includes("text/html")) return page(pair);
  const headers = { "retry-after": "1", ...(pathname.startsWith("/agent/") && refusal("standsBy")) };
  // Agents and WebEx must not wait for the database.
  const at = pathname.startsWith("/api/") ? await actingUrl(pair) : null;
  const detail = `The edge ${pair.name} is not active: ${pair.why}${at ? `, at ${at}` : ""}.`;
  return problem(503, "stands by", detail, headers);
}

async function page(pair: EdgePair): Promise<Response> {
  const { name, why } = pair;
  const at = await actingUrl(pair);
  const shown = <StandbyPage name={name} why={why} console={at ? `${at}/console` : null} />;
  return new Response(`<!doctype html>${shown}`, { status: 503, headers: pageHeaders });
}

/** The URL of the active edge; `null`: none is active, or the database does not answer. */
async function actingUrl(pair: EdgePair): Promise<string | null> {
  const { edges } = await pair.view().catch(() => ({ edges: [] }));
  return edges.find(({ acts }) => acts)?.url ?? null;
}

/** The state of a standby edge, for `/readyz`. */
export async function standbyReadiness(pair: EdgePair): Promise<Response> {
  const edges = await pair.view().catch(() => null);
  return Response.json({ ready: false, role: "standby", why: pair.why, edges }, { status: 503 });
}
