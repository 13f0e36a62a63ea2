import { expect, test } from "vitest";
import type { Report } from "../../../src/bridge/events.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { callOfEntry } from "../../../src/conference/parts/callers.ts";
import type { Caller } from "../../../src/conference/state.ts";
import { logLines } from "../../../src/explain/log.ts";
import type { CallId, MsgId } from "../../../src/foundation/ids.ts";
import { done, entered, event, left, snapshot } from "../../builders.ts";
import { asked, decided, dialled, factsOf, inside, pending, reported, running } from "./decided.ts";

const action = { type: "operator", at: 1_000, id: "op1", person: "Ann" } as const;
const mute = { ...action, request: { type: "mute", call: "c1" } } as object as ConferenceInput;
const muted = (call: string, muted = true) => event({ type: "caller-muted", call, muted });
const named = (more: object) => asked({ type: "caller-named", extConfId: undefined, ...more });
const callerIn = ({ changes }: ReturnType<typeof decided>, call = "c1") => changes.callers.get(call as CallId);
const outage = new Map([["tsp1:80", { host: "tsp1:80", since: 0, failedAt: 0, why: "HTTP 500", probes: 0 }]]);

test.each([
  ["a call that is there", { extCallId: "1" }, ["warn"]],
  ["a call that has left", { extCallId: "1", left: true, enterMsgId: "e1" }, []],
  ["a call that a new server has not named yet", { extCallId: "1", enterMsgId: "e1" }, []],
])("warns if WebEx repeats the name of %s: %j gives %j", (_which, first, levels) => {
  const callers = new Map([inside("c1", first), inside("c2", { enterMsgId: "e2" })]);
  const lines = logLines(decided({ callers }, named({ msgId: "e2", extCallId: "1" })).facts);
  expect(lines.map(({ level }) => level)).toEqual(levels);
});

test("a call that is here, or was dialled, does not enter once more", () => {
  expect(decided({ callers: new Map([inside("c1")]) }, reported(entered({ call: "c1" }))).facts).toEqual([]);
  expect(decided({ callOuts: new Map([dialled("c1")]) }, reported(entered({ call: "c1" }))).facts).toEqual([]);
  expect(factsOf(decided({}, reported(entered({ call: "c1" }), entered({ call: "c1" }))), "call-entered")).toHaveLength(
    1,
  );
});

test("who comes in is reported as it comes in, and a withheld number or ID is not", () => {
  const prompted = event({
    type: "caller-entered",
    caller: { call: "c1", number: "4420", attendeeId: "7", muted: true, silent: true, room: "main", dialled: "800" },
    prompt: { waitedMs: 900, wrongKeys: 1 },
  });
  const withheld = entered({ call: "c2", number: "" });
  const decision = decided({}, reported(prompted, withheld));

  const about = { type: "caller-entered", extConfId: "1001", actionResult: "ok" };
  expect(decision.posts).toStrictEqual([
    { ...about, msgId: "a2", participantType: "silent-monitor", attendeeId: "7", did: "4420" },
    { ...about, msgId: "a4", participantType: "participant" },
  ]);
  expect(factsOf(decision, "call-entered")).toStrictEqual([
    {
      ...{ kind: "call-entered", call: "c1", life: 1, began: 2, direction: "in", number: "4420", attendeeId: "7" },
      ...{ extCallId: null, participantType: "silent-monitor", muted: true, room: "main" },
      prompt: { waitedMs: 900, wrongKeys: 1 },
    },
    {
      ...{ kind: "call-entered", call: "c2", life: 1, began: 2, direction: "in", number: "", attendeeId: null },
      ...{ extCallId: null, participantType: "participant", muted: false, room: "main" },
    },
  ]);
  expect([callerIn(decision)?.entersMuted, callerIn(decision, "c2")?.entersMuted]).toEqual([true, undefined]);
});

test("a record has the number that a caller dialled, and whether the edge knew of its entry", () => {
  const caller = { number: "4420", attendeeId: null, muted: false, silent: false, room: "main" };
  const since = { ...caller, call: "c1", enteredAt: 200, dialledOut: true };
  const now = { ...caller, call: "c2", dialled: "800" };
  const state = { head: running({ life: { ...running().life, createdAt: 500 } }) };
  const records = factsOf(decided(state, reported(snapshot([since, now]), left("c1"), left("c2"))), "call-left");

  expect(records).toMatchObject([
    { record: { dialled: "", direction: "out", fromBridge: true, repairs: 1 } },
    { record: { dialled: "800", direction: "in", fromBridge: false, repairs: 1 } },
  ]);
});

test("a conference that waits for its first caller waits no more once somebody is in", () => {
  const head = running({ attached: false, keptUntil: 9_000 });
  expect(decided({ head }, reported(entered({ call: "c1" }))).head).not.toHaveProperty("keptUntil");
});

test("a name is for the call whose entry it answers", () => {
  const callers = new Map([
    inside("c1", { enterMsgId: "e1", extCallId: "1" }),
    inside("c2", { enterMsgId: "e2" }),
    inside("c3", { namedBy: "e3", extCallId: "3" }),
  ]);
  const callOuts = new Map([dialled("o1"), dialled("o2", { stage: "waiting", enterMsgId: "e4", extCallId: "78" })]);
  const state = { callers, callOuts, debts: new Map([["entry e2", { type: "caller-entered", msgId: "e2" }]]) };
  const of = (msgId: string) => decided(state, named({ msgId, extCallId: "55" }));

  expect(factsOf(of("e1"))).toContainEqual({ kind: "call-named", call: "c1", extCallId: "55" });
  expect(factsOf(of("e2"))).toContainEqual({ kind: "call-named", call: "c2", extCallId: "55" });
  expect([...of("e2").changes.debts]).toEqual([["entry e2", null]]);
  expect(factsOf(of("e3"))).toContainEqual({ kind: "call-named", call: "c3", extCallId: "55" });
  expect([...of("e4").changes.callOuts.values()]).toMatchObject([{ call: "o2", enterMsgId: null }]);
  expect(of("e4").changes.callers.size).toBe(0);
  expect(of("e9").notes).toEqual(["WebEx names a call for message e9, for which no caller waits"]);
  expect(decided({ head: { phase: "absent" } }, named({ msgId: "e9" })).notes).toHaveLength(1);
});

test("a refused name keeps the call's current one", () => {
  const waiting = new Map([inside("c1", { enterMsgId: "e1" })]);
  const before = new Map([inside("c1", { enterMsgId: "e1", extCallId: "1" })]);
  const refused = { msgId: "e1", extCallId: "55", result: "rejected" };

  const unnamed = decided({ callers: waiting }, named(refused));
  expect(callerIn(unnamed)).toMatchObject({ extCallId: null, enterMsgId: null, namedBy: "e1" });
  expect(factsOf(unnamed, "call-not-named", "call-named")).toEqual([{ kind: "call-not-named", call: "c1" }]);
  const kept = decided({ callers: before }, named(refused));
  expect(callerIn(kept)).toMatchObject({ extCallId: "1", enterMsgId: null });
  expect(factsOf(kept, "call-not-named", "call-named")).toEqual([]);
  expect([unnamed.notes, kept.notes]).toEqual(Array(2).fill(["WebEx refused to name call c1: result rejected"]));
  const same = decided({ callers: before }, named({ msgId: "e1", extCallId: "1" }));
  expect([same.notes, factsOf(same)]).toEqual([[], []]);
});

test.each([
  ["a call that waits for its name", { callers: new Map([inside("c1", { enterMsgId: "e1" })]) }, true],
  ["a call that it has named", { callers: new Map([inside("c1", { namedBy: "e1", extCallId: "1" })]) }, true],
  ["an invitee", { callOuts: new Map([dialled("o1", { stage: "waiting", enterMsgId: "e1" })]) }, true],
  ["a call that left", { head: running({ lostEntries: ["e0", "e1"] }) }, true],
  [
    "other calls alone",
    { callers: new Map([inside("c1", { enterMsgId: "e2" })]), callOuts: new Map([dialled("o1")]) },
    false,
  ],
  ["nobody", { head: running({ phase: "creating", requests: [] }) }, false],
])("a name for %s is a sign of life of the conference's server, if it answers an entry", (_who, state, isBack) => {
  const decision = decided({ ...state, outages: outage }, named({ msgId: "e1", extCallId: "55" }));
  expect(factsOf(decision, "server-reached")).toHaveLength(isBack ? 1 : 0);
});

test("under a new name WebEx gets a call's state, its attendee ID and its room again, unless the call has left", () => {
  const rooms = new Map([["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }]]);
  const known = { namedBy: "e1", extCallId: "1", room: "r1" };
  const posts = (more: object) =>
    decided({ rooms, callers: new Map([inside("c1", { ...known, ...more })]) }, named({ msgId: "e1", extCallId: "5" }))
      .posts;
  const about = { extConfId: "1001", extCallId: "5" };
  const room = { ...about, type: "joined-sub-conference", subConfId: "s1" };

  expect(posts({ muted: true, attendeeId: "7" })).toStrictEqual([
    { ...about, msgId: "a1", type: "caller-changed", status: "muted", attendeeId: "7" },
    { ...room, msgId: "a2" },
  ]);
  expect(posts({})).toStrictEqual([
    { ...about, msgId: "a1", type: "caller-changed", status: "unmuted" },
    { ...room, msgId: "a2" },
  ]);
  expect(posts({ left: true, namedBy: null, enterMsgId: "e1", held: [{ status: "left" }] })).toStrictEqual([
    { ...about, msgId: "a1", type: "caller-changed", status: "left" },
  ]);
});

test("a call that left before it was named is reported as left under its name, and no other one", () => {
  const state = { head: running({ lostEntries: ["e1", "e2"] }) };
  const leaves = decided(state, named({ msgId: "e1", extCallId: "55" }));

  expect(leaves.posts).toMatchObject([{ type: "caller-changed", extCallId: "55", status: "left" }]);
  expect(leaves.head?.lostEntries).toEqual(["e2"]);
  for (const answer of [{ extCallId: "55", result: "rejected" }, {}]) {
    const nobody = decided(state, named({ msgId: "e1", ...answer }));
    expect([nobody.posts, nobody.head?.lostEntries]).toEqual([[], ["e2"]]);
  }
});

test("what changes of a call before it is named is held, the last of each kind, with the operators who wanted it", () => {
  const waiting = { callers: new Map([inside("c1", { enterMsgId: "e1" })]) };
  const wanted = { type: "action", action: "op1", person: "Ann" };
  const commands = new Map([pending("1", { type: "mute", call: "c1" }, { by: [wanted, { type: "deadline" }] })]);
  const key = event({ type: "attendee-identified", id: "k1", call: "c1", attendeeId: "7" });
  const held = (...reports: readonly Report[]) =>
    callerIn(decided({ ...waiting, commands }, reported(...reports)))?.held;

  expect(held(muted("c1"))).toStrictEqual([{ status: "muted" }]);
  expect(held(done("1"))).toStrictEqual([{ status: "muted", by: [wanted] }]);
  expect(held(done("1"), muted("c1", false), muted("c1"))).toStrictEqual([
    { status: "unmuted" },
    { status: "muted", by: [wanted] },
  ]);
  expect(held(muted("c1"), key, muted("c1", false))).toStrictEqual([
    { status: "muted" },
    { status: "muted", attendeeId: "7" },
    { status: "unmuted" },
  ]);
  expect(held(key, muted("c1"), muted("c1", false))).toStrictEqual([
    { status: "unmuted", attendeeId: "7" },
    { status: "muted" },
    { status: "unmuted" },
  ]);
  const joined = { status: "unmuted", action: "joined-main", actionResult: "ok" } as const;
  const talked: Partial<Caller> = { enterMsgId: "e1" as never, muted: true, held: [joined] };
  const after = decided({ callers: new Map([inside("c1", talked)]) }, reported(muted("c1", false)));
  expect(callerIn(after)?.held).toStrictEqual([joined, { status: "unmuted" }]);
});

test("what changes of a call that has its name is held for nobody", () => {
  const callers = new Map([inside("c1", { extCallId: "1" })]);
  expect(callerIn(decided({ callers }, reported(muted("c1"))))?.held).toEqual([]);
});

test.each([
  [{ enterMsgId: "e1" }, "not-named-yet"],
  [{}, "unnamed"],
])("an operator learns why WebEx does not learn of a mute: %j", (more, why) => {
  const callers = new Map([inside("c1", more)]);
  const { changes } = decided({ callers }, mute);
  const commands = changes.commands as ReadonlyMap<never, never>;
  const [id] = commands.keys();
  const facts = factsOf(decided({ callers, commands }, reported(done(id))), "message-withheld");

  expect(facts).toEqual([{ kind: "message-withheld", type: "caller-changed", why, call: "c1", actions: ["op1"] }]);
});

test("a call that is muted twice is muted once", () => {
  const commands = new Map(["1", "2"].map((id) => pending(id, { type: "mute", call: "c1" })));
  const state = { callers: new Map([inside("c1", { extCallId: "1" })]), commands };
  expect(factsOf(decided(state, reported(done("1"), done("2"))), "call-muted")).toEqual([
    { kind: "call-muted", call: "c1", muted: true },
  ]);
});

test("of the reports of one caller's attendee IDs the last ten count once", () => {
  const keys = Array.from({ length: 11 }, (_, id) =>
    event({ type: "attendee-identified", id: `k${id}`, call: "c1", attendeeId: `${id}` }),
  );
  const decision = decided({ callers: new Map([inside("c1", { extCallId: "1" })]) }, reported(...keys));

  expect(callerIn(decision)?.identifications).toEqual(keys.slice(1).map((_, id) => `k${id + 1}`));
  expect(factsOf(decision, "call-merged")).toHaveLength(11);
});

test("callers who are here do not count among those who left before they were named", () => {
  const here = Array.from({ length: 1_001 }, (_, id) => inside(`c${id}`, { enterMsgId: `e${id}` }));
  const { changes } = decided({ callers: new Map(here) }, reported(left("c1000")));
  expect([...changes.callers].filter(([, caller]) => caller === null)).toEqual([]);
});

test("of a call that leaves while WebEx is owed its entry, the entry is said no more, and its name is awaited if it was posted", () => {
  const debts = new Map([["entry e1", { type: "caller-entered", msgId: "e1" }]]);
  const leaving = (more: object, isOwed = true) =>
    decided(
      { outages: outage, callers: new Map([inside("c1", { enterMsgId: "e1", ...more })]), ...(isOwed && { debts }) },
      reported(left("c1")),
    );

  const never = leaving({});
  expect([never.head?.lostEntries, [...never.changes.debts.keys()], callerIn(never)]).toEqual([
    undefined,
    ["entry e1"],
    null,
  ]);
  expect(factsOf(never, "call-not-named")).toHaveLength(1);
  expect(leaving({ entryLost: true }).head?.lostEntries).toEqual(["e1"]);
  const known = leaving({ entryLost: true, extCallId: "1" });
  expect([known.head?.lostEntries, factsOf(known, "call-not-named")]).toEqual([undefined, []]);
  const asked = leaving({ enterMsgId: null, extCallId: null }, false);
  expect([asked.head?.lostEntries, callerIn(asked)]).toEqual([undefined, null]);
});

test("a hundred lost entries are kept, and none is dropped before", () => {
  const lostEntries = Array.from({ length: 99 }, (_, id) => `m${id}`);
  const callers = new Map([inside("c1", { enterMsgId: "m99", left: true })]);
  const of = { host: running().host, transId: "t", attempts: 3, why: "" };
  const lost = { type: "undelivered", at: 1_000, messages: [{ type: "caller-entered", msgId: "m99" }], of };
  const { head, notes } = decided({ head: running({ lostEntries }), callers }, lost as object as ConferenceInput);
  expect([head?.lostEntries?.length, notes]).toEqual([100, []]);
});

test("a call that WebEx has not named is not in a sub-conference for it, also after a failover (protocol 2.3.8)", () => {
  const rooms = new Map([["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }]]);
  const callers = new Map([
    inside("c1", { room: "r1", enterMsgId: "e1" }),
    inside("c2", { room: "r1", extCallId: "2" }),
  ]);
  const other = { type: "create-conference", replyTo: "tsp2:80", extConfId: "2001", confKey: "555" };
  const { posts } = decided({ rooms, callers }, asked(other));
  expect(posts.filter(({ type }) => type === "joined-sub-conference")).toMatchObject([{ extCallId: "2" }]);
});

test("an entry is that of the caller or the invitee whose name it awaits", () => {
  const callers = new Map([inside("c1", { enterMsgId: "e1" }), inside("c2")]);
  const callOuts = new Map([dialled("o1", { enterMsgId: "e2" })]);
  const calls = ["e1", "e2", "e3"].map((msgId) =>
    callOfEntry({ callers, callOuts }, { type: "caller-entered", msgId: msgId as MsgId }),
  );
  expect(calls).toEqual(["c1", "o1", undefined]);
});
