import type { BridgeEvent } from "../bridge/events.ts";
import type { Report } from "../bridge/orders.ts";
import { assertNever } from "../foundation/assert-never.ts";
import type { BridgeName } from "../foundation/ids.ts";
import { lockChanged } from "./announcements.ts";
import { failed } from "./call-outs.ts";
import { entered, identified, mutedChanged } from "./callers.ts";
import { gone, pickedUp } from "./comings-and-goings.ts";
import { endedByTelephone } from "./lifecycle.ts";
import { takeResult } from "./results.ts";
import { compareWithBridge, endAsOver } from "./snapshot.ts";
import { speakingChanged } from "./speech.ts";
import type { Caller } from "./state.ts";
import type { Turn } from "./turn.ts";

/** One report of an agent of the conference's bridge, or of one `elsewhere`. */
export function takeReport(turn: Turn, report: Report, elsewhere?: BridgeName): void {
  if (report.type === "event") {
    if (elsewhere === undefined) takeEvent(turn, report.event);
    // It did not answer in time, and has created the conference after all.
    else if (report.event.type === "snapshot" && report.event.conference) endAsOver(turn, elsewhere);
    return;
  }
  const order = turn.orders.get(report.id);
  if (!order) return; // Its conference is over, and its asker was answered then.
  turn.orders.delete(order.id);
  if (order.bridge === undefined) takeResult(turn, order, report.outcome);
}

function takeEvent(turn: Turn, event: BridgeEvent): void {
  const { head } = turn;
  switch (event.type) {
    case "snapshot":
      return compareWithBridge(turn, event.conference);
    case "conference-ended":
      return endedByTelephone(turn);
    case "lock-changed":
      if (head.phase === "running" && head.locked !== event.locked) lockChanged(turn, head, event.locked);
      return;
    case "caller-entered":
      if (head.phase === "running") entered(turn, event.caller);
      return;
    case "call-answered": {
      const callOut = turn.callOuts.get(event.call);
      if (callOut) return pickedUp(turn, callOut);
      // Nobody wants this call any more: a late answer is hung up on (protocol 4.4).
      if (!turn.callers.get(event.call)) turn.order({ type: "expel", call: event.call });
      return;
    }
    case "caller-left": {
      const callOut = turn.callOuts.get(event.call);
      if (callOut) return failed(turn, callOut, event.reason);
      return withCaller(turn, event.call, (caller) => gone(turn, caller));
    }
    case "caller-muted":
      return withCaller(turn, event.call, (caller) => {
        if (caller.muted !== event.muted) mutedChanged(turn, caller, event.muted);
      });
    case "attendee-identified":
      return withCaller(turn, event.call, (caller) => identified(turn, caller, event.attendeeId));
    case "speaking-changed":
      return withCaller(turn, event.call, (caller) => speakingChanged(turn, caller.call, event.speaking));
    default:
      return assertNever(event);
  }
}

/** A late word about a call that is gone is no news. */
function withCaller(turn: Turn, call: Caller["call"], act: (caller: Caller) => void): void {
  const caller = turn.callers.get(call);
  if (caller && !caller.left) act(caller);
}
