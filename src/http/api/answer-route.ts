import type { Context, Hono } from "hono";
import type { ConfKey } from "../../foundation/ids.ts";
import { ok, type Result } from "../../foundation/result.ts";
import { textOfSegment } from "../../foundation/text/path-segment.ts";
import { type Person, seesAll, seesDomain } from "../../operators/people.ts";
import { addressOf } from "../address.ts";
import { audited, notWrittenDown } from "../audited.ts";
import { readJson } from "../body.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { Variables } from "../guard.ts";
import { mayReadNone, type SignedIn, viewersLook } from "../guard.ts";
import { forOneRequest } from "../objects-of-request.ts";
import { notAllowed, problem } from "../problem.ts";
import { type Call, changes, type Route, readActionId, readQuery, routerPath } from "./route.ts";

/** Far above what most requests need; the limits of the fields are checked apart. */
const MAX_BODY_BYTES = 64 * 1024;

/** A request of somebody whom the guard has let in. */
export interface RouteRequest {
  readonly request: Request;
  readonly signedIn: SignedIn;
  /** The address from which it came. */
  readonly from: string;
  readonly path: Readonly<Record<string, string>>;
}

/** Carries out one request of the API for a person who is signed in, as far as the person may. */
export async function answerRoute(
  route: Route,
  { request, signedIn, from, path }: RouteRequest,
  edge: PeoplePorts,
): Promise<Response> {
  const domain = edge.domains.get(path.domain ?? "");
  // A domain that is none of the person's is answered as one that is not there.
  const isSeen = domain !== undefined && seesDomain(signedIn.person, domain.name);
  if (path.domain !== undefined && !isSeen) return problem(404, "no such domain", `There is no domain ${path.domain}.`);
  const actionId = readActionId(request);
  const read = async (): Promise<Result<Call<never, never>, Response>> => {
    if (!actionId.ok) return actionId;
    const query = readQuery(route.query ?? {}, new URL(request.url).searchParams);
    if (!query.ok) return query;
    const limited = forOneRequest(edge);
    const body = route.body ? await readJson(request, route.maxBodyBytes ?? MAX_BODY_BYTES, limited, route.body) : null;
    if (body?.ok === false) return body;
    const call = {
      ...{ request, edge: limited, signedIn, from, domain, path },
      confKey: path.confKey as ConfKey,
      query: query.value,
      body: body?.value,
      actionId: actionId.value,
    } as Call;
    return ok(call as Call<never, never>);
  };
  const call = await read();
  const forbidden = whyForbidden(route, signedIn.person);
  const answer = async (): Promise<Response> => {
    if (forbidden !== null) return notAllowed(forbidden);
    if (!call.ok) return call.error;
    const given = await route.handle(call.value);
    return given instanceof Response ? given : Response.json(given, { status: route.answer.status ?? 200 });
  };
  if (!changes(route) || !domain) return answer();
  const { domain: _, ...ofPath } = path;
  const asked = {
    ...{ domain: domain.name, signedIn, from, action: route.id, actionId: actionId.ok ? actionId.value : "" },
    about: { ...ofPath, ...(call.ok && (await route.about?.(call.value))) },
  };
  return audited(edge, asked, async (isWrittenDown) => {
    const mayAnswer = isWrittenDown || !route.showsSecret || forbidden !== null || !call.ok;
    const response = mayAnswer ? await answer() : problem(503, "not written down", notWrittenDown);
    return { response, refusal: response.ok ? null : await titleOf(response) };
  });
}

/** Why the person may not ask for it; `null`: the person may. */
function whyForbidden(route: Route, person: Person): string | null {
  if (route.showsSecret && !person.secrets) return mayReadNone;
  if (changes(route) && person.role === "viewer" && !route.viewersMay) return viewersLook;
  return route.allDomains && !seesAll(person) ? "This is for those who see all domains." : null;
}

async function titleOf(response: Response): Promise<string> {
  return ((await response.clone().json()) as { readonly title: string }).title;
}

/** The parts of the path by name, as they were before they were written into an address. */
export function pathOf({ req }: Context): RouteRequest["path"] {
  const parts = Object.entries<string>(req.param());
  return Object.fromEntries(parts.map(([name, part]) => [name, textOfSegment(part)]));
}

/** The routes of the API, behind the guard. */
export function addApi(app: Hono<Variables>, edge: PeoplePorts, routes: readonly Route[]): void {
  for (const route of routes) {
    app.on(route.method, routerPath(route), (context) => {
      const { raw: request } = context.req;
      const { signedIn } = context.var;
      return answerRoute(route, { request, signedIn, from: addressOf(request), path: pathOf(context) }, edge);
    });
  }
  for (const [path, ofPath] of Map.groupBy(routes, routerPath)) {
    const allow = ofPath.map(({ method }) => method).join(", ");
    app.all(path, () => problem(405, "method not allowed", `This path is there for ${allow}.`, { allow }));
  }
}
