import type { EndReason } from "../../../../src/bridge/events.ts";
import { type CallId, MAIN_ROOM } from "../../../../src/foundation/ids.ts";
import type { AriEvent } from "../ari.ts";
import {
  type Consequences,
  callerFound,
  callOver,
  callUp,
  conferenceOver,
  type FollowUp,
  holdChanged,
  nothing,
  roomOver,
  talkChanged,
  toDo,
} from "./changes.ts";
import { type Call, KEYS_KEPT, type Mirror } from "./mirror.ts";
import { isHelper } from "./names.ts";

type StartEvent = Extract<AriEvent, { readonly type: "StasisStart" }>;
type KeyEvent = Extract<AriEvent, { readonly type: "ChannelDtmfReceived" }>;

/** Something happened on Asterisk. The same event twice, or late, changes nothing. */
export function applyEvent(mirror: Mirror, event: AriEvent): Consequences {
  switch (event.type) {
    case "StasisStart":
      return began(mirror, event);
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
    case "ChannelHold":
    case "ChannelUnhold": {
      const call = mirror.calls.get(event.channel.id as CallId);
      return call ? holdChanged(mirror, call, event.type === "ChannelHold") : nothing;
    }
    case "ChannelDestroyed":
      return channelGone(mirror, event.channel.id as CallId, event.cause, event.tech_cause);
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

/** Whether it says why a call ends that the mirror has: that it is gone, a snapshot shows. */
export function isEndOfKnown({ calls, endedCalls }: Mirror, event: AriEvent): boolean {
  const isRefusal = event.type === "Dial" && event.dialstatus !== "" && event.dialstatus !== "ANSWER";
  if (!isRefusal && event.type !== "ChannelDestroyed" && event.type !== "StasisEnd") return false;
  const id = ("peer" in event ? event.peer : event.channel).id as CallId;
  return calls.has(id) || endedCalls.has(id);
}

/** A channel entered the application: one that we dialed, a caller, or one that is in no call. */
function began(mirror: Mirror, { channel, args, replace_channel }: StartEvent): Consequences {
  const { id, state } = channel;
  const call = id as CallId;
  const isKnown = mirror.calls.has(call) || mirror.endedCalls.has(call) || mirror.dialOf(id) !== null;
  // A caller's channel is never down: that one was asked for over an earlier link, and a snapshot finds it.
  if (isKnown || isHelper(id) || state === "Down") return nothing;
  // Nobody admitted a channel that replaces a caller by a transfer.
  return replace_channel ? toDo({ type: "hang-up", call }) : callerFound(mirror, channel, args);
}

function dialWentOn(mirror: Mirror, id: CallId, status: string): Consequences {
  const call = mirror.calls.get(id);
  if (call?.stage !== "ringing") return nothing;
  call.isDialled = true;
  if (status === "ANSWER") return callUp(mirror, id);
  // Asterisk has begun to dial, which may be some time after the command.
  if (status === "") return toDo({ type: "limit-ringing", call: id });
  call.hasRung ||= status === "RINGING" || status === "PROGRESS";
  call.dialStatus = status;
  return nothing;
}

function keyPressed(mirror: Mirror, { channel, digit, duration_ms, timestamp }: KeyEvent): Consequences {
  const id = channel.id as CallId;
  const call = mirror.calls.get(id);
  if (!call || !/^[0-9*#]$/.test(digit)) return nothing;
  const key = { digit, releasedAt: Date.parse(timestamp), durationMs: duration_ms };
  const isDoubtful = call.keyTiming.isInDoubt(key, call.isSpokenTo);
  if (call.stage === "entered") {
    const inDoubt = isDoubtful && ({ inDoubt: true } as const);
    return { reports: [{ type: "keys", call: id, keys: digit, ...inDoubt }], followUps: [hush(id)] };
  }
  if (call.stage !== "prompted") return nothing;
  // What comes before the caller is asked anew may be the rest of an entry: no part of it counts.
  if (call.isBehindGap) return keyed(mirror, call, digit, true);
  if (call.keptHash !== null) {
    call.keptHash = null;
    return keyed(mirror, call, `#${digit}`, true);
  }
  // After an entry in doubt none counts anyway; a telephone that dials a sequence keys what ends it.
  if (!isDoubtful && digit === "#" && /(^|#)\d+#$/.test(call.keys) && call.keyTiming.isUneven) {
    call.keptHash = key.releasedAt;
    return toDo(hush(id), { type: "await-keys", call: id });
  }
  return keyed(mirror, call, digit, isDoubtful);
}

/** No key has followed a `#` after a `#`: so it was pressed. Were it doubled, the caller would key the attendee ID now. */
export function noKeyFollowed(mirror: Mirror, call: Call): Consequences {
  if (mirror.calls.get(call.id) !== call || call.stage !== "prompted") return nothing;
  call.keptHash = null;
  return keyed(mirror, call, "#", false);
}

/** At the prompt. A doubt is noted as stars, and not reported as one: the caller may be on the way in, where a star begins a code. */
function keyed(mirror: Mirror, call: Call, keys: string, isInDoubt: boolean): Consequences {
  const { id } = call;
  const noted = isInDoubt ? keys.replaceAll(/./g, "*$&") : keys;
  call.keys = (call.keys + noted).slice(-KEYS_KEPT);
  mirror.touch(call);
  const inDoubt = isInDoubt && ({ inDoubt: true } as const);
  return {
    reports: [{ type: "keys", call: id, keys, ...inDoubt }],
    followUps: [hush(id), { type: "write-notes", call: id }],
  };
}

function hush(call: CallId): FollowUp {
  return { type: "hush", call };
}

function channelGone(mirror: Mirror, id: CallId, cause: number, status?: number): Consequences {
  const call = mirror.calls.get(id);
  if (!call) return nothing;
  const { ending, stage, dialStatus, hasRung } = call;
  const isReported = ending === null || ending.isReported;
  // The telephone may have spoken just before it was hung up on.
  const isByCommand = ending !== null && (!isReported || mayBeOwnHangUp({ cause, dialStatus }));
  if (isByCommand) return callOver(mirror, call, ending, isReported);
  const trunk = stage === "ringing" && !hasRung ? trunkTrouble(cause, status) : undefined;
  if (trunk !== undefined) return callOver(mirror, call, { reason: "refused", trunk }, isReported);
  const reason = stage === "ringing" ? reasonOfDial({ cause, dialStatus }) : "hung-up";
  return callOver(mirror, call, { reason }, isReported);
}

/** SIP statuses of a trunk that is dead, overloaded, or refuses this bridge. */
const trunkStatuses: ReadonlySet<number> = new Set([401, 403, 407, 408, 502, 503]);
/** Causes of 408, 502 and 503, for an Asterisk that reports no status. A caller's refusal has the causes of the other statuses, too. */
const trunkCauses: ReadonlySet<number> = new Set([18, 27, 34]);

/** Returns the trunk's failure for a call that has not rung; absent if it reached a telephone or its number is wrong. */
function trunkTrouble(cause: number, status?: number): string | undefined {
  if (status === undefined) return trunkCauses.has(cause) ? `cause ${cause}` : undefined;
  return trunkStatuses.has(status) ? `status ${status}` : undefined;
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

/** What Asterisk said of a dialled call until it was over without an answer. */
interface DialEnd {
  /** The hang-up cause of Q.850; 0 where Asterisk does not know one. */
  readonly cause: number;
  /** As last reported by `Dial`; `null`: never. */
  readonly dialStatus: string | null;
}

const reasons: Readonly<Record<number, EndReason>> = {
  1: "invalid-number", // unallocated
  2: "invalid-number", // no route to this network
  3: "invalid-number", // no route to this destination
  17: "busy",
  18: "no-answer", // no response
  19: "no-answer", // alerted, no answer
  20: "no-answer", // absent
  21: "rejected",
  22: "invalid-number", // changed
  27: "no-answer", // out of order
  28: "invalid-number", // address incomplete
};

/**
 * Why a dialled call ended without an answer. The cause counts: `Dial` says "NOANSWER" of rejected calls and unknown numbers. A Local channel may
 * lose it; then the word of `Dial` is all. Trouble on the way is "refused", and so is 16: a telephone that rejects the call says so.
 */
function reasonOfDial({ cause, dialStatus }: DialEnd): EndReason {
  const reason = reasons[cause];
  if (reason !== undefined) return reason;
  if (dialStatus === "BUSY") return "busy";
  if (cause === 0 && (dialStatus === null || dialStatus === "NOANSWER" || dialStatus === "RINGING")) return "no-answer";
  return "refused";
}

/** Whether it may be the agent's own hang-up. Anything else is the telephone's word, or the network's. */
function mayBeOwnHangUp({ cause, dialStatus }: DialEnd): boolean {
  return dialStatus !== "BUSY" && (cause === 0 || cause === 16 || cause === 19);
}
