import { endsWithin, readCapped } from "../../src/foundation/limits.ts";
import { reasonOf } from "../../src/foundation/text/reason.ts";

/** XML for WebEx, whose TransID says that it is a repeat; or JSON, with a key that is the same on each attempt, or with headers of its own. */
export type PostContent =
  | { readonly contentType: "text/xml; charset=UTF-8"; readonly body: string }
  | { readonly contentType: "application/json"; readonly body: string; readonly idempotencyKey: string }
  | {
      readonly contentType: "application/json";
      readonly body: string;
      readonly headers: Readonly<Record<string, string>>;
    };

export type PostRequest = PostContent & {
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

/** The result of a post. A failure is an answer like others. */
export type HttpAnswer =
  | { readonly kind: "answered"; readonly status: number; readonly body: Uint8Array }
  | { readonly kind: "failed"; readonly reason: string };

/** A Confirmation has some 150 bytes; a peer that sends much more is not read to its end. Counted after decompression. */
const maxBodyBytes = 65_536;

/** Posts one document. Redirects are not followed, and the time-out covers the answer's body too. */
export async function fetchPost(request: PostRequest): Promise<HttpAnswer> {
  const { url, body, contentType, timeoutMs, signal } = request;
  const stop = new AbortController();
  const breakOff = () => stop.abort(signal.reason);
  signal.addEventListener("abort", breakOff);
  // Not AbortSignal.timeout: its timer would keep the object awake, and billed, long after a quick answer.
  const timer = setTimeout(() => stop.abort(new Error(`no complete answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": contentType,
        "User-Agent": "bridgehead",
        "Accept-Encoding": "identity",
        ...("headers" in request && request.headers),
        ...("idempotencyKey" in request && { "Idempotency-Key": request.idempotencyKey }),
      },
      body,
      redirect: "manual",
      signal: stop.signal,
    });
    return { kind: "answered", status: response.status, body: await capped(response) };
  } catch (error) {
    return { kind: "failed", reason: reasonOf(error).replace(/\.+$/, "") }; // It stands within sentences.
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", breakOff);
  }
}

async function capped(response: Response): Promise<Uint8Array> {
  if (endsWithin(maxBodyBytes, response.headers)) return new Uint8Array(await response.arrayBuffer());
  if (response.body === null) return new Uint8Array();
  const body = await readCapped(response.body.getReader(), maxBodyBytes);
  if (body === null) throw new Error(`the answer has more than ${maxBodyBytes} bytes`);
  return body;
}
