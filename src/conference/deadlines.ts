import type { EpochMs } from "../foundation/ids.ts";
import { overdue } from "./call-outs.ts";
import { createFailed } from "./lifecycle.ts";
import { takeResult } from "./results.ts";
import { speechDue, tellSpeakers } from "./speech.ts";
import type { ConferenceState, PendingOrder } from "./state.ts";
import type { Turn } from "./turn.ts";

/** When time alone changes something next; `null`: never. */
export function nextDeadline(state: ConferenceState): EpochMs | null {
  let next: EpochMs | null = state.head.phase === "running" ? speechDue(state.head.speech) : null;
  for (const { answerBy } of [...state.orders.values(), ...state.callOuts.values()]) {
    if (next === null || answerBy < next) next = answerBy;
  }
  return next;
}

/** Answers with a failure whatever has waited too long (design: each command has a deadline of its own). */
export function expire(turn: Turn): void {
  tellSpeakers(turn);
  for (const callOut of turn.callOuts.values()) if (callOut.answerBy <= turn.at) overdue(turn, callOut);
  for (const order of turn.orders.values()) if (order.answerBy <= turn.at) expireOrder(turn, order);
}

function expireOrder(turn: Turn, order: PendingOrder): void {
  const { head } = turn;
  turn.orders.delete(order.id);
  if (order.command.type === "create-conference" && head.phase === "creating") {
    createFailed(turn, head, "bridge-timeout");
    // Should the bridge create it after all, that is taken back: the agent carries these out in their order.
    turn.order({ type: "end-conference" });
    return;
  }
  if (order.command.type === "end-conference") {
    // A close that WebEx was refused would leave callers in a meeting that is over: it is asked for until it is done.
    if (head.phase === "closing") {
      for (const asker of head.askers) turn.answer(asker, "bridge-timeout");
      turn.head = { ...head, askers: [] };
    }
    turn.order(order.command);
    return;
  }
  takeResult(turn, order, { done: false, reason: "timeout" });
}
