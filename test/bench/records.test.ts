import { expect, test } from "vitest";
import { judgeRecords, type RecordEvidence } from "../../bench/kills/records.ts";
import { Roster } from "../../bench/kills/roster.ts";
import type { VisibleState } from "../../simulators/bridge/visible-state.ts";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import type { CallRecord } from "../../src/records/call-record.ts";
import type { ConferenceRecord } from "../../src/records/conference-record.ts";

const key = "700000001" as ConfKey;

function roster(state: Roster["state"]): Roster {
  const one = new Roster("1" as ExtConfId);
  one.state = state;
  return one;
}

function call(number: string, more: Partial<CallRecord> = {}): CallRecord {
  return {
    kind: "call",
    conference: key,
    number,
    direction: "in",
    answeredAt: 1,
    began: 1,
    endedBy: "caller",
    reason: "hung-up",
    ...more,
  } as CallRecord;
}

function held(number: string, state: string, direction = "in"): VisibleState["calls"][number] {
  return { id: number, number, state, direction, conference: key } as never;
}

const outgoing = call("2", { direction: "out" });

const conference = {
  kind: "conference",
  conference: key,
  createdAt: 1,
} as Partial<ConferenceRecord> as ConferenceRecord;
const fair: RecordEvidence = {
  records: [call("1"), outgoing, conference],
  running: [],
  bridge: { conferences: [], calls: [held("1", "ended"), held("2", "ended", "out")] },
  rosters: new Map([[key, roster("ended")]]),
  enteredNumbers: new Set(["1"]),
  callers: ["1"],
  dialledNumbers: ["2"],
};
const found = (more: Partial<RecordEvidence>) => {
  const { missing, twice, wrong } = judgeRecords({ ...fair, ...more });
  return [missing.length, twice.length, wrong.length];
};

test("records of all that the bridge and WebEx know are without fault", () => {
  expect(judgeRecords(fair)).toEqual({ calls: 2, conferences: 1, missing: [], twice: [], wrong: [] });
});

test("a call that was to be dialled and never was may have a record", () => {
  expect(found({ records: [...fair.records, call("3", { direction: "out", answeredAt: null })] })).toEqual([0, 0, 0]);
});

test.each<[string, Partial<RecordEvidence>, readonly number[]]>([
  ["no record of a caller whom WebEx was told of", { records: [outgoing, conference] }, [1, 0, 0]],
  ["no record of a call that was dialled", { records: [call("1"), conference] }, [1, 0, 0]],
  ["no record of the conference", { records: [call("1"), outgoing] }, [1, 0, 0]],
  ["two records of a call", { records: [call("1"), call("1"), outgoing, conference] }, [0, 1, 0]],
  ["two records of the conference", { records: [call("1"), outgoing, conference, conference] }, [0, 1, 0]],
  ["a conference that is over is listed", { running: [key] }, [0, 0, 1]],
  ["a conference that runs is not listed", { rosters: new Map([[key, roster("running")]]) }, [1, 0, 0]],
  [
    "a call that goes on has a record",
    { bridge: { conferences: [], calls: [held("1", "in-conference"), held("2", "ended", "out")] } },
    [0, 0, 1],
  ],
  [
    "a record names another conference",
    { records: [call("1", { conference: "700000002" }), outgoing, conference] },
    [0, 0, 1],
  ],
  ["a record of a caller who never dialled in", { records: [...fair.records, call("3")] }, [0, 0, 1]],
  [
    "a record of an answered call that the bridge never dialled",
    { records: [...fair.records, call("3", { direction: "out" })] },
    [0, 0, 1],
  ],
  [
    "a record that takes a call in for one out",
    { records: [call("1", { direction: "out" }), outgoing, conference] },
    [0, 0, 1],
  ],
  [
    "a record of a conference that WebEx never asked for",
    { records: [...fair.records, { ...conference, conference: "700000009" }] },
    [0, 0, 1],
  ],
])("%s", (_, more, faults) => {
  expect(found(more)).toEqual(faults);
});
