/** How often something may be done: one bucket for each name, in this isolate's memory. */
export class RateLimit {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** 0 when it may be done now, else the seconds to wait. A pause earns tokens, at most a minute's. */
  take(name: string, perMinute: number, nowMs: number): number {
    const bucket = this.#buckets.get(name) ?? { tokens: perMinute, at: nowMs };
    this.#buckets.set(name, bucket);
    const earned = (Math.max(0, nowMs - bucket.at) * perMinute) / 60_000;
    bucket.tokens = Math.min(perMinute, bucket.tokens + earned);
    bucket.at = nowMs;
    if (bucket.tokens < 1) return Math.max(1, Math.ceil(((1 - bucket.tokens) * 60) / perMinute));
    bucket.tokens -= 1;
    return 0;
  }
}
