import type { RefusalReason } from "../src/bridge/commands.ts";
import type { BridgeAct, BridgeCall, BridgeState } from "../src/bridge/driving.ts";
import type { BridgeConference } from "../src/bridge/events.ts";
import { assertNever } from "../src/foundation/assert-never.ts";
import type { CallId, ConfKey } from "../src/foundation/ids.ts";

/** A bridge's state with quick ways in. */
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

/** Whether the bridge is as this act would leave it, so that an act in doubt need not, or must not, be repeated. */
export function isInEffect(view: BridgeView, key: ConfKey, act: BridgeAct): boolean {
  const conference = view.conferences.get(key);
  const call = "call" in act ? view.calls.get(act.call) : undefined;
  switch (act.type) {
    case "create-conference":
      return conference !== undefined;
    case "end-conference":
      return conference === undefined;
    case "lock":
      return conference?.locked === true;
    case "unlock":
      return conference?.locked === false;
    case "create-room":
      return hasRoom(conference, act.room);
    case "close-room":
      return !hasRoom(conference, act.room);
    case "dial":
      return call !== undefined; // Also when it has ended: nobody is rung twice.
    case "cancel-dial":
    case "expel":
      return call === undefined || call.stage === "ended";
    case "admit":
      return call?.stage === "entered";
    case "move":
      return call?.stage === "entered" && call.room === act.room;
    case "mute":
      return call?.stage === "entered" && call.muted;
    case "unmute":
      return call?.stage === "entered" && !call.muted;
    case "report-speakers":
      return conference?.reportsSpeakers === true;
    case "stop-reporting-speakers":
      return conference?.reportsSpeakers === false;
    default:
      return assertNever(act);
  }
}

/** Why the bridge would refuse this act as things stand. One in doubt is then as good as refused: asking again changes nothing. */
export function refusalOf(view: BridgeView, key: ConfKey, act: BridgeAct): RefusalReason | null {
  if (act.type === "create-conference" || act.type === "end-conference") return null;
  const conference = view.conferences.get(key);
  if (conference === undefined) return "no-such-conference";
  if (act.type === "dial" || !("call" in act)) return null;
  const call = view.calls.get(act.call);
  if (call === undefined || call.stage === "ended") return "no-such-call";
  return act.type === "move" && !hasRoom(conference, act.room) ? "no-such-room" : null;
}

function hasRoom(conference: BridgeState["conferences"][number] | undefined, room: string): boolean {
  return conference?.rooms.some(({ id }) => id === room) ?? false;
}

/** What is told of a conference after a gap; `null`: the bridge has no such conference. */
export function snapshotOf(view: BridgeView, key: ConfKey): BridgeConference | null {
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

export function callerOf(call: Extract<BridgeCall, { stage: "entered" }>): BridgeConference["callers"][number] {
  const { direction, number, attendeeId, muted, room } = call;
  // Those who dial in enter without a tone only as silent monitors (protocol 4.18).
  const silent = direction === "in" && !call.joinTone;
  return { call: call.call, direction, number, attendeeId, muted, silent, room };
}
