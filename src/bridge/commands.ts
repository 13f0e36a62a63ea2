import type { CallId, RoomId } from "../foundation/ids.ts";
import type { PhoneNumber } from "../foundation/phone-number.ts";

/** What can be asked of any bridge, always for one conference. A bridge acts on each once. */
export type BridgeCommand =
  | {
      readonly type: "create-conference";
      readonly maxCallers: number | null;
      /** An attendee ID that makes its caller a silent monitor: muted, and no tone when it enters (protocol 4.18). */
      readonly anonymousId: string | null;
    }
  | { readonly type: "end-conference" }
  | { readonly type: "lock" }
  | { readonly type: "unlock" }
  | { readonly type: "create-room"; readonly room: RoomId; readonly kind: "sub" | "private" }
  | { readonly type: "close-room"; readonly room: RoomId }
  /** Starts to ring; the outcome is told later, by `call-answered` or `caller-left`. */
  | { readonly type: "dial"; readonly call: CallId; readonly number: PhoneNumber; readonly waitMs: number }
  | { readonly type: "cancel-dial"; readonly call: CallId }
  /** Brings an answered or prompted call into the main room. */
  | { readonly type: "admit"; readonly call: CallId; readonly muted: boolean; readonly joinTone: boolean }
  /** Moves a call into a room, `main` among them; an answered call may go straight into a room. */
  | { readonly type: "move"; readonly call: CallId; readonly room: RoomId }
  | { readonly type: "mute"; readonly call: CallId }
  | { readonly type: "unmute"; readonly call: CallId }
  | { readonly type: "expel"; readonly call: CallId }
  | { readonly type: "report-speakers" }
  | { readonly type: "stop-reporting-speakers" };

export type BridgeCommandType = BridgeCommand["type"];

/** Why a bridge did not carry out a command. */
export type RefusalReason =
  | "refused"
  | "capacity"
  | "not-supported"
  | "no-such-conference"
  | "no-such-call"
  | "no-such-room"
  | "locked"
  /** The order's time had passed before it could be begun: nothing was done. */
  | "too-late"
  | "unreachable";

/** What became of a command. A change that a command made is told by this alone, never by an event as well. */
export type CommandOutcome = { readonly done: true } | { readonly done: false; readonly reason: RefusalReason };
