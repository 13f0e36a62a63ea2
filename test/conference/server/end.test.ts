import { expect, test } from "vitest";
import type { Head } from "../../../src/conference/head.ts";
import { Meeting, tsp1 } from "./meeting.ts";

const running = "given a running conference";
const hour = 3_600_000;
const callOut = "W→A W2A_Callout MsgID=2 ExtCallID=123";

function headOf({ state }: Meeting) {
  return state.head as Extract<Head, { phase: "ended" }>;
}

test("a conference that ends while its server is behind owes it answers and the end, and nothing of its state", () => {
  const meeting = new Meeting(running, "B→A lock-changed locked=yes", callOut);
  meeting.giveUp();
  meeting.go("later 7 s", "B→A conference-ended");
  expect(meeting.owed).toEqual(["answer called-out 2", "status ended"]);
  expect(meeting.outage).toMatchObject({ overAt: 7_000 });
  expect(headOf(meeting).closedUntil).toBe(7_000 + hour);

  // Later failures do not make it last longer.
  meeting.go("time 10 s");
  meeting.giveUp();
  expect(headOf(meeting).closedUntil).toBe(7_000 + hour);
  expect(meeting.outage).toMatchObject({ overAt: 7_000 });
});

test("an end that WebEx asked for closes its key to nobody, though its notification is lost", () => {
  const meeting = new Meeting(running, "W→A W2A_CloseConference MsgID=2", "B→A done end-conference", "confirmed 1");
  meeting.giveUp();
  expect(meeting.owed).toEqual(["status ended"]);
  expect(headOf(meeting).closedUntil).toBeUndefined();
});

test("what is owed of a conference that is over is kept for as long as its key is closed (protocol 4.9 F5)", () => {
  const meeting = new Meeting(running, callOut, "B→A conference-ended");
  meeting.giveUp();
  meeting.go("time 3700 s");
  expect(meeting.rows.map(({ probe }) => probe)).toEqual([true]);
  // The probe under way may yet say it.
  meeting.go(`time ${3_700 + 300} s`);
  expect(meeting.owed).toEqual(["answer called-out 2", "status ended"]);
  meeting.giveUp();
  expect(meeting.outage).toBeDefined();
  meeting.go("time 300 s");
  expect([meeting.owed, meeting.outage, meeting.rows]).toEqual([[], undefined, []]);
  expect(meeting.said("server-settled")).toEqual([
    {
      ...{ kind: "server-settled", host: tsp1, expired: true },
      messages: [
        { type: "called-out", count: 1 },
        { type: "conference-changed", count: 1 },
      ],
    },
  ]);
});

test("what is owed expires an hour after the end, and not before", () => {
  const at = (ms: number) => {
    const meeting = new Meeting(running, callOut, "later 2 s", "B→A conference-ended");
    meeting.giveUp();
    meeting.go(`later ${ms / 1_000} s`);
    meeting.go("due");
    return [meeting.owed.length, meeting.rows.length];
  };
  expect(at(hour - 1)).toEqual([2, 1]);
  expect(at(hour)).toEqual([0, 0]);
});

const later = `later ${(2 * hour) / 1_000} s`;
const createAnew = "W→A W2A_CreateConference MsgID=9 ExtConfID=1002";
const unknownCall = "W→A W2A_UpdateUser MsgID=4 ExtCallID=9 Privilege=1";

test.each<[string, readonly string[], string, object[]]>([
  [
    "the end of its conference is not",
    [callOut, "B→A conference-ended"],
    "called-out",
    [[{ type: "conference-changed", count: 1 }]],
  ],
  ["no end was owed", ["B→A conference-ended", "confirmed", unknownCall], "caller-updated", []],
])("an answer that was owed for too long is posted when its key is created anew; %s", (_, lines, answer, expired) => {
  const meeting = new Meeting(running, ...lines);
  meeting.giveUp();
  meeting.go(later, createAnew);
  expect(meeting.rows.map(({ messages }) => messages[0]?.type)).toEqual([answer]);
  const settled = meeting.said("server-settled").filter((fact) => fact.expired);
  expect(settled.map(({ messages }) => messages)).toEqual(expired);
});

test("what expired counts with what its server had missed before", () => {
  const meeting = new Meeting(running, "B→A lock-changed locked=yes");
  meeting.giveUp();
  meeting.go("B→A conference-ended", later, "due");
  expect(meeting.said("server-settled")).toMatchObject([{ messages: [{ type: "conference-changed", count: 2 }] }]);
});

test("nothing expires while a conference runs that was found on its bridge", () => {
  const meeting = new Meeting(running, callOut, "B→A conference-ended");
  meeting.giveUp();
  const call = { call: "c1", number: "", attendeeId: null, muted: false, silent: false, room: "main" };
  const found = { since: 3_000_000, locked: false, speaking: null, rooms: [], callers: [call], dialled: [] };
  meeting.go("later 3100 s", `B→A snapshot ${JSON.stringify({ conference: found })}`, "later 600 s", "due");
  expect(meeting.state.head.phase).toBe("running");
  expect(meeting.owed).toContain("answer called-out 2");
});

test("a server that was answered 11 and is told again gets 11 until it confirms", () => {
  const create = (msgId: string) => `W→A W2A_CreateConference MsgID=${msgId} ExtConfID=1002 WbxHostName=tsp2`;
  const meeting = new Meeting(running, "B→A conference-ended", create("5"));
  meeting.giveUp();
  expect(headOf(meeting).told).toBeUndefined();
  meeting.go("reached");
  expect(headOf(meeting)).toMatchObject({ told: true, closedUntil: hour });
  expect(meeting.go(create("6"))).toEqual(["A→W tsp2 - A2W_RspCreateConference MsgID=6 Result=11"]);
});

test("whatever else is lost with an answer 11, it was not given", () => {
  const create = "W→A W2A_CreateConference MsgID=5 ExtConfID=1002 WbxHostName=tsp2";
  const meeting = new Meeting(running, "B→A conference-ended", create, `${unknownCall} WbxHostName=tsp2`);
  const [closed, other] = meeting.rows;
  meeting.giveUp({}, other && [other]);
  expect(headOf(meeting).told).toBe(true);

  const all = new Meeting(running, "B→A conference-ended", create, `${unknownCall} WbxHostName=tsp2`);
  all.giveUp({}, closed && all.rows);
  expect(headOf(all).told).toBeUndefined();
});

test("what a conference that goes on owes does not expire", () => {
  const meeting = new Meeting(running, "B→A lock-changed locked=yes");
  meeting.giveUp();
  meeting.go(`later ${(2 * hour) / 1_000} s`, "due");
  expect(meeting.owed).toEqual(["status locked"]);
});
