import { isByHttps } from "./address.ts";

/** A short text as an answer. On Node, a `Response` costs more than the rest of a Confirmation. */
export class TextAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
  /** Without the content type. */
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

/** Callbacks to the edge's own server during a request. Absent: the platform serves. */
export interface PostHooks {
  /** Resolves once all writes are on disk, and rejects if they are lost. */
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
/** A year, only for this name: names under it may belong to others. */
const byHttps = { ...usual, "strict-transport-security": "max-age=31536000" } as const;

/** Adds the usual headers. Plain http gets no HSTS header. */
export function withUsualHeaders<Answer extends Response | TextAnswer>(request: Request, answer: Answer): Answer;
export function withUsualHeaders(request: Request, answer: Response | TextAnswer): Response | TextAnswer {
  const all = isByHttps(request) ? byHttps : usual;
  if (answer instanceof TextAnswer) return new TextAnswer(answer.status, answer.contentType, answer.text, all);
  // The platform owns a socket's answer.
  if (answer.status === 101) return answer;
  const headers = new Headers(answer.headers);
  for (const [name, value] of Object.entries(all)) if (!headers.has(name)) headers.set(name, value);
  const { status, statusText } = answer;
  return new Response(answer.body, { status, statusText, headers });
}
