import type { EpochMs } from "../foundation/ids.ts";
import { overdue } from "./call-outs.ts";
import { expireClientData, firstClientPost } from "./client-data.ts";
import type { Draft } from "./draft.ts";
import { allowEnd, closingDue, createFailed, expireClosing } from "./lifecycle.ts";
import { applyResult } from "./reports.ts";
import { speechDue, tellSpeakers } from "./speakers.ts";
import type { ConferenceState, PendingCommand } from "./state.ts";

/** When time alone changes something next; `null`: never. */
export function nextDeadline({ head, commands, callOuts, rooms, clientPosts }: ConferenceState): EpochMs | null {
  let next: EpochMs | null = null;
  const consider = (at: EpochMs | null | undefined) => {
    if (at !== null && at !== undefined && (next === null || at < next)) next = at;
  };
  if (head.phase === "running") {
    consider(speechDue(head.speech));
    consider(head.endAgainAt);
    if (head.closing) consider(closingDue(head.closing));
  }
  for (const command of commands.values()) if (!command.expired) consider(command.answerBy);
  for (const callOut of callOuts.values()) consider(callOut.answerBy);
  for (const room of rooms.values()) consider(room.closer?.answerBy);
  consider(firstClientPost(clientPosts.values())?.dueAt);
  return next;
}

/** Answers with a failure whatever has waited too long (design: each command has a deadline of its own). */
export function expire(draft: Draft): void {
  tellSpeakers(draft);
  expireClientData(draft);
  for (const callOut of draft.callOuts.values()) if (callOut.answerBy <= draft.at) overdue(draft, callOut);
  for (const command of draft.commands.values()) {
    if (!command.expired && command.answerBy !== null && command.answerBy <= draft.at) expireCommand(draft, command);
  }
  for (const room of draft.rooms.values()) {
    if (!room.closer || room.closer.answerBy > draft.at) continue;
    draft.answer(room.closer.asked, "bridge-timeout");
    draft.rooms.set(room.room, { ...room, closer: null });
  }
  expireClosing(draft);
  allowEnd(draft);
}

function expireCommand(draft: Draft, command: PendingCommand): void {
  const { head } = draft;
  if (command.command.type === "create-conference" && head.phase === "creating") {
    draft.commands.delete(command.id);
    createFailed(draft, head, "bridge-timeout");
    // Should the bridge have created it, that is taken back: the agent carries these out in their order.
    draft.tellBridge({ type: "end-conference" });
    return;
  }
  if (!draft.bound || command.bridge !== undefined) {
    draft.commands.delete(command.id); // Left over: whatever its result, it is nobody's news.
    return;
  }
  // Its result still comes: a late success is taken back, or told as a change.
  const { group, ...rest } = command;
  draft.commands.set(command.id, { ...rest, request: null, expired: true });
  applyResult(draft, command, { done: false, reason: "too-late" });
}
