import type { EpochMs } from "../foundation/ids.ts";
import { overdue } from "./call-outs.ts";
import { expireClientData, firstClientPost } from "./client-data.ts";
import { allowEnd, closingDue, createFailed, expireClosing } from "./lifecycle.ts";
import { takeResult } from "./results.ts";
import { speechDue, tellSpeakers } from "./speech.ts";
import type { ConferenceState, PendingOrder } from "./state.ts";
import type { Turn } from "./turn.ts";

/** When time alone changes something next; `null`: never. */
export function nextDeadline({ head, orders, callOuts, rooms, clientPosts }: ConferenceState): EpochMs | null {
  let next: EpochMs | null = null;
  const consider = (at: EpochMs | null | undefined) => {
    if (at !== null && at !== undefined && (next === null || at < next)) next = at;
  };
  if (head.phase === "running") {
    consider(speechDue(head.speech));
    consider(head.endAgainAt);
    if (head.closing) consider(closingDue(head.closing));
  }
  for (const order of orders.values()) if (!order.expired) consider(order.answerBy);
  for (const callOut of callOuts.values()) consider(callOut.answerBy);
  for (const room of rooms.values()) consider(room.closer?.answerBy);
  consider(firstClientPost(clientPosts.values())?.dueAt);
  return next;
}

/** Answers with a failure whatever has waited too long (design: each command has a deadline of its own). */
export function expire(turn: Turn): void {
  tellSpeakers(turn);
  expireClientData(turn);
  for (const callOut of turn.callOuts.values()) if (callOut.answerBy <= turn.at) overdue(turn, callOut);
  for (const order of turn.orders.values()) {
    if (!order.expired && order.answerBy !== null && order.answerBy <= turn.at) expireOrder(turn, order);
  }
  for (const room of turn.rooms.values()) {
    if (!room.closer || room.closer.answerBy > turn.at) continue;
    turn.answer(room.closer.asked, "bridge-timeout");
    turn.rooms.set(room.room, { ...room, closer: null });
  }
  expireClosing(turn);
  allowEnd(turn);
}

function expireOrder(turn: Turn, order: PendingOrder): void {
  const { head } = turn;
  if (order.command.type === "create-conference" && head.phase === "creating") {
    turn.orders.delete(order.id);
    createFailed(turn, head, "bridge-timeout");
    // Should the bridge have created it, that is taken back: the agent carries these out in their order.
    turn.order({ type: "end-conference" });
    return;
  }
  if (!turn.bound || order.bridge !== undefined) {
    turn.orders.delete(order.id); // Left over: whatever its result, it is nobody's news.
    return;
  }
  // Its result still comes: a late success is taken back, or told as a change.
  const { group, ...rest } = order;
  turn.orders.set(order.id, { ...rest, asked: null, expired: true });
  takeResult(turn, order, { done: false, reason: "timeout" });
}
