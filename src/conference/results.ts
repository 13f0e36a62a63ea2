import type { BridgeCommand } from "../bridge/commands.ts";
import { assertNever } from "../foundation/assert-never.ts";
import { lockChanged } from "./announcements.ts";
import { admitted, expelled, refused } from "./call-outs.ts";
import { mutedChanged } from "./callers.ts";
import { gone, moved } from "./comings-and-goings.ts";
import { closed, closeFailed, created, createFailed, lostByBridge } from "./lifecycle.ts";
import { inviteeMoved, talkOf, talkRoomCreated } from "./private-talk.ts";
import { type Outcome, refusalResult } from "./refusals.ts";
import { setReporting, speakingChanged } from "./speech.ts";
import type { PendingOrder } from "./state.ts";
import { roomClosed, roomCreated } from "./sub-conferences.ts";
import type { Turn } from "./turn.ts";

/** The bridge has carried out an order, or refused it. The order is no longer pending. */
export function takeResult(turn: Turn, order: PendingOrder, outcome: Outcome): void {
  carryOut(turn, order, outcome);
  const { head } = turn;
  // Nobody saw it end: no agent was in charge then.
  const isGone = !outcome.done && outcome.reason === "no-such-conference";
  if (isGone && head.phase === "running" && !head.closing) lostByBridge(turn);
}

function carryOut(turn: Turn, order: PendingOrder, outcome: Outcome): void {
  const { head } = turn;
  const { command, asked } = order;
  const result = outcome.done ? "ok" : refusalResult(outcome.reason);
  switch (command.type) {
    case "create-conference":
      if (head.phase !== "creating") return;
      return outcome.done ? created(turn, head) : createFailed(turn, head, result);
    case "end-conference":
      if (head.phase !== "running" || !head.closing) return;
      if (outcome.done || outcome.reason === "no-such-conference") return closed(turn, head.closing);
      return closeFailed(turn, head, head.closing, result);
    case "lock":
    case "unlock":
      turn.answer(asked, result);
      if (outcome.done && head.phase === "running") lockChanged(turn, head, command.type === "lock");
      return;
    case "report-speakers":
    case "stop-reporting-speakers":
      turn.answer(asked, result);
      if (!outcome.done || head.phase !== "running") return;
      if (order.expired && command.type === "report-speakers" && !head.speech?.reporting) return stopUnasked(turn);
      return setReporting(turn, head, command.type === "report-speakers");
    case "create-room": {
      const room = turn.rooms.get(command.room);
      const talk = talkOf(turn);
      if (room) return roomCreated(turn, room, asked, outcome);
      if (talk?.room === command.room) return talkRoomCreated(turn, talk, outcome);
      if (outcome.done) turn.order({ type: "close-room", room: command.room }); // Too late: its asker was refused.
      return;
    }
    case "close-room": {
      const room = turn.rooms.get(command.room);
      if (room) roomClosed(turn, room, outcome);
      return;
    }
    case "dial":
    case "cancel-dial":
    case "admit":
      return takeCallOutResult(turn, order, command, outcome);
    case "move":
      return takeMove(turn, order, command, outcome);
    case "mute":
    case "unmute":
      return takeMute(turn, order, command, outcome);
    case "expel": {
      turn.answer(asked, result);
      const callOut = turn.callOuts.get(command.call);
      if (callOut) return expelled(turn, callOut, outcome);
      const caller = turn.callers.get(command.call);
      if (caller && !caller.left && (outcome.done || outcome.reason === "no-such-call")) gone(turn, caller);
      return;
    }
    default:
      return assertNever(command);
  }
}

/** Whoever was refused expects no word of speakers, unless another request decides that. */
function stopUnasked(turn: Turn): void {
  if (!turn.isOrdered("report-speakers", "stop-reporting-speakers")) turn.order({ type: "stop-reporting-speakers" });
}

type Command<Type extends BridgeCommand["type"]> = Extract<BridgeCommand, { type: Type }>;

function takeCallOutResult(
  turn: Turn,
  { asked }: PendingOrder,
  command: Command<"dial" | "cancel-dial" | "admit">,
  outcome: Outcome,
): void {
  const callOut = turn.callOuts.get(command.call);
  if (command.type === "cancel-dial") turn.callOuts.delete(command.call);
  if (command.type === "admit") turn.answer(asked, outcome.done ? "ok" : refusalResult(outcome.reason));
  if (!callOut && command.type === "dial" && outcome.done) turn.order({ type: "cancel-dial", call: command.call });
  if (!callOut || command.type === "cancel-dial") return;
  if (!outcome.done) return refused(turn, callOut, outcome.reason);
  if (command.type === "admit") admitted(turn, callOut);
}

function takeMove(turn: Turn, { asked }: PendingOrder, command: Command<"move">, outcome: Outcome): void {
  const talk = talkOf(turn);
  const callOut = turn.callOuts.get(command.call);
  if (callOut && talk) return inviteeMoved(turn, talk, callOut, outcome);
  const caller = turn.callers.get(command.call);
  if (!caller || caller.left) return turn.answer(asked, "no-such-call");
  moved(turn, caller, command.room, asked, outcome);
}

function takeMute(turn: Turn, order: PendingOrder, command: Command<"mute" | "unmute">, outcome: Outcome): void {
  const muted = command.type === "mute";
  turn.answer(order.asked, outcome.done ? "ok" : refusalResult(outcome.reason));
  if (order.group !== undefined) answerGroup(turn, order.group, outcome);
  const caller = turn.callers.get(command.call);
  if (!caller || caller.left || !outcome.done) return;
  if (order.quiet) turn.callers.set(caller.call, { ...caller, muted });
  else mutedChanged(turn, caller, muted);
  if (muted) speakingChanged(turn, caller.call, false); // A muted call is not heard, whatever its phone picks up.
}

/** The request is answered by the first of its calls that changed, or by the last that did not (protocol 4.11). */
function answerGroup(turn: Turn, group: NonNullable<PendingOrder["group"]>, outcome: Outcome): void {
  const { head } = turn;
  if (head.phase !== "running") return;
  const { [group]: request, ...groups } = head.groups;
  if (!request || (!outcome.done && turn.orders.find((order) => order.group === group))) return;
  turn.answer(request, outcome.done ? "ok" : refusalResult(outcome.reason));
  turn.head = { ...head, groups };
}
