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
  /** Whoever posts may post to the domain. */
  admitted(): void;
  /** Whoever asks is a person, and signed in. */
  signedIn(): void;
}
