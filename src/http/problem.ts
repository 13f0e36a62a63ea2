import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as v from "valibot";
import { as, type Checked } from "../foundation/schemas.ts";
import type { TextAnswer } from "./text-answer.ts";

const titles = [
  ...(["bad body", "bad header", "bad query", "cannot be done", "cross-site", "failed for now"] as const),
  ...(["method not allowed", "no such action", "no such agent", "no such alert", "no such bridge"] as const),
  ...(["no such call", "no such conference", "no such domain", "no such room", "not allowed"] as const),
  ...(["not active", "not authorised", "not found", "records began anew", "refused", "too long"] as const),
  ...(["too many attempts", "too many requests", "too slow", "upgrade required", "wrong settings"] as const),
] as const;
export type ProblemTitle = (typeof titles)[number];

/** The body of a problem. A wrong value within the body of a request is named by its path with dots; empty: the whole. */
export const problemBody = v.object({
  type: v.pipe(v.string(), v.description("A URN with the title.")),
  title: v.pipe(v.picklist(titles), v.description("What happened.")),
  status: as<ContentfulStatusCode>(v.number()),
  detail: v.pipe(v.string(), v.description("What to do, in a sentence.")),
  instance: v.pipe(v.string(), v.description("The path that was asked for.")),
  reason: v.pipe(v.optional(v.string()), v.description("A word for programs: the reason within this title.")),
  errors: v.pipe(
    v.optional(
      v.array(v.object({ in: v.picklist(["query", "body", "header", "path"]), name: v.string(), detail: v.string() })),
    ),
    v.description("The values that are wrong."),
  ),
});
export type Problem = Checked<typeof problemBody>;

/** An error by RFC 9457: what happened in `title`, and what to do in `detail`. `/api/v1` adds `instance`. */
export function problem(
  status: ContentfulStatusCode,
  title: ProblemTitle,
  detail: string,
  headers: Record<string, string> = {},
  more: Pick<Problem, "reason" | "errors"> = {},
): Response {
  const body: Omit<Problem, "instance"> = {
    type: `urn:bridgehead:${title.replaceAll(" ", "-")}`,
    title,
    status,
    detail,
    ...more,
  };
  return new Response(JSON.stringify(body), { status, headers: { ...headers, "content-type": problemType } });
}

export const problemType = "application/problem+json";

/** Adds the requested path to a problem of the API. */
export async function withInstance<Answer extends Response | TextAnswer>(
  answer: Answer,
  { url }: Request,
): Promise<Answer | Response> {
  if (!(answer instanceof Response) || answer.headers.get("content-type") !== problemType) return answer;
  const { pathname: instance } = new URL(url);
  if (!instance.startsWith("/api/v1")) return answer;
  return new Response(JSON.stringify({ ...((await answer.json()) as object), instance }), answer);
}

export function wrongPart(part: "query" | "body" | "header", name: string, fault: string): Response {
  const errors = [{ in: part, name, detail: fault }];
  return problem(400, `bad ${part}`, `${name || `the ${part}`} ${fault}.`, {}, { errors });
}

export function failedForNow(headers: Record<string, string> = {}): Response {
  const why = "the edge's log has the reason; /readyz shows a full disk";
  return problem(503, "failed for now", `The request failed (${why}). Try again.`, headers);
}

export function notAllowed(detail: string): Response {
  return problem(403, "not allowed", detail);
}

export function noSuchPage(): Response {
  return problem(404, "not found", "Nothing is here. Check the path.");
}
