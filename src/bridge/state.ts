import * as v from "valibot";
import { hash } from "../foundation/hash.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../foundation/ids.ts";
import type { Checked } from "../foundation/schemas.ts";
import { type BridgeCaller, type ConferenceSnapshot, endReason, rooms } from "./events.ts";
import {
  accessCodes,
  call,
  callerNumber,
  conference,
  flag,
  keyedId,
  pressedKeys,
  room,
  whole,
  word,
} from "./schemas.ts";

const direction = v.picklist(["in", "out"]);

const bridgeCall = v.variant("stage", [
  /** Dialled in, at this number, and is in no conference; `keys` are all that it pressed since the prompt. */
  v.object({ stage: v.literal("prompted"), call, number: callerNumber, dialled: callerNumber, keys: pressedKeys }),
  v.object({ stage: v.picklist(["ringing", "answered"]), call, number: callerNumber, conference }),
  v.object({
    stage: v.literal("entered"),
    call,
    direction,
    number: callerNumber,
    conference,
    room,
    muted: flag,
    /** As its admission said, `false` for a silent monitor; `null`: it was moved straight into a room. */
    joinTone: v.nullable(flag),
    attendeeId: keyedId,
    /** As its admission said; a bridge may not keep it. */
    host: v.exactOptional(flag),
    /** As last reported; always false while speakers are not reported. */
    talking: flag,
  }),
  /** Kept for a while, so that an agent learns how a call ended while it was away. */
  v.object({
    stage: v.literal("ended"),
    call,
    direction,
    number: callerNumber,
    conference: v.nullable(conference),
    reason: endReason,
  }),
]);

export type BridgeCall = Checked<typeof bridgeCall>;

export const bridgeState = v.object({
  conferences: v.array(
    v.object({
      conference,
      /** For whom it was created; `null`: it is the bridge's own. */
      owner: v.nullable(word),
      locked: flag,
      reportsSpeakers: flag,
      /** As its `create-conference` said; `null`: there is none, or the bridge does not keep it. */
      anonymousId: v.nullable(word),
      /** The same of these; absent: the bridge does not show it. */
      maxCallers: v.exactOptional(v.nullable(whole)),
      accessCodes: v.exactOptional(accessCodes),
      rooms,
    }),
  ),
  calls: v.array(bridgeCall),
});

export type BridgeState = Checked<typeof bridgeState>;

export interface BridgeView {
  readonly conferences: ReadonlyMap<ConfKey, BridgeState["conferences"][number]>;
  readonly calls: ReadonlyMap<CallId, BridgeCall>;
  readonly callsOf: ReadonlyMap<ConfKey, readonly BridgeCall[]>;
}

export function viewOf(state: BridgeState): BridgeView {
  const callsOf = new Map<ConfKey, BridgeCall[]>();
  for (const call of state.calls) {
    if (call.stage === "prompted" || call.conference === null) continue;
    const calls = callsOf.get(call.conference);
    if (calls) calls.push(call);
    else callsOf.set(call.conference, [call]);
  }
  return {
    conferences: new Map(state.conferences.map((conference) => [conference.conference, conference])),
    calls: new Map(state.calls.map((call) => [call.call, call])),
    callsOf,
  };
}

/** One conference as the bridge holds it; `null`: the bridge has no such conference. */
export function snapshotOf(view: BridgeView, key: ConfKey): ConferenceSnapshot | null {
  const conference = view.conferences.get(key);
  if (!conference) return null;
  const calls = view.callsOf.get(key) ?? [];
  return {
    locked: conference.locked,
    speaking: conference.reportsSpeakers
      ? calls.flatMap((call) => (call.stage === "entered" && call.talking ? [call.call] : []))
      : null,
    rooms: conference.rooms,
    callers: calls.flatMap((call) => (call.stage === "entered" ? [callerOf(call)] : [])),
    dialled: calls.flatMap((call) =>
      call.stage === "ringing" || call.stage === "answered"
        ? [{ call: call.call, answered: call.stage === "answered" }]
        : [],
    ),
  };
}

export function callerOf(call: Extract<BridgeCall, { stage: "entered" }>): BridgeCaller {
  const { number, attendeeId, muted, room, host } = call;
  // A caller enters without a tone only as a silent monitor (protocol 4.17, 4.18).
  return { call: call.call, number, attendeeId, muted, silent: call.joinTone === false, room, ...(host && { host }) };
}

interface Digested {
  readonly locked: boolean;
  readonly callers: Iterable<Pick<BridgeCaller, "call" | "muted" | "room">>;
  readonly dialled: Iterable<{ readonly call: CallId }>;
  /** With or without the main room, which is always there. */
  readonly rooms: Iterable<{ readonly id: RoomId }>;
  readonly speaking: Iterable<CallId> | null;
}

/** A short text that is the same for the same content, in whatever order calls and rooms come. */
export function digestOf({ locked, callers, dialled, rooms, speaking }: Digested): string {
  let count = 0;
  let one = 0;
  let other = 0;
  const add = (text: string) => {
    count += 1;
    one = (one + summand(text)) >>> 0;
    other = (other + summand(text, 0x01000193)) >>> 0;
  };
  for (const { call, muted, room } of callers) add(JSON.stringify([call, muted, room]));
  for (const { call } of dialled) add(JSON.stringify([call]));
  for (const { id } of rooms) if (id !== MAIN_ROOM) add(JSON.stringify({ room: id }));
  if (speaking) add("speakers are reported");
  for (const call of speaking ?? []) add(JSON.stringify({ speaking: call }));
  return `${locked ? "locked" : "open"}.${count}.${one.toString(36)}.${other.toString(36)}`;
}

/** A hash with a finish that lets sums differ. */
function summand(text: string, seed?: number): number {
  const start = hash(text, seed);
  const value = Math.imul(start ^ (start >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
