import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as v from "valibot";
import { as, type Checked, text } from "../foundation/schemas.ts";

/** What went wrong, by the title of its problem: what that means, and what to do. `GET /api/v1/problems/{type}` shows it. */
export const problemMeanings = {
  "bad body": "The body is no JSON, or a value in it is wrong: `errors` says which. Nothing was done.",
  "bad header": "A header has a value that it cannot have: `errors` says which. Nothing was done.",
  "bad query": "A parameter of the query is unknown or wrong: `errors` says which. Nothing was done.",
  "cannot be done":
    "The bridge cannot do it, the settings do not allow it, or its Idempotency-Key is another action's; the detail says which. Nothing was done.",
  "cross-site":
    "The request comes from a page of another site, or a browser's cookie came without a word from where. Nothing was done.",
  "failed for now":
    "A part of the system did not answer in time. Nothing says whether it was done: ask again with the same Idempotency-Key.",
  "method not allowed": "The path is there, for other methods. The header Allow names them.",
  "no such action": "The conference's journal has no action of this id.",
  "no such agent": "The agent is refused its link.",
  "no such bridge": "The domain has no bridge of that name in its settings.",
  "no such call": "The conference has no such caller, or has it no longer.",
  "no such conference": "Nothing is kept of such a conference, or it does not run.",
  "no such domain": "There is no domain of that name that you may see.",
  "no such room": "The conference has no such room, or has it no longer.",
  "no such alert": "There is no alert of this id now: it has ended, or was acknowledged.",
  "not allowed": "You are signed in, but your role or domains do not allow this.",
  "not authorised": "Nobody whom the settings name asks so: the token is missing or wrong, or the session is over.",
  "not found": "Nothing is at this path.",
  "records began anew":
    "The directory was lost since the cursor was given, or an older copy of it restored: it counts its records anew.",
  refused: "The conference, or the bridge, cannot do it as things are; the detail says why. Nothing was done.",
  "stands by": "This edge does not act; `detail` says which one does, or why none. Nothing was done.",
  "too long": "The body, or a part of it, is longer than is allowed. Nothing was done.",
  "too many attempts": "Too many wrong tokens came from your address.",
  "too many requests":
    "You, or your address, have asked more than one may. The header Retry-After says when to go on. Nothing was done.",
  "too slow": "The body did not come within the time that it has. Nothing was done.",
  "upgrade required": "This address is for WebSockets.",
  "wrong settings": "The settings of the deployment cannot be read; its log says why.",
} as const;
export type ProblemTitle = keyof typeof problemMeanings;

/** The body of a problem. A wrong value within the body of a request is named by its path with dots; empty: the whole. */
export const problemBody = v.object({
  type: v.pipe(v.string(), v.description("Where it says what the problem means: a path of this API.")),
  title: v.pipe(text<ProblemTitle>(), v.description("What happened; the same for each problem of a type.")),
  status: as<ContentfulStatusCode>(v.number()),
  detail: v.pipe(v.string(), v.description("What to do, in a sentence.")),
  instance: v.pipe(v.string(), v.description("The path that was asked for.")),
  reason: v.pipe(v.optional(v.string()), v.description("Which of the refusals of this title: a word for programs.")),
  errors: v.pipe(
    v.optional(
      v.array(v.object({ in: v.picklist(["query", "body", "header", "path"]), name: v.string(), detail: v.string() })),
    ),
    v.description("The values that are wrong."),
  ),
});
export type Problem = Checked<typeof problemBody>;

/** An error as RFC 9457 has it: what happened in `title`, and what to do in `detail`. Requests of `/api/v1` get an `instance`, too. */
export function problem(
  status: ContentfulStatusCode,
  title: ProblemTitle,
  detail: string,
  headers: Record<string, string> = {},
  more: Pick<Problem, "reason" | "errors"> = {},
): Response {
  const body: Omit<Problem, "instance"> = { type: typeOfProblem(title), title, status, detail, ...more };
  return new Response(JSON.stringify(body), { status, headers: { ...headers, "content-type": problemType } });
}

export const problemType = "application/problem+json";

export function typeOfProblem(title: ProblemTitle): string {
  return `/api/v1/problems/${slugOf(title)}`;
}

export function slugOf(title: string): string {
  return title.replaceAll(" ", "-");
}

/** The same answer, with the path that was asked for; other answers as they are. */
export async function withInstance(response: Response, instance: string): Promise<Response> {
  if (response.headers.get("content-type") !== problemType) return response;
  const body = { ...((await response.json()) as object), instance };
  const { status, headers } = response;
  return new Response(JSON.stringify(body), { status, headers });
}

export function wrongPart(part: "query" | "body" | "header", name: string, fault: string): Response {
  const errors = [{ in: part, name, detail: fault }];
  return problem(400, `bad ${part}`, `${name || `the ${part}`} ${fault}.`, {}, { errors });
}

export function failedForNow(headers: Record<string, string> = {}): Response {
  const why = "the log of the edge says why, and /readyz where it is the disk";
  return problem(503, "failed for now", `The request could not be carried out (${why}): try it again.`, headers);
}

export function notAllowed(detail: string): Response {
  return problem(403, "not allowed", detail);
}

export function noSuchPage(): Response {
  return problem(404, "not found", "Nothing is here. Look at the path.");
}
