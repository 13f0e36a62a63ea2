import * as v from "valibot";
import type { PhoneNumber } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import { announcements } from "./announcements.ts";
import { accessCodes, call, commandId, flag, room, typed, whole, word } from "./schemas.ts";

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
    accessCodes: v.exactOptional(accessCodes),
    /** Only for a conference that is there: none is made. */
    renews: v.exactOptional(v.literal(true)),
  }),
  typed("end-conference", {
    /** All who are in it hear this first: the agent waits for it, and no bridge is told of it. */
    announce: v.exactOptional(v.picklist(announcements)),
  }),
  v.object({ type: v.picklist(["lock", "unlock", "report-speakers", "stop-reporting-speakers"]) }),
  typed("create-room", { room, kind: v.picklist(["sub", "private"]) }),
  typed("close-room", { room }),
  /** Starts to ring; what becomes of the call is reported later, by `call-answered` or `caller-left`. */
  typed("dial", { call, number, waitMs: whole }),
  v.object({ type: v.picklist(["cancel-dial", "mute", "unmute", "expel"]), call }),
  /** Brings an answered or prompted call into the main room; the bridge keeps what a caller from the prompt keyed. */
  typed("admit", {
    call,
    muted: flag,
    joinTone: flag,
    attendeeId: v.exactOptional(v.nullable(word)),
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
  withinMs: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
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

export type RefusalReason = Checked<typeof refusalReason>;

export const commandResult = v.variant("done", [
  v.object({ done: v.literal(true) }),
  v.object({ done: v.literal(false), reason: refusalReason }),
]);

/** The result of a command. A change that a command made is reported by this alone, never by an event as well. */
export type CommandResult = Checked<typeof commandResult>;

/** `unknown`: the link broke before the answer. `tooSlow`: it was given up for this very command. */
export type ExecutionResult = CommandResult | { readonly done: "unknown"; readonly tooSlow?: true };

/** What a bridge may be unable to do. All else every bridge does: it holds conferences, lets callers in and hangs up on them. */
export const abilities = ["lock", "mute", "dial", "sub-rooms", "private-rooms", "speakers"] as const;
export type Ability = (typeof abilities)[number];

/** What a bridge cannot do. A word of a later version says nothing here. */
export const missingAbilities = v.pipe(
  v.array(word),
  v.transform((words): readonly Ability[] => abilities.filter((ability) => words.includes(ability))),
);

/** From when a request came: then it is answered with a failure, wherever its commands are. */
export const LATEST_MS = 30_000;
/** How long a bridge may be at work on one command of a request. */
export const ON_BRIDGE_MS = 10_000;
/** How long after the end of the ringing a call-out of which nothing was reported has failed. */
export const CALL_OUT_GRACE_MS = 5_000;

/** Whether its request waits from when the bridge was given it. A create and a call-out have times of their own. */
export function isTimedOnBridge({ type }: BridgeCommand): boolean {
  return type !== "create-conference" && type !== "dial";
}
