import type { CommandOutcome } from "../bridge/commands.ts";
import type { BridgeEvent } from "../bridge/events.ts";
import type { Report } from "../bridge/orders.ts";
import { assertNever } from "../foundation/assert-never.ts";
import { lockChanged } from "./announcements.ts";
import { admitted, answered, failed, refused } from "./call-outs.ts";
import { entered, identified, left, mutedChanged } from "./callers.ts";
import { closed, closeFailed, created, createFailed, endedByTelephone } from "./lifecycle.ts";
import { refusalResult } from "./refusals.ts";
import { compareWithBridge } from "./snapshot.ts";
import type { PendingOrder } from "./state.ts";
import type { Turn } from "./turn.ts";

/** One report of the bridge's agent. */
export function takeReport(turn: Turn, report: Report): void {
  if (report.type === "event") return takeEvent(turn, report.event);
  const order = turn.orders.get(report.id);
  if (!order) return; // Its conference is over, and its asker was answered then.
  turn.orders.delete(order.id);
  takeResult(turn, order, report.outcome);
}

function takeResult(turn: Turn, { command, asked }: PendingOrder, outcome: CommandOutcome): void {
  const { head } = turn;
  switch (command.type) {
    case "create-conference":
      if (head.phase !== "creating") return;
      return outcome.done ? created(turn, head) : createFailed(turn, head, refusalResult(outcome.reason));
    case "end-conference":
      if (head.phase !== "closing") return;
      if (outcome.done || outcome.reason === "no-such-conference") return closed(turn, head);
      return closeFailed(turn, head, refusalResult(outcome.reason));
    case "dial": {
      const callOut = turn.callOuts.get(command.call);
      if (callOut && !outcome.done) refused(turn, callOut, outcome.reason);
      return;
    }
    case "admit": {
      const callOut = turn.callOuts.get(command.call);
      if (!callOut) return;
      return outcome.done ? admitted(turn, callOut) : refused(turn, callOut, outcome.reason);
    }
    case "cancel-dial":
      turn.callOuts.delete(command.call);
      return;
    case "mute":
    case "unmute": {
      turn.answer(asked, outcome.done ? "ok" : refusalResult(outcome.reason));
      const caller = turn.callers.get(command.call);
      if (caller && !caller.left && outcome.done) mutedChanged(turn, caller, command.type === "mute");
      return;
    }
    case "expel": {
      turn.answer(asked, outcome.done ? "ok" : refusalResult(outcome.reason));
      turn.callOuts.delete(command.call);
      const caller = turn.callers.get(command.call);
      if (caller && !caller.left && outcome.done) left(turn, caller);
      return;
    }
    default:
      turn.answer(asked, outcome.done ? "ok" : refusalResult(outcome.reason));
  }
}

function takeEvent(turn: Turn, event: BridgeEvent): void {
  switch (event.type) {
    case "snapshot":
      return compareWithBridge(turn, event.conference);
    case "conference-ended":
      return endedByTelephone(turn);
    case "caller-entered":
      if (turn.head.phase === "running") entered(turn, event.caller);
      return;
    case "call-answered": {
      const callOut = turn.callOuts.get(event.call);
      if (callOut) answered(turn, callOut);
      return;
    }
    case "lock-changed": {
      const { head } = turn;
      if (head.phase === "running" && head.locked !== event.locked) lockChanged(turn, head, event.locked);
      return;
    }
    case "caller-left": {
      const callOut = turn.callOuts.get(event.call);
      if (callOut) return failed(turn, callOut, event.reason);
      break;
    }
    case "caller-muted":
    case "attendee-identified":
    case "speaking-changed":
      break;
    default:
      return assertNever(event);
  }
  const caller = turn.callers.get(event.call);
  if (!caller || caller.left) return;
  if (event.type === "caller-left") left(turn, caller);
  if (event.type === "caller-muted" && caller.muted !== event.muted) mutedChanged(turn, caller, event.muted);
  if (event.type === "attendee-identified") identified(turn, caller, event.attendeeId);
}
