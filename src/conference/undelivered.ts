import type { ToWebex } from "../tsp/messages.ts";
import { departuresIn } from "./failover.ts";
import { isEnd } from "./lifecycle.ts";
import type { Turn } from "./turn.ts";

/** A transaction was given up on (protocol T43): the conference goes on, and remembers what the next server must hear. */
export function rememberUndelivered(turn: Turn, messages: readonly ToWebex[]): void {
  const { head } = turn;
  turn.note(`given up after the last attempt: ${messages.map(({ type, msgId }) => `${type} ${msgId}`).join(", ")}`);
  if (head.phase === "running") {
    const departed = departuresIn(messages);
    if (departed.length > 0) turn.head = { ...head, departed: [...head.departed, ...departed] };
  }
  if (head.phase === "ended" && !head.byWebex && messages.some(isEnd)) {
    turn.head = { ...head, closedUntil: turn.at + turn.around.settings.closedMemoryMs };
  }
}
