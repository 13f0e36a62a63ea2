import type { Context, Hono } from "hono";
import * as v from "valibot";
import type { BridgeName, ConfKey } from "../../foundation/ids.ts";
import { ok, type Result } from "../../foundation/result.ts";
import { textOfSegment } from "../../foundation/text/path-segment.ts";
import { type Operator, seesAll, seesDomain } from "../../operators/people.ts";
import { addressOf } from "../address.ts";
import { audited } from "../audited.ts";
import { readJson } from "../body.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { Variables } from "../guard.ts";
import { type SignedIn, viewersLook } from "../guard.ts";
import { forOneRequest } from "../objects-of-request.ts";
import { notAllowed, problem } from "../problem.ts";
import { isKnown, unknown } from "./conferences/conferences.ts";
import {
  type ApiCall,
  changes,
  isQuestion,
  queryAsJson,
  type Route,
  readActionId,
  readQuery,
  routerPath,
} from "./route.ts";

/** Far above what most requests need; the limits of the fields are checked apart. */
const MAX_BODY_BYTES = 64 * 1024;

/** The body of a request that needs none. */
const noFields = v.optional(v.strictObject({}));

/** A request of somebody whom the guard has let in. */
interface RouteRequest {
  readonly request: Request;
  readonly signedIn: SignedIn;
  readonly from: string;
  readonly path: Readonly<Record<string, string>>;
}

/** Carries out one request of the API for a person who is signed in, as far as the person may. `edge`: for this one request. */
export async function answerRoute(
  route: Route,
  { request, signedIn, from, path }: RouteRequest,
  edge: PeoplePorts,
): Promise<Response> {
  const domain = edge.domains.get(path.domain ?? "");
  // Domains that the person may not see return 404.
  const isSeen = domain !== undefined && seesDomain(signedIn.person, domain.name);
  if (path.domain !== undefined && !isSeen) return problem(404, "no such domain", `There is no domain ${path.domain}.`);
  const actionId = readActionId(request);
  const read = async (): Promise<Result<ApiCall<never, never, never>, Response>> => {
    if (!actionId.ok) return actionId;
    const query = await queryOf(route, request, edge);
    if (!query.ok) return query;
    const body = changes(route) ? await readJson(request, MAX_BODY_BYTES, edge, route.body ?? noFields) : null;
    if (body?.ok === false) return body;
    const confKey = path.confKey as ConfKey;
    const call = {
      ...{ request, edge, signedIn, from, domain, path, confKey, bridge: path.bridge as BridgeName },
      ...(isSeen && path.confKey !== undefined && { conference: edge.objects.conference(domain.name, confKey) }),
      ...{ query: query.value, body: body?.value, actionId: actionId.value },
    } as ApiCall;
    return ok(call as ApiCall<never, never, never>);
  };
  const call = await read();
  const forbidden = whyForbidden(route, signedIn.person);
  const answer = async (): Promise<Response> => {
    if (forbidden !== null) return notAllowed(forbidden);
    if (!call.ok) return call.error;
    const given = (await absence(route, call.value, path.bridge)) ?? (await route.handle(call.value));
    if (given instanceof Response) return given;
    return Response.json(given, { status: route.answer.status ?? 200 });
  };
  if (!changes(route) || !domain) return answer();
  const { domain: _, ...ofPath } = path;
  const { type, ...about } = { ...ofPath, ...(call.ok && (await route.about?.(call.value))) } as Record<string, string>;
  const action = type ?? route.id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const tooOften = edge.rates.ofAction(signedIn.person, action, edge.now());
  if (tooOften) return tooOften;
  const asked = { domain: domain.name, signedIn, from, action, actionId: actionId.ok ? actionId.value : "", about };
  return audited(edge, asked, answer);
}

async function queryOf(route: Route, request: Request, edge: PeoplePorts) {
  const { query = {} } = route;
  const asked = isQuestion(route);
  const inAddress = readQuery(asked ? {} : query, new URL(request.url).searchParams);
  if (!asked || !inAddress.ok) return inAddress;
  const json = await readJson(request, MAX_BODY_BYTES, edge, queryAsJson);
  if (!json.ok) return json;
  const given = Object.entries(json.value).map(([name, value]) => [name, String(value)]);
  return readQuery(query, new URLSearchParams(given), "body");
}

/** Returns a 404 for an unknown bridge or conference, else `null`. A request to its object would create it. */
async function absence(
  { needsConference }: Route,
  { domain, confKey, edge }: ApiCall,
  bridge: string | undefined,
): Promise<Response | null> {
  if (needsConference) return (await isKnown(domain, confKey, edge)) ? null : unknown(domain, confKey);
  if (bridge === undefined) return null;
  const bridges = domain.settings.bridges.map(({ name }) => name);
  if (bridges.includes(bridge)) return null;
  const detail = `The domain ${domain.name} has no bridge ${bridge}; it has ${bridges.join(", ")}.`;
  return problem(404, "no such bridge", detail);
}

/** Why the person may not ask for it; `null`: the person may. */
function whyForbidden(route: Route, person: Operator): string | null {
  if (changes(route) && person.role === "viewer" && !route.viewersMay) return viewersLook;
  return route.allDomains && !seesAll(person) ? "This is for those who see all domains." : null;
}

/** The parts of the path by name, as they were before they were written into an address. */
export function pathOf({ req }: Context): RouteRequest["path"] {
  const parts = Object.entries<string>(req.param());
  return Object.fromEntries(parts.map(([name, part]) => [name, textOfSegment(part)]));
}

export function addApi(app: Hono<Variables>, edge: PeoplePorts, routes: readonly Route[]): void {
  for (const route of routes) {
    app.on(route.method, routerPath(route), (context) => {
      const { raw: request } = context.req;
      const { signedIn } = context.var;
      const path = pathOf(context);
      const asked = { request, signedIn, from: addressOf(request), path };
      return answerRoute(route, asked, forOneRequest(edge));
    });
  }
  for (const [path, ofPath] of Map.groupBy(routes, routerPath)) {
    const allow = ofPath.map(({ method }) => method).join(", ");
    app.all(path, () => problem(405, "method not allowed", `This path is there for ${allow}.`, { allow }));
  }
}
