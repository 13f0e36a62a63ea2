import { isByHttps } from "./address.ts";

/** Of answers that have no such header of their own: nobody keeps them, and no browser takes them for something else than they say. */
const usual = { "x-content-type-options": "nosniff", "cache-control": "no-store" } as const;
/** A year, of this name alone: other names under it are not ours. */
const httpsOnly = "max-age=31536000";

/** The answer with the headers that each has; by plain http, nothing is said of https. */
export function withUsualHeaders(request: Request, answer: Response): Response {
  // A socket is the platform's.
  if (answer.status === 101) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(usual)) if (!headers.has(name)) headers.set(name, value);
  if (isByHttps(request)) headers.set("strict-transport-security", httpsOnly);
  const { status, statusText } = answer;
  return new Response(answer.body, { status, statusText, headers });
}
