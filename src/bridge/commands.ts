import * as v from "valibot";
import type { PhoneNumber } from "../foundation/phone-number.ts";
import { type Checked, call, flag, room, typed, whole, word } from "./schemas.ts";

const number: v.GenericSchema<unknown, PhoneNumber> = v.object({
  country: word,
  area: word,
  local: word,
  extension: word,
});

export const command = v.variant("type", [
  typed("create-conference", {
    maxCallers: v.nullable(whole),
    /** An attendee ID that makes its caller a silent monitor: muted, and no tone when it enters (protocol 4.18). */
    anonymousId: v.nullable(word),
  }),
  v.object({ type: v.picklist(["end-conference", "lock", "unlock", "report-speakers", "stop-reporting-speakers"]) }),
  typed("create-room", { room, kind: v.picklist(["sub", "private"]) }),
  typed("close-room", { room }),
  /** Starts to ring; the outcome is told later, by `call-answered` or `caller-left`. */
  typed("dial", { call, number, waitMs: whole }),
  v.object({ type: v.picklist(["cancel-dial", "mute", "unmute", "expel"]), call }),
  /** Brings an answered or prompted call into the main room. */
  typed("admit", { call, muted: flag, joinTone: flag }),
  /** Moves a call into a room, `main` among them; an answered call may go straight into a room. */
  typed("move", { call, room }),
]);

/** What can be asked of any bridge, always for one conference. A bridge acts on each once. */
export type BridgeCommand = Checked<typeof command>;
export type BridgeCommandType = BridgeCommand["type"];

export const refusalReason = v.picklist([
  "refused",
  "capacity",
  "not-supported",
  "no-such-conference",
  "no-such-call",
  "no-such-room",
  "locked",
  /** The order's time had passed before it could be begun: nothing was done. */
  "too-late",
  "unreachable",
]);

/** Why a bridge did not carry out a command. */
export type RefusalReason = Checked<typeof refusalReason>;

export const outcome = v.variant("done", [
  v.object({ done: v.literal(true) }),
  v.object({ done: v.literal(false), reason: refusalReason }),
]);

/** What became of a command. A change that a command made is told by this alone, never by an event as well. */
export type CommandOutcome = Checked<typeof outcome>;
