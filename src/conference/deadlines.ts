import type { EpochMs } from "../foundation/ids.ts";
import { expireCallOut } from "./call-outs.ts";
import type { Draft } from "./draft.ts";
import { closingDue, expireClosing, failCreate, retryEnd } from "./lifecycle.ts";
import { retryTalk } from "./private-talk.ts";
import { applyResult } from "./reports.ts";
import { failCloser } from "./rooms.ts";
import { notifySpeakers, speechDue } from "./speakers.ts";
import type { ConferenceState, PendingCommand } from "./state.ts";

/** When the passing of time next changes something; `null`: never. */
export function nextDeadline({ head, commands, callOuts, rooms }: ConferenceState): EpochMs | null {
  let next: EpochMs | null = null;
  const consider = (at: EpochMs | null | undefined) => {
    if (at !== null && at !== undefined && (next === null || at < next)) next = at;
  };
  if (head.phase === "running") {
    consider(speechDue(head.speech));
    consider(head.retryEndAt);
    consider(head.talk?.retryAt);
    if (head.closing) consider(closingDue(head.closing));
  }
  for (const command of commands.values()) if (!command.expired) consider(command.answerBy);
  for (const callOut of callOuts.values()) consider(callOut.answerBy);
  for (const room of rooms.values()) consider(room.closer?.answerBy);
  return next;
}

/** Answers with a failure whatever has waited too long, and tries again what is due for it. */
export function expire(draft: Draft): void {
  notifySpeakers(draft);
  // Each is read again: what expired before it may have changed or deleted it.
  for (const { call } of draft.callOuts.values()) {
    const callOut = draft.callOuts.get(call);
    if (callOut && isOver(draft, callOut.answerBy)) expireCallOut(draft, callOut);
  }
  for (const { id } of draft.commands.values()) {
    const command = draft.commands.get(id);
    if (command && !command.expired && isOver(draft, command.answerBy)) expireCommand(draft, command);
  }
  for (const { room: id } of draft.rooms.values()) {
    const room = draft.rooms.get(id);
    if (room?.closer && isOver(draft, room.closer.answerBy)) failCloser(draft, room, "bridge-timeout");
  }
  expireClosing(draft);
  retryEnd(draft);
  retryTalk(draft);
}

function isOver(draft: Draft, answerBy: EpochMs | null): boolean {
  return answerBy !== null && answerBy <= draft.at;
}

function expireCommand(draft: Draft, command: PendingCommand): void {
  const { head } = draft;
  if (command.command.type === "create-conference" && head.phase === "creating") {
    draft.commands.delete(command.id);
    failCreate(draft, head, "bridge-timeout");
    // The bridge may have created it after all. The agent carries out both commands in order, so the end undoes the creation.
    draft.issue({ type: "end-conference" });
    return;
  }
  if (!draft.bound || command.bridge !== undefined) {
    draft.commands.delete(command.id); // Left over: its result changes nothing.
    return;
  }
  // Its result still comes: a late success is undone, or reported as a change.
  const { group, ...rest } = command;
  draft.commands.set(command.id, { ...rest, request: null, expired: true });
  applyResult(draft, command, { done: false, reason: "too-late" });
}
