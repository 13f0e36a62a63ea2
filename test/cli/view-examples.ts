import type { ConferenceOfDomain } from "../../cli/operator/operator-client.ts";
import { type Screen, ShownTimes } from "../../cli/shown-times.ts";

/** The moment of the question. */
export const now = Date.parse("2026-11-21T02:40:10.000Z");

/** Shows each style by its name. */
export const painted: Screen = {
  width: 80,
  times: new ShownTimes(() => "UTC"),
  style: (format, text) => `<${format}>${text}</>`,
};
export const plain: Screen = { ...painted, style: (_, text) => text };

/** Of a reader of all domains who are in this zone. */
export function inZone(zone: string): Screen {
  return { ...plain, width: 200, times: new ShownTimes(() => zone) };
}

export function conference(more: object = {}): ConferenceOfDomain {
  return {
    domain: "local",
    key: "555120777",
    phase: "running",
    lastAt: now - 12_000,
    bridge: "simulated",
    extConfId: "3100417",
    host: "http://tsp1.example.com:8800",
    attached: true,
    locked: false,
    callers: [],
    callOuts: [],
    rooms: [],
    commands: [],
    documents: [],
    outages: [],
    ...more,
  } as object as ConferenceOfDomain;
}

export function caller(more: object = {}) {
  return {
    call: "c1",
    extCallId: "70000",
    number: "14085550101",
    attendeeId: "101",
    room: "main",
    muted: false,
    speaks: false,
    ...more,
  };
}

export const command = {
  id: "555120777.9.165",
  type: "unmute",
  sent: 1,
  taken: true,
  answerBy: now + 4_000,
  askers: ["webex"],
};
export const document = {
  transId: "61365000006",
  host: "http://tsp1.example.com:8800",
  messages: ["A2W_NotifyConferenceChange"],
  queuedAt: now - 65_000,
  attempts: 2,
  dueAt: now + 2_000,
  failure: "HTTP status 500",
};
export const outage = {
  host: "http://tsp1.example.com:8800",
  since: now - 65_000,
  why: "HTTP status 500",
  messages: 3,
  probeAt: now + 4_000,
};
