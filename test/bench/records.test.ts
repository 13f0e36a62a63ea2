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
const all = [call("1"), outgoing, conference];
const dialled = held("2", "ended", "out");
const bridge = { conferences: [], calls: [held("1", "ended"), dialled] };
const fair: RecordEvidence = {
  records: all,
  running: [],
  bridge,
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

test.each<[string, Partial<RecordEvidence>, readonly number[]]>([
  [
    "a call that was never dialled",
    { records: [...all, call("3", { direction: "out", answeredAt: null })] },
    [0, 0, 0],
  ],
  ["no record of a caller whom WebEx was told of", { records: [outgoing, conference] }, [1, 0, 0]],
  ["no record of a call that was dialled", { records: [call("1"), conference] }, [1, 0, 0]],
  ["no record of the conference", { records: [call("1"), outgoing] }, [1, 0, 0]],
  ["two records of a call", { records: [...all, call("1")] }, [0, 1, 0]],
  ["two records of the conference", { records: [...all, conference] }, [0, 1, 0]],
  ["a conference that is over is listed", { running: [key] }, [0, 0, 1]],
  ["a conference that runs is not listed", { rosters: new Map([[key, roster("running")]]) }, [1, 0, 0]],
  ["a call that goes on", { bridge: { ...bridge, calls: [held("1", "in-conference"), dialled] } }, [0, 0, 1]],
  ["another conference", { records: [call("1", { conference: "700000002" }), outgoing, conference] }, [0, 0, 1]],
  ["a caller who never dialled in", { records: [...all, call("3")] }, [0, 0, 1]],
  ["an answered call never dialled", { records: [...all, call("3", { direction: "out" })] }, [0, 0, 1]],
  ["a call in taken for one out", { records: [call("1", { direction: "out" }), outgoing, conference] }, [0, 0, 1]],
  ["a conference never asked for", { records: [...all, { ...conference, conference: "700000009" }] }, [0, 0, 1]],
])("%s", (_, more, faults) => {
  expect(found(more)).toEqual(faults);
});
