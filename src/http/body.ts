import * as v from "valibot";
import { endsWithin, readCapped } from "../foundation/limits.ts";
import { err, ok, type Result } from "../foundation/result.ts";
import { mustBe, wrongValue } from "../foundation/text/wrong-value.ts";
import { type Timers, within } from "../foundation/time/timers.ts";
import { problem, wrongPart } from "./problem.ts";

/** Time limit of a whole body. Without it, a slow sender would hold its connection and memory forever. */
const BODY_WITHIN_MS = 10_000;
/** Bytes read of a body that is too long. Most clients read no answer before they have sent everything. */
const DROPPED_BYTES = 16 * 1024 * 1024;

/** Returns the body's bytes, or a refusal if it has more than `limit` bytes or does not arrive within 10 s. */
export async function readBody(request: Request, limit: number, timers: Timers): Promise<Result<Uint8Array, Response>> {
  const said = Number(request.headers.get("content-length"));
  // Who says so and waits for a 100 (Continue) has sent nothing yet, and reads the answer at once.
  if (said > limit + (request.headers.has("expect") ? 0 : DROPPED_BYTES)) return err(tooLong(limit));
  let isTooLong = said > limit;
  // Getting the stream of a body takes 0.1 ms on Node.
  const isShort = endsWithin(limit, request.headers);
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = isShort ? undefined : request.body?.getReader();
  const whole = reader
    ? readCapped(reader, limit, DROPPED_BYTES, () => {
        isTooLong = true;
      })
    : request.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  // A body that breaks off counts as slow: no client is left to read the answer.
  const bytes = await within(timers, BODY_WITHIN_MS, "the body", whole).catch(() => "late" as const);
  if (bytes === null || bytes.length > limit) return err(tooLong(limit));
  if (bytes !== "late") return ok(bytes);
  reader?.cancel().catch(() => undefined);
  // Sending it again would not help.
  if (isTooLong) return err(tooLong(limit));
  return err(problem(408, "too slow", `The whole body must arrive within ${BODY_WITHIN_MS / 1000} s. Send it again.`));
}

export function tooLong(limit: number): Response {
  return problem(413, "too long", `The body may have at most ${limit} bytes.`);
}

/** Returns the body as JSON of this schema, or a refusal. A schema may allow an empty body (`undefined`). */
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
  const fault = issue.expected === "never" ? "is not a field of this body" : wrongValue(issue);
  return err(wrongPart("body", name, fault));
}
