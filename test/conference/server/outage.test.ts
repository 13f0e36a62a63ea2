import { expect, test } from "vitest";
import type { Running } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { Outgoing, Post } from "../../../src/conference/server/posts.ts";
import { owedIn } from "../../../src/conference/server/resync.ts";
import type { MsgId, WebexHost } from "../../../src/foundation/ids.ts";
import { BACK_END } from "../../../src/foundation/text/bare-host.ts";
import type { ToWebex } from "../../../src/tsp/messages.ts";
import { decideOn, Meeting, tsp1 } from "./meeting.ts";

const running = "given a running conference";
/** An entry and its name. */
const named = (call: string, entry: string, extCallId: string) =>
  [
    `B→A caller-entered ${call}`,
    `W→A W2A_RspNotifyUserEnter MsgID=${entry} ExtCallID=${extCallId}`,
    "confirmed",
  ] as const;
const lock = "B→A lock-changed locked=yes";
const why = "HTTP status 500";

test("a server is behind since the first document that it did not take; the reason is that of the last", () => {
  const meeting = new Meeting(running, "later 1 s", lock, "later 9 s");
  meeting.giveUp();
  expect(meeting.said("server-lost")).toEqual([{ kind: "server-lost", host: tsp1, why }]);
  expect(meeting.outage).toStrictEqual({ host: tsp1, since: 1_000, failedAt: 10_000, why, probes: 0 });

  meeting.go("time 6 s");
  meeting.giveUp({ why: "no answer" });
  expect(meeting.said("server-lost")).toEqual([]);
  const later = { since: 1_000, failedAt: 16_000, why: "no answer", probes: 1 };
  expect(meeting.outage).toStrictEqual({ host: tsp1, ...later });
});

test("each document that is given up counts for the conference's record, and a probe that fails does not", () => {
  const meeting = new Meeting(running, lock);
  const givenUp = () => (meeting.state.head as Running).life.givenUp;
  meeting.giveUp();
  expect(givenUp()).toBe(1);
  meeting.go("time 6 s");
  meeting.giveUp();
  expect(givenUp()).toBe(1);
});

test.each<[string, Partial<Post>, string[]]>([
  ["to its server", {}, ["withdrawn"]],
  ["to another server", { host: "tsp2.example.com:80" as WebexHost }, []],
  ["to the partner's back end", { host: BACK_END }, []],
  ["that a server is owed which was replaced by itself", { oneAttempt: true }, []],
  ["that was handed over, and may be posted already", { handedOver: true }, []],
])("with a document that is given up, what waits for its server is withdrawn and owed: one %s", (_, more, owed) => {
  const meeting = new Meeting(running, lock);
  const [lost] = meeting.rows.flatMap((row) => row.messages) as [Outgoing];
  const message = { type: "caller-updated", msgId: "waits" as MsgId, result: "ok" } as const;
  const of = { host: tsp1, transId: "t", attempts: 3, why };
  const input: ConferenceInput = { type: "undelivered", at: 9_000, messages: [lost], of };
  const { changes, dropQueued } = decideOn(meeting, input, [{ host: tsp1, message, ...more }]);

  expect(dropQueued).toEqual(owed.map(() => ({ host: tsp1, keepsAnswers: false })));
  expect([...changes.debts.keys()].slice(1)).toEqual(owed.map(() => "answer caller-updated waits"));
});

test.each<[string, readonly string[], object]>([
  ["a caller's data for the partner's back end", ["W→A W2A_CSPClientPassthrough MsgID=2 ExtCallID=1 Data=x"], {}],
  [
    "an answer to a server that is not the conference's",
    [running, "W→A W2A_UpdateUser MsgID=2 ExtCallID=9 Privilege=1 WbxHostName=tsp2"],
    {},
  ],
  [
    "an answer to a server that was replaced",
    [
      running,
      "W→A W2A_Callout MsgID=2 ExtCallID=1",
      "W→A W2A_CreateConference MsgID=3 ExtConfID=1002 WbxHostName=tsp2",
      "confirmed",
      "B→A refused dial",
    ],
    {},
  ],
  ["what cannot be written", [running, lock], { unpostable: true }],
])("nobody is owed %s, and no server is lost by it", (_, lines, more) => {
  const meeting = new Meeting('settings {"passthroughUrl":"http://127.0.0.1:9/client"}', ...lines);
  meeting.giveUp(more);
  expect([meeting.outage, meeting.owed, meeting.said("server-lost")]).toEqual([undefined, [], []]);
});

test("the answer to a create that failed is owed, though there is no conference", () => {
  const meeting = new Meeting("W→A W2A_CreateConference MsgID=1", "B→A refused create-conference");
  meeting.giveUp();
  expect(meeting.owed).toEqual(["answer conference-created 1"]);
  expect(meeting.outage).toStrictEqual({ host: tsp1, since: 0, overAt: 0, failedAt: 0, why, probes: 0 });
  expect(meeting.go("reached")).toEqual(["A→W tsp1 - A2W_RspCreateConference MsgID=1 Result=3"]);
});

test("a probe that cannot be written is owed no more, and its server is probed with what is left", () => {
  const meeting = new Meeting(running, ...named("c1", "n2", "1"), lock, "B→A caller-muted c1 muted=yes");
  meeting.giveUp();
  meeting.go("time 6 s");
  expect(meeting.rows.map(({ probe }) => probe)).toEqual([true]);
  const { failedAt, probes } = meeting.outage ?? {};
  meeting.giveUp({ unpostable: true });

  expect(meeting.owed).toEqual(["muted 1"]);
  expect(meeting.outage).toStrictEqual({
    ...{ host: tsp1, since: 0, failedAt, why, probes },
    dropped: [{ type: "conference-changed", count: 1 }],
  });
});

test("where a probe cannot be written and nothing else is owed, its server is behind no more", () => {
  const meeting = new Meeting(running, lock);
  meeting.giveUp();
  meeting.go("time 6 s");
  meeting.giveUp({ unpostable: true });
  expect([meeting.outage, meeting.owed]).toEqual([undefined, []]);
});

test("a probe goes on until each of its documents is over, though one cannot be written", () => {
  const meeting = new Meeting(running, "confirmed", lock);
  meeting.giveUp();
  meeting.go("B→A lock-changed locked=no", lock, "time 6 s");
  expect(meeting.rows).toHaveLength(2);
  meeting.giveUp({ unpostable: true });
  expect(meeting.outage?.probe).toBeDefined();
});

test("a probe that cannot be written changes nothing where its server has shown itself meanwhile", () => {
  const meeting = new Meeting(running, lock);
  meeting.giveUp();
  meeting.go("time 6 s", "W→A W2A_UpdateUser MsgID=2 ExtCallID=9 Privilege=1");
  meeting.giveUp({ unpostable: true });
  expect(meeting.outage).toBeUndefined();
});

test("WebEx that lets a conference go on alone is owed its answers, and a later server who has left (protocol 4.8)", () => {
  const calls = [...named("c1", "n2", "1"), ...named("c2", "n3", "2"), "B→A caller-entered c3"];
  const meeting = new Meeting(running, ...calls, "W→A W2A_UpdateUser MsgID=2 ExtCallID=9 Privilege=1");
  meeting.go(lock, "B→A caller-muted c1 muted=yes", "B→A caller-left c2");
  meeting.giveUp();
  expect(meeting.owed).toEqual(["entry n4", "answer caller-updated 2", "status locked", "muted 1", "left 2"]);

  meeting.go("W→A W2A_CloseConference MsgID=9 KeepAlive=1 WbxHostName=tsp2");
  expect(meeting.owed).toEqual(["answer caller-updated 2", "left 2"]);
  expect(meeting.said("message-dropped").map(({ type }) => type)).toEqual([
    "caller-entered",
    "conference-changed",
    "caller-changed",
  ]);
  expect(meeting.outage).toBeDefined();
  // Only what its own server is owed is shown as that.
  expect(owedIn(meeting.state)).toEqual([{ type: "caller-updated", msgId: "2", result: "no-such-call" }]);
});

test("where a conference that goes on alone owes its server nothing but who has left, no server is behind", () => {
  const meeting = new Meeting(
    running,
    ...named("c1", "n2", "1"),
    ...named("c2", "n3", "2"),
    "B→A caller-left c2",
    lock,
  );
  meeting.giveUp();
  meeting.go("W→A W2A_CloseConference MsgID=9 KeepAlive=1 WbxHostName=tsp2");
  expect([meeting.owed, meeting.outage]).toEqual([["left 2"], undefined]);
});

test("a call whose entry is owed no more waits for no name, and holds nothing back for it", () => {
  const meeting = new Meeting(
    running,
    ...named("c2", "n2", "2"),
    "B→A caller-entered c1",
    "B→A caller-muted c1 muted=yes",
  );
  meeting.giveUp();
  expect(meeting.caller("c1")).toMatchObject({ enterMsgId: expect.any(String), held: [{ status: "muted" }] });
  meeting.go("W→A W2A_CloseConference MsgID=9 KeepAlive=1 WbxHostName=tsp2");
  expect(meeting.caller("c1")).toMatchObject({ enterMsgId: null, held: [] });
});

test("what the domain does not want any more is owed no more", () => {
  const meeting = new Meeting(running, lock);
  meeting.giveUp();
  meeting.go('settings {"protocol":{"silent":["A2W_NotifyConferenceChange"]}}', "time 6 s");
  expect([meeting.owed, meeting.outage, meeting.rows]).toEqual([[], undefined, []]);
  expect(meeting.said("server-settled")).toEqual([{ kind: "server-settled", host: tsp1 }]);
});

test("the end of the conference before is not owed once its key is created anew", () => {
  const meeting = new Meeting(running, "W→A W2A_CloseConference MsgID=2", "B→A done end-conference", "confirmed 1");
  meeting.go("W→A W2A_CreateConference MsgID=3");
  meeting.giveUp();
  expect(meeting.owed).toEqual([]);
});

test("the end of an earlier life is not owed where the latest one is over without WebEx", () => {
  const end = ["W→A W2A_CloseConference MsgID=2", "B→A done end-conference", "confirmed 1"] as const;
  const meeting = new Meeting(running, ...end, "W→A W2A_CreateConference MsgID=3 ExtConfID=1002");
  const alone = "W→A W2A_CloseConference MsgID=4 ExtConfID=1002 KeepAlive=1";
  meeting.go("B→A done create-conference", "confirmed 2 3", alone, "confirmed 2", "B→A done end-conference");
  meeting.giveUp();
  expect([meeting.owed, meeting.outage]).toEqual([[], undefined]);
});

test("where calls that left are dropped, nothing else is", () => {
  const meeting = new Meeting(running, lock);
  const left = (id: number) => ({
    type: "caller-changed",
    msgId: `x${id}`,
    extConfId: "1001",
    extCallId: `${id}`,
    status: "left",
  });
  const debts = Array.from({ length: 1_001 }, (_, id) => [`left ${id}`, left(id) as object as ToWebex] as const);
  const state = { ...meeting.state, debts: new Map(debts) };
  const messages = meeting.rows.flatMap((row) => row.messages);
  const of = { host: tsp1, transId: "t", attempts: 3, why };
  const { changes, facts } = decideOn({ state }, { type: "undelivered", at: 9_000, messages, of });
  expect([...changes.debts]).toEqual([
    ["status locked", messages[0]],
    ["left 0", null],
  ]);
  expect(facts).toContainEqual({ kind: "noted", text: "more than 1000 calls left unreported; dropped: 0" });
});
