import type { ServerResponse } from "node:http";
import * as v from "valibot";
import { mustBe, wrongValue } from "../src/foundation/text/wrong-value.ts";

/** What the control interface of a simulator answers; `body` is sent as JSON. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

export function problem(status: number, error: string): ControlAnswer {
  return { status, body: { error } };
}

/** What `then` makes of the body, or which field of it is wrong. */
export function withBody<Body, Answer>(
  text: string,
  schema: v.GenericSchema<unknown, Body>,
  then: (body: Body) => Answer,
): Answer | ControlAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return problem(400, `the body is not JSON: ${text.slice(0, 60)}`);
  }
  if (Array.isArray(value)) return problem(400, "the body must be an object, not a list");
  const parsed = v.safeParse(schema, value, { message: mustBe });
  if (parsed.success) return then(parsed.output);
  const [first] = parsed.issues;
  const place = v.getDotPath(first) ?? "the body";
  return problem(400, `${place} ${first.expected === "never" ? "is no field of this request" : wrongValue(first)}`);
}

/** The body of a request; `null` when it is longer than `limit` bytes. All of it is read, so that the answer arrives. */
export async function bodyOf(request: AsyncIterable<Buffer>, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= limit) chunks.push(chunk);
  }
  return length > limit ? null : Buffer.concat(chunks);
}

export function send(response: ServerResponse, { status, body }: ControlAnswer): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
