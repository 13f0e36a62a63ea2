import * as v from "valibot";
import { type CommandOutcome, command } from "./commands.ts";
import { direction, endReason, rooms } from "./events.ts";
import { type Checked, call, conference, flag, room, typed, word } from "./schemas.ts";

export const act = v.intersect([
  command,
  v.object({
    /** With `admit` alone: the attendee ID that the caller keyed, kept by the bridge as a part of its state. */
    attendeeId: v.exactOptional(v.nullable(word)),
  }),
]);

/** What an agent orders of a bridge: a command, and for a caller from the prompt also what it keyed. */
export type BridgeAct = Checked<typeof act>;

/**
 * What became of an act. `unknown`: the link broke before the answer; the state tells whether it was carried out. With
 * `tooSlow` it was this act for which the bridge took so long that the link was given up.
 */
export type ActOutcome = CommandOutcome | { readonly done: "unknown"; readonly tooSlow?: true };

export const abilities = v.object({
  subConferences: flag,
  talkDetection: flag,
  /** Whether a caller can enter without a tone. */
  joinTones: flag,
});

/** What a bridge can do besides plain conferences. */
export type BridgeAbilities = Checked<typeof abilities>;

export const happening = v.variant("type", [
  /** A caller dialled in and waits for orders; `number` is empty when withheld. */
  typed("prompted", { call, number: word }),
  /** One or more of `0-9*#`, in the order they were pressed, at the prompt or in a conference. */
  typed("keys", { call, keys: word }),
  /** A dialled call was picked up; it waits to be admitted, or moved into a room. */
  typed("answered", { call, conference }),
  /** `conference` is `null` for a caller who never left the prompt. */
  typed("ended", { call, conference: v.nullable(conference), reason: endReason }),
  /** Only between `report-speakers` and `stop-reporting-speakers`, and never for a muted call. */
  typed("talking", { call, conference, talking: flag }),
  /** Locked or unlocked by telephone. */
  typed("lock-changed", { conference, locked: flag }),
  /** Ended by telephone. Its calls are over with it and are not told one by one. */
  typed("conference-ended", { conference }),
]);

/** What happens on a bridge by itself. A change that an act made is told by the act's outcome alone. */
export type BridgeHappening = Checked<typeof happening>;

const bridgeCall = v.variant("stage", [
  /** Dialled in, in no conference; `keys` are all that it pressed since the prompt. */
  v.object({ stage: v.literal("prompted"), call, number: word, keys: word }),
  /** Dialled by us and not in a room yet. */
  v.object({ stage: v.picklist(["ringing", "answered"]), call, number: word, conference }),
  v.object({
    stage: v.literal("entered"),
    call,
    direction,
    number: word,
    conference,
    room,
    muted: flag,
    /** Whether the others heard a tone when it entered. */
    joinTone: flag,
    attendeeId: v.nullable(word),
    /** As last reported; always false while speakers are not reported. */
    talking: flag,
  }),
  /** Kept for a while, so that an agent learns how a call ended while it was away. */
  v.object({
    stage: v.literal("ended"),
    call,
    direction,
    number: word,
    conference: v.nullable(conference),
    reason: endReason,
  }),
]);

export type BridgeCall = Checked<typeof bridgeCall>;

export const state = v.object({
  conferences: v.array(v.object({ conference, locked: flag, reportsSpeakers: flag, rooms })),
  calls: v.array(bridgeCall),
});

/** All that a bridge holds at one moment. */
export type BridgeState = Checked<typeof state>;
