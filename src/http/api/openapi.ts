import { toJsonSchema } from "@valibot/to-json-schema";
import * as v from "valibot";
import { conferenceView } from "../../rpc/conference-view.ts";
import { incomplete } from "../objects-of-request.ts";
import { problemBody, problemType } from "../problem.ts";
import { changes, isQuestion, type Route, type Schema } from "./route.ts";

/** Schemas that many answers share. */
const shared: Readonly<Record<string, Schema>> = {
  Conference: conferenceView,
  Incomplete: v.object({ incomplete: v.optional(incomplete) }),
  Problem: problemBody,
};

/** The meaning of a status if a route has no text of its own. */
const refusalSays: Readonly<Record<number, string>> = {
  400: "A value is wrong; `errors` names it. Nothing was done.",
  401: "Not signed in. The token is missing or wrong, or the session has expired.",
  403: "Your role or domains do not allow this, or the request comes from a page of another site.",
  404: "No domain that you may see has this name, or another part of the path does not exist.",
  408: "The body did not arrive within 10 s. Nothing was done.",
  413: "The body is too long. Nothing was done.",
  429: "Too many requests or wrong tokens from you or your address. Try again after Retry-After seconds.",
  503: "A part of the system did not answer in time. Try again.",
};

export function refusalsOf(route: Route): readonly number[] {
  const { path, refusals = {} } = route;
  const own = Object.keys(refusals).map(Number);
  // Unknown parameters are refused, too.
  const all = [400, 401, 403, 429, 503, ...own];
  if (path.includes("{domain}")) all.push(404);
  if (route.method !== "GET") all.push(408, 413);
  return [...new Set(all)].sort((a, b) => a - b);
}

export function openApiOf(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `/api/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Bridgehead",
      version: "1",
      summary: "What operators can see and do",
      description:
        "Lists have pages: `next` of one page is the `cursor` of the next. Refusals are problems by RFC 9457.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "This edge" }],
    security: [{ token: [] }, { session: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(shared).map(([name, schema]) => [name, jsonSchemaOf(schema, name)])),
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "The operator's token, or a user's own." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "__Host-bridgehead-session",
          description:
            "A session of the console. By plain http from another machine, the cookie is `bridgehead-session`. Requests other than GET need an Origin or Sec-Fetch-Site of this site.",
        },
      },
    },
  };
}

function operationOf(route: Route): object {
  const { id, tag, says, more, path, query = {}, answer } = route;
  const { status = 200 } = answer;
  const body = isQuestion(route) ? v.strictObject(query as v.ObjectEntries) : route.body;
  const whole = jsonSchemaOf(answer.schema);
  const problem = { schema: { $ref: "#/components/schemas/Problem" } };
  const refusals = refusalsOf(route).map((refusal) => [
    refusal,
    {
      description: { ...refusalSays, ...route.refusals }[refusal],
      content: { [problemType]: problem },
    },
  ]);
  return {
    operationId: id,
    tags: [tag],
    summary: says,
    ...(more !== undefined && { description: more }),
    parameters: [
      ...Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => ({
        name,
        in: "path",
        required: true,
        schema: jsonSchemaOf(name === "confKey" ? confKey : v.string()),
      })),
      ...Object.entries(isQuestion(route) ? {} : query).map(([name, schema]) => ({
        name,
        in: "query",
        required: false,
        schema: jsonSchemaOf(schema),
      })),
      ...(changes(route) ? [idempotencyHeader] : []),
    ],
    ...(body && { requestBody: { required: true, content: { "application/json": { schema: jsonSchemaOf(body) } } } }),
    responses: {
      [status]: {
        description: answer.says,
        content: {
          "application/json": { schema: changes(route) ? whole : { allOf: [whole, incompleteToo] } },
          ...Object.fromEntries((answer.also ?? []).map((type) => [type, { schema: { type: "string" } }])),
        },
      },
      ...Object.fromEntries(refusals),
    },
  };
}

/** Answers to queries can be incomplete. */
const incompleteToo = { $ref: "#/components/schemas/Incomplete" };

/** The parameter of a path. */
const confKey = v.pipe(
  v.string(),
  v.description(
    "The ConfKey: WebEx's meeting number, which callers enter. Write `.` and `..` as `%252E` and `%252E%252E`.",
  ),
);

const idempotencyHeader = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description:
    "Your own name for this action, such as a UUID. A repeat with the same name is the same action. If the action was done only once, the answer to a repeat has `Idempotent-Replayed: true`.",
  schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,64}$" },
};

/** `self`: the schema's own name if it is a shared one, which must not refer to itself. */
function jsonSchemaOf(schema: Schema, self?: string): object {
  const definitions = Object.fromEntries(Object.entries(shared).filter(([name]) => name !== self));
  const {
    $schema: _,
    $defs: __,
    ...json
  } = toJsonSchema(schema, {
    definitions: definitions as Record<string, v.GenericSchema>,
    overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
    // JSON Schema cannot express some checks, such as texts that XML can carry. Their message becomes the description.
    errorMode: "ignore",
    typeMode: "input",
  });
  return json;
}
