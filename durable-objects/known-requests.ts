import type { EpochMs } from "../src/foundation/ids.ts";

/** Which requests were committed, and when, the oldest first (protocol T38, T40). */
export class KnownRequests {
  readonly #committedAt: Map<string, EpochMs>;

  constructor(committed: Iterable<readonly [string, EpochMs]>) {
    this.#committedAt = new Map(committed);
  }

  has(request: string, now: EpochMs, memoryMs: number): boolean {
    const at = this.#committedAt.get(request);
    return at !== undefined && now - at < memoryMs;
  }

  /** Requests whose time is over are dropped on the way. */
  add(request: string, at: EpochMs, memoryMs: number): void {
    this.#committedAt.delete(request);
    this.#committedAt.set(request, at);
    for (const [oldest, committedAt] of this.#committedAt) {
      if (at - committedAt < memoryMs) return;
      this.#committedAt.delete(oldest);
    }
  }
}
