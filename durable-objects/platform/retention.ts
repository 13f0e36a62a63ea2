import type { EpochMs } from "../../src/foundation/ids.ts";

/** How long an object of a domain keeps its rows. */
export interface DomainRetention {
  /** As the settings last said. */
  readonly keptMs: number;
  /** Since when the settings do not have the domain; `null`: they have it. */
  readonly removedAt: EpochMs | null;
}

/** `keptMs`: as the settings say now; `null`: they lack the domain. Its conferences go on if it is put back in time. */
export function retentionAt(now: EpochMs, keptMs: number | null, known: DomainRetention | null): DomainRetention {
  if (keptMs !== null) return { keptMs, removedAt: null };
  return { keptMs: known?.keptMs ?? 0, removedAt: known?.removedAt ?? now };
}

/** Whether nobody needs anything of the object any more. */
export function isOver({ keptMs, removedAt }: DomainRetention, now: EpochMs): boolean {
  return removedAt !== null && now >= removedAt + keptMs;
}
