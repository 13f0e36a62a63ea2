import { digestOf } from "../bridge/digest.ts";
import type { ConferenceState } from "./state.ts";

/**
 * Whether a comparison with what the bridge holds would find nothing. While something is under way it has its own end, and
 * a comparison says little: that counts as no difference.
 */
export function matchesBridge({ head, callers, callOuts, orders }: ConferenceState, digest: string): boolean {
  const isOrdered = [...orders.values()].some(({ bridge }) => bridge === undefined);
  if (head.phase === "absent" || head.phase === "ended") return isOrdered;
  if (head.phase === "creating" || head.closing || isOrdered || callOuts.size > 0) return true;
  const present = [...callers.values()].filter(({ left }) => !left);
  return digest === digestOf({ locked: head.locked, callers: present });
}
