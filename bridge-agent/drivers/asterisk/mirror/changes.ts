import type { BridgeEvent, EndReason } from "../../../../src/bridge/events.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../../../../src/foundation/ids.ts";
import { numberIn } from "../../../../src/foundation/text/digits.ts";
import type { AriChannel } from "../ari.ts";
import { type Call, type Mirror, type MirroredConference, newCall } from "./mirror.ts";

/* What can change on Asterisk by itself: each function changes the mirror, and returns what follows. */

/** Something that Asterisk is to do because of what happened. */
export type FollowUp =
  | { readonly type: CallFollowUp; readonly call: CallId }
  /** Its number is none of the owner's, though the dialplan hands it to this application; `null`: Asterisk cannot describe the call. */
  | { readonly type: "turn-away"; readonly call: CallId; readonly dialled: string | null }
  | { readonly type: "destroy-bridge" | "play-leave-tone"; readonly bridge: string };

/** What is done for one call; the table of `acts/executor.ts` says how. */
export type CallFollowUp =
  | ("answer" | "write-notes" | "dial" | "settle-dial" | "dial-extension" | "limit-ringing" | "hang-up")
  | ("enter-main-room" | "apply-mute" | "detect-talking" | "watch-sound" | "hush" | "await-keys");

export interface Consequences {
  readonly reports: readonly BridgeEvent[];
  readonly followUps: readonly FollowUp[];
}

export const nothing: Consequences = { reports: [], followUps: [] };

export function toDo(...followUps: readonly FollowUp[]): Consequences {
  return { reports: [], followUps };
}

/** Adds an unknown channel. The dialplan passes `in` and the dialled number for a caller. */
export function callerFound(
  mirror: Mirror,
  channel: Pick<AriChannel, "id" | "caller" | "dialplan">,
  [how, called]: readonly string[],
): Consequences {
  const id = channel.id as CallId;
  const isCaller = how === "in";
  const number = numberIn(channel.caller.number);
  const dialled = numberIn((isCaller && called) || channel.dialplan.exten);
  if (!mirror.isOwnNumber(dialled)) {
    // It would wait in silence: no other program serves this application.
    return toDo(isCaller ? { type: "turn-away", call: id, dialled } : { type: "hang-up", call: id });
  }
  mirror.addCall(newCall(id, "in", { number, dialled }));
  return {
    reports: [{ type: "prompted", call: id, number, dialled }],
    followUps: [{ type: "answer", call: id }],
  };
}

/** A dialled call is up, and was not before. */
export function callUp(mirror: Mirror, id: CallId): Consequences {
  const call = mirror.calls.get(id);
  if (call?.stage !== "ringing" || call.conference === null || call.ending !== null) return nothing;
  call.stage = "answered";
  mirror.touch(call);
  return {
    reports: [{ type: "answered", call: id, conference: call.conference }],
    followUps: call.extension === "" ? [] : [{ type: "dial-extension", call: id }],
  };
}

/** `trunk`: the trunk's failure for a call that reached no telephone. */
export interface CallEnd {
  readonly reason: EndReason;
  readonly trunk?: string;
}

/** `isReported`: the edge does not know of it. */
export function callOver(mirror: Mirror, call: Call, { reason, trunk }: CallEnd, isReported: boolean): Consequences {
  const { id, conference, joinTone } = call;
  if (mirror.calls.get(id) !== call) return nothing; // It was before.
  const bridge = mirror.bridgeOf(call);
  mirror.end(call, reason);
  const isHeardToLeave = bridge !== null && joinTone === true && reason !== "conference-ended";
  return {
    reports: isReported ? [{ type: "ended", call: id, conference, reason, ...(trunk !== undefined && { trunk }) }] : [],
    followUps: isHeardToLeave && mirror.hasOthersBeside(call) ? [{ type: "play-leave-tone", bridge }] : [],
  };
}

/** Somebody else has ended it. */
export function conferenceOver(mirror: Mirror, { key, rooms }: MirroredConference): Consequences {
  const hangUps = mirror.callsOf(key).map(({ id }) => ({ type: "hang-up", call: id }) as const);
  const bridges = Array.from(rooms.values(), ({ bridge }) => ({ type: "destroy-bridge", bridge }) as const);
  mirror.removeConference(key);
  return { reports: [{ type: "conference-ended", conference: key }], followUps: [...hangUps, ...bridges] };
}

/** It is closed: whoever is left in it goes into the main room. */
export function roomOver(mirror: Mirror, conference: MirroredConference, room: RoomId): Consequences {
  const inside = mirror.callsOf(conference.key).filter((call) => call.room === room);
  mirror.removeRoom(conference, room);
  for (const call of inside) {
    call.room = MAIN_ROOM;
    mirror.touch(call);
  }
  return toDo(...inside.map(({ id }) => ({ type: "enter-main-room", call: id }) as const));
}

/** Notes that the caller began or ended a hold. The bridge silences the call meanwhile. */
export function holdChanged(mirror: Mirror, call: Call, isHeld: boolean): Consequences {
  if (call.isHeld === isHeld) return nothing;
  call.isHeld = isHeld;
  mirror.touch(call);
  const reports = [...holdOf(call), ...talkChanged(mirror, call).reports];
  return { reports, followUps: [{ type: "apply-mute", call: call.id }] };
}

/** Returns the report on the hold of an entered call. */
export function holdOf({ id, conference, stage, isHeld }: Call): readonly BridgeEvent[] {
  return stage === "entered" && conference !== null ? [{ type: "held", call: id, conference, on: isHeld }] : [];
}

/** Updates if a caller talks, after a change by the caller, a mute, a hold or a vanished telephone. */
export function talkChanged(mirror: Mirror, call: Call): Consequences {
  const { id, conference, stage, muted, isHeld, isHeard, isSending } = call;
  if (mirror.calls.get(id) !== call) return nothing; // It is over.
  const inside = conference === null ? undefined : mirror.conferences.get(conference);
  if (inside?.isTurningOnSpeakers) return nothing;
  const canBeHeard = stage === "entered" && !muted && !isHeld;
  const talking = inside?.reportsSpeakers === true && canBeHeard && isHeard && isSending;
  if (conference === null || talking === call.talking) return nothing;
  call.talking = talking;
  mirror.touch(call);
  return { reports: [{ type: "talking", call: id, conference, talking }], followUps: [] };
}
