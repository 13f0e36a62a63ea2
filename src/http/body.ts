import * as v from "valibot";
import { endsWithin, readCapped } from "../foundation/limits.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { mustBe, wrongValue } from "../foundation/text/wrong-value.ts";
import { type Timers, within } from "../foundation/time/timers.ts";
import { problem, wrongPart } from "./problem.ts";

/** How long a whole body may take to come: a slow sender would otherwise hold its connection and its memory for ever. */
const BODY_WITHIN_MS = 10_000;
/** So many bytes of a body that is too long are read: most clients read no answer before they have sent everything. */
const DROPPED_BYTES = 16 * 1024 * 1024;

/** The bytes of a request's body, or the answer to a body that is longer than `limit` bytes or does not come within 10 s. */
export async function readBody(request: Request, limit: number, timers: Timers): Promise<Result<Uint8Array, Response>> {
  const said = Number(request.headers.get("content-length"));
  // Who says so and waits for a 100 (Continue) has sent nothing yet, and reads the answer at once.
  if (said > limit + (request.headers.has("expect") ? 0 : DROPPED_BYTES)) return err(tooLong(limit));
  let isTooLong = said > limit;
  // To ask for the stream of a body costs a tenth of a millisecond on Node.
  const isShort = endsWithin(limit, request.headers);
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = isShort ? undefined : request.body?.getReader();
  const whole = reader
    ? readCapped(reader, limit, DROPPED_BYTES, () => {
        isTooLong = true;
      })
    : request.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  // A body that breaks off is answered like a slow one: nobody is there to read the answer.
  const bytes = await within(timers, BODY_WITHIN_MS, "the body", whole).catch(() => "late" as const);
  if (bytes === null || bytes.length > limit) return err(tooLong(limit));
  if (bytes !== "late") return ok(bytes);
  reader?.cancel().catch(() => undefined);
  // To send it again would not help.
  if (isTooLong) return err(tooLong(limit));
  return err(problem(408, "too slow", `The whole body must come within ${BODY_WITHIN_MS / 1000} s. Send it again.`));
}

export function tooLong(limit: number): Response {
  return problem(413, "too long", `The body may have at most ${limit} bytes.`);
}

/** A request's body as JSON that this schema describes, or the answer to any other body. A schema may let it be empty (`undefined`). */
export async function readJson<Body>(
  request: Request,
  limit: number,
  timers: Timers,
  schema: v.GenericSchema<unknown, Body>,
): Promise<Result<Body, Response>> {
  const bytes = await readBody(request, limit, timers);
  if (!bytes.ok) return bytes;
  let json: unknown;
  try {
    if (bytes.value.length > 0 || !v.is(schema, undefined))
      json = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes.value));
  } catch {
    return err(problem(400, "bad body", "The body must be JSON in UTF-8."));
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true, message: mustBe });
  if (parsed.success) return ok(parsed.output);
  const [issue] = parsed.issues;
  const name = v.getDotPath(issue) ?? "";
  const fault = issue.expected === "never" ? "is no field of this body" : wrongValue(issue);
  return err(wrongPart("body", name, fault));
}
