import type { EpochMs } from "../ids.ts";

/** `null`: there is none. */
export function earliest(...times: readonly (EpochMs | null)[]): EpochMs | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
