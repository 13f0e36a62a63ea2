import { digestOf } from "../bridge/state.ts";
import type { ConferenceState } from "./state.ts";

/**
 * Whether a comparison with what the bridge holds would find nothing. While something is under way it has its own end, and
 * a comparison says little: that counts as no difference.
 */
export function matchesBridge({ head, callers, callOuts, commands }: ConferenceState, digest: string): boolean {
  const isUnderWay = [...commands.values()].some(({ bridge }) => bridge === undefined);
  if (head.phase === "absent" || head.phase === "ended") return isUnderWay;
  if (head.phase === "creating" || head.closing || isUnderWay || callOuts.size > 0) return true;
  const present = [...callers.values()].filter(({ left }) => !left);
  return digest === digestOf({ locked: head.locked, callers: present });
}
