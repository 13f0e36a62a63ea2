import { isByHttps } from "./address.ts";

/** An answer that is a short text. On Node, a `Response` costs more than all else of a Confirmation. */
export class TextAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** But for the type. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, contentType: string, text: string, headers: TextAnswer["headers"] = {}) {
    this.status = status;
    this.contentType = contentType;
    this.text = text;
    this.headers = headers;
  }
}

export function asResponse(answer: Response | TextAnswer): Response {
  if (answer instanceof Response) return answer;
  const { status, contentType, text, headers } = answer;
  return new Response(text, { status, headers: { ...headers, "content-type": contentType } });
}

/** What the edge's own server needs to know of a request while it is answered. Absent: the platform serves. */
export interface PostHooks {
  /** Resolves once all that was written is on disk, and rejects where it is lost. */
  onDisk(): Promise<void>;
}

/**
 * Of answers that have no such header of their own: nobody keeps them, no browser takes them for something else than they say, runs or loads
 * anything for them, shows them in another page, or says from where it left them.
 */
export const usual = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;
/** A year, of this name alone: other names under it are not ours. */
const byHttps = { ...usual, "strict-transport-security": "max-age=31536000" } as const;

/** The answer with the headers that each has; by plain http, nothing is said of https. */
export function withUsualHeaders<Answer extends Response | TextAnswer>(request: Request, answer: Answer): Answer;
export function withUsualHeaders(request: Request, answer: Response | TextAnswer): Response | TextAnswer {
  const all = isByHttps(request) ? byHttps : usual;
  if (answer instanceof TextAnswer) return new TextAnswer(answer.status, answer.contentType, answer.text, all);
  // A socket is the platform's.
  if (answer.status === 101) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(all)) if (!headers.has(name)) headers.set(name, value);
  const { status, statusText } = answer;
  return new Response(answer.body, { status, statusText, headers });
}
