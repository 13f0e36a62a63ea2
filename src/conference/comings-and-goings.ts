import type { RoomId } from "../foundation/ids.ts";
import type { Asked } from "../tsp/answers.ts";
import { admit, answered } from "./call-outs.ts";
import { left } from "./callers.ts";
import { leftTalk, openTalk, talkLegMoved, talkOf } from "./private-talk.ts";
import type { Outcome } from "./refusals.ts";
import { forgetSpeaker } from "./speech.ts";
import type { Caller, CallOut } from "./state.ts";
import { callMoved } from "./sub-conferences.ts";
import type { Turn } from "./turn.ts";

/** A dialled call was picked up: it comes in, or into a talk with the host first. Nobody's call is hung up on. */
export function pickedUp(turn: Turn, callOut: CallOut): void {
  if (callOut.stage === "answered" || callOut.stage === "waiting") return;
  if (callOut.stage === "dropping") return turn.order({ type: "expel", call: callOut.call });
  const picked = answered(turn, callOut);
  if (picked.privately) openTalk(turn, picked);
  else admit(turn, picked, null);
}

/** A caller was moved between rooms, or could not be. */
export function moved(turn: Turn, caller: Caller, to: RoomId, request: Asked | null, outcome: Outcome): void {
  const talk = talkOf(turn);
  const isLeg = talk !== undefined && (talk.room === to || talk.room === caller.room);
  if (isLeg) talkLegMoved(turn, talk, caller, to, request, outcome);
  else callMoved(turn, caller, to, request, outcome);
}

/** A caller is gone, wherever in the conference it was (protocol 4.6, 4.14). */
export function gone(turn: Turn, caller: Caller): void {
  left(turn, caller);
  forgetSpeaker(turn, caller.call);
  leftTalk(turn, caller.call);
}
