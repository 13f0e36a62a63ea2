import type { Context, Hono } from "hono";
import * as v from "valibot";
import type { BridgeName, ConfKey } from "../../foundation/ids.ts";
import { err, ok, type Result } from "../../foundation/result.ts";
import type { Checked } from "../../foundation/schemas.ts";
import { textOfSegment } from "../../foundation/text/path-segment.ts";
import { mustBe, wrongValue } from "../../foundation/text/wrong-value.ts";
import { type Operator, seesAll, seesDomain } from "../../operators/people.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import type { Domain } from "../../settings/load.ts";
import { addressOf } from "../address.ts";
import { audited } from "../audited.ts";
import { readJson } from "../body.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { SignedIn, Variables } from "../guard.ts";
import { forOneRequest } from "../objects-of-request.ts";
import { notAllowed, problem, wrongPart } from "../problem.ts";

/** Far above what most requests need. Fields have their own limits. */
const MAX_BODY_BYTES = 64 * 1024;

export type Schema<Value = unknown> = v.GenericSchema<unknown, Value>;
/** Parameters by name: texts, numbers and `flag`s. In the address of a GET, and in the JSON body of a POST. */
type QueryEntries = Readonly<Record<string, Schema>>;
type QueryOf<Query extends QueryEntries> = { readonly [Name in keyof Query]: v.InferOutput<Query[Name]> };

/** The parts of a path, by their names in braces. */
export type PathParts<Path> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Part in Name]: string } & PathParts<Rest>
  : unknown;

/** A checked request that its user may make. */
export interface ApiCall<Query = unknown, Body = unknown, Parts = unknown> {
  /** Calls of its objects have a time limit. */
  readonly edge: PeoplePorts;
  readonly signedIn: SignedIn;
  readonly from: string;
  /** The `{domain}` of the path, which the user sees. Read only if the path has one. */
  readonly domain: Domain;
  /** The `{bridge}` of the path, which the domain has. */
  readonly bridge: BridgeName;
  /** The `{confKey}` of the path, and its object, which may never have existed. */
  readonly confKey: ConfKey;
  readonly conference: ReturnType<EdgeObjects["conference"]>;
  readonly path: Parts;
  readonly query: Query;
  readonly body: Body;
  /** The `Idempotency-Key`, or a new ID. A repeat with the same key is the same action. */
  readonly actionId: string;
}

type AuditedParts = Readonly<Record<string, string>>;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** Method and path after `/api/v1`; names in braces are parts of the path. Those of a domain begin with `/domains/{domain}`. */
type Operation = `${Method} /${string}`;

interface AnswerOf<Answer extends Schema> {
  readonly status?: 200 | 201 | 202;
  readonly says: string;
  readonly schema: Answer;
  /** Other content types that its handler returns as a `Response`. */
  readonly also?: readonly string[];
}

interface RouteInput<Query extends QueryEntries, Body, Answer extends Schema, Parts> {
  readonly says: string;
  readonly more?: string;
  /** Makes a POST a query, which changes nothing. Proxies log addresses, so queries with personal data are POSTs. */
  readonly query?: Query;
  readonly body?: Schema<Body>;
  readonly answer: AnswerOf<Answer>;
  /** True if an unknown conference gets 404. */
  readonly needsConference?: true;
  /** Meanings of further refusals, by status. */
  readonly refusals?: Readonly<Partial<Record<404 | 409 | 413 | 422, string>>>;
  /** `viewer`: viewers may do it, although it changes something. `all-domains`: only users who see all domains. */
  readonly role?: "viewer" | "all-domains";
  /** Further facts for the audit, such as the caller. A `type` is the action's name. */
  about?(call: ApiCall<QueryOf<Query>, Body, Parts>): AuditedParts;
  /** The answer's data, or a `Response`: a refusal, or another content type. */
  handle(call: ApiCall<QueryOf<Query>, Body, Parts>): Promise<Checked<Answer> | Response> | Checked<Answer> | Response;
}

export interface Route extends Omit<RouteInput<QueryEntries, unknown, Schema, unknown>, "about" | "handle" | "body"> {
  /** Its `operationId`, and its name in the audit. */
  readonly id: string;
  readonly tag: string;
  readonly operation: Operation;
  readonly method: Method;
  readonly path: string;
  readonly body?: Schema;
  about?(call: ApiCall<never, never, never>): AuditedParts;
  handle(call: ApiCall<never, never, never>): Promise<unknown> | unknown;
}

/** The route's answer as a type. */
interface TypedRoute<Asked extends Operation, Answer extends Schema> extends Route {
  readonly operation: Asked;
  readonly answer: AnswerOf<Answer>;
}

/** Returns a function that makes routes of one chapter of the description. */
export function routeOf(tag: string) {
  return <const Asked extends Operation, const Query extends QueryEntries, Body, Answer extends Schema>(
    id: string,
    operation: Asked,
    input: RouteInput<Query, Body, Answer, PathParts<Asked>>,
  ): TypedRoute<Asked, Answer> => {
    const [method, path] = operation.split(" ");
    return { ...input, id, tag, operation, method, path } as object as TypedRoute<Asked, Answer>;
  };
}

export function isQuestion({ method, query }: Pick<Route, "method" | "query">): boolean {
  return method === "POST" && query !== undefined;
}

export function changes(route: Pick<Route, "method" | "query">): boolean {
  return route.method !== "GET" && !isQuestion(route);
}

export function routerPath({ path }: Pick<Route, "path">): string {
  return `/api/v1${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

/** A request that the guard has admitted. */
interface RouteRequest {
  readonly request: Request;
  readonly signedIn: SignedIn;
  readonly from: string;
  readonly path: Readonly<Record<string, string>>;
}

/** Carries out one API request if its user may make it. `edge`: for this one request. */
export async function answerRoute(
  route: Route,
  { request, signedIn, from, path }: RouteRequest,
  edge: PeoplePorts,
): Promise<Response> {
  const found = edge.domains.get(path.domain ?? "");
  const domain = found && seesDomain(signedIn.person, found.name) ? found : undefined;
  if (path.domain !== undefined && !domain) return problem(404, "no such domain", `There is no domain ${path.domain}.`);
  const read = await readRequest(route, request, edge);
  const confKey = path.confKey as ConfKey;
  const call = {
    edge,
    signedIn,
    from,
    domain,
    path,
    confKey,
    bridge: path.bridge as BridgeName,
    ...(domain && path.confKey !== undefined && { conference: edge.objects.conference(domain.name, confKey) }),
    ...(read.ok && read.value),
  } as ApiCall as ApiCall<never, never, never>;
  const forbidden = whyForbidden(route, signedIn.person);
  const answer = async (): Promise<Response> => {
    if (forbidden !== null) return notAllowed(forbidden);
    if (!read.ok) return read.error;
    const given = (await absence(route, call, path.bridge)) ?? (await route.handle(call));
    if (given instanceof Response) return given;
    const { incomplete = [] } = edge;
    const whole = changes(route) || incomplete.length === 0 ? given : { ...(given as object), incomplete };
    return Response.json(whole, { status: route.answer.status ?? 200 });
  };
  if (!changes(route) || !domain) return answer();
  const { domain: _, ...ofPath } = path;
  const { type, ...about }: AuditedParts = { ...ofPath, ...(read.ok && route.about?.(call)) };
  const action = type ?? route.id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const tooOften = edge.rates.ofAction(signedIn.person, action, edge.now());
  if (tooOften) return tooOften;
  const actionId = read.ok ? read.value.actionId : "";
  return audited(edge, { domain: domain.name, signedIn, from, action, actionId, about }, answer);
}

type ReadParts = Pick<ApiCall, "query" | "body" | "actionId">;

const noFields = v.optional(v.strictObject({}));
/** The fields of a query as JSON, for `readQuery`. */
const queryAsJson = v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])), {});

async function readRequest(route: Route, request: Request, edge: PeoplePorts): Promise<Result<ReadParts, Response>> {
  const actionId = readActionId(request);
  if (!actionId.ok) return actionId;
  const { query: entries = {} } = route;
  const inAddress = readQuery(isQuestion(route) ? {} : entries, new URL(request.url).searchParams);
  if (!inAddress.ok) return inAddress;
  const parts = { query: inAddress.value, body: undefined, actionId: actionId.value };
  if (isQuestion(route)) {
    const json = await readJson(request, MAX_BODY_BYTES, edge, queryAsJson);
    if (!json.ok) return json;
    const given = Object.entries(json.value).map(([name, value]) => [name, String(value)]);
    const query = readQuery(entries, new URLSearchParams(given), "body");
    return query.ok ? ok({ ...parts, query: query.value }) : query;
  }
  if (route.method === "GET") return ok(parts);
  const body = await readJson(request, MAX_BODY_BYTES, edge, route.body ?? noFields);
  return body.ok ? ok({ ...parts, body: body.value }) : body;
}

/** Returns the values, or a refusal that names the wrong one. Unknown parameters are refused as mistyped. */
function readQuery(
  entries: QueryEntries,
  given: URLSearchParams,
  part: "query" | "body" = "query",
): Result<Record<string, unknown>, Response> {
  const values: Record<string, unknown> = {};
  for (const name of new Set(given.keys())) {
    const schema = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (!schema) {
      const names = Object.keys(entries);
      const known = names.length === 0 ? "this request has none" : `there are ${names.join(", ")}`;
      return err(wrongPart(part, name, `is not a parameter of this request; ${known}`));
    }
    const [first = "", ...others] = given.getAll(name);
    if (others.length > 0) return err(wrongPart(part, name, "is given more than once"));
    values[name] = isNumeric(schema) ? numberOf(first) : first;
  }
  const parsed = v.safeParse(v.object(entries as v.ObjectEntries), values, { abortEarly: true, message: mustBe });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return err(wrongPart(part, v.getDotPath(issue) ?? "", wrongValue(issue)));
}

/** Leaves other text as it is, so that the schema refuses it. */
function numberOf(text: string): number | string {
  return /^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : text;
}

function isNumeric(schema: { readonly type: string; readonly wrapped?: Schema }): boolean {
  return schema.type === "number" || (schema.wrapped !== undefined && isNumeric(schema.wrapped));
}

/** Returns the `Idempotency-Key` of a request, a new one, or the answer to a wrong one. */
function readActionId({ headers }: Request): Result<string, Response> {
  const given = headers.get("idempotency-key");
  if (given === null) return ok(crypto.randomUUID());
  if (/^[\x21-\x7e]{1,64}$/.test(given)) return ok(given);
  const fault = "must be 1 to 64 visible ASCII characters, such as a UUID; without it, each request is a new action";
  return err(wrongPart("header", "Idempotency-Key", fault));
}

/** Returns a 404 for an unknown bridge or conference, else `null`. Asking its object would create it. */
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

/** Asks no conference object, because that would create it. A conference that was found on a bridge has no ExtConfID. */
export async function isKnown(
  { name, settings }: Domain,
  confKey: ConfKey,
  { objects }: PeoplePorts,
): Promise<boolean> {
  if (await objects.handles(name).hasConference(confKey)) return true;
  const asked = settings.bridges.map((bridge) => objects.relay(name, bridge.name as BridgeName).hasConference(confKey));
  // A relay that does not answer must not hide what the others know.
  return (await Promise.all(asked.map((one) => one.catch(() => false)))).includes(true);
}

export function unknown({ name }: Domain, confKey: string): Response {
  return problem(404, "no such conference", `${name} has no data of a conference with the key ${confKey}.`);
}

/** Why the user may not do it; `null`: the user may. */
function whyForbidden(route: Route, user: Operator): string | null {
  if (changes(route) && user.role === "viewer" && route.role !== "viewer")
    return "Viewers cannot change anything. Ask an operator.";
  return route.role === "all-domains" && !seesAll(user) ? "Only users who see all domains may do this." : null;
}

/** The decoded parts of the path, by name. */
export function pathOf({ req }: Context): RouteRequest["path"] {
  const parts = Object.entries<string>(req.param());
  return Object.fromEntries(parts.map(([name, part]) => [name, textOfSegment(part)]));
}

export function addApi(app: Hono<Variables>, edge: PeoplePorts, routes: readonly Route[]): void {
  for (const route of routes) {
    app.on(route.method, routerPath(route), (context) => {
      const { raw: request } = context.req;
      const asked = { request, signedIn: context.var.signedIn, from: addressOf(request), path: pathOf(context) };
      return answerRoute(route, asked, forOneRequest(edge));
    });
  }
  for (const [path, ofPath] of Map.groupBy(routes, routerPath)) {
    const allow = ofPath.map(({ method }) => method).join(", ");
    app.all(path, () => problem(405, "method not allowed", `Method not allowed. Use ${allow}.`, { allow }));
  }
}
