import type { BridgeCommand, CommandResult } from "../bridge/commands.ts";
import type { ConferenceEvent, Report } from "../bridge/events.ts";
import { assertNever } from "../foundation/assert-never.ts";
import type { BridgeName } from "../foundation/ids.ts";
import { lockChanged } from "./announcements.ts";
import { admitted, expelled, failed, refused } from "./call-outs.ts";
import { entered, gone, identified, mutedChanged } from "./callers.ts";
import { type Draft, resultWord } from "./draft.ts";
import { closed, closeFailed, created, createFailed, endedByTelephone, lostByBridge } from "./lifecycle.ts";
import { inviteeMoved, pickedUp, talkOf, talkRoomCreated } from "./private-talk.ts";
import { compareWithBridge, endAsOver } from "./reconcile.ts";
import { moved, roomClosed, roomCreated } from "./rooms.ts";
import { setReporting, speakingChanged } from "./speakers.ts";
import type { Caller, PendingCommand } from "./state.ts";

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

/** The bridge has carried out a command, or refused it. The command is no longer pending. */
export function applyResult(draft: Draft, pending: PendingCommand, result: CommandResult): void {
  applyByType(draft, pending, result);
  const { head } = draft;
  // Nobody saw it end: no agent was active then.
  const isGone = !result.done && result.reason === "no-such-conference";
  if (isGone && head.phase === "running" && !head.closing) lostByBridge(draft);
}

function applyByType(draft: Draft, pending: PendingCommand, result: CommandResult): void {
  const { head } = draft;
  const { command, request } = pending;
  switch (command.type) {
    case "create-conference":
      if (head.phase !== "creating") return;
      return result.done ? created(draft, head) : createFailed(draft, head, resultWord(result));
    case "end-conference":
      if (head.phase !== "running" || !head.closing) return;
      if (result.done || result.reason === "no-such-conference") return closed(draft, head.closing);
      return closeFailed(draft, head, head.closing, resultWord(result));
    case "lock":
    case "unlock":
      draft.answer(request, result);
      if (result.done && head.phase === "running") lockChanged(draft, head, command.type === "lock");
      return;
    case "report-speakers":
    case "stop-reporting-speakers":
      draft.answer(request, result);
      if (!result.done || head.phase !== "running") return;
      if (pending.expired && command.type === "report-speakers" && !head.speech?.reporting) return stopUnasked(draft);
      return setReporting(draft, head, command.type === "report-speakers");
    case "create-room": {
      const room = draft.rooms.get(command.room);
      const talk = talkOf(draft);
      if (room) return roomCreated(draft, room, request, result);
      if (talk?.room === command.room) return talkRoomCreated(draft, talk, result);
      if (result.done) draft.tellBridge({ type: "close-room", room: command.room }); // Too late: its asker was refused.
      return;
    }
    case "close-room": {
      const room = draft.rooms.get(command.room);
      if (room) roomClosed(draft, room, result);
      return;
    }
    case "dial":
    case "cancel-dial":
    case "admit":
      return applyCallOutResult(draft, pending, command, result);
    case "move":
      return applyMoveResult(draft, pending, command, result);
    case "mute":
    case "unmute":
      return applyMuteResult(draft, pending, command, result);
    case "expel": {
      draft.answer(request, result);
      const callOut = draft.callOuts.get(command.call);
      if (callOut) return expelled(draft, callOut, result);
      const caller = draft.callers.get(command.call);
      if (caller && !caller.left && (result.done || result.reason === "no-such-call")) gone(draft, caller);
      return;
    }
    default:
      return assertNever(command);
  }
}

/** Whoever was refused expects no word of speakers, unless another request decides that. */
function stopUnasked(draft: Draft): void {
  if (!draft.isUnderWay("report-speakers", "stop-reporting-speakers"))
    draft.tellBridge({ type: "stop-reporting-speakers" });
}

type Command<Type extends BridgeCommand["type"]> = Extract<BridgeCommand, { type: Type }>;

function applyCallOutResult(
  draft: Draft,
  { request }: PendingCommand,
  command: Command<"dial" | "cancel-dial" | "admit">,
  result: CommandResult,
): void {
  const callOut = draft.callOuts.get(command.call);
  if (command.type === "cancel-dial") draft.callOuts.delete(command.call);
  if (command.type === "admit") draft.answer(request, result);
  if (!callOut && command.type === "dial" && result.done) draft.tellBridge({ type: "cancel-dial", call: command.call });
  if (!callOut || command.type === "cancel-dial") return;
  if (!result.done) return refused(draft, callOut, result.reason);
  if (command.type === "admit") admitted(draft, callOut);
}

function applyMoveResult(
  draft: Draft,
  { request }: PendingCommand,
  command: Command<"move">,
  result: CommandResult,
): void {
  const talk = talkOf(draft);
  const callOut = draft.callOuts.get(command.call);
  if (callOut && talk) return inviteeMoved(draft, talk, callOut, result);
  const caller = draft.callers.get(command.call);
  if (!caller || caller.left) return draft.answer(request, "no-such-call");
  moved(draft, caller, command.room, request, result);
}

function applyMuteResult(
  draft: Draft,
  pending: PendingCommand,
  command: Command<"mute" | "unmute">,
  result: CommandResult,
): void {
  const muted = command.type === "mute";
  draft.answer(pending.request, result);
  if (pending.group !== undefined) answerGroup(draft, pending.group, result);
  const caller = draft.callers.get(command.call);
  if (!caller || caller.left || !result.done) return;
  if (pending.quiet) draft.callers.set(caller.call, { ...caller, muted });
  else mutedChanged(draft, caller, muted);
  if (muted) speakingChanged(draft, caller.call, false); // A muted call is not heard, whatever its phone picks up.
}

/** The request is answered by the first of its calls that changed, or by the last that did not (protocol 4.11). */
function answerGroup(draft: Draft, group: NonNullable<PendingCommand["group"]>, result: CommandResult): void {
  const { head } = draft;
  if (head.phase !== "running") return;
  const { [group]: request, ...groups } = head.groups;
  if (!request || (!result.done && draft.commands.find((command) => command.group === group))) return;
  draft.answer(request, result);
  draft.head = { ...head, groups };
}
