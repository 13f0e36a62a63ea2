import { assertNever } from "../foundation/assert-never.ts";
import { MAIN_ROOM } from "../foundation/ids.ts";
import { requestOf } from "../tsp/answers.ts";
import type { FromWebexMessages } from "../tsp/messages.ts";
import { hostOf } from "./callers.ts";
import { addToMain, endTalk } from "./private-talk.ts";
import type { Creating, Running } from "./state.ts";
import type { Draft } from "./turn.ts";

/**
 * What WebEx asks of the whole conference by one action code (protocol 2.2.2). A domain can switch the answers off, since
 * the guide shows none (protocol section 5, row 16).
 */
export function update(draft: Draft, head: Creating | Running, message: FromWebexMessages["update-conference"]): void {
  const request = requestOf(message);
  const { action } = message;
  if (typeof action === "number") return draft.answer(request, "not-supported");
  switch (action) {
    case "lock":
    case "unlock":
    case "report-speakers":
    case "stop-reporting-speakers":
      return draft.tellBridge({ type: action }, request);
    case "mute-all":
    case "unmute-all":
      return muteAll(draft, head, message, action === "mute-all");
    case "add-to-main":
      return addToMain(draft, message, request);
    case "end-private-talk":
      return endTalk(draft, request);
    case "unlock-waiting-room":
      return draft.answer(request, "not-supported");
    default:
      return assertNever(action);
  }
}

/**
 * One order for each call that is to change (protocol 4.11). The host's call is not muted, silent monitors are not
 * unmuted, and a sub-conference is a room of its own.
 */
function muteAll(
  draft: Draft,
  head: Creating | Running,
  message: FromWebexMessages["update-conference"],
  muted: boolean,
): void {
  const request = requestOf(message);
  const host = hostOf(draft);
  const concerned = draft.callers
    .values()
    .filter(({ left, room }) => !left && room === MAIN_ROOM)
    .filter((caller) => (muted ? caller.call !== host?.call : caller.participantType !== "silent-monitor"))
    .filter(({ call, muted: now }) => now !== muted || draft.isBusy(call, "mute", "unmute"));
  if (head.phase !== "running" || !request || concerned.length === 0) return draft.answer(request, "ok");
  draft.head = { ...head, groups: { ...head.groups, [message.msgId]: request } };
  for (const { call } of concerned) {
    draft.tellBridge({ type: muted ? "mute" : "unmute", call }, null, { group: message.msgId });
  }
}
