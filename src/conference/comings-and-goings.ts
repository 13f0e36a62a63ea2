import type { CommandResult } from "../bridge/commands.ts";
import type { RoomId } from "../foundation/ids.ts";
import type { OpenRequest } from "../tsp/answers.ts";
import { admit, answered } from "./call-outs.ts";
import { left } from "./callers.ts";
import { leftTalk, openTalk, talkLegMoved, talkOf } from "./private-talk.ts";
import { removeSpeaker } from "./speech.ts";
import type { Caller, CallOut } from "./state.ts";
import { callMoved } from "./sub-conferences.ts";
import type { Draft } from "./turn.ts";

/** A dialled call was picked up: it comes in, or into a talk with the host first. Nobody's call is hung up on. */
export function pickedUp(draft: Draft, callOut: CallOut): void {
  if (callOut.stage === "answered" || callOut.stage === "waiting") return;
  if (callOut.stage === "dropping") return draft.tellBridge({ type: "expel", call: callOut.call });
  const picked = answered(draft, callOut);
  if (picked.privately) openTalk(draft, picked);
  else admit(draft, picked, null);
}

/** A caller was moved between rooms, or could not be. */
export function moved(
  draft: Draft,
  caller: Caller,
  to: RoomId,
  request: OpenRequest | null,
  result: CommandResult,
): void {
  const talk = talkOf(draft);
  const isLeg = talk !== undefined && (talk.room === to || talk.room === caller.room);
  if (isLeg) talkLegMoved(draft, talk, caller, to, request, result);
  else callMoved(draft, caller, to, request, result);
}

/** A caller is gone, wherever in the conference it was (protocol 4.6, 4.14). */
export function gone(draft: Draft, caller: Caller): void {
  left(draft, caller);
  removeSpeaker(draft, caller.call);
  leftTalk(draft, caller.call);
}
