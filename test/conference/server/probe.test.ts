import { expect, test } from "vitest";
import { nextDeadline } from "../../../src/conference/decide.ts";
import type { Running } from "../../../src/conference/head.ts";
import { probeDueAt, withJitter } from "../../../src/conference/server/debts.ts";
import type { ConfKey } from "../../../src/foundation/ids.ts";
import { decideOn, Meeting, tsp1 } from "./meeting.ts";

const running = "given a running conference";
const lock = "B→A lock-changed locked=yes";
const unlock = "B→A lock-changed locked=no";
const of = { host: tsp1, transId: "t", attempts: 3, why: "HTTP status 500" };

function behind(...more: readonly string[]): Meeting {
  const meeting = new Meeting(running, "B→A caller-entered c1", "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1");
  meeting.go("confirmed", lock);
  meeting.giveUp();
  meeting.go(...more);
  return meeting;
}

/** What is said to WebEx, without what goes without saying. */
function typesOf({ rows }: Meeting) {
  return rows.map(({ messages, probe }) => [messages.map(({ type }) => type).join(), probe]);
}

test("a server is probed when that is due, and not before; the document is marked as a probe", () => {
  const early = behind("later 4.999 s", "due");
  expect(early.rows).toEqual([]);
  early.go("later 0.001 s", "due");
  expect(typesOf(early)).toEqual([["conference-changed", true]]);
  expect(early.outage?.probe).toEqual({ at: 5_000, keys: ["status running", "status locked"] });
});

test("a probe that is under way is not repeated: it is looked at again after five minutes", () => {
  const meeting = behind("time 6 s", unlock);
  expect(meeting.outage?.hasNew).toBe(true);
  meeting.go("time 300 s");
  expect(typesOf(meeting)).toEqual([["conference-changed", true]]);
  expect(meeting.outage).toStrictEqual({
    ...{ host: tsp1, since: 0, failedAt: 0, why: of.why, probes: 0 },
    probe: { at: 305_000, keys: ["status locked"] },
  });
});

test("a server that an operator asks for is probed at once, and once", () => {
  const meeting = behind("later 1 s", "probe");
  expect(typesOf(meeting)).toEqual([["conference-changed", true]]);
  meeting.go("later 1 s", "probe");
  expect(meeting.rows).toHaveLength(1);
  expect(meeting.outage?.probe?.at).toBe(1_000);
});

test("what waits where answers of several conferences meet says as much as a probe", () => {
  const meeting = behind("later 10 s");
  const answer = { type: "caller-updated", msgId: "5", result: "ok" } as never;
  const waits = { host: tsp1, message: answer, handedOver: true } as const;
  const { changes, effects } = decideOn(meeting, { type: "time", at: 10_000 }, [waits]);
  expect(effects).toEqual([]);
  expect(changes.outages.get(tsp1)?.probe).toEqual({ at: 10_000, keys: [] });

  // An answer to a server that was replaced waits for itself alone, and one to another server says nothing of this one.
  for (const more of [{ oneAttempt: true }, { host: "tsp2.example.com:80" }] as object[]) {
    const { effects } = decideOn(meeting, { type: "time", at: 10_000 }, [{ ...waits, ...more }]);
    expect(effects).toHaveLength(1);
  }
});

test("a probe says what is so still; what is not is owed no more", () => {
  const meeting = behind("confirmed");
  meeting.go("reached", "confirmed", "B→A caller-muted c1 muted=yes");
  meeting.giveUp();
  meeting.go("B→A caller-left c1", "time 6 s");
  expect(typesOf(meeting)).toEqual([["caller-changed", true]]);
  expect(meeting.owed).toEqual(["left 1"]);
});

test("a probe says one thing alone, though it is not so any more as it was missed", () => {
  const meeting = behind(
    "reached",
    "confirmed",
    "B→A caller-entered c2",
    "W→A W2A_RspNotifyUserEnter MsgID=n4 ExtCallID=2",
  );
  meeting.go("confirmed", "B→A attendee-identified c1 attendeeId=4", "B→A caller-muted c1 muted=yes");
  meeting.giveUp();
  meeting.go("B→A caller-muted c2 muted=yes", "time 6 s");
  expect(typesOf(meeting)).toEqual([["caller-changed", true]]);
});

test("that a call was in a room is no probe once it has left", () => {
  const room = ["W→A W2A_CreateSubConference MsgID=2 SubConfID=s1", "B→A done create-room r1", "confirmed"];
  const meeting = behind("reached", "confirmed", ...room, "operator move c1 room=r1", "B→A done move c1");
  meeting.giveUp();
  meeting.go("B→A caller-left c1", "time 6 s");
  expect(typesOf(meeting)).toEqual([["caller-changed", true]]);
});

test("that a call is back from a room is a probe of its own", () => {
  const silent = 'settings {"protocol":{"silent":["A2W_NotifyUserChange"]}}';
  const room = ["W→A W2A_CreateSubConference MsgID=2 SubConfID=s1", "B→A done create-room r1", "confirmed"];
  const meeting = behind("reached", "confirmed", silent, ...room, "operator move c1 room=r1", "B→A done move c1");
  meeting.giveUp();
  meeting.go("W→A W2A_CloseSubConference MsgID=3 SubConfID=s1 WbxHostName=tsp2", "B→A done move c1");
  meeting.go(
    "B→A done close-room r1",
    "confirmed",
    'operator POST passthrough {"extCallId":"1","data":"x"}',
    "time 6 s",
  );
  expect(typesOf(meeting)).toEqual([["sub-conference-call-changed", true]]);
});

test("WebEx may name a call whose entry only a probe has posted, though it left before; it never had one that was withdrawn", () => {
  const data = 'operator POST passthrough {"extCallId":"1","data":"x"}';
  const lostEntries = (...lines: readonly string[]) => {
    const meeting = behind("reached", "confirmed", data, "B→A caller-entered c2");
    meeting.giveUp();
    meeting.go(...lines, "B→A caller-left c2");
    return (meeting.state.head as Running).lostEntries;
  };
  expect(lostEntries()).toBeUndefined();
  expect(lostEntries("time 6 s")).toHaveLength(1);
});

test("a probe is posted later by up to a tenth of its pause, for each conference by another time", () => {
  const { state, outage } = behind();
  const keys = ["1", "2", "3", "4", "5", "6"] as ConfKey[];
  expect(nextDeadline(state)).toBe(5_000);
  const times = keys.map((key) => nextDeadline(state, key) ?? 0);
  expect(times.filter((at) => at >= 5_000 && at <= 5_500)).toEqual(times);
  expect(new Set(times).size).toBeGreaterThan(4);
  if (!outage) return;
  // While a probe is under way, its pause counts from then.
  const waiting = { ...outage, probe: { at: 1_000_000, keys: [] } };
  const late = keys.map((key) => withJitter(waiting, key) - probeDueAt(waiting));
  expect(late.filter((ms) => ms >= 0 && ms <= 30_000)).toEqual(late);
  expect(Math.max(...late)).toBeGreaterThan(500);
});

test("what an operator sends again is owed to a server that is behind, the latest of each thing", () => {
  const meeting = new Meeting(running, "B→A caller-entered c1", "W→A W2A_RspNotifyUserEnter MsgID=n2 ExtCallID=1");
  meeting.go("confirmed", "B→A caller-muted c1 muted=yes", lock, "lost", "B→A caller-muted c1 muted=no");
  meeting.go("B→A caller-muted c1 muted=yes", "operator send-again 1");
  expect(meeting.owed).toEqual(["muted 1", "status locked"]);
  expect(meeting.state.debts.get("muted 1")?.msgId).toBe("900006");
  expect(typesOf(meeting)).toEqual([["conference-changed", true]]);
});

test("an answer that was not to be tried again is owed once an operator sends it again", () => {
  const meeting = new Meeting(running, "W→A W2A_UpdateUser MsgID=2 ExtCallID=9 Privilege=1");
  const messages = meeting.rows.flatMap((row) => row.messages);
  meeting.giveUp({ unpostable: true });
  meeting.go(lock);
  meeting.giveUp();
  const request = { type: "send-again", row: 1, host: tsp1, messages, isUnowed: true } as const;
  meeting.act(request);
  expect(meeting.owed).toEqual(["status locked", "answer caller-updated 2"]);
});
