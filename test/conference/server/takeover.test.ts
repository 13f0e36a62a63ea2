import { expect, test } from "vitest";
import { isPost } from "../../../src/conference/draft.ts";
import type { Running } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { namedHostOf, takeoverSize } from "../../../src/conference/server/failover.ts";
import type { Post } from "../../../src/conference/server/posts.ts";
import type { WebexHost } from "../../../src/foundation/ids.ts";
import type { ToWebex } from "../../../src/tsp/messages.ts";
import { decideOn, Meeting, tsp1 } from "./meeting.ts";

const running = "given a running conference";
const tsp2 = "tsp2.example.com:80" as WebexHost;
const create = (extConfId: string, host = "tsp1", more = "") =>
  `W→A W2A_CreateConference MsgID=9 ExtConfID=${extConfId} WbxHostName=${host}${more}`;
const named = (call: string, entry: string, extCallId: string) => [
  `B→A caller-entered ${call}`,
  `W→A W2A_RspNotifyUserEnter MsgID=${entry} ExtCallID=${extCallId}`,
  "confirmed",
];

function headOf({ state }: Meeting): Running {
  return state.head as Running;
}

test.each<[string, string, number]>([
  ["another server", create("1001", "tsp2"), 1],
  ["another handle", create("1002"), 1],
  ["its own server and handle, once more", create("1001"), 0],
])("a create by %s is counted as a takeover, or not", (_, line, failovers) => {
  const meeting = new Meeting(running, ...named("c1", "n2", "1"), line);
  expect(headOf(meeting).life.failovers).toBe(failovers);
  expect(meeting.caller("c1")?.history.failovers ?? 0).toBe(failovers);
  expect(meeting.said("conference-taken-over")).toHaveLength(failovers);
});

test("a server that takes its own conference up again after it had let it go on alone, has not taken it over", () => {
  const alone = "W→A W2A_CloseConference MsgID=2 KeepAlive=1";
  const meeting = new Meeting(running, ...named("c1", "n2", "1"), alone, create("1001"));
  expect(meeting.said("conference-taken-over")).toMatchObject([{ extConfId: "1001", host: tsp1 }]);
  expect(headOf(meeting)).toMatchObject({ attached: true, formerHandles: [], life: { failovers: 0 } });
});

test("a handle that was replaced is kept from other conferences for a minute, once, with the server that had it", () => {
  const meeting = new Meeting(running, "later 2 s", create("1002", "tsp2"), "later 2 s", create("1003", "tsp2"));
  const former = (extConfId: string, host: WebexHost, until: number) => ({ extConfId, host, until });
  expect(headOf(meeting).formerHandles).toEqual([former("1001", tsp1, 62_000), former("1002", tsp2, 64_000)]);
  meeting.go("later 2 s", create("1001"));
  expect(headOf(meeting).formerHandles).toEqual([former("1002", tsp2, 64_000), former("1003", tsp2, 66_000)]);
});

test("a server that takes over under the same handle replaces none", () => {
  expect(headOf(new Meeting(running, create("1001", "tsp2"))).formerHandles).toEqual([]);
});

test("nobody had the handle of a conference that was found on its bridge", () => {
  const meeting = new Meeting('settings {"orphanConferenceMinutes":60}', "B→A snapshot c1", create("1001"));
  expect(headOf(meeting)).toMatchObject({ phase: "running", extConfId: "1001", formerHandles: [] });
});

test("a create that names no topic and no host leaves both as they are", () => {
  const meeting = new Meeting(running, create("1002", "tsp2", " ConfName=Sales HostAttendeeID=44"), create("1003"));
  expect(headOf(meeting)).toMatchObject({ life: { topic: "Sales" }, namedHost: { attendeeId: "44" } });
  meeting.go(create("1004", "tsp1", " ConfName=Board HostExtCallID=7"));
  expect(headOf(meeting)).toMatchObject({ life: { topic: "Board" }, namedHost: { extCallId: "7" } });
});

test("a host is named by what its caller keys, by WebEx's name for its call, by both, or not", () => {
  const named = (more: object) => namedHostOf({ type: "create-conference", ...more } as never);
  expect(named({})).toStrictEqual({});
  expect(named({ hostAttendeeId: "44" })).toStrictEqual({ namedHost: { attendeeId: "44" } });
  expect(named({ hostExtCallId: "7" })).toStrictEqual({ namedHost: { extCallId: "7" } });
});

/** Who is reported as left to a server that takes over while these wait. */
function reportedLeft(line: string, ...posts: readonly Post[]): readonly string[] {
  const meeting = new Meeting(running, ...named("c1", "n2", "1"));
  const [, msgId, extConfId, host] = /MsgID=(\S+) ExtConfID=(\S+) WbxHostName=(\S+)/.exec(line) ?? [];
  const message = {
    type: "create-conference",
    msgId,
    extConfId,
    confKey: "987654321",
    replyTo: `${host}.example.com:80`,
  };
  const input = { type: "webex", at: 1_000, transId: "w", messages: [message] } as object as ConferenceInput;
  const { effects } = decideOn(meeting, input, posts);
  const messages = effects.filter(isPost).map((post) => post.message);
  return messages.flatMap((one) => (one.type === "caller-changed" && one.status === "left" ? one.extCallId : []));
}

test("a server that takes over learns who has left, where the one before had not confirmed that (protocol 4.9 F4)", () => {
  const waits = (host: WebexHost, extCallId: string, status = "left") => ({
    ...{
      host,
      message: { type: "caller-changed", msgId: "x", extConfId: "1001", extCallId, status } as object as ToWebex,
    },
  });
  const posts = [waits(tsp1, "8"), waits(tsp1, "8"), waits(tsp1, "6", "muted"), waits("tsp0:80" as WebexHost, "9")];
  expect(reportedLeft(create("1002", "tsp2"), ...posts)).toEqual(["8"]);
  expect(reportedLeft(create("1002"), ...posts)).toEqual(["8"]);
  // To its own server under its own handle, that is on its way.
  const alone = new Meeting(running, ...named("c1", "n2", "1"), ...named("c2", "n3", "2"), "B→A caller-left c2");
  alone.go("W→A W2A_CloseConference MsgID=2 KeepAlive=1");
  expect(alone.go(create("1001")).filter((line) => line.includes("Status=2"))).toEqual([]);
});

test("a call that left before the server before had named it does not concern the next one", () => {
  const meeting = new Meeting(running, "B→A caller-entered c1", "B→A caller-left c1");
  expect(meeting.caller("c1")).toMatchObject({ left: true });
  meeting.go(create("1002", "tsp2"));
  expect(meeting.caller("c1")).toBeUndefined();
});

test.each([0, 5])("as many MsgIDs are at hand as a takeover may need, with %i calls being dialled", (dialled) => {
  const meeting = new Meeting(
    'settings {"recording":{"number":{"country":"1","area":"408","local":"5550100"},"sequence":"P15D123#"}}',
    ...[
      running,
      ...named("c1", "n3", "1"),
      ...named("c2", "n4", "2"),
      ...named("c3", "n5", "3"),
      ...named("c4", "n6", "4"),
    ],
    "W→A W2A_CreateSubConference MsgID=2 SubConfID=s1",
    "W→A W2A_CreateSubConference MsgID=3 SubConfID=s2",
    ...["B→A done create-room r1", "B→A done create-room r2", "operator move c1 room=r1", "operator move c2 room=r2"],
    ...["B→A done move c1", "B→A done move c2", "B→A lock-changed locked=yes", "confirmed"],
    ...["B→A caller-muted c1 muted=yes", "B→A caller-left c3", "B→A caller-left c4"],
    ...["11", "12", "13", "14", "15"]
      .slice(0, dialled)
      .map((id) => `W→A W2A_Callout MsgID=${id} ExtCallID=${id} WbxHostName=tsp2`),
  );
  meeting.giveUp();
  const most = takeoverSize(meeting.state);
  const posts = meeting.go(create("1002", "tsp2")).filter((line) => line.includes("A2W_Notify"));
  expect(posts.length).toBeLessThanOrEqual(most);
  expect(most - posts.length).toBeLessThan(dialled + 5);
});

const unknownCall = (msgId: string) => `W→A W2A_UpdateUser MsgID=${msgId} ExtCallID=9 Privilege=1`;

function answersIn({ rows }: Meeting) {
  return rows.flatMap(({ messages, oneAttempt, host }) =>
    messages.flatMap(({ type, msgId }) => (type === "caller-updated" ? [[msgId, host, oneAttempt ?? false]] : [])),
  );
}

test.each(["tsp1", "tsp2"])(
  "where %s takes over, a server that was behind gets each answer once, and what a probe says is none of it",
  (by) => {
    const meeting = new Meeting(running, unknownCall("2"), unknownCall("3"), "B→A lock-changed locked=yes");
    meeting.giveUp();
    meeting.go("time 6 s", create("1002", by));
    expect(answersIn(meeting)).toEqual([
      ["2", tsp1, true],
      ["3", tsp1, true],
    ]);
    expect([meeting.owed, meeting.outage]).toEqual([[], undefined]);
  },
);

test.each<[string, boolean]>([
  ["tsp1", false],
  ["tsp2", true],
])(
  "where %s creates the key anew, the answers of the conference before leave once, unless its own server does",
  (by, isOnce) => {
    const meeting = new Meeting(running, unknownCall("2"), unknownCall("3"), "W→A W2A_CloseConference MsgID=4");
    meeting.go("B→A done end-conference");
    meeting.giveUp();
    meeting.go("time 6 s", create("1002", by));
    expect(answersIn(meeting)).toEqual([
      ["2", tsp1, false],
      ["3", tsp1, isOnce],
    ]);
  },
);

test("what was handed over is no probe: the answers that are owed leave all the same", () => {
  const meeting = new Meeting(running, unknownCall("2"));
  meeting.giveUp();
  const message = { type: "create-conference", msgId: "9", extConfId: "1002", confKey: "987654321", replyTo: tsp2 };
  const input = { type: "webex", at: 1_000, transId: "w", messages: [message] } as object as ConferenceInput;
  const waits = { host: tsp1, message: { type: "caller-updated", msgId: "7" } as ToWebex, handedOver: true as const };
  const { effects } = decideOn(meeting, input, [waits]);
  expect(effects.filter(isPost).filter(({ host }) => host === tsp1)).toMatchObject([{ message: { msgId: "2" } }]);
});
