import { version } from "../foundation/version.ts";
import { refusal } from "../link/hello.ts";
import { problem } from "./problem.ts";
import { withUsualHeaders } from "./text-answer.ts";

/** Why an edge is not active. */
export interface Waiting {
  /** Name of an edge that shares its state with another one. */
  readonly name?: string;
  /** The cause, as the end of a sentence. */
  readonly why: string;
  /** URL of the active edge. */
  readonly activeUrl: string | null;
}

/** Answers for an edge that is not active, because it is standby or cannot write its state. */
export function standbyAnswer(request: Request, { name, why, activeUrl }: Waiting): Response {
  const { pathname } = new URL(request.url);
  const role = name === undefined ? "starting" : "standby";
  const isWell = pathname === "/healthz" && name !== undefined;
  const states: Readonly<Record<string, object>> = {
    "/active": { role, name },
    "/healthz": name === undefined ? { status: "failing", disk: why } : { status: "ok", version },
    "/readyz": { ready: false, role, why, active: activeUrl },
  };
  // An alert rule needs this sample when no edge is active.
  if (pathname === "/metrics" && name !== undefined)
    return new Response(`bridgehead_edge_acts{edge="${name}"} 0\n`, {
      headers: { "content-type": "text/plain; version=0.0.4" },
    });
  const state = states[pathname];
  if (state) return withUsualHeaders(request, Response.json(state, { status: isWell ? 200 : 503 }));
  const headers = { "retry-after": "1", ...(pathname.startsWith("/agent/") && refusal("standsBy")) };
  const detail = `This edge is not active: ${why}${activeUrl === null ? "" : `, at ${activeUrl}`}.`;
  return withUsualHeaders(request, problem(503, "not active", detail, headers));
}
