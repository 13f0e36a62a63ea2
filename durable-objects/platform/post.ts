import { bytesWithin, endsWithin } from "../../src/foundation/limits.ts";
import { networkReason, reasonOf } from "../../src/foundation/text/reason.ts";

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
  /** True if these bytes were posted before. */
  readonly isRepeat?: boolean;
};

/** The result of a post. A failure is an answer like others. */
export type HttpAnswer =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly contentType?: string | null;
      readonly body: Uint8Array;
    }
  | { readonly kind: "failed"; readonly reason: string };

/** Limit after decompression. A Confirmation has about 150 bytes. */
export const maxBodyBytes = 65_536;

/**
 * Sends one request and follows no redirect. `bodyCounts`: true if the body of an answer with this status counts. Then
 * more than `maxBodyBytes` is an error. Other bodies are dropped, and cannot make a post fail.
 */
export type Exchange = (
  url: string,
  sent: Pick<PostRequest, "body" | "signal"> & {
    readonly headers: Readonly<Record<string, string>>;
    readonly bodyCounts: (status: number) => boolean;
  },
) => Promise<Omit<Extract<HttpAnswer, { kind: "answered" }>, "kind">>;

/** Posts one document. The time-out covers the body of a Confirmation too. */
export async function postBy(exchange: Exchange, request: PostRequest): Promise<HttpAnswer> {
  const { url, body, contentType, timeoutMs, signal } = request;
  // A post waits until what it tells is on disk, and may be withdrawn meanwhile.
  if (signal.aborted) return { kind: "failed", reason: reasonOf(signal.reason) };
  const stop = new AbortController();
  const breakOff = () => stop.abort(signal.reason);
  signal.addEventListener("abort", breakOff);
  // Not AbortSignal.timeout: its timer would keep the object awake, and billed, long after a quick answer.
  const timer = setTimeout(() => stop.abort(new Error(`no complete answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    const headers = {
      "Content-Type": contentType,
      "User-Agent": "bridgehead",
      "Accept-Encoding": "identity",
      ...("headers" in request && request.headers),
      ...("idempotencyKey" in request && { "Idempotency-Key": request.idempotencyKey }),
    };
    const bodyCounts = (status: number) => contentType !== "application/json" && isSuccess(status);
    return { kind: "answered", ...(await exchange(url, { headers, body, signal: stop.signal, bodyCounts })) };
  } catch (error) {
    return { kind: "failed", reason: networkReason(error) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", breakOff);
  }
}

/** By the platform's `fetch`. */
export function fetchPost(request: PostRequest): Promise<HttpAnswer> {
  return postBy(async (url, { bodyCounts, ...sent }) => {
    const response = await fetch(url, { ...sent, method: "POST", redirect: "manual" });
    const { status, headers } = response;
    const contentType = headers.get("content-type");
    if (!bodyCounts(status)) {
      response.body?.cancel().catch(() => undefined);
      return { status, contentType, body: new Uint8Array() };
    }
    if (endsWithin(maxBodyBytes, headers))
      return { status, contentType, body: new Uint8Array(await response.arrayBuffer()) };
    const read = await bytesWithin(response, maxBodyBytes);
    if (read === null) throw answerTooLong();
    return { status, contentType, body: read };
  }, request);
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

/** Returns the error for an unsuccessful status. */
export function statusFault(status: number): string {
  return `HTTP status ${status}${redirects.has(status) ? ", a redirect, which is not followed" : ""}`;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export function answerTooLong(): Error {
  return new Error(`the answer has more than ${maxBodyBytes} bytes`);
}
