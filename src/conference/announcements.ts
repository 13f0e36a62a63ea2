import type { Running } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Says that the conference runs, and what else holds for all of it (protocol 4.1 step 4, 4.9 F2, 4.20). */
export function announce(turn: Turn, head: Running): void {
  const { extConfId } = head;
  turn.notify({ type: "conference-changed", msgId: turn.around.msgId(), extConfId, status: "running" });
  if (head.locked) {
    turn.notify({ type: "conference-changed", msgId: turn.around.msgId(), extConfId, status: "locked" });
  }
}

/** Locked or unlocked; there is no status for "unlocked" but that it runs (protocol 2.3.2). */
export function lockChanged(turn: Turn, head: Running, locked: boolean): void {
  turn.head = { ...head, locked };
  const { extConfId } = head;
  turn.notify({
    type: "conference-changed",
    msgId: turn.around.msgId(),
    extConfId,
    status: locked ? "locked" : "running",
  });
}
