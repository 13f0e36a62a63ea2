import { expect, test } from "vitest";
import { debtKey, debtKindOf, isClosedAnswer, isEnd, isLeft } from "../../../src/conference/server/debts.ts";
import type { ToWebex } from "../../../src/tsp/messages.ts";

const message = (more: object) => ({ msgId: "m", extConfId: "77", ...more }) as object as ToWebex;
const call = { type: "caller-changed", extCallId: "1" };
const place = { subConfId: "s1", extCallId: "1" };

test.each<[string, string, object]>([
  ["answer", "caller-updated m", { type: "caller-updated", result: "ok", extCallId: "1" }],
  ["status", "locked", { type: "conference-changed", status: "locked" }],
  ["entry", "m", { type: "caller-entered" }],
  ["joined", "1", { ...call, status: "muted", action: "joined-main", attendeeId: "44" }],
  ["merged", "1", { ...call, status: "muted", attendeeId: "44" }],
  ["muted", "1", { ...call, status: "muted" }],
  ["muted", "1", { ...call, status: "unmuted" }],
  ["left", "1", { ...call, status: "left" }],
  ["room", "s1", { type: "sub-conference-changed", subConfId: "s1", status: "created" }],
  ["place", "1 s1", { type: "sub-conference-call-changed", ...place, action: "returned" }],
  ["place", "1 s1", { type: "joined-sub-conference", ...place }],
  ["data", "m", { type: "client-passthrough", extCallId: "1" }],
  ["speech", "", { type: "speaking-changed", extCallIds: ["1"] }],
])("of each thing, only the latest %s (%s) is owed: %j", (kind, subject, more) => {
  expect(debtKey(message(more))).toBe(`${kind} ${subject}`);
  expect(debtKindOf(message(more))).toBe(kind);
});

test("only the answer to a create says with code 11 that its conference is over", () => {
  const closed = "conference-closed";
  const answers = [
    { type: "conference-created", result: closed },
    { type: "conference-created", result: "ok" },
    { type: "called-out", result: closed },
  ];
  expect(answers.map((answer) => isClosedAnswer(message(answer)))).toEqual([true, false, false]);
});

test("the end of a conference and that a call has left are told apart from other changes", () => {
  const changes = [
    { type: "conference-changed", status: "ended" },
    { type: "conference-changed", status: "running" },
    { ...call, status: "left" },
    { ...call, status: "muted" },
  ].map(message);
  expect(changes.map(isEnd)).toEqual([true, false, false, false]);
  expect(changes.map(isLeft)).toEqual([false, false, true, false]);
});
