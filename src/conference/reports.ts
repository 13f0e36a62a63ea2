import type { Command, CommandResult } from "../bridge/commands.ts";
import type { ConferenceEvent, NumberedReport } from "../bridge/events.ts";
import type { BridgeName, CommandId } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import { type Draft, resultWord } from "./draft.ts";
import type { Cause } from "./facts.ts";
import type { CommandGroup, Running } from "./head.ts";
import {
  completeClose,
  completeCreate,
  endAsLost,
  endByTelephone,
  failClose,
  failCreate,
  noteCreated,
} from "./lifecycle.ts";
import { applyAdmitted, applyHangUp, applyRefusal, endCallOut } from "./parts/call-outs.ts";
import { addCaller, applyAttendeeId, applyMuted, removeCaller, setMuteForReturn } from "./parts/callers.ts";
import { delayRenewal, renewEntryRules } from "./parts/entry-rules.ts";
import { recordEnded, recordLeft } from "./parts/orphan.ts";
import {
  applyInviteeMove,
  applyInviteeMuted,
  applyTalkMute,
  applyTalkRoom,
  connectAnswered,
  restoreInMain,
  talkOf,
} from "./parts/private-talk.ts";
import { applyMove, applyRoomClosed, applyRoomCreated } from "./parts/rooms.ts";
import { setReporting, setSpeaking } from "./parts/speakers.ts";
import { compareWithBridge, compareWithOther } from "./reconcile.ts";
import { expelledEnd, failedEnd, reportedEnd } from "./records.ts";
import { setLocked } from "./server/conference-status.ts";
import { type Caller, isMutedOnBridge, type PendingCommand } from "./state.ts";

/** Pause after a bridge refused to lock a conference that the edge did not know. */
const RETRY_LOCK_MS = 60_000;

/** Calls that may be turned away at once, while an agent dies. */
const MOST_TURNED_AWAY = 50;

/** Reports of an agent of the conference's bridge, or of another bridge: `otherBridge`. */
export function applyReports(draft: Draft, reports: readonly NumberedReport[], elsewhere?: BridgeName): void {
  let otherBridge = elsewhere;
  let ignored = 0;
  for (const { report } of reports) {
    draft.inside = report.inside ?? [];
    if (report.type === "result") {
      ignored += applyReportedResult(draft, report.id, report.result, otherBridge) ? 0 : 1;
      continue;
    }
    const { event } = report;
    // That bridge did not answer in time, and has created the conference after all.
    if (otherBridge !== undefined && event.type !== "snapshot") ignored += 1;
    else draft.because([causeOf(event), ...askersOf(draft, event)], () => applyEvent(draft, event, otherBridge));
    // It was moved there.
    if (draft.context.bridge === otherBridge) otherBridge = undefined;
  }
  draft.inside = [];
  if (ignored === 0) return;
  const from = otherBridge ?? draft.context.bridge;
  draft.note(`ignored: ${ignored} of ${reports.length} reports of bridge ${from}, which concern another bridge`);
}

function causeOf({ type }: ConferenceEvent): Cause {
  return type === "snapshot" ? { type: "repair" } : { type: "report", event: type };
}

/** Who has asked for what the bridge reports before it reports the result; a caller who hung up did so unasked. */
function askersOf(draft: Draft, event: ConferenceEvent): readonly Cause[] {
  if (event.type !== "conference-ended" && event.type !== "caller-left") return [];
  const isEnd = event.type === "conference-ended" || event.reason === "conference-ended";
  if (!isEnd && event.reason !== "expelled" && event.reason !== "cancelled") return [];
  const isAsked = ({ bridge, command }: PendingCommand) => {
    if (bridge !== undefined) return false;
    if (isEnd) return command.type === "end-conference";
    return (command.type === "expel" || command.type === "cancel-dial") && command.call === event.call;
  };
  return draft.commands
    .values()
    .filter(isAsked)
    .flatMap(({ by }) => by);
}

/** False: the command was for another bridge, so this one cannot know its result. */
function applyReportedResult(draft: Draft, id: CommandId, result: CommandResult, otherBridge?: BridgeName): boolean {
  const { bridge } = draft.context;
  const command = draft.commands.get(id);
  if (!command) return true; // The conference ended, and its requests were answered then.
  if (bridge !== null && (command.bridge ?? bridge) !== (otherBridge ?? bridge)) return false;
  draft.commands.delete(id);
  if (result.done) draft.fact({ kind: "command-done", command: id });
  else {
    const late = command.expired && { late: true as const };
    draft.fact({ kind: "command-failed", command: id, type: command.command.type, why: result.reason, ...late });
  }
  if (command.bridge === undefined) draft.because(command.by, () => applyResult(draft, command, result));
  return true;
}

function applyEvent(draft: Draft, event: ConferenceEvent, otherBridge: BridgeName | undefined): void {
  const { running } = draft;
  switch (event.type) {
    case "snapshot":
      if (otherBridge === undefined) return compareWithBridge(draft, event.conference);
      if (event.conference) compareWithOther(draft, event.conference, otherBridge);
      return;
    case "conference-ended":
      return running ? endByTelephone(draft) : recordEnded(draft, event);
    case "lock-changed":
      if (running && running.locked !== event.locked) setLocked(draft, event.locked);
      return;
    case "caller-entered":
      if (running) addCaller(draft, event.caller, event.prompt);
      return;
    case "caller-turned-away": {
      const { type: _, dialled: __, ...said } = event;
      const { turnedAway = [] } = running ?? {};
      if (!running || turnedAway.includes(event.call)) return;
      draft.head = { ...running, turnedAway: [...turnedAway, event.call].slice(-MOST_TURNED_AWAY) };
      draft.fact({ kind: "call-turned-away", ...said });
      return;
    }
    case "call-answered": {
      const callOut = draft.callOuts.get(event.call);
      if (callOut) return connectAnswered(draft, callOut);
      // Nobody wants this call any more: it is hung up (protocol 4.4).
      if (!draft.callers.get(event.call)) draft.issue({ type: "expel", call: event.call });
      return;
    }
    case "caller-left": {
      const callOut = draft.callOuts.get(event.call);
      if (callOut) return endCallOut(draft, callOut, event.reason);
      if (!draft.callers.get(event.call)) return recordLeft(draft, event);
      return withCaller(draft, event.call, (caller) =>
        removeCaller(draft, caller, reportedEnd(draft, caller, event.reason)),
      );
    }
    case "caller-muted":
      return withCaller(draft, event.call, (caller) => {
        if (isMutedOnBridge(caller) !== event.muted) applyMuted(draft, caller, event.muted);
      });
    case "caller-held":
      return withCaller(draft, event.call, ({ call }) => draft.fact({ kind: "call-held", call, on: event.on }));
    case "attendee-identified":
      return withCaller(draft, event.call, (caller) => applyAttendeeId(draft, caller, event));
    case "speaking-changed":
      return withCaller(draft, event.call, (caller) => setSpeaking(draft, caller.call, event.speaking));
    default:
      return assertNever(event);
  }
}

/** A late event of a call that is gone changes nothing. */
function withCaller(draft: Draft, call: Caller["call"], act: (caller: Caller) => void): void {
  const caller = draft.callers.get(call);
  if (caller && !caller.left) act(caller);
}

/** The bridge carried out a command, or refused it. The command is no longer pending. */
export function applyResult(draft: Draft, pending: PendingCommand, result: CommandResult): void {
  applyResultByType(draft, pending, result);
  // It ended while no agent was active.
  const isGone = !result.done && result.reason === "no-such-conference";
  if (isGone && draft.running && !draft.running.closing) draft.because([{ type: "repair" }], () => endAsLost(draft));
}

function applyResultByType(draft: Draft, pending: PendingCommand, result: CommandResult): void {
  const { head, running } = draft;
  const { command, request } = pending;
  switch (command.type) {
    case "create-conference":
      if (running) return applyRenewal(draft, running, command, result);
      if (head.phase !== "creating") return;
      return result.done ? completeCreate(draft, head, command) : failCreate(draft, head, result.reason);
    case "end-conference":
      if (!running?.closing) return;
      if (result.done || result.reason === "no-such-conference") return completeClose(draft, running.closing);
      return failClose(draft, running, running.closing, resultWord(result));
    case "lock":
    case "unlock":
      draft.answer(request, result);
      if (result.done) setLocked(draft, command.type === "lock");
      if (!result.done && command.type === "lock" && result.reason !== "not-supported") retryLock(draft);
      return;
    case "report-speakers":
    case "stop-reporting-speakers":
      draft.answer(request, result);
      if (result.done && running) applyReporting(draft, running, pending, command.type);
      return;
    case "create-room": {
      const room = draft.rooms.get(command.room);
      const talk = talkOf(draft);
      if (room) return applyRoomCreated(draft, room, request, result);
      if (talk?.room === command.room) return applyTalkRoom(draft, talk, result);
      // The room comes too late: the request was refused.
      if (result.done) draft.issue({ type: "close-room", room: command.room });
      return;
    }
    case "close-room": {
      const room = draft.rooms.get(command.room);
      if (room) applyRoomClosed(draft, room, result);
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
      if (callOut) return applyHangUp(draft, callOut, result);
      const caller = draft.callers.get(command.call);
      if (!caller || caller.left) return;
      if (!result.done && result.reason !== "no-such-call") return;
      answerDrops(draft, caller.call, result);
      removeCaller(draft, caller, result.done ? expelledEnd(caller, draft.by) : failedEnd(caller, "not-found"));
      return;
    }
    default:
      return assertNever(command);
  }
}

/** Nobody new is let into a conference that the edge did not know, once the bridge locks it. */
function retryLock(draft: Draft): void {
  const { at, running } = draft;
  const { orphan } = running ?? {};
  if (orphan?.locks) draft.update({ orphan: { ...orphan, retryLockAt: at + RETRY_LOCK_MS } });
}

/** The bridge has taken the entry rules, or has created a conference that WebEx has closed meanwhile, and that never runs. */
function applyRenewal(draft: Draft, head: Running, command: Command<"create-conference">, result: CommandResult): void {
  if (!result.done) return delayRenewal(draft);
  if (head.life.runningAt === null && !head.closing) noteCreated(draft, head);
  renewEntryRules(draft, command);
}

/** Answers all other requests to drop the caller, before WebEx is notified that the caller left (protocol 4.12). */
function answerDrops(draft: Draft, call: Caller["call"], result: CommandResult): void {
  for (const pending of draft.commands.values()) {
    const { id, command, request } = pending;
    if (command.type !== "expel" || command.call !== call || !request) continue;
    draft.answer(request, result);
    draft.commands.set(id, { ...pending, request: null });
  }
}

/** The bridge reports speakers, or no longer: where the present server has not asked for that, it is undone. */
function applyReporting(
  draft: Draft,
  head: Running,
  { request }: PendingCommand,
  type: "report-speakers" | "stop-reporting-speakers",
): void {
  const isReporting = head.speech?.reporting === true;
  const { extConfId = head.extConfId } = request ?? {};
  const isAsked = request !== null && head.attached && extConfId === head.extConfId;
  if (isAsked || isReporting === (type === "report-speakers"))
    return setReporting(draft, head, type === "report-speakers");
  if (draft.pending("report-speakers", "stop-reporting-speakers")) return;
  draft.issue({ type: isReporting ? "report-speakers" : "stop-reporting-speakers" });
}

function applyCallOutResult(
  draft: Draft,
  { request, group }: PendingCommand,
  command: Command<"dial" | "cancel-dial" | "admit">,
  result: CommandResult,
): void {
  const { type, call } = command;
  const callOut = draft.callOuts.get(call);
  draft.answer(request, result);
  answerGroup(draft, group, result);
  if (!callOut) {
    if (type === "dial" && result.done) draft.issue({ type: "cancel-dial", call }); // Nobody wants this call any more.
    return;
  }
  if (type === "cancel-dial") return applyHangUp(draft, callOut, result);
  if (!result.done) return applyRefusal(draft, callOut, type, result.reason);
  if (type === "admit") applyAdmitted(draft, callOut);
}

function applyMoveResult(
  draft: Draft,
  { request }: PendingCommand,
  command: Command<"move">,
  result: CommandResult,
): void {
  const talk = talkOf(draft);
  const callOut = draft.callOuts.get(command.call);
  if (callOut && talk?.invitee === callOut.call) return applyInviteeMove(draft, talk, callOut, result);
  const caller = draft.callers.get(command.call);
  if (!caller || caller.left) return draft.answer(request, "no-such-call");
  applyMove(draft, { caller, to: command.room, request, result });
}

function applyMuteResult(
  draft: Draft,
  pending: PendingCommand,
  command: Command<"mute" | "unmute">,
  result: CommandResult,
): void {
  const muted = command.type === "mute";
  draft.answer(pending.request, result);
  answerGroup(draft, pending.group, result);
  const talk = talkOf(draft);
  const callOut = draft.callOuts.get(command.call);
  if (callOut && talk?.invitee === callOut.call) return applyInviteeMuted(draft, talk, callOut, result);
  const caller = draft.callers.get(command.call);
  if (!caller || caller.left) return;
  if (pending.forTalk) return applyTalkMute(draft, caller, muted, result);
  if (!result.done) return restoreInMain(draft, caller);
  // Muted with all others while it was moved into a sub-conference: it returns so.
  const isMutedInMain = pending.group !== undefined && caller.mutedInMain !== null;
  const known: Caller = isMutedInMain ? { ...caller, mutedInMain: muted } : caller;
  if (pending.unreported) setMuteForReturn(draft, known, muted);
  else applyMuted(draft, known, muted);
  if (muted) setSpeaking(draft, caller.call, false); // A muted call is not heard, whatever its phone picks up.
}

/** The requests are answered with the first of their calls that changes, or with the last that does not (protocol 4.11). */
function answerGroup(draft: Draft, id: CommandGroup["id"] | undefined, result: CommandResult): void {
  const groups = draft.running?.groups ?? [];
  const answered = groups.filter((one) => one.id === id);
  if (answered.length === 0 || (!result.done && draft.commands.find((command) => command.group === id))) return;
  for (const { request } of answered) draft.answer(request, result);
  draft.update({ groups: groups.filter((one) => one.id !== id) });
}
