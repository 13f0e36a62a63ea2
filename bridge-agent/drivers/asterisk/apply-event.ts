import { type CallId, type EpochMs, MAIN_ROOM } from "../../../src/foundation/ids.ts";
import type { AriChannel, AriEvent } from "./ari.ts";
import { mayBeOwnHangUp, reasonOfDial } from "./causes.ts";
import {
  type Consequences,
  callerFound,
  callOver,
  callUp,
  conferenceOver,
  nothing,
  roomOver,
  talkChanged,
  toDo,
} from "./changes.ts";
import type { Call, Mirror } from "./mirror.ts";
import { digitsOf, isProbe, isWhisperer } from "./names.ts";

const KEYS_KEPT = 200;

/** Asterisk's own: between the end of a key and the beginning of the next one. */
const LEAST_GAP_MS = 45;
/** Asterisk tells a key for the second time when it has played the ones before, each as long as it was pressed; then it has told all. */
const DOUBT_MS = 1_000;

type KeyEvent = Extract<AriEvent, { readonly type: "ChannelDtmfReceived" }>;

/** Something happened on Asterisk. The same event twice, or late, changes nothing. */
export function applyEvent(mirror: Mirror, event: AriEvent): Consequences {
  switch (event.type) {
    case "StasisStart":
      return began(mirror, event.channel, event.args);
    case "ChannelStateChange":
      return event.channel.state === "Up" ? callUp(mirror, event.channel.id as CallId) : nothing;
    case "Dial":
      return dialWentOn(mirror, event.peer.id as CallId, event.dialstatus);
    case "ChannelDtmfReceived":
      return keyPressed(mirror, event);
    case "PlaybackStarted":
    case "PlaybackFinished": {
      const call = mirror.calls.get(event.playback.target_uri.replace("channel:", "") as CallId);
      if (call) call.isSpokenTo = event.type === "PlaybackStarted";
      return nothing;
    }
    case "ChannelTalkingStarted":
    case "ChannelTalkingFinished": {
      const call = mirror.calls.get(event.channel.id as CallId);
      if (!call) return nothing;
      call.isHeard = event.type === "ChannelTalkingStarted";
      call.isSending = true;
      const { reports } = talkChanged(mirror, call);
      return { reports, followUps: call.isHeard ? [{ type: "watch-sound", call: call.id }] : [] };
    }
    case "ChannelDestroyed":
      return channelGone(mirror, event.channel.id as CallId, event.cause);
    case "StasisEnd": {
      // For a caller who dialled in this is the last event. That of a call that nobody answered has no cause: the next one has.
      const id = event.channel.id as CallId;
      return mirror.calls.get(id)?.stage === "ringing" ? nothing : channelGone(mirror, id, 0);
    }
    case "BridgeDestroyed":
      return bridgeGone(mirror, event.bridge.id);
    default:
      return nothing;
  }
}

/** Whether the mirror has the call, or the bridge, to which it happened. */
export function isOfKnown({ calls, endedCalls, conferences }: Mirror, event: AriEvent): boolean {
  if ("bridge" in event) {
    const rooms = [...conferences.values()].flatMap((conference) => [...conference.rooms.values()]);
    return rooms.some(({ bridge }) => bridge === event.bridge.id);
  }
  const channel = "channel" in event ? event.channel : "peer" in event ? event.peer : null;
  return channel === null || calls.has(channel.id as CallId) || endedCalls.has(channel.id as CallId);
}

/** A channel came into the application: one that we dialled, or a caller. */
function began(
  mirror: Mirror,
  { id, state, caller, dialplan }: AriChannel,
  [how, dialled, number]: readonly string[],
): Consequences {
  const call = id as CallId;
  const isKnown = mirror.calls.has(call) || mirror.endedCalls.has(call) || mirror.dialOf(id) !== null;
  // A caller's channel is never down: that one was asked for over an earlier link, and a snapshot finds it.
  if (isKnown || isProbe(id) || isWhisperer(id) || state === "Down") return nothing;
  const isTold = how === "in";
  return callerFound(mirror, call, isTold, {
    number: digitsOf(isTold && number !== undefined ? number : caller.number),
    dialled: digitsOf(isTold && dialled !== undefined ? dialled : dialplan.exten),
  });
}

function dialWentOn(mirror: Mirror, id: CallId, status: string): Consequences {
  const call = mirror.calls.get(id);
  if (call?.stage !== "ringing") return nothing;
  call.isDialled = true;
  if (status === "ANSWER") return callUp(mirror, id);
  // Asterisk has begun to dial, which may be some time after it was told to.
  if (status === "") return toDo({ type: "limit-ringing", call: id });
  call.dialStatus = status;
  return nothing;
}

function keyPressed(mirror: Mirror, { channel, digit, duration_ms, timestamp }: KeyEvent): Consequences {
  const id = channel.id as CallId;
  const call = mirror.calls.get(id);
  if (!call || !/^[0-9*#]$/.test(digit)) return nothing;
  const isDoubtful = comesTooSoon(call, Date.parse(timestamp), duration_ms);
  const hush = { type: "hush", call: id } as const;
  if (call.stage === "entered") {
    // Ends what was begun, and is no code.
    const keys = isDoubtful ? `*#${digit}` : digit;
    return { reports: [{ type: "keys", call: id, keys }], followUps: [hush] };
  }
  if (call.stage !== "prompted") return nothing;
  const keys = isDoubtful ? `*${digit}` : digit;
  call.keys = (call.keys + keys).slice(-KEYS_KEPT);
  mirror.touch(call);
  return { reports: [{ type: "keys", call: id, keys }], followUps: [hush, { type: "write-notes", call: id }] };
}

/**
 * When packets with keys come in bunches, after a standstill of the network or of Asterisk, Asterisk tells some of the keys twice: those
 * whose beginning it does not heed, since the key before is less than its least gap ago. Keys by SIP INFO have no beginning: Asterisk spaces
 * them out by their length and that gap. But during a playback it passes on all keys at once, each one once, and those by SIP INFO come closer.
 */
function comesTooSoon(call: Call, releasedAt: EpochMs, durationMs: number): boolean {
  const isTooSoon = releasedAt - durationMs < call.nextKeyFrom;
  if (isTooSoon) call.nextKeyFrom = releasedAt + durationMs + DOUBT_MS;
  else call.nextKeyFrom = call.isSpokenTo ? 0 : releasedAt + LEAST_GAP_MS;
  return isTooSoon;
}

function channelGone(mirror: Mirror, id: CallId, cause: number): Consequences {
  const call = mirror.calls.get(id);
  if (!call) return nothing;
  const { ending, stage, dialStatus } = call;
  const isReported = ending === null || ending.isReported;
  // The telephone may have spoken just before it was hung up on.
  const isAsTold = ending !== null && (!isReported || mayBeOwnHangUp({ cause, dialStatus }));
  if (isAsTold) return callOver(mirror, call, ending.reason, isReported);
  return callOver(mirror, call, stage === "ringing" ? reasonOfDial({ cause, dialStatus }) : "hung-up", isReported);
}

function bridgeGone(mirror: Mirror, id: string): Consequences {
  for (const conference of mirror.conferences.values()) {
    if (conference.requests > 0) continue; // It may be this agent's own command.
    for (const [room, { bridge }] of conference.rooms) {
      if (bridge !== id) continue;
      return room === MAIN_ROOM ? conferenceOver(mirror, conference) : roomOver(mirror, conference, room);
    }
  }
  return nothing;
}
