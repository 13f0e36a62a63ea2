import type { AriChannel, AriEvent } from "../../bridge-agent/drivers/asterisk/ari.ts";
import {
  type Call,
  type Mirror,
  type MirroredConference,
  newCall,
} from "../../bridge-agent/drivers/asterisk/mirror/mirror.ts";
import { bridgeName } from "../../bridge-agent/drivers/asterisk/mirror/names.ts";
import type { AriSnapshot } from "../../bridge-agent/drivers/asterisk/mirror/snapshot.ts";
import { type CallId, type ConfKey, MAIN_ROOM, type RoomId } from "../../src/foundation/ids.ts";

/* What Asterisk says, and what a mirror holds, in tests of both. */

export const owner = "acme/bridge-1";
export const key = "987654321" as ConfKey;
export const caller = "1700000000.1" as CallId;
export const leg = "leg-1" as CallId;
export const side = "r7" as RoomId;

export const channel = (id: string, state = "Up"): AriChannel => ({
  id,
  name: `PJSIP/trunk-${id}`,
  state,
  caller: { number: "14085550001" },
  dialplan: { exten: "18005551234", app_name: "Stasis", app_data: "bridgehead,in,18005551234,14085550001" },
});
export const began = (id: string, args = ["in", "18005551234"]): AriEvent => ({
  type: "StasisStart",
  args,
  channel: channel(id, "Ring"),
});
export const destroyed = (id: string, cause = 16): AriEvent => ({
  type: "ChannelDestroyed",
  cause,
  channel: channel(id),
});
export const left = (id: string): AriEvent => ({ type: "StasisEnd", channel: channel(id) });
/** `at`: when it was released, in ms. */
export const pressed = (id: string, digit: string, at = nextKeyAt(), duration_ms = 100): AriEvent => ({
  type: "ChannelDtmfReceived",
  digit,
  duration_ms,
  timestamp: new Date(at).toISOString().replace("Z", "+0000"),
  channel: channel(id),
});
let lastKeyAt = Date.parse("2026-11-20T10:00:00Z");
function nextKeyAt(): number {
  lastKeyAt += 250;
  return lastKeyAt;
}
export const up = (id: string): AriEvent => ({ type: "ChannelStateChange", channel: channel(id) });
export const talks = (id: string, talking: boolean): AriEvent => ({
  type: talking ? "ChannelTalkingStarted" : "ChannelTalkingFinished",
  channel: channel(id),
});
export const dialStatus = (id: string, dialstatus: string): AriEvent => ({
  type: "Dial",
  dialstatus,
  peer: channel(id),
});
export const bridgeOf = (
  id: string,
  room: RoomId,
  channels: string[] = [],
  kind: "main" | "sub" = room === MAIN_ROOM ? "main" : "sub",
) => ({ id, name: bridgeName({ owner, conference: key, room, kind }), channels });
export const snapshot = (more: Partial<AriSnapshot> = {}): AriSnapshot => ({
  bridges: [],
  channels: [],
  hasOthers: true,
  undescribed: [],
  inApplication: new Set(more.channels?.map(({ id }) => id)),
  callNotes: new Map(),
  held: new Set(),
  conferenceNotes: new Map(),
  ...more,
});

/** A call that is being dialled. */
export function dialled(mirror: Mirror, conference: MirroredConference, id: CallId, extension = ""): Call {
  const more = { number: "14085551234", conference: conference.key, extension, waitMs: 30_000 };
  return mirror.addCall(newCall(id, "out", more));
}

/** A caller in the main room. */
export function entered(mirror: Mirror, conference: MirroredConference, id: CallId = caller): Call {
  const more = { conference: conference.key, stage: "entered", room: MAIN_ROOM, joinTone: true } as const;
  return mirror.addCall(newCall(id, "in", more));
}
