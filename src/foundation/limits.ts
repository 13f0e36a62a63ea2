import type { EpochMs } from "./ids.ts";

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Grants a burst at once, and a rate on average. No pause or clock that was set earns more than a burst. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #at: EpochMs;
  /** Ahead of the clock while that is set back. */
  #earnedUntil: EpochMs;

  /** `left`: of an earlier bucket, at this time; a full one otherwise. */
  constructor(rate: Rate, at: EpochMs, left = rate.burst) {
    this.#rate = rate;
    this.#tokens = left;
    this.#at = at;
    this.#earnedUntil = at;
  }

  /** As of the last question. */
  get left(): number {
    return this.#tokens;
  }

  /** 0 when the bucket has the amount, which is then spent; else the milliseconds until it has. */
  waitMs(amount: number, at: EpochMs): number {
    const ms = this.lacksMs(amount, at);
    if (ms === 0) this.#tokens -= amount;
    return ms;
  }

  /** 0 when the bucket has the amount, else the milliseconds until it has. Nothing is spent. */
  lacksMs(amount: number, at: EpochMs): number {
    const { burst, perSecond } = this.#rate;
    const earnedMs = at < this.#earnedUntil ? Math.max(0, at - this.#at) : at - this.#earnedUntil;
    this.#at = at;
    this.#earnedUntil += earnedMs;
    this.#tokens = Math.min(burst, this.#tokens + (earnedMs * perSecond) / 1_000);
    return this.#tokens < amount ? ((amount - this.#tokens) * 1_000) / perSecond : 0;
  }

  spend(amount: number, at: EpochMs): boolean {
    return this.waitMs(amount, at) === 0;
  }
}

/** Keeps at most so many entries in a cache: those that were set last. */
export function setLimited<Key, Value>(cache: Map<Key, Value>, key: Key, value: Value, entries: number): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size <= entries) return;
  // A Map keeps the order of insertion: its first entry is the oldest.
  for (const oldest of cache.keys()) {
    cache.delete(oldest);
    return;
  }
}

/** One bucket for each name, in this isolate's memory. */
export class RateLimit {
  readonly #buckets = new Map<string, { readonly perMinute: number; readonly bucket: TokenBucket }>();

  /** 0: one more is allowed, and spent; else the seconds to wait. Another rate than before counts at once. */
  waitSeconds(name: string, perMinute: number, at: EpochMs): number {
    let limit = this.#buckets.get(name);
    if (limit?.perMinute !== perMinute) {
      limit = { perMinute, bucket: new TokenBucket({ burst: perMinute, perSecond: perMinute / 60 }, at) };
      this.#buckets.set(name, limit);
    }
    return Math.ceil(limit.bucket.waitMs(1, at) / 1_000);
  }
}

/** Names that have a bucket of a `RateBudget`. */
const MOST_NAMES = 10_000;

/** One bucket of the same rate for each name, in this isolate's memory: for names that strangers can make up. */
export class RateBudget {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** 0: one more is allowed, and spent; else the seconds to wait. */
  waitSeconds(name: string, at: EpochMs): number {
    const bucket = this.#buckets.get(name) ?? new TokenBucket(this.#rate, at);
    setLimited(this.#buckets, name, bucket, MOST_NAMES);
    return Math.ceil(bucket.waitMs(1, at) / 1_000);
  }

  /** The seconds until one more is allowed; nothing is spent. */
  lacksSeconds(name: string, at: EpochMs): number {
    return Math.ceil((this.#buckets.get(name)?.lacksMs(1, at) ?? 0) / 1_000);
  }
}

/** Lines of one event and one source that may be logged at once, and then in a minute. */
const LINES_PER_MINUTE = 20;

/** Protects the log from floods: lets some lines of each event of each source through, and counts the rest. */
export class LogLimit {
  readonly #limit = new RateLimit();
  readonly #dropped = new Map<string, number>();

  /** The number of lines dropped since the last one; `null`: drop this line, too. */
  admit(event: string, source: string, at: EpochMs): number | null {
    const name = `${event} ${source}`;
    const dropped = this.#dropped.get(name) ?? 0;
    const mayLog = this.#limit.waitSeconds(name, LINES_PER_MINUTE, at) === 0;
    this.#dropped.set(name, mayLog ? 0 : dropped + 1);
    return mayLog ? dropped : null;
  }
}

/**
 * Whether HTTP itself ends a body within so many bytes, so that it may be read at once, which costs less than in parts. A
 * Content-Length does not count beside a Transfer-Encoding (RFC 9112, section 6.3): the platform reads on to the end of the chunks.
 * Nor does it count for a compressed body: it is the length before decompression.
 */
export function endsWithin(limit: number, headers: Pick<Headers, "get" | "has">): boolean {
  const length = headers.get("content-length") ?? "";
  if (!/^\d+$/.test(length) || Number(length) > limit) return false;
  return !headers.has("transfer-encoding") && !headers.has("content-encoding");
}

/**
 * All bytes of a body; `null` when there are more than `limit`. Of those, so many are read and dropped, and the rest
 * is not read. `passed`: called as soon as there are more than `limit`.
 */
export async function readCapped(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
  dropped = 0,
  passed = () => {},
): Promise<Uint8Array | null> {
  let chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > limit + dropped) {
      reader.cancel().catch(() => undefined);
      return null;
    }
    if (length <= limit) chunks.push(value);
    else {
      chunks = [];
      passed();
    }
  }
  if (length > limit) return null;
  const [first] = chunks;
  if (chunks.length === 1 && first) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

interface Body {
  readonly body: ReadableStream<Uint8Array> | null;
}

/** All of an answer's body, which may be none; `null`: it is longer than `limit`, in bytes. */
export async function bytesWithin({ body }: Body, limit: number): Promise<Uint8Array | null> {
  return body === null ? new Uint8Array() : readCapped(body.getReader(), limit);
}

/** The same as text. */
export async function textWithin(answer: Body, limit: number): Promise<string | null> {
  const bytes = await bytesWithin(answer, limit);
  return bytes && new TextDecoder().decode(bytes);
}
