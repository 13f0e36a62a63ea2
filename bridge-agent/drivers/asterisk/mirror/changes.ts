import type { BridgeEvent, EndReason } from "../../../../src/bridge/events.ts";
import { type CallId, MAIN_ROOM, type RoomId } from "../../../../src/foundation/ids.ts";
import { type Call, type Conference, type Mirror, newCall } from "./mirror.ts";

/*
 * What can change on Asterisk by itself, whether an event or a snapshot shows it: each function changes the mirror, and returns
 * what follows.
 */

/** Something that Asterisk is to do because of what happened. */
export type FollowUp =
  | { readonly type: "answer" | "write-notes" | "dial-extension" | "limit-ringing" | "hang-up"; readonly call: CallId }
  /** It has a channel. `dial`: nobody has dialled its number. `settle-dial`: somebody was about to. */
  | { readonly type: "dial" | "settle-dial"; readonly call: CallId }
  /** It is in no room. */
  | { readonly type: "enter-main-room"; readonly call: CallId }
  /** The agent before may have been killed between a mute and its note: what is written down counts. */
  | { readonly type: "apply-mute"; readonly call: CallId }
  /** Asterisk does not know, or no longer, that it is to say who talks. */
  | { readonly type: "detect-talking"; readonly call: CallId }
  /** Asterisk says that it talks. */
  | { readonly type: "watch-sound"; readonly call: CallId }
  /** The dialplan hands calls for a number to this application that is none of its owner's. */
  | { readonly type: "turn-away"; readonly call: CallId; readonly dialled: string }
  /** Asterisk cannot describe it, and no event shows it. */
  | { readonly type: "turn-away-undescribed"; readonly call: CallId }
  /** Its caller has pressed a key: that stops what it hears. */
  | { readonly type: "hush"; readonly call: CallId }
  /** A `#` of its caller waits to see whether keys follow. */
  | { readonly type: "await-keys"; readonly call: CallId }
  | { readonly type: "destroy-bridge"; readonly bridge: string }
  /** Whether it takes new ones is to be found out, from now on. */
  | { readonly type: "watch-calls" }
  | { readonly type: "play-leave-tone"; readonly bridge: string };

export interface Consequences {
  readonly reports: readonly BridgeEvent[];
  readonly followUps: readonly FollowUp[];
}

export const nothing: Consequences = { reports: [], followUps: [] };

export function toDo(...followUps: readonly FollowUp[]): Consequences {
  return { reports: [], followUps };
}

/** A channel that nobody knows of has called. `isTold`: the dialplan says that this is a caller. */
export function callerFound(
  mirror: Mirror,
  id: CallId,
  isTold: boolean,
  { number, dialled }: { readonly number: string; readonly dialled: string },
): Consequences {
  if (!mirror.isOwnNumber(dialled)) {
    // A caller would wait in silence, since nobody else has this application.
    return isTold ? toDo({ type: "turn-away", call: id, dialled }) : nothing;
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

/** `isReported`: the edge does not know of it. */
export function callOver(mirror: Mirror, call: Call, reason: EndReason, isReported: boolean): Consequences {
  const { id, conference, joinTone } = call;
  if (mirror.calls.get(id) !== call) return nothing; // It was before.
  const bridge = mirror.bridgeOf(call);
  mirror.end(call, reason);
  const isHeardToLeave = bridge !== null && joinTone === true && reason !== "conference-ended";
  return {
    reports: isReported ? [{ type: "ended", call: id, conference, reason }] : [],
    followUps: isHeardToLeave && mirror.hasOthersBeside(call) ? [{ type: "play-leave-tone", bridge }] : [],
  };
}

/** Somebody else has ended it. */
export function conferenceOver(mirror: Mirror, { key, rooms }: Conference): Consequences {
  const hangUps = mirror.callsOf(key).map(({ id }) => ({ type: "hang-up", call: id }) as const);
  const bridges = Array.from(rooms.values(), ({ bridge }) => ({ type: "destroy-bridge", bridge }) as const);
  mirror.removeConference(key);
  return { reports: [{ type: "conference-ended", conference: key }], followUps: [...hangUps, ...bridges] };
}

/** It is closed: whoever is left in it goes into the main room. */
export function roomOver(mirror: Mirror, conference: Conference, room: RoomId): Consequences {
  const inside = mirror.callsOf(conference.key).filter((call) => call.room === room);
  mirror.removeRoom(conference, room);
  for (const call of inside) {
    call.room = MAIN_ROOM;
    mirror.touch(call);
  }
  return toDo(...inside.map(({ id }) => ({ type: "enter-main-room", call: id }) as const));
}

/** Whether a caller talks may have changed, by the caller's own doing, by a mute, or because its telephone vanished. */
export function talkChanged(mirror: Mirror, call: Call): Consequences {
  const { id, conference, stage, muted, isHeard, isSending } = call;
  if (mirror.calls.get(id) !== call) return nothing; // It is over.
  const inside = conference === null ? undefined : mirror.conferences.get(conference);
  if (inside?.isTurningOnSpeakers) return nothing;
  const talking = inside?.reportsSpeakers === true && stage === "entered" && !muted && isHeard && isSending;
  if (conference === null || talking === call.talking) return nothing;
  call.talking = talking;
  mirror.touch(call);
  return { reports: [{ type: "talking", call: id, conference, talking }], followUps: [] };
}
