import * as v from "valibot";
import { type Checked, time } from "../foundation/schemas.ts";
import { commandResult, refusalReason } from "./commands.ts";
import { promptEnd } from "./prompt-call.ts";
import {
  call,
  callerNumber,
  commandId,
  conference,
  flag,
  keyedId,
  pressedKeys,
  room,
  typed,
  whole,
  word,
} from "./schemas.ts";

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

export type EndReason = Checked<typeof endReason>;

/** `main` is among those of each conference. */
export const rooms = v.array(v.object({ id: room, kind: v.picklist(["main", "sub", "private"]) }));

export const bridgeEvent = v.variant("type", [
  /** A caller dialled in and waits for commands; `number` is empty when withheld, and so is `dialled`, the number that it called, when unknown. */
  typed("prompted", { call, number: callerNumber, dialled: callerNumber }),
  /** One or more of `0-9*#`, in the order they were pressed, at the prompt or in a conference. `inDoubt`: each may be the one before, doubled. */
  typed("keys", { call, keys: pressedKeys, inDoubt: v.exactOptional(flag) }),
  typed("answered", { call, conference }),
  /** `conference`: `null` for a caller who never left the prompt. `trunk`: why it took no call-out, such as `503`; staff must look. */
  typed("ended", { call, conference: v.nullable(conference), reason: endReason, trunk: v.exactOptional(word) }),
  /** Only between `report-speakers` and `stop-reporting-speakers`, and never for a muted call. */
  typed("talking", { call, conference, talking: flag }),
  /** A caller in a conference began or ended a hold at its telephone. The bridge silences it meanwhile. */
  typed("held", { call, conference, on: flag }),
  typed("lock-changed", { conference, locked: flag }),
  /** Ended by telephone. Its calls are over with it, without an event each. */
  typed("conference-ended", { conference }),
]);

/** Something that happens on a bridge by itself. A change that a command made is reported by the command's result alone. */
export type BridgeEvent = Checked<typeof bridgeEvent>;

const caller = v.object({
  call,
  /** The caller's or the called number, digits; empty when withheld. */
  number: callerNumber,
  attendeeId: keyedId,
  muted: flag,
  /** Entered without a tone because its attendee ID is the conference's AnonymousID. */
  silent: flag,
  room,
  /** It keyed the host's access code. */
  host: v.exactOptional(flag),
  /** The number that it called, as it comes in from the prompt; absent: nobody knows. */
  dialled: v.exactOptional(callerNumber),
  /** In a snapshot or at an end, when it entered, as the agent's journal has it; absent: nobody knows. */
  enteredAt: v.exactOptional(time),
  /** There too: the bridge has dialled it. */
  dialledOut: v.exactOptional(v.literal(true)),
});

export type BridgeCaller = Checked<typeof caller>;

const snapshot = v.object({
  /** Since when the agent has known of it, as its journal has it. */
  since: v.exactOptional(time),
  locked: flag,
  speaking: v.nullable(v.array(call)),
  rooms,
  /** Callers at the prompt and ringing calls are not among them. */
  callers: v.array(caller),
  /** Calls that we dialled and that have not entered. */
  dialled: v.array(v.object({ call, answered: flag })),
});

export type ConferenceSnapshot = Checked<typeof snapshot>;

const conferenceEvent = v.variant("type", [
  /** `prompt`: how it came in from the prompt; absent from agents that are older than this field. */
  typed("caller-entered", { caller, prompt: v.exactOptional(v.object({ waitedMs: whole, wrongKeys: whole })) }),
  /** It has keyed the key or access code of this conference at the prompt, and was hung up on, not as one too many. Sent to edges that know it alone. */
  typed("caller-turned-away", {
    ...{ call, number: callerNumber, dialled: callerNumber, why: promptEnd },
    ...{ reason: v.exactOptional(refusalReason), wrongKeys: whole, waitedMs: whole },
  }),
  /** A dialled call was picked up; it waits to be admitted or moved into a room. */
  typed("call-answered", { call }),
  /** A call is over: one that had entered, or a dialled one that never did. */
  typed("caller-left", {
    ...{ call, reason: endReason },
    /** For an edge that does not know the call: one that had entered, as the agent's journal has it. */
    was: v.exactOptional(
      v.object({ number: callerNumber, enteredAt: time, leftAt: time, dialledOut: v.exactOptional(v.literal(true)) }),
    ),
  }),
  /** Muted or unmuted by the caller's own keypad, or found so. */
  typed("caller-muted", { call, muted: flag }),
  /** The caller began or ended a hold at its telephone. WebEx is not notified. */
  typed("caller-held", { call, on: flag }),
  /** The caller keyed the merge code and this attendee ID (protocol 4.19). The id stays the same when it is reported again. */
  typed("attendee-identified", { id: commandId, call, attendeeId: word }),
  typed("speaking-changed", { call, speaking: flag }),
  typed("lock-changed", { locked: flag }),
  typed("conference-ended", {
    /** For an edge that does not know it: who was in it until then, as the agent's journal has it. */
    was: v.exactOptional(v.object({ since: v.exactOptional(time), endedAt: time, callers: v.array(caller) })),
  }),
  /** All that the bridge holds now; `null`: it has no such conference. Sent after every gap. */
  typed("snapshot", { conference: v.nullable(snapshot) }),
]);

/** An event in one conference, as its agent reports it: the keypad is understood by then. */
export type ConferenceEvent = Checked<typeof conferenceEvent>;

/**
 * For each call that ends by it, how long it was inside, as passed beside the bridge; only of calls that
 * an agent has seen enter since its machine's boot. A record goes by that where the edge's clock was set.
 */
const inside = v.exactOptional(v.array(v.object({ call, ms: whole })));

const report = v.variant("type", [
  typed("result", { id: commandId, result: commandResult, inside }),
  typed("event", { event: conferenceEvent, inside }),
]);

/** A result or event that an agent reports about a conference; reports are numbered without gaps. */
export type Report = Checked<typeof report>;

export const numberedReport = v.object({
  /** 1, 2, 3 … within its stream; the edge accepts them in this order and each once. */
  number: v.pipe(whole, v.minValue(1)),
  report,
});

export type NumberedReport = Checked<typeof numberedReport>;

/** Whether it says how things are, and not what happened. A reconnected agent sends one for each conference. */
export function isCompared(report: Report): boolean {
  return report.type === "event" && report.event.type === "snapshot" && report.event.conference !== null;
}

/** Whether it says when something was, by the agent's clock. */
export function tellsTimes(report: Report): boolean {
  if (report.type !== "event") return false;
  const { event } = report;
  if (event.type === "snapshot") return event.conference !== null;
  return (event.type === "caller-left" || event.type === "conference-ended") && event.was !== undefined;
}

/** The report with its times as a clock shows them that the agent's is ahead of by so much. */
export function byClock<Of extends Report>(report: Of, aheadMs: number): Of {
  if (!tellsTimes(report) || report.type !== "event") return report;
  return { ...report, event: eventByClock(report.event, (time) => time - aheadMs) };
}

function eventByClock(event: ConferenceEvent, here: (time: number) => number): ConferenceEvent {
  const callersHere = (callers: readonly BridgeCaller[]) =>
    callers.map((caller) => ({
      ...caller,
      ...(caller.enteredAt !== undefined && { enteredAt: here(caller.enteredAt) }),
    }));
  const sinceHere = ({ since }: { readonly since?: number }) => since !== undefined && { since: here(since) };
  switch (event.type) {
    case "snapshot": {
      const { conference: held } = event;
      return held
        ? { ...event, conference: { ...held, ...sinceHere(held), callers: callersHere(held.callers) } }
        : event;
    }
    case "caller-left": {
      const { was } = event;
      return was ? { ...event, was: { ...was, enteredAt: here(was.enteredAt), leftAt: here(was.leftAt) } } : event;
    }
    case "conference-ended": {
      const { was } = event;
      if (!was) return event;
      return {
        ...event,
        was: { ...was, ...sinceHere(was), endedAt: here(was.endedAt), callers: callersHere(was.callers) },
      };
    }
    default:
      return event;
  }
}
