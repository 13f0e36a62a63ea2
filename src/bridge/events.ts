import * as v from "valibot";
import { type Checked, call, flag, room, typed, word } from "./schemas.ts";

export const endReason = v.picklist([
  "hung-up",
  "expelled",
  "conference-ended",
  "busy",
  "no-answer",
  "rejected",
  "invalid-number",
  "cancelled",
  "refused",
]);

/** Why a call is over. */
export type EndReason = Checked<typeof endReason>;

export const direction = v.picklist(["in", "out"]);
/** `main` is among those of each conference. */
export const rooms = v.array(v.object({ id: room, kind: v.picklist(["main", "sub", "private"]) }));

const caller = v.object({
  call,
  direction,
  /** The caller's or the called number, digits; empty when withheld. */
  number: word,
  /** What the caller keyed as attendee ID, if anything. */
  attendeeId: v.nullable(word),
  muted: flag,
  /** Entered without a tone because its attendee ID is the conference's AnonymousID. */
  silent: flag,
  room,
});

/** One caller in a conference, as the bridge holds it. */
export type BridgeCaller = Checked<typeof caller>;

const conference = v.object({
  locked: flag,
  /** Who speaks; `null` while that is not reported. */
  speaking: v.nullable(v.array(call)),
  rooms,
  /** Those who entered; callers at the prompt and ringing calls are not among them. */
  callers: v.array(caller),
  /** Calls that we dialled and that have not entered. */
  dialled: v.array(v.object({ call, answered: flag })),
});

/** A conference as the bridge holds it. */
export type BridgeConference = Checked<typeof conference>;

export const event = v.variant("type", [
  typed("caller-entered", { caller }),
  /** A dialled call was picked up; it waits to be admitted or moved into a room. */
  typed("call-answered", { call }),
  /** A call is over: one that had entered, or a dialled one that never did. */
  typed("caller-left", { call, reason: endReason }),
  /** Muted or unmuted by the caller's own keypad, or found so. */
  typed("caller-muted", { call, muted: flag }),
  /** The caller keyed the merge code and this attendee ID (protocol 4.19). */
  typed("attendee-identified", { call, attendeeId: word }),
  typed("speaking-changed", { call, speaking: flag }),
  /** Locked or unlocked from the telephone side. */
  typed("lock-changed", { locked: flag }),
  /** Ended from the telephone side. */
  typed("conference-ended", {}),
  /** All that the bridge holds now; `null`: it has no such conference. Sent after every gap. */
  typed("snapshot", { conference: v.nullable(conference) }),
]);

/** What an agent reports about one conference, beyond the results of commands. */
export type BridgeEvent = Checked<typeof event>;
