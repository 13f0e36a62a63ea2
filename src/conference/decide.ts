import type { CommandId, ConfKey, EpochMs } from "../foundation/ids.ts";
import { assertNever } from "../foundation/result.ts";
import { waiterFor } from "./deadlines.ts";
import { type Decision, type DecisionContext, Draft } from "./draft.ts";
import type { ConferenceInput } from "./inputs.ts";
import { closingDue, endIfDeserted, expireClosing, failCreate, retryEnd } from "./lifecycle.ts";
import { applyAction } from "./operator-actions.ts";
import { expireCallOut } from "./parts/call-outs.ts";
import { retryRenewal } from "./parts/entry-rules.ts";
import { expireTalk, tidyTalk } from "./parts/private-talk.ts";
import { closeIfEmpty, failClose, retryClosing } from "./parts/rooms.ts";
import { notifySpeakers, speechDue } from "./parts/speakers.ts";
import { applyReports, applyResult } from "./reports.ts";
import { applyRequests } from "./requests.ts";
import { applyUndelivered, probe, probeDue, resync } from "./server/resync.ts";
import type { ConferenceState, PendingCommand } from "./state.ts";

/**
 * Decides what a conference does next, by the rules of the protocol's call flows. Pure: the same state, input and context give the same
 * decision. Never throws for anything that WebEx or a bridge can send.
 */
export function decide(state: ConferenceState, input: ConferenceInput, context: DecisionContext): Decision {
  const draft = new Draft(state, input.at, context);
  switch (input.type) {
    case "webex":
      applyRequests(draft, input);
      break;
    case "bridge":
      applyReports(draft, input.reports, input.elsewhere);
      break;
    case "operator":
      draft.because([{ type: "action", action: input.id, person: input.person }], () => applyAction(draft, input));
      break;
    case "undelivered":
      draft.because([{ type: "post" }], () => applyUndelivered(draft, input.messages, input.of));
      break;
    case "reached":
      if (draft.outages.get(input.host)) draft.because([{ type: "post" }], () => resync(draft, "confirmed"));
      break;
    case "time":
      draft.because([{ type: "deadline" }], () => expire(draft, input.overdue ?? []));
      break;
    default:
      assertNever(input);
  }
  tidyUp(draft);
  return draft.decision();
}

/**
 * Does what follows from the state alone: closes an empty room that is to be closed, undoes a private talk that failed,
 * reports the speakers, ends a conference that nobody wants.
 */
function tidyUp(draft: Draft): void {
  for (const { room } of draft.rooms.values()) closeIfEmpty(draft, room);
  tidyTalk(draft);
  notifySpeakers(draft);
  endIfDeserted(draft);
}

/** When the passing of time next changes something; `null`: never. With a key, probes have their jitter. */
export function nextDeadline(state: ConferenceState, confKey?: ConfKey): EpochMs | null {
  const { head, commands, callOuts, rooms, outages } = state;
  let next: EpochMs | null = null;
  const consider = (at: EpochMs | null | undefined) => {
    if (at !== null && at !== undefined && (next === null || at < next)) next = at;
  };
  if (head.phase === "running") {
    if (outages.size === 0) consider(speechDue(head.speech));
    consider(head.retryEndAt);
    consider(head.keptUntil);
    if (!head.closing) consider(head.renewAt);
    consider(head.talk?.retryAt);
    consider(head.talk?.aloneUntil);
    if (head.closing) consider(closingDue(head.closing));
  }
  for (const command of commands.values()) if (!command.expired) consider(command.answerBy);
  for (const callOut of callOuts.values()) consider(callOut.answerBy);
  for (const room of rooms.values()) {
    consider(room.closeRequest?.answerBy);
    consider(room.retryAt);
  }
  consider(probeDue(state, confKey));
  return next;
}

/** Answers with a failure whatever has waited too long, and tries again what is due for it. */
function expire(draft: Draft, overdue: readonly CommandId[]): void {
  // Each is read again: what expired before it may have changed or deleted it.
  for (const { call } of draft.callOuts.values()) {
    const callOut = draft.callOuts.get(call);
    if (callOut && isOver(draft, callOut.answerBy)) expireCallOut(draft, callOut);
  }
  for (const { id } of draft.commands.values()) {
    const command = draft.commands.get(id);
    if (command && !command.expired && isOver(draft, command.answerBy)) expireCommand(draft, command);
  }
  for (const id of overdue) {
    const command = draft.commands.get(id);
    if (command) answerOverdue(draft, command);
  }
  for (const { room: id } of draft.rooms.values()) {
    const room = draft.rooms.get(id);
    if (room?.closeRequest && isOver(draft, room.closeRequest.answerBy)) failClose(draft, room, "bridge-timeout");
  }
  expireClosing(draft);
  retryEnd(draft);
  retryRenewal(draft);
  expireTalk(draft);
  retryClosing(draft);
  probe(draft);
}

function isOver(draft: Draft, answerBy: EpochMs | null): boolean {
  return answerBy !== null && answerBy <= draft.at;
}

/** Only who waits is answered; what is a part of an end or a closing has itself all the time it needs. */
function answerOverdue(draft: Draft, pending: PendingCommand): void {
  const waiter = waiterFor(draft, pending);
  if (waiter?.for === "command") expireCommand(draft, pending);
  if (waiter?.for === "end") expireClosing(draft, true);
  if (waiter?.for === "closing") failClose(draft, waiter.room, "bridge-timeout");
}

function expireCommand(draft: Draft, command: PendingCommand): void {
  const { head } = draft;
  if (command.command.type === "create-conference" && head.phase === "creating") {
    draft.commands.delete(command.id);
    draft.fact({ kind: "command-failed", command: command.id, type: command.command.type, why: "too-late" });
    failCreate(draft, head, "bridge-timeout");
    // The bridge may have created it after all. The agent carries out both commands in order, so the end undoes the creation.
    draft.issue({ type: "end-conference" });
    return;
  }
  if (!draft.ongoing || command.bridge !== undefined) {
    draft.commands.delete(command.id); // Left over: its result changes nothing.
    draft.fact({ kind: "command-failed", command: command.id, type: command.command.type, why: "conference-over" });
    return;
  }
  // Its result still comes: a late success is undone, or reported as a change.
  const { group, ...rest } = command;
  // Nor is it begun any more, wherever it is.
  draft.commands.set(command.id, { ...rest, request: null, expired: true, answerBy: draft.at });
  draft.fact({ kind: "command-expired", command: command.id, type: command.command.type });
  applyResult(draft, command, { done: false, reason: "too-late" });
}
