import { expect, test } from "vitest";
import type { EndReason, Report } from "../../../src/bridge/events.ts";
import type { Running } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { done, entered, event, left, snapshot } from "../../builders.ts";
import { asked, decided, dialled, factsOf, inside, pending, reported, running } from "../parts/decided.ts";

const life = running().life;
const at = (time: number, ...reports: readonly Report[]) => ({ ...reported(...reports), at: time }) as ConferenceInput;
const recordsIn = (decision: ReturnType<typeof decided>) =>
  factsOf(decision).flatMap((fact) => ("record" in fact ? [fact.record as Record<string, unknown>] : []));
const how = (decision: ReturnType<typeof decided>) =>
  recordsIn(decision).map(({ endedBy, status, reason }) => `${endedBy} ${status} ${reason}`);
const historyOf = ({ changes }: ReturnType<typeof decided>, call = "c1") => changes.callers.get(call as never)?.history;
const over = event({ type: "conference-ended" });

test("a call's record says all that is known of it, in the words of its conference", () => {
  const history = {
    ...{ began: 7, dialled: "800", dialledAt: 10_000, answeredAt: 20_000, enteredAt: 30_000, fromBridge: true },
    ...{ mutes: 2, mutedMs: 5_000, mutedAt: 190_000, failovers: 3, repairs: 4, rooms: ["main", "s1"] },
  };
  const one = inside("c1", { extCallId: "1", number: "4420", attendeeId: "77", muted: true, history });
  const head = running({ life: { ...life, row: 5, topic: "Pilots", callers: 1, calls: 2, callMinutes: 8 } });
  const settings = { customerReference: "ACME" };
  const decision = decided({ head, callers: new Map([one]) }, at(200_400, left("c1")), { settings });

  expect(recordsIn(decision)).toStrictEqual([
    {
      ...{ kind: "call", conference: "555", life: 5, began: 7, call: "c1", extCallId: "1", direction: "out" },
      ...{ number: "4420", attendeeId: "77", participantType: "participant", host: false, bridge: "bridge-1" },
      ...{ webexHost: "tsp1:80", dialledAt: 10_000, answeredAt: 20_000, enteredAt: 30_000, endedAt: 200_400 },
      ...{ seconds: 180, minutes: 4, endedBy: "caller", status: "completed", reason: "hung-up" },
      ...{ mutes: 2, mutedSeconds: 15, failovers: 3, repairs: 4, rooms: ["main", "s1"], dialled: "800" },
      ...{ customerReference: "ACME", fromBridge: true, topic: "Pilots", clockDiffers: false },
    },
  ]);
  expect(decision.head?.life).toStrictEqual({ ...head.life, callers: 0, calls: 3, callMinutes: 12 });
});

test("what is not known of a call is empty, and a call that never entered was nowhere", () => {
  const callOuts = new Map([dialled("o1", { extCallId: null, history: { began: 1 } })]);
  const head = running({ life: { ...life, callers: 1 } });
  const decision = decided({ head, callOuts }, at(200_400, left("o1", "busy")), { bridge: null });
  expect(recordsIn(decision)).toStrictEqual([
    {
      ...{ kind: "call", conference: "555", life: 1, began: 1, call: "o1", extCallId: "", direction: "out" },
      ...{ number: "14085550123", attendeeId: "", participantType: "participant", host: false, bridge: "" },
      ...{ webexHost: "tsp1:80", dialledAt: null, answeredAt: null, enteredAt: null, endedAt: 200_400 },
      ...{ seconds: 0, minutes: 0, endedBy: "caller", status: "busy", reason: "busy" },
      ...{ mutes: 0, mutedSeconds: 0, failovers: 0, repairs: 0, rooms: [], dialled: "" },
      ...{ customerReference: "", fromBridge: false, topic: "", clockDiffers: false },
    },
  ]);
  expect(decision.head?.life).toMatchObject({ callers: 1, calls: 1, callMinutes: 0 });
});

test("a call that the edge hears of at its end has no server, and dialled in", () => {
  const was = { number: "4420", enteredAt: 200, leftAt: 700 };
  const late = event({ type: "caller-left", call: "c1", reason: "hung-up", was });
  expect(recordsIn(decided({ head: { phase: "absent" } }, at(1_000, late)))).toMatchObject([
    { webexHost: "", direction: "in", life: 2, minutes: 1, rooms: ["main"], topic: "" },
  ]);
  const ended = event({ type: "caller-left", call: "c1", reason: "conference-ended", was });
  expect(how(decided({ head: { phase: "absent" } }, at(1_000, ended)))).toEqual([
    "telephone completed conference-ended",
  ]);
});

test.each([
  [{}, "in"],
  [{ dialledAt: 0 }, "out"],
  [{ dialledOut: true }, "out"],
])("a call with %j was dialled %s", (more, direction) => {
  const callers = new Map([inside("c1", { history: { began: 1, enteredAt: 0, ...more } })]);
  expect(recordsIn(decided({ callers }, reported(left("c1"))))).toMatchObject([{ direction }]);
});

const calls = {
  "that rings": { callOuts: new Map([dialled("c1")]) },
  "that was picked up": {
    callOuts: new Map([dialled("c1", { stage: "answered", history: { began: 1, dialledAt: 0, answeredAt: 0 } })]),
  },
  "that is in": { callers: new Map([inside("c1")]) },
};

test.each<[keyof typeof calls, EndReason, string]>([
  ["that rings", "hung-up", "caller canceled"],
  ["that was picked up", "hung-up", "caller completed"],
  ["that is in", "hung-up", "caller completed"],
  ["that is in", "expelled", "telephone completed"],
  ["that rings", "conference-ended", "telephone canceled"],
  ["that is in", "conference-ended", "telephone completed"],
  ["that rings", "busy", "caller busy"],
  ["that rings", "rejected", "caller busy"],
  ["that rings", "no-answer", "nobody no-answer"],
  ["that rings", "cancelled", "webex canceled"],
  ["that rings", "invalid-number", "bridge failed"],
  ["that was picked up", "refused", "bridge failed"],
  ["that is in", "refused", "bridge completed"],
])("a call %s and ends with %s was ended so: %s", (which, reason, expected) => {
  expect(how(decided(calls[which], reported(left("c1", reason))))).toEqual([`${expected} ${reason}`]);
});

const request = { type: "request", transId: "t1" };
const action = { type: "action", action: "a1", person: "Ann" };

test.each([
  ["an operator", [action], "operator"],
  ["WebEx, and an operator joined", [request, action], "operator"],
  ["WebEx, since a deadline was over", [{ type: "deadline" }, request], "webex"],
  ["a rule", [{ type: "deadline" }], "policy"],
])(
  "who is hung up on by the will of %s was hung up on by them, as the bridge reports it or as the result says",
  (_, by, endedBy) => {
    const commands = new Map([
      pending("1", { type: "mute", call: "c1" }, { by: [action, request] }),
      pending("2", { type: "expel", call: "c9" }, { by: [action, request] }),
      pending("3", { type: "expel", call: "c1" }, { by }),
    ]);
    const state = { ...calls["that is in"], commands };
    for (const report of [left("c1", "expelled"), done("3")])
      expect(how(decided(state, reported(report)))).toEqual([`${endedBy} completed expelled`]);
  },
);

test.each([
  ["the telephone", {}, "telephone", "ended"],
  ["an operator", { closing: { byOperator: true, isAsked: true } }, "operator", "closed"],
  ["a rule", { closing: { byPolicy: true } }, "policy", "orphaned"],
  ["WebEx", { closing: {} }, "webex", "closed"],
  ["WebEx, which had let it go on alone", { attached: false, closing: { isAsked: true } }, "webex", "closed"],
  ["nobody, since all had left", { attached: false, closing: {} }, "nobody", "deserted"],
])("a conference that ends by the will of %s was ended by that, and its calls, too", (_, more, endedBy, reason) => {
  const { closing, ...others } = { closing: undefined as object | undefined, ...more };
  const whole = closing && { closing: { requests: [], answerBy: 9_000, next: [], ...closing } };
  const state = { ...calls["that is in"], head: running({ ...others, ...whole }) };
  expect(how(decided(state, reported(over)))).toEqual([
    `${endedBy} completed conference-ended`,
    `${endedBy} completed ${reason}`,
  ]);
  expect(how(decided(state, reported(left("c1", "conference-ended"))))[0]).toBe(
    `${endedBy} completed conference-ended`,
  );
});

test.each([
  ["dial", "that rings", "capacity", "bridge failed capacity"],
  ["expel", "that is in", "no-such-call", "bridge completed not-found"],
])("a %s of a call %s, refused with %s, ends it: %s", (type, which, reason, expected) => {
  const commands = new Map([pending("1", { type, call: "c1" })]);
  const refused = { type: "result", id: "1", result: { done: false, reason } } as Report;
  expect(how(decided({ ...calls[which as keyof typeof calls], commands }, reported(refused)))).toEqual([expected]);
});

test.each([
  ["of a moment", 0, 0, 1],
  ["of a minute", 60_000, 60, 1],
  ["of a minute and a bit", 60_001, 60, 2],
])("a call %s is billed by the minutes that it began", (_, ms, seconds, minutes) => {
  expect(recordsIn(decided(calls["that is in"], at(ms, left("c1"))))).toMatchObject([{ seconds, minutes }]);
});

/** How long calls were inside, as passed beside the bridge. */
const lasting = (report: Report, inside: readonly object[]) => ({ ...report, inside }) as object as Report;
const fiveMinutes = 300_000;
const answeredAt10 = {
  callers: new Map([inside("c1", { history: { began: 1, answeredAt: 10_000, enteredAt: 20_000 } })]),
};
const answeredLate = {
  callers: new Map([inside("c1", { history: { began: 1, answeredAt: 30_000, enteredAt: 20_000 } })]),
};

test.each([
  ["goes by the edge's clock where nothing else is known", calls["that is in"], [], 300, false],
  ["goes by its own measure", calls["that is in"], [{ call: "c2", ms: 5_000 }], 300, false],
  [
    "goes by what passed beside the bridge",
    calls["that is in"],
    [
      { call: "c2", ms: 5 },
      { call: "c1", ms: 9_000 },
    ],
    9,
    true,
  ],
  [
    "goes by the edge's clock where that is less than a minute off",
    calls["that is in"],
    [{ call: "c1", ms: 240_001 }],
    300,
    false,
  ],
  [
    "goes by what passed beside the bridge from a minute on",
    calls["that is in"],
    [{ call: "c1", ms: 240_000 }],
    240,
    true,
  ],
  ["rang before it entered", answeredAt10, [{ call: "c1", ms: 9_000 }], 19, true],
  ["rang before it entered, as the clock says", answeredAt10, [{ call: "c1", ms: 250_000 }], 290, false],
  ["was picked up and entered while the clock was set back", answeredLate, [{ call: "c1", ms: 9_000 }], 9, true],
])("the length of a call %s", (_, state, measured, seconds, clockDiffers) => {
  const head = running({ life: { ...life, callers: 1 } });
  const decision = decided({ head, ...state }, at(fiveMinutes, lasting(left("c1"), measured)));
  expect(recordsIn(decision)).toMatchObject([{ seconds, minutes: Math.ceil(seconds / 60), clockDiffers }]);
  expect(decision.head?.life.clockDiffers).toBe(clockDiffers || undefined);
  expect(Object.keys(decision.head?.life ?? {}).includes("clockDiffers")).toBe(clockDiffers);
});

test("a call that never entered has no length, whatever was measured", () => {
  const measured = lasting(left("c1", "no-answer"), [{ call: "c1", ms: 9_000 }]);
  expect(recordsIn(decided(calls["that rings"], at(fiveMinutes, measured)))).toMatchObject([
    { seconds: 0, minutes: 0, clockDiffers: false },
  ]);
  const picked = lasting(left("c1"), [{ call: "c1", ms: 90_000 }]);
  expect(recordsIn(decided(calls["that was picked up"], at(fiveMinutes, picked)))).toMatchObject([
    { seconds: 300, minutes: 5, clockDiffers: false },
  ]);
});

test("a call is muted no longer than it was on the line", () => {
  const history = { began: 1, enteredAt: 900_000, mutes: 1, mutedAt: 0 };
  const callers = new Map([inside("c1", { muted: true, history })]);
  expect(recordsIn(decided({ callers }, at(930_000, left("c1"))))).toMatchObject([{ seconds: 30, mutedSeconds: 30 }]);
});

test.each([
  ["keyed the host's code", { keyedHostCode: true }, {}, true],
  ["WebEx names by its attendee ID", { attendeeId: "77" }, { attendeeId: "77" }, true],
  ["WebEx names by its call", { extCallId: "1" }, { extCallId: "1" }, true],
  ["WebEx names neither way", { attendeeId: "78", extCallId: "2" }, { attendeeId: "77", extCallId: "1" }, false],
  ["is not named, where no host is", {}, {}, false],
])("the host is who %s", (_, more, namedHost, host) => {
  const callers = new Map([inside("c1", { attendeeId: null, extCallId: null, ...more })]);
  expect(recordsIn(decided({ callers, head: running({ namedHost }) }, reported(left("c1"))))).toMatchObject([{ host }]);
});

test("a call-out that is named by neither is not the host's, though nobody is named", () => {
  const state = { ...calls["that rings"], head: running({ namedHost: { attendeeId: "1" } }) };
  expect(recordsIn(decided(state, reported(left("c1", "busy"))))).toMatchObject([{ host: false, attendeeId: "" }]);
  const noHost = { callOuts: new Map([dialled("c1", { extCallId: null })]) };
  expect(recordsIn(decided(noHost, reported(left("c1", "busy"))))).toMatchObject([{ host: false }]);
});

test("a mute is counted from when it began, and one that is known already is not counted again", () => {
  const muted = (value: boolean) => event({ type: "caller-muted", call: "c1", muted: value });
  const before = inside("c1", { history: { began: 1, enteredAt: 0, mutes: 1, mutedMs: 300 } });
  expect(historyOf(decided({ callers: new Map([before]) }, reported(muted(true))))).toStrictEqual({
    ...{ began: 1, enteredAt: 0, mutes: 2, mutedMs: 300, mutedAt: 1_000 },
  });
  expect(historyOf(decided(calls["that is in"], reported(muted(true))))).toMatchObject({ mutes: 1 });
  const during = inside("c1", {
    muted: true,
    history: { began: 1, enteredAt: 0, mutes: 2, mutedMs: 300, mutedAt: 600 },
  });
  const state = { callers: new Map([during]) };
  expect(historyOf(decided(state, reported(muted(false))))).toStrictEqual({
    ...{ began: 1, enteredAt: 0, mutes: 2, mutedMs: 700 },
  });
  const commands = new Map([pending("1", { type: "mute", call: "c1" })]);
  expect(historyOf(decided({ ...state, commands }, reported(done("1")))) ?? during[1].history).toStrictEqual(
    during[1].history,
  );
});

test("who enters muted is muted from then on, and nowhere but where it entered", () => {
  const rooms = new Map([["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }]]);
  const state = { rooms, head: running({ talk: { room: "t1", host: "c8", invitee: "c9", stage: "open", by: [] } }) };
  const enters = (more: object) => historyOf(decided(state, reported(entered({ call: "c1", ...more }))));
  expect(enters({})).toStrictEqual({ began: 2, enteredAt: 1_000 });
  expect(enters({ muted: true })).toStrictEqual({ began: 2, enteredAt: 1_000, mutes: 1, mutedAt: 1_000 });
  expect(enters({ room: "r1" })).toStrictEqual({ began: 2, enteredAt: 1_000, rooms: ["s1"] });
  expect(enters({ room: "t1" })).toStrictEqual({ began: 2, enteredAt: 1_000, rooms: ["private"] });
});

test.each([
  ["another room follows the ones before", ["main", "s2"], "r1", ["main", "s2", "s1"]],
  ["the same room is named once", ["main", "s2", "s1"], "r1", ["main", "s2", "s1"]],
  ["who was in the main room alone was there first", undefined, "r1", ["main", "s1"]],
  ["the main room is named as such", ["s1"], "main", ["s1", "main"]],
  [
    "fifty rooms are named",
    Array.from({ length: 49 }, (_, id) => `x${id}`),
    "r1",
    [...Array.from({ length: 49 }, (_, id) => `x${id}`), "s1"],
  ],
  [
    "no more than fifty rooms are named",
    Array.from({ length: 50 }, (_, id) => `x${id}`),
    "r1",
    Array.from({ length: 50 }, (_, id) => `x${id}`),
  ],
])("of the rooms of a call: %s", (_, before, room, after) => {
  const rooms = new Map([
    ["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }],
    ["r2", { room: "r2", subConfId: "s2", stage: "open", closeRequest: null }],
  ]);
  const history = { began: 1, enteredAt: 0, ...(before && { rooms: before }) };
  const callers = new Map([inside("c1", { room: room === "main" ? "r1" : "main", history })]);
  const commands = new Map([pending("1", { type: "move", call: "c1", room })]);
  const decision = decided({ callers, rooms, commands }, reported(done("1")));
  expect(decision.changes.callers.get("c1" as never)).toMatchObject({ room, history: { rooms: after } });
});

const create = (more: object) => asked({ type: "create-conference", confKey: "555", replyTo: "tsp2:80", ...more });
const twice = { extConfIds: ["999", "1000", "1001"], webexHosts: ["tsp9:80", "tsp0:80", "tsp1:80"], failovers: 4 };

test.each([
  ["another server", {}, twice.extConfIds, [...twice.webexHosts, "tsp2:80"]],
  ["another handle", { replyTo: "tsp1:80", extConfId: "1002" }, [...twice.extConfIds, "1002"], twice.webexHosts],
  ["both", { extConfId: "1002" }, [...twice.extConfIds, "1002"], [...twice.webexHosts, "tsp2:80"]],
  [
    "the one before",
    { replyTo: "tsp0:80", extConfId: "1000" },
    [...twice.extConfIds, "1000"],
    [...twice.webexHosts, "tsp0:80"],
  ],
])(
  "a takeover by %s is in the record of the conference and of each call that lives through it",
  (_, more, extConfIds, webexHosts) => {
    const history = { began: 1, enteredAt: 0, failovers: 2 };
    const callers = new Map([inside("c1", { history }), inside("c2"), inside("c3", { left: true, enterMsgId: "e3" })]);
    const callOuts = new Map([dialled("o1"), dialled("o2", { history: { began: 1, failovers: 1 } })]);
    const decision = decided({ head: running({ life: { ...life, ...twice } }), callers, callOuts }, create(more));
    expect(decision.head?.life).toMatchObject({ extConfIds, webexHosts, failovers: 5 });
    expect([historyOf(decision)?.failovers, historyOf(decision, "c2")?.failovers]).toEqual([3, 1]);
    expect([...decision.changes.callOuts.values()].map((one) => one?.history.failovers)).toEqual([1, 2]);
    expect(decision.changes.callers.get("c3" as never)).toBeNull();
  },
);

test("a create that waits for the bridge is taken over, too, and who has left is none of that", () => {
  const head = running({ phase: "creating", requests: [], life: { ...life, ...twice, runningAt: null } });
  const callers = new Map([inside("c3", { left: true })]);
  const decision = decided({ head, callers, callOuts: new Map([dialled("o1")]) }, create({}));
  expect((decision.head as Running | undefined)?.life).toMatchObject({ failovers: 5 });
  expect(decision.changes.callers.size).toBe(0);
  expect([...decision.changes.callOuts.values()]).toMatchObject([{ history: { failovers: 1 } }]);
});

test("nobody had what was found on its bridge: the first server that creates it has taken nothing over", () => {
  const head = running({ attached: false, host: "", extConfId: "", orphan: { foundAt: 0 } });
  const decision = decided({ head, ...calls["that is in"] }, create({}));
  expect(decision.head?.life).toStrictEqual({ ...life, extConfIds: ["1001"], webexHosts: ["tsp2:80"] });
  expect(historyOf(decision)).toStrictEqual({ began: 1, enteredAt: 0 });
});

test("a conference's record says all that happened to it", () => {
  const counts = { mostCallers: 3, calls: 4, callMinutes: 5, failovers: 1, repairs: 2, givenUp: 6 };
  const known = { row: 9, createdAt: 50, runningAt: 500, topic: "Pilots", ...counts };
  const named = { extConfIds: ["1000", "1001"], webexHosts: ["tsp0:80", "tsp1:80"] };
  const head = running({ life: { ...life, ...known, ...named, callers: 0 } });
  const { row, ...shown } = known;
  const record = {
    ...{ kind: "conference", conference: "555", life: row, bridge: "bridge-1", ...shown, ...named, endedAt: 90_400 },
    ...{ seconds: 90, endedBy: "telephone", status: "completed", reason: "ended" },
    ...{ customerReference: "", fromBridge: false, clockDiffers: false },
  };
  expect(recordsIn(decided({ head }, at(90_400, over)))).toStrictEqual([record]);
  const marked = { ...head, life: { ...head.life, fromBridge: true, clockDiffers: true } };
  expect(recordsIn(decided({ head: marked }, at(90_400, over), { bridge: null }))).toStrictEqual([
    { ...record, bridge: "", fromBridge: true, clockDiffers: true },
  ]);
});

test("a conference that the bridge never created has failed, and lasted no time", () => {
  const closing = { requests: [], answerBy: 9_000, next: [] };
  const head = running({ closing, life: { ...life, runningAt: null } });
  expect(recordsIn(decided({ head }, at(90_400, over)))).toMatchObject([
    { runningAt: null, seconds: 0, endedBy: "webex", status: "failed", reason: "closed" },
  ]);
});

test("each difference to the bridge is counted, of the call that it is about and of the conference", () => {
  const head = running({ life: { ...life, repairs: 3 } });
  const history = { began: 1, enteredAt: 0, repairs: 1 };
  const muted = (call: string) => ({ call, number: "", attendeeId: null, muted: true, silent: false, room: "main" });
  const callers = new Map([inside("c1", { history }), inside("c2")]);
  const decision = decided({ head, callers }, reported(snapshot([muted("c1"), muted("c2")], { locked: true })));
  expect(factsOf(decision, "repaired")).toStrictEqual([
    { kind: "repaired", what: "locked" },
    { kind: "repaired", what: "muted", call: "c1" },
    { kind: "repaired", what: "muted", call: "c2" },
  ]);
  expect(decision.head?.life.repairs).toBe(6);
  expect([historyOf(decision)?.repairs, historyOf(decision, "c2")?.repairs]).toEqual([2, 1]);
});
