import { Seen } from "../delivery/seen.ts";
import type { ConfKey, DomainName, EpochMs, ExtConfId } from "../foundation/ids.ts";

/** Remembers for which conference a handle stands, until that conference says that it is over, or the entry expires. */
export class HandleCache {
  readonly #seen: Seen<string, ConfKey>;
  readonly #ageMs: number;

  constructor({ entries, ageMs } = { entries: 50_000, ageMs: 300_000 }) {
    this.#seen = new Seen(entries);
    this.#ageMs = ageMs;
  }

  get(domain: DomainName, extConfId: ExtConfId, now: EpochMs): ConfKey | undefined {
    return this.#seen.get(`${domain}/${extConfId}`, now - this.#ageMs);
  }

  set(domain: DomainName, extConfId: ExtConfId, confKey: ConfKey, now: EpochMs): void {
    this.#seen.add(`${domain}/${extConfId}`, confKey, now, now - this.#ageMs);
  }
}
