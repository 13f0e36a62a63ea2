import type { CallRecord } from "../../src/records/call-record.ts";
import type { ConferenceRecord } from "../../src/records/conference-record.ts";

/** The record of a caller who dialled in and hung up. */
export function aCallRecord(more: Partial<CallRecord> = {}): CallRecord {
  return {
    kind: "call",
    conference: "5",
    life: 1,
    began: 2,
    call: "c1",
    extCallId: "",
    direction: "in",
    number: "14085551234",
    attendeeId: "77",
    participantType: "participant",
    host: false,
    bridge: "main",
    webexHost: "tsp",
    dialledAt: null,
    answeredAt: 0,
    enteredAt: 0,
    endedAt: 60_000,
    seconds: 60,
    minutes: 1,
    endedBy: "caller",
    status: "completed",
    reason: "hung-up",
    mutes: 0,
    mutedSeconds: 0,
    rooms: ["main"],
    failovers: 0,
    repairs: 0,
    dialled: "18005551234",
    customerReference: "",
    fromBridge: false,
    topic: "",
    clockDiffers: false,
    ...more,
  };
}

/** The record of a conference that WebEx has closed. */
export function aConferenceRecord(more: Partial<ConferenceRecord> = {}): ConferenceRecord {
  return {
    kind: "conference",
    conference: "5",
    life: 1,
    extConfIds: ["h5"],
    webexHosts: ["tsp1", "tsp2"],
    bridge: "main",
    createdAt: 0,
    runningAt: 0,
    endedAt: 60_000,
    seconds: 60,
    endedBy: "webex",
    status: "completed",
    reason: "closed",
    mostCallers: 2,
    calls: 2,
    callMinutes: 2,
    failovers: 1,
    repairs: 0,
    givenUp: 0,
    topic: "Berth planning",
    customerReference: "",
    fromBridge: false,
    clockDiffers: false,
    ...more,
  };
}
