import * as v from "valibot";
import type { PhoneNumber } from "../foundation/ids.ts";
import { open, personal, secret } from "../foundation/shown.ts";
import { accessCodes, type Checked, call, commandId, flag, room, typed, whole, word } from "./schemas.ts";

const number: v.GenericSchema<unknown, PhoneNumber> = personal(
  v.object({ country: word, area: word, local: word, extension: word }),
);

export const command = v.variant("type", [
  typed("create-conference", {
    maxCallers: v.nullable(whole),
    /** An attendee ID that makes its caller a silent monitor: muted, and no tone when it enters (protocol 4.18). */
    anonymousId: v.nullable(secret(word)),
    accessCodes: v.exactOptional(accessCodes),
    /** Only for a conference that is there: none is made. */
    renews: v.exactOptional(v.literal(true)),
  }),
  v.object({ type: v.picklist(["end-conference", "lock", "unlock", "report-speakers", "stop-reporting-speakers"]) }),
  typed("create-room", { room, kind: v.picklist(["sub", "private"]) }),
  typed("close-room", { room }),
  /** Starts to ring; what becomes of the call is reported later, by `call-answered` or `caller-left`. */
  typed("dial", { call, number, waitMs: whole }),
  v.object({ type: v.picklist(["cancel-dial", "mute", "unmute", "expel"]), call }),
  /**
   * Brings an answered or prompted call into the main room. `attendeeId` is what a caller from the prompt keyed, and `host` that it keyed
   * the host's access code; the bridge keeps both as a part of its state.
   */
  typed("admit", {
    call,
    muted: flag,
    joinTone: flag,
    attendeeId: v.exactOptional(v.nullable(personal(word))),
    host: v.exactOptional(v.literal(true)),
  }),
  /** Moves a call into a room, `main` among them; an answered call may go straight into a room. */
  typed("move", { call, room }),
]);

/** One thing for a bridge to do, always for one conference. A bridge carries out each command once. */
export type BridgeCommand = Checked<typeof command>;
export type CommandType = BridgeCommand["type"];
export type Command<Type extends CommandType> = Extract<BridgeCommand, { type: Type }>;

export const issuedCommand = v.object({
  id: commandId,
  command,
  /** It was sent before, perhaps to another agent: its result is read from the bridge before it is carried out. */
  again: v.exactOptional(v.literal(true)),
  /** It may be begun within this time from now and no later (then it is refused as `too-late`); absent: at any time. */
  withinMs: v.exactOptional(open(v.pipe(v.number(), v.integer(), v.minValue(0)))),
});

/** One command with its id: the bridge carries it out once, however often it comes. */
export type IssuedCommand = Checked<typeof issuedCommand>;

export const refusalReason = v.picklist([
  "refused",
  "capacity",
  "not-supported",
  "no-such-conference",
  "no-such-call",
  "no-such-room",
  "locked",
  /** Its time had passed before it was begun, or before there was a result. */
  "too-late",
  "unreachable",
]);

/** Why a command had no effect. */
export type RefusalReason = Checked<typeof refusalReason>;

export const commandResult = v.variant("done", [
  v.object({ done: v.literal(true) }),
  v.object({ done: v.literal(false), reason: refusalReason }),
]);

/** The result of a command. A change that a command made is reported by this alone, never by an event as well. */
export type CommandResult = Checked<typeof commandResult>;

/**
 * The result of a command as a driver knows it. `unknown`: the link broke before the answer; the state shows whether the command was
 * carried out. With `tooSlow` the bridge took so long for this very command that the link was given up.
 */
export type ExecutionResult = CommandResult | { readonly done: "unknown"; readonly tooSlow?: true };
