import * as v from "valibot";
import type { OperatorRequest } from "../conference/requests.ts";
import type { Domain } from "../domain.ts";
import type { ConfKey, ExtCallId } from "../foundation/ids.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { problem, readBody } from "./bodies.ts";
import type { Edge } from "./edge.ts";

/** Far above what any request needs; the limits of the fields are checked apart. */
const MAX_BODY_BYTES = 64 * 1024;

const passthroughBody = v.object({
  extCallId: v.pipe(v.string(), v.regex(/^[^%\s]{1,64}$/, "must be 1 to 64 characters without blanks and %")),
  data: v.string(),
});
const hybridBody = v.object({ connectData: v.string() });

/** `POST …/passthrough`: data for one caller's client (protocol 2.3.11), at most 1,024 bytes of it. */
export async function passthrough(request: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const body = await jsonBody(request, passthroughBody);
  if (!body.ok) return body.error;
  const { extCallId, data } = body.value;
  if (new TextEncoder().encode(data).byteLength > 1024) return tooLong("data may have at most 1024 bytes");
  return operate({ type: "passthrough", extCallId: extCallId as ExtCallId, data }, domain, confKey, edge);
}

/** `PUT …/hybrid`: new connect data for the clients of a conference (Status 6), at most 1,024 characters. */
export async function hybridData(request: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const body = await jsonBody(request, hybridBody);
  if (!body.ok) return body.error;
  const { connectData } = body.value;
  if (connectData.length > 1024) return tooLong("connectData may have at most 1024 characters");
  return operate({ type: "hybrid-data", connectData }, domain, confKey, edge);
}

async function operate(request: OperatorRequest, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const outcome = await edge.objects.conference(domain.name, confKey as ConfKey).operate(request);
  switch (outcome) {
    case "done":
      return Response.json({ accepted: true }, { status: 202 });
    case "no-such-conference":
      return problem(404, "no such conference", `No conference with the key ${confKey} is running in ${domain.name}.`);
    case "no-such-call":
      return problem(404, "no such call", `The conference ${confKey} has no caller with this extCallId.`);
  }
}

async function jsonBody<Body>(
  request: Request,
  schema: v.GenericSchema<unknown, Body>,
): Promise<Result<Body, Response>> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes === null) return err(tooLong(`the body may have at most ${MAX_BODY_BYTES} bytes`));
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return err(problem(400, "bad body", "The body must be JSON in UTF-8."));
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  return err(problem(400, "bad body", `${v.getDotPath(issue) ?? "the body"}: ${issue.message}`));
}

function tooLong(detail: string): Response {
  return problem(413, "too long", `Nothing was sent: ${detail}.`);
}
