import * as v from "valibot";
import type { BridgeName, ConfKey } from "../../foundation/ids.ts";
import { err, ok, type Result } from "../../foundation/result.ts";
import type { Checked } from "../../foundation/schemas.ts";
import { isPersonal } from "../../foundation/shown.ts";
import { mustBe, wrongValue } from "../../foundation/text/wrong-value.ts";
import type { EdgeObjects } from "../../rpc/objects.ts";
import type { Domain } from "../../settings/load.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { SignedIn } from "../guard.ts";
import { wrongPart } from "../problem.ts";

export type Schema<Value = unknown> = v.GenericSchema<unknown, Value>;
/** Query parameters by name: texts, numbers and `flag`s. A `personal` one makes the route a question (`isQuestion`). */
type QueryEntries = Readonly<Record<string, Schema>>;
type QueryOf<Query extends QueryEntries> = { readonly [Name in keyof Query]: v.InferOutput<Query[Name]> };

/** The parts of a path by their names, which stand in braces there. */
export type PathParts<Path> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [Part in Name]: string } & PathParts<Rest>
  : unknown;

/** One request, checked: its person may make it. */
export interface ApiCall<Query = unknown, Body = unknown, Parts = unknown> {
  readonly request: Request;
  /** Whose calls of objects have a limit in time. */
  readonly edge: PeoplePorts;
  readonly signedIn: SignedIn;
  readonly from: string;
  /** Of `{domain}` in the path; the person sees it. Read only where the path has one. */
  readonly domain: Domain;
  /** Of `{bridge}` in the path; the domain has it. */
  readonly bridge: BridgeName;
  /** Of `{confKey}` in the path, and its object, which may never have been. */
  readonly confKey: ConfKey;
  readonly conference: ReturnType<EdgeObjects["conference"]>;
  readonly path: Parts;
  readonly query: Query;
  readonly body: Body;
  /** The `Idempotency-Key`, or one of its own: a repeat with the same one is the same action. */
  readonly actionId: string;
}

type AuditedParts = Readonly<Record<string, string>>;
type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
/** Method and path behind `/api/v1`; names in braces are parts of the path. Those of a domain begin with `/domains/{domain}`. */
type Operation = `${Method} /${string}`;

interface AnswerOf<Answer extends Schema> {
  readonly status?: 200 | 201 | 202;
  readonly says: string;
  readonly schema: Answer;
  /** Other forms that its handler gives as a `Response`. */
  readonly also?: readonly string[];
}

interface RouteInput<Query extends QueryEntries, Body, Answer extends Schema, Parts> {
  readonly says: string;
  readonly more?: string;
  readonly query?: Query;
  readonly body?: Schema<Body>;
  readonly answer: AnswerOf<Answer>;
  /** Of a conference of which something is kept: any other is answered with 404. */
  readonly needsConference?: true;
  /** Refusals beside those that follow from the rest, by status: what each of them means here. */
  readonly refusals?: Readonly<Partial<Record<404 | 409 | 413 | 422, string>>>;
  /** Viewers may, although something changes: their own affairs. */
  readonly viewersMay?: true;
  /** Those alone who see all domains. */
  readonly allDomains?: true;
  /** What else the record of the action says, such as which caller it is about: it is written down before anything is done. */
  about?(call: ApiCall<QueryOf<Query>, Body, Parts>): Promise<AuditedParts> | AuditedParts;
  /** The answer's data, or a `Response` that is no JSON of this schema: a refusal, or one of the other forms. */
  handle(call: ApiCall<QueryOf<Query>, Body, Parts>): Promise<Checked<Answer> | Response> | Checked<Answer> | Response;
}

/** A route as the table has it: its types are checked. */
export interface Route extends Omit<RouteInput<QueryEntries, unknown, Schema, unknown>, "about" | "handle" | "body"> {
  /** Its name for programs that are generated, and in the record of actions. */
  readonly id: string;
  readonly tag: string;
  readonly operation: Operation;
  readonly method: Method;
  readonly path: string;
  readonly body?: Schema;
  about?(call: ApiCall<never, never, never>): Promise<AuditedParts> | AuditedParts;
  handle(call: ApiCall<never, never, never>): Promise<unknown> | unknown;
}

/** What programs that ask it must know, as types. */
interface TypedRoute<Asked extends Operation, Answer extends Schema> extends Route {
  readonly operation: Asked;
  readonly answer: AnswerOf<Answer>;
}

/** What makes the routes of one chapter of the description. */
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

/** True if a query can have personal data. Proxies log addresses, so such a POST has its query as body and changes nothing. */
export function isQuestion({ query = {} }: Pick<Route, "query">): boolean {
  return Object.values(query).some(isPersonal);
}

export function changes(route: Pick<Route, "method" | "query">): boolean {
  return route.method !== "GET" && !isQuestion(route);
}

export function routerPath({ path }: Pick<Route, "path">): string {
  return `/api/v1${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

/** A parameter that is there or not: `all=1`. */
export const flag = v.optional(v.pipe(v.picklist(["1", "true", ""]), v.description("1: yes")));

/** The query by its schemas, or the answer that names the value that is wrong. A parameter that nobody reads is a mistyped one. */
export function readQuery(
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
      return err(wrongPart(part, name, `is no parameter of this request; ${known}`));
    }
    const [first = "", ...others] = given.getAll(name);
    if (others.length > 0) return err(wrongPart(part, name, "stands there more than once"));
    values[name] = isNumeric(schema) ? numberOf(first) : first;
  }
  const parsed = v.safeParse(v.object(entries as v.ObjectEntries), values, { abortEarly: true, message: mustBe });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return err(wrongPart(part, v.getDotPath(issue) ?? "", wrongValue(issue)));
}

/** The same fields as JSON, for `readQuery`. */
export const queryAsJson = v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])), {});

/** What is no number stays as it is, and is refused as that. */
function numberOf(text: string): number | string {
  return /^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : text;
}

function isNumeric(schema: { readonly type: string; readonly wrapped?: Schema }): boolean {
  return schema.type === "number" || (schema.wrapped !== undefined && isNumeric(schema.wrapped));
}

const idempotencyKey = /^[\x21-\x7e]{1,64}$/;

/** The `Idempotency-Key` of a request, one that is made now, or the answer to a wrong one. */
export function readActionId({ headers }: Request): Result<string, Response> {
  const given = headers.get("idempotency-key");
  if (given === null) return ok(crypto.randomUUID());
  if (idempotencyKey.test(given)) return ok(given);
  const fault = "must be 1 to 64 visible characters of ASCII, such as a UUID; leave it out, and each request counts";
  return err(wrongPart("header", "Idempotency-Key", fault));
}
