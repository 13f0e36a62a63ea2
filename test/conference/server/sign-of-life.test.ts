import { expect, test } from "vitest";
import { Meeting, tsp1 } from "./meeting.ts";

const running = "given a running conference";
const lock = "B→A lock-changed locked=yes";
const unlock = "B→A lock-changed locked=no";
const request = (msgId: string, more = "") => `W→A W2A_UpdateUser MsgID=${msgId} ExtCallID=9 Privilege=1${more}`;

function behind(...more: readonly string[]): Meeting {
  const meeting = new Meeting(running, lock);
  meeting.giveUp();
  meeting.go(...more);
  return meeting;
}

test("a server that confirms a probe is reached, and owed no more what the probe has said", () => {
  const meeting = behind("time 6 s", "confirmed");
  expect(meeting.go("reached")).toEqual([]);
  expect(meeting.said("server-reached")).toStrictEqual([{ kind: "server-reached", host: tsp1 }]);
  expect([meeting.owed, meeting.outage]).toEqual([[], undefined]);
});

test("a server that asks is reached by that: what it is owed is on its way, and what a probe says stays so", () => {
  const reached = [{ kind: "server-reached", host: tsp1, byRequest: true }];
  const meeting = behind(request("5"));
  expect(meeting.said("server-reached")).toStrictEqual(reached);
  expect(meeting.rows.map(({ messages }) => messages[0]?.type)).toEqual(["conference-changed", "caller-updated"]);

  const probed = behind("time 6 s", request("5"));
  expect(probed.said("server-reached")).toStrictEqual(reached);
  expect(probed.rows.map(({ messages }) => messages[0]?.type)).toEqual(["conference-changed", "caller-updated"]);
});

test("where nothing that a server is owed is so any more, it confirms nothing of it", () => {
  const calls = ["B→A caller-entered c1", "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1", "confirmed"];
  const meeting = new Meeting(running, ...calls, "B→A caller-muted c1 muted=yes");
  meeting.giveUp();
  meeting.go('settings {"protocol":{"silent":["A2W_NotifyUserChange"]}}', request("5"));
  expect(meeting.said("server-reached")).toStrictEqual([{ kind: "server-reached", host: tsp1 }]);
  expect(meeting.owed).toEqual([]);
});

test.each([
  ["another server", request("5", " WbxHostName=tsp2")],
  ["nobody whose handle is known", "W→A W2A_UpdateUser ExtConfID=77 MsgID=5 ExtCallID=9 Privilege=1 WbxHostName=none"],
])("a message of %s is no sign of life of the one that is behind", (_, line) => {
  const meeting = behind(line);
  expect(meeting.owed).toContain("status locked");
  expect(meeting.said("server-reached")).toEqual([]);
});

test("a server that was reached by a request may be lost again before it confirms", () => {
  const meeting = behind(unlock, request("5"));
  meeting.giveUp();
  expect(meeting.owed).toEqual(["status running", "answer caller-updated 5"]);
});

test("an entry that is told again says of which call it is; an answer under the same MsgID does not", () => {
  const meeting = new Meeting(running, "B→A caller-entered c1", request("n2"));
  meeting.giveUp();
  meeting.go("reached");
  const posts = meeting.said("post-queued").flatMap(({ messages }) => messages);
  expect(posts.map((message) => ["call" in message && message.call, message.type])).toEqual([
    [false, "caller-updated"],
    ["c1", "caller-entered"],
  ]);
  expect(meeting.caller("c1")).toMatchObject({ entryLost: true });
});

test("an answer that was lost is no entry, whatever its MsgID", () => {
  const meeting = new Meeting(running, request("900002"), "B→A caller-entered c1");
  meeting.giveUp();
  expect(meeting.caller("c1")?.entryLost).toBeUndefined();
});

test("the entry of a call that has left is not told again", () => {
  const meeting = new Meeting(running, "B→A caller-entered c1\ncaller-entered c2", lock);
  meeting.giveUp();
  meeting.go("B→A caller-left c2");
  expect(meeting.go("reached").filter((line) => line.includes("UserEnter"))).toHaveLength(1);
});

test("a create that is answered with 11 while a conference closes is no end of it", () => {
  const create = (id: string) => `W→A W2A_CreateConference MsgID=${id} ExtConfID=100${id}`;
  const meeting = new Meeting(running, "W→A W2A_CloseConference MsgID=2", create("3"));
  meeting.go("W→A W2A_CloseConference MsgID=4 ExtConfID=1003");
  meeting.giveUp();
  meeting.go("B→A refused end-conference", "reached");
  expect(meeting.state.head).not.toHaveProperty("told");
});

test("what a probe has said that neither waits nor was confirmed is said again", () => {
  const meeting = behind("time 6 s", "confirmed");
  const again = meeting.go(request("5")).filter((line) => line.includes("NotifyConferenceChange"));
  expect(again).toHaveLength(1);
});

test("a call whose entry the domain does not want any more waits for no name", () => {
  const meeting = new Meeting(running, "B→A caller-entered c1");
  meeting.giveUp();
  meeting.go('settings {"protocol":{"silent":["A2W_NotifyUserEnter"]}}', "reached");
  expect(meeting.caller("c1")).toMatchObject({ enterMsgId: null });
});

test("a call waits for its name though an answer under the same MsgID is owed no more", () => {
  const meeting = new Meeting(running, request("900002"), "B→A caller-entered c1");
  meeting.giveUp();
  meeting.go('settings {"protocol":{"silent":["A2W_RspUpdateUser"]}}', "time 6 s");
  expect(meeting.owed).toEqual(["entry n2"]);
  expect(meeting.caller("c1")?.enterMsgId).toBe("900002");
});

test("a server that let a conference go on alone gets its answers, and a later one who has left", () => {
  const calls = ["B→A caller-entered c1", "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1", "confirmed"];
  const meeting = new Meeting(running, ...calls, "B→A caller-entered c2", request("2"), "B→A caller-left c1");
  meeting.giveUp();
  meeting.go("W→A W2A_CloseConference MsgID=9 KeepAlive=1 WbxHostName=tsp2");
  expect(meeting.go("reached")).toEqual(["A→W tsp1 - A2W_RspUpdateUser MsgID=2 Result=5"]);
  expect(meeting.owed).toEqual(["left 1"]);
});
