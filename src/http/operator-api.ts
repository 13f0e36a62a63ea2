import * as v from "valibot";
import type { OperatorRequest } from "../conference/requests.ts";
import type { ConfKey, ExtCallId } from "../foundation/ids.ts";
import type { Domain } from "../settings/load.ts";
import type { Edge } from "./app.ts";
import { problem, readJson } from "./body.ts";

/** Far above what any request needs; the limits of the fields are checked apart. */
const MAX_BODY_BYTES = 64 * 1024;

/** Text that WebEx gets unchanged. What XML 1.0 has no form for would arrive as other bytes. */
const xmlString = v.pipe(
  v.string(),
  v.check(
    (text) => text.isWellFormed() && !/[^\t\n\r\u0020-\ufffd\u{10000}-\u{10ffff}]/u.test(text),
    "must not have control characters, half characters (lone surrogates), U+FFFE or U+FFFF, which XML cannot carry",
  ),
);
const passthroughBody = v.object({
  extCallId: v.pipe(xmlString, v.regex(/^[^%\s]{1,64}$/, "must be 1 to 64 characters without blanks and %")),
  data: xmlString,
});
const hybridBody = v.object({ connectData: xmlString });

/** `POST …/passthrough`: data for one caller's client (protocol 2.3.11), at most 1,024 bytes of it. */
export async function passthrough(request: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const body = await readJson(request, MAX_BODY_BYTES, edge, passthroughBody);
  if (!body.ok) return body.error;
  const { extCallId, data } = body.value;
  if (new TextEncoder().encode(data).byteLength > 1024) return tooLong("data may have at most 1024 bytes");
  return operate({ type: "passthrough", extCallId: extCallId as ExtCallId, data }, domain, confKey as ConfKey, edge);
}

/** `PUT …/hybrid`: new connect data for the clients of a conference (Status 6), at most 1,024 characters. */
export async function hybridData(request: Request, domain: Domain, confKey: string, edge: Edge): Promise<Response> {
  const body = await readJson(request, MAX_BODY_BYTES, edge, hybridBody);
  if (!body.ok) return body.error;
  const { connectData } = body.value;
  if (connectData.length > 1024) return tooLong("connectData may have at most 1024 characters");
  return operate({ type: "hybrid-data", connectData }, domain, confKey as ConfKey, edge);
}

async function operate(request: OperatorRequest, { name }: Domain, confKey: ConfKey, edge: Edge): Promise<Response> {
  // A conference object that never was would be made by the question, and stay.
  const isKnown = await edge.objects.handles(name).hasConference(confKey);
  const result = isKnown ? await edge.objects.conference(name, confKey).operate(request) : "no-such-conference";
  switch (result) {
    case "done":
      return Response.json({ accepted: true }, { status: 202 });
    case "no-such-conference":
      return problem(404, "no such conference", `No conference with the key ${confKey} is running in ${name}.`);
    case "no-such-call":
      return problem(404, "no such call", `The conference ${confKey} has no caller with this extCallId.`);
  }
}

function tooLong(detail: string): Response {
  return problem(413, "too long", `Nothing was sent: ${detail}.`);
}
