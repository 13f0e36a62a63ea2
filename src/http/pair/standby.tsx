import type { Hono } from "hono";
import { StandbyPage } from "../../console/standby-page.tsx";
import { refusal } from "../../link/hello.ts";
import type { EdgePair } from "../../operators/edge-pair.ts";
import { pageHeaders } from "../console/begun-page.tsx";
import type { Variables } from "../guard.ts";
import { problem } from "../problem.ts";

/** What load balancers ask: whether this edge acts, whatever bridges and agents do. */
export function addActive(app: Hono<Variables>, pair: EdgePair | undefined): void {
  app.get("/active", () => {
    if (!pair) return Response.json({ role: "active" });
    const { acts, name } = pair;
    return Response.json({ role: acts ? "active" : "standby", name }, { status: acts ? 200 : 503 });
  });
}

/** What an edge answers itself also while another one acts. */
const own = /^\/(?:active|healthz|readyz|metrics|api\/v1\/(?:edges|openapi\.json|problems\/.*)|console\/assets\/.*)$/;

/** The answer of an edge that stands by; `null`: it answers as always. */
export async function standbyAnswer(request: Request, pair: EdgePair): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  if (own.test(pathname)) return null;
  if (pathname.startsWith("/console") && request.headers.get("accept")?.includes("text/html")) return page(pair);
  const headers = { "retry-after": "1", ...(pathname.startsWith("/agent/") && refusal("standsBy")) };
  return problem(503, "stands by", `The edge ${pair.name} does not act: ${pair.why}.`, headers);
}

async function page(pair: EdgePair): Promise<Response> {
  const { name, why } = pair;
  const { edges } = await pair.view().catch(() => ({ edges: [] }));
  const acting = edges.find(({ acts }) => acts);
  const shown = <StandbyPage name={name} why={why} console={acting ? `${acting.url}/console` : null} />;
  return new Response(`<!doctype html>${shown}`, { status: 503, headers: pageHeaders });
}

/** The state of an edge that stands by, for `/readyz`. */
export async function standbyReadiness(pair: EdgePair): Promise<Response> {
  const edges = await pair.view().catch(() => null);
  return Response.json({ ready: false, role: "standby", why: pair.why, edges }, { status: 503 });
}
