import * as v from "valibot";
import type { ConfKey } from "../../foundation/ids.ts";
import { err, ok, type Result } from "../../foundation/result.ts";
import type { Answer as AnswerOf } from "../../foundation/schemas.ts";
import { mustBe, wrongValue } from "../../foundation/text/wrong-value.ts";
import type { Domain } from "../../settings/load.ts";
import type { PeoplePorts } from "../edge-ports.ts";
import type { SignedIn } from "../guard.ts";
import { problem } from "../problem.ts";

/** A schema of JSON as it goes over the wire. */
export type Schema<Value = unknown> = v.GenericSchema<unknown, Value>;
/** Query parameters by name: texts, numbers, and `flag`s. */
export type QueryEntries = Readonly<Record<string, Schema>>;
type QueryOf<Query extends QueryEntries> = { readonly [Name in keyof Query]: v.InferOutput<Query[Name]> };

/** One request, checked: its person may make it. */
export interface Call<Query = unknown, Body = unknown> {
  readonly request: Request;
  /** Whose calls of objects have a limit in time. */
  readonly edge: PeoplePorts;
  readonly signedIn: SignedIn;
  /** The address from which it came. */
  readonly from: string;
  /** Of `{domain}` in the path; the person sees it. Read only where the path has one. */
  readonly domain: Domain;
  /** Of `{confKey}` in the path. */
  readonly confKey: ConfKey;
  /** All parts of the path by name. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The `Idempotency-Key`, or one of its own: a repeat with the same one is the same action. */
  readonly actionId: string;
}

type About = Readonly<Record<string, string>>;

/** How a route is written down. */
interface RouteInput<Query extends QueryEntries, Body, Answer extends Schema> {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Behind `/api/v1`; names in braces are parts of the path. Those of a domain begin with `/domains/{domain}`. */
  readonly path: `/${string}`;
  /** Its name for programs that are generated, and in the record of actions. */
  readonly id: string;
  readonly tag: string;
  /** One line. */
  readonly says: string;
  readonly more?: string;
  readonly query?: Query;
  readonly body?: Schema<Body>;
  /** Far above what any request needs by default. */
  readonly maxBodyBytes?: number;
  readonly answer: {
    readonly status?: 200 | 201 | 202;
    /** What it is, in a line. */
    readonly says: string;
    readonly schema: Answer;
    /** Other forms that its handler gives as a `Response`. */
    readonly also?: readonly string[];
  };
  /** Refusals beside those that follow from the rest, by status: what each of them means here. */
  readonly refusals?: Readonly<Partial<Record<404 | 409 | 413 | 422, string>>>;
  /** Viewers may, although something changes: their own affairs. */
  readonly viewersMay?: true;
  /** Those alone who see all domains. */
  readonly allDomains?: true;
  /** Those alone who may read secrets, and once it is on disk who reads this one. */
  readonly showsSecret?: true;
  /** What else the record of the action says, such as which caller it is about: it is written down before anything is done. */
  about?(call: Call<QueryOf<Query>, Body>): Promise<About> | About;
  /** The answer's data, or a `Response` that is no JSON of this schema: a refusal, or one of the other forms. */
  handle(call: Call<QueryOf<Query>, Body>): Promise<AnswerOf<Answer> | Response> | AnswerOf<Answer> | Response;
}

/** A route as the table has it: its types are checked. */
export interface Route extends Omit<RouteInput<QueryEntries, unknown, Schema>, "about" | "handle" | "body"> {
  readonly body?: Schema;
  about?(call: Call<never, never>): Promise<About> | About;
  handle(call: Call<never, never>): Promise<unknown> | unknown;
}

export function route<const Query extends QueryEntries, Body, Answer extends Schema>(
  input: RouteInput<Query, Body, Answer>,
): Route {
  return input as object as Route;
}

/** Whether something may change by it. */
export function changes({ method }: Pick<Route, "method">): boolean {
  return method !== "GET";
}

/** The same path in the router's form. */
export function routerPath({ path }: Pick<Route, "path">): string {
  return `/api/v1${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

/** A parameter that is there or not: `all=1`. */
export const flag = v.optional(v.pipe(v.picklist(["1", "true", ""]), v.description("1: yes")));

/** The query by its schemas, or the answer that names the value that is wrong. A parameter that nobody reads is a mistyped one. */
export function readQuery(entries: QueryEntries, given: URLSearchParams): Result<Record<string, unknown>, Response> {
  const values: Record<string, unknown> = {};
  for (const name of new Set(given.keys())) {
    const schema = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (!schema) {
      const names = Object.keys(entries);
      const known = names.length === 0 ? "this request has none" : `there are ${names.join(", ")}`;
      return err(badQuery(name, `is no parameter of this request; ${known}`));
    }
    const [first = "", ...others] = given.getAll(name);
    if (others.length > 0) return err(badQuery(name, "stands there more than once"));
    values[name] = isNumeric(schema) ? numberOf(first) : first;
  }
  const parsed = v.safeParse(v.object(entries as v.ObjectEntries), values, { abortEarly: true, message: mustBe });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return err(badQuery(v.getDotPath(issue) ?? "", wrongValue(issue)));
}

function badQuery(name: string, fault: string): Response {
  return problem(400, "bad query", `${name} ${fault}.`, {}, { errors: [{ in: "query", name, detail: fault }] });
}

/** What is no number stays as it is, and is refused as that. */
function numberOf(text: string): number | string {
  return /^\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : text;
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
  return err(
    problem(
      400,
      "bad header",
      `Idempotency-Key ${fault}.`,
      {},
      {
        errors: [{ in: "header", name: "Idempotency-Key", detail: fault }],
      },
    ),
  );
}
