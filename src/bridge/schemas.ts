import * as v from "valibot";
import type { CallId, CommandId, ConfKey, RoomId } from "../foundation/ids.ts";
import type { BridgeCommand, CommandOutcome } from "./commands.ts";

/*
 * The checked forms of this folder's words, for every text form that carries them.
 */

export const word = v.pipe(v.string(), v.maxLength(1_000));
export const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const flag = v.boolean();

/** An id is a string that is not empty; once checked it carries its brand. */
export function id<Id extends string>(): v.GenericSchema<unknown, Id> {
  return v.custom<Id>((value) => typeof value === "string" && value !== "" && value.length <= 200, "not an id");
}
export const call = id<CallId>();
export const room = id<RoomId>();
export const commandId = id<CommandId>();
export const conference = id<ConfKey>();

const number = v.object({ country: word, area: word, local: word, extension: word });

export const command: v.GenericSchema<unknown, BridgeCommand> = v.variant("type", [
  v.object({ type: v.literal("create-conference"), maxCallers: v.nullable(whole), anonymousId: v.nullable(word) }),
  v.object({
    type: v.picklist(["end-conference", "lock", "unlock", "report-speakers", "stop-reporting-speakers"]),
  }),
  v.object({ type: v.literal("create-room"), room, kind: v.picklist(["sub", "private"]) }),
  v.object({ type: v.literal("close-room"), room }),
  v.object({ type: v.literal("dial"), call, number, waitMs: whole }),
  v.object({ type: v.picklist(["cancel-dial", "mute", "unmute", "expel"]), call }),
  v.object({ type: v.literal("admit"), call, muted: flag, joinTone: flag }),
  v.object({ type: v.literal("move"), call, room }),
]);

/** Why a bridge did not carry out a command. */
export const refusalReason = v.picklist([
  "refused",
  "capacity",
  "not-supported",
  "no-such-conference",
  "no-such-call",
  "no-such-room",
  "locked",
  "too-late",
  "unreachable",
]);

/** Why a call is over. */
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

export const outcome: v.GenericSchema<unknown, CommandOutcome> = v.variant("done", [
  v.object({ done: v.literal(true) }),
  v.object({
    done: v.literal(false),
    reason: refusalReason,
  }),
]);
