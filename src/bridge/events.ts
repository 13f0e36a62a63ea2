import type { CallId, RoomId } from "../foundation/ids.ts";

/** Why a call is over. */
export type EndReason =
  | "hung-up"
  | "expelled"
  | "conference-ended"
  | "busy"
  | "no-answer"
  | "rejected"
  | "invalid-number"
  | "cancelled"
  | "refused";

/** One caller in a conference, as the bridge holds it. */
export interface BridgeCaller {
  readonly call: CallId;
  readonly direction: "in" | "out";
  /** The caller's or the called number, digits; empty when withheld. */
  readonly number: string;
  /** What the caller keyed as attendee ID, if anything. */
  readonly attendeeId: string | null;
  readonly muted: boolean;
  /** Entered without a tone because its attendee ID is the conference's AnonymousID. */
  readonly silent: boolean;
  readonly room: RoomId;
}

/** A conference as the bridge holds it. */
export interface BridgeConference {
  readonly locked: boolean;
  readonly reportsSpeakers: boolean;
  readonly rooms: readonly { readonly id: RoomId; readonly kind: "main" | "sub" | "private" }[];
  /** Those who entered; callers at the prompt and ringing calls are not among them. */
  readonly callers: readonly BridgeCaller[];
  /** Calls that we dialled and that have not entered. */
  readonly dialled: readonly { readonly call: CallId; readonly answered: boolean }[];
}

/** What an agent reports about one conference, beyond the results of commands. */
export type BridgeEvent =
  | { readonly type: "caller-entered"; readonly caller: BridgeCaller }
  /** A dialled call was picked up; it waits to be admitted or moved into a room. */
  | { readonly type: "call-answered"; readonly call: CallId }
  /** A call is over: one that had entered, or a dialled one that never did. */
  | { readonly type: "caller-left"; readonly call: CallId; readonly reason: EndReason }
  /** Muted or unmuted by the caller's own keypad, or found so. */
  | { readonly type: "caller-muted"; readonly call: CallId; readonly muted: boolean }
  /** The caller keyed the merge code and this attendee ID (protocol 4.19). */
  | { readonly type: "attendee-identified"; readonly call: CallId; readonly attendeeId: string }
  | { readonly type: "speaking-changed"; readonly call: CallId; readonly speaking: boolean }
  /** Locked or unlocked from the telephone side. */
  | { readonly type: "lock-changed"; readonly locked: boolean }
  /** Ended from the telephone side. */
  | { readonly type: "conference-ended" }
  /** All that the bridge holds now; `null`: it has no such conference. Sent after every gap. */
  | { readonly type: "snapshot"; readonly conference: BridgeConference | null };
