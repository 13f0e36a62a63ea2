import type { ConferenceEvent, ConferenceSnapshot, EndReason, Report } from "../src/bridge/events.ts";
import type { CallId, CommandId } from "../src/foundation/ids.ts";
import { type Figure, type FigureSource, figuresOf } from "../src/operators/figures.ts";
import type { LineFacts, TimelineLine, TimelineSide } from "../src/rpc/timeline.ts";

/** A caller inside a conference, as a bridge reports it; a test names what it is about. */
export function aCaller(more: object = {}) {
  return { call: "c0", number: "14085551234", attendeeId: null, muted: false, silent: false, room: "main", ...more };
}

/** What a bridge reports to have happened by itself. */
export function event(happened: object): Report {
  return { type: "event", event: happened as ConferenceEvent };
}

export function entered(more: object = {}): Report {
  return event({ type: "caller-entered", caller: aCaller(more) });
}

export function left(call: string, reason: EndReason = "hung-up"): Report {
  return event({ type: "caller-left", call, reason });
}

/** What a bridge holds of a conference: nobody and nothing but what a test names. */
export function held(more: object = {}): ConferenceSnapshot {
  return { locked: false, speaking: null, rooms: [], callers: [], dialled: [], ...more };
}

/** The whole of a conference with its main room alone, and these callers. */
export function snapshot(callers: readonly object[], more: object = {}): Report {
  const rooms = [{ id: "main", kind: "main" }];
  return event({
    type: "snapshot",
    conference: { locked: false, speaking: null, rooms, callers, dialled: [], ...more },
  });
}

export function done(id: string | undefined): Report {
  return { type: "result", id: id as CommandId, result: { done: true } };
}

/** A line of a timeline: `way` as "webex > edge". By default a block of its own. */
export function timelineLine(seq: number, at: number, way: string, what: string, facts: LineFacts = {}): TimelineLine {
  const [from, to] = way.split(" > ") as [TimelineSide, TimelineSide];
  const calls = facts.call === undefined ? [] : [facts.call as CallId];
  return { seq, at, from, to, what, facts, blocks: [`row ${seq}`], calls };
}

/** The figures of a domain in which all else does not answer. */
export function someFigures(source: Partial<FigureSource>): readonly Figure[] {
  return figuresOf({ now: 0, conferences: null, documents: null, minutes: null, bridges: [], ...source });
}
