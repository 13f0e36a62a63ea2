import type { ConferenceEvent, Report } from "../bridge/events.ts";
import { assertNever } from "../foundation/assert-never.ts";
import type { BridgeName } from "../foundation/ids.ts";
import { lockChanged } from "./announcements.ts";
import { failed } from "./call-outs.ts";
import { entered, identified, mutedChanged } from "./callers.ts";
import { gone, pickedUp } from "./comings-and-goings.ts";
import { endedByTelephone } from "./lifecycle.ts";
import { applyResult } from "./results.ts";
import { compareWithBridge, endAsOver } from "./snapshot.ts";
import { speakingChanged } from "./speech.ts";
import type { Caller } from "./state.ts";
import type { Draft } from "./turn.ts";

/** One report of an agent of the conference's bridge, or of one `elsewhere`. */
export function applyReport(draft: Draft, report: Report, elsewhere?: BridgeName): void {
  if (report.type === "event") {
    if (elsewhere === undefined) applyEvent(draft, report.event);
    // It did not answer in time, and has created the conference after all.
    else if (report.event.type === "snapshot" && report.event.conference) endAsOver(draft, elsewhere);
    return;
  }
  const command = draft.commands.get(report.id);
  if (!command) return; // Its conference is over, and its asker was answered then.
  draft.commands.delete(command.id);
  if (command.bridge === undefined) applyResult(draft, command, report.result);
}

function applyEvent(draft: Draft, event: ConferenceEvent): void {
  const { head } = draft;
  switch (event.type) {
    case "snapshot":
      return compareWithBridge(draft, event.conference);
    case "conference-ended":
      return endedByTelephone(draft);
    case "lock-changed":
      if (head.phase === "running" && head.locked !== event.locked) lockChanged(draft, head, event.locked);
      return;
    case "caller-entered":
      if (head.phase === "running") entered(draft, event.caller);
      return;
    case "call-answered": {
      const callOut = draft.callOuts.get(event.call);
      if (callOut) return pickedUp(draft, callOut);
      // Nobody wants this call any more: a late answer is hung up on (protocol 4.4).
      if (!draft.callers.get(event.call)) draft.tellBridge({ type: "expel", call: event.call });
      return;
    }
    case "caller-left": {
      const callOut = draft.callOuts.get(event.call);
      if (callOut) return failed(draft, callOut, event.reason);
      return withCaller(draft, event.call, (caller) => gone(draft, caller));
    }
    case "caller-muted":
      return withCaller(draft, event.call, (caller) => {
        if (caller.muted !== event.muted) mutedChanged(draft, caller, event.muted);
      });
    case "attendee-identified":
      return withCaller(draft, event.call, (caller) => identified(draft, caller, event.attendeeId));
    case "speaking-changed":
      return withCaller(draft, event.call, (caller) => speakingChanged(draft, caller.call, event.speaking));
    default:
      return assertNever(event);
  }
}

/** A late word about a call that is gone is no news. */
function withCaller(draft: Draft, call: Caller["call"], act: (caller: Caller) => void): void {
  const caller = draft.callers.get(call);
  if (caller && !caller.left) act(caller);
}
