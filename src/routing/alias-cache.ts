import type { ConfKey, DomainName, EpochMs, ExtConfId } from "../foundation/ids.ts";

/**
 * Remembers for which conference a handle stands, so that an ordinary message costs no look-up. A handle changes its
 * conference only after the one that held it is over, which then says so; an entry's age is bounded for want of that.
 */
export class AliasCache {
  readonly #entries = new Map<string, { readonly confKey: ConfKey; readonly until: EpochMs }>();
  readonly #limits: { readonly entries: number; readonly ageMs: number };

  constructor(limits: { readonly entries: number; readonly ageMs: number } = { entries: 10_000, ageMs: 300_000 }) {
    this.#limits = limits;
  }

  get(domain: DomainName, extConfId: ExtConfId, now: EpochMs): ConfKey | undefined {
    const entry = this.#entries.get(`${domain}/${extConfId}`);
    return entry && now < entry.until ? entry.confKey : undefined;
  }

  set(domain: DomainName, extConfId: ExtConfId, confKey: ConfKey, now: EpochMs): void {
    const name = `${domain}/${extConfId}`;
    this.#entries.delete(name);
    this.#entries.set(name, { confKey, until: now + this.#limits.ageMs });
    if (this.#entries.size <= this.#limits.entries) return;
    // A Map keeps the order of insertion: its first is the oldest.
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}
