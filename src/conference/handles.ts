import type { EpochMs, ExtConfId } from "../foundation/ids.ts";
import type { Head } from "./state.ts";

/** Whether a conference goes by this handle: its own, or one that a failover replaced a short time ago (protocol 4.9). */
export function hasHandle(head: Head, extConfId: ExtConfId, at: EpochMs): boolean {
  if (head.phase === "absent" || head.phase === "ended") return false;
  return head.extConfId === extConfId || head.former.some((old) => old.extConfId === extConfId && at < old.until);
}
