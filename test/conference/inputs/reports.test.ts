import { expect, test } from "vitest";
import type { Report } from "../../../src/bridge/events.ts";
import type { Cause } from "../../../src/conference/facts.ts";
import type { Running } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { done, entered, event, left, snapshot } from "../../builders.ts";
import { decided, dialled, factsOf, inside, pending, reported, running } from "../parts/decided.ts";

const refused = (id: string, reason = "refused") => ({ type: "result", id, result: { done: false, reason } }) as never;
const asker = (id: string): Cause => ({ type: "request", transId: id as never });
const by = (id: string) => ({ by: [asker(id)] });
const report = (name: string): Cause => ({ type: "report", event: name });
const callers = new Map([inside("c1", { extCallId: "1" }), inside("c2", { extCallId: "2" })]);

/** Who brought about each fact of this kind. */
function causes({ facts }: ReturnType<typeof decided>, kind: string) {
  return facts.flatMap((fact) => (fact.kind === kind && "by" in fact ? [fact.by] : []));
}

/** From another bridge than the conference's own. */
const elsewhere = (...reports: readonly Report[]) =>
  ({ ...reported(...reports), elsewhere: "bridge-2", knownSince: 5_000 }) as ConferenceInput;

const ends = [
  pending("1", { type: "expel", call: "c1" }, by("drop")),
  pending("2", { type: "expel", call: "c2" }, by("other")),
  pending("3", { type: "mute", call: "c1" }, by("mute")),
  pending("4", { type: "end-conference" }, by("close")),
  pending("5", { type: "end-conference" }, { ...by("before"), bridge: "bridge-2" }),
  pending("6", { type: "lock" }, by("lock")),
];

test.each([
  [left("c1", "expelled"), "call-left", "caller-left", ["drop"]],
  [left("c1", "conference-ended"), "call-left", "caller-left", ["close"]],
  [left("c1", "hung-up"), "call-left", "caller-left", []],
  [event({ type: "conference-ended" }), "conference-ended", "conference-ended", ["close"]],
  [event({ type: "lock-changed", locked: true }), "conference-locked", "lock-changed", []],
])("what a bridge reports was asked for by whoever had commanded just that: %#", (what, kind, type, askers) => {
  const state = { callers, commands: new Map(ends) };
  expect(causes(decided(state, reported(what)), kind)[0]).toEqual([report(type), ...askers.map(asker)]);
});

test("a call-out that is cancelled was so by whoever had it hung up, rung or picked up", () => {
  const callOuts = new Map([dialled("o1", { stage: "dropping" }), dialled("o2", { stage: "dropping" })]);
  const commands = new Map([
    pending("1", { type: "cancel-dial", call: "o1" }, by("cancel")),
    pending("2", { type: "expel", call: "o2" }, by("drop")),
  ]);
  const decision = decided({ callOuts, commands }, reported(left("o1", "cancelled"), left("o2", "cancelled")));
  expect(causes(decision, "call-not-entered")).toEqual([
    [report("caller-left"), asker("cancel")],
    [report("caller-left"), asker("drop")],
  ]);
});

test("a difference that a snapshot shows is a repair, and no event of the bridge", () => {
  expect(causes(decided({ callers }, reported(snapshot([]))), "call-left")).toEqual(
    Array(2).fill([{ type: "repair" }]),
  );
});

test("a command has one end: done, or why not, and whether those who waited were answered before", () => {
  const commands = new Map([
    pending("1", { type: "lock" }),
    pending("2", { type: "mute", call: "c1" }),
    pending("3", { type: "unlock" }, { expired: true }),
  ]);
  const decision = decided({ callers, commands }, reported(done("1"), refused("2"), refused("3", "too-late")));
  expect(factsOf(decision, "command-done", "command-failed")).toStrictEqual([
    { kind: "command-done", command: "1" },
    { kind: "command-failed", command: "2", type: "mute", why: "refused" },
    { kind: "command-failed", command: "3", type: "unlock", why: "too-late", late: true },
  ]);
});

test("a result that nobody waits for any more is no news, and no report of another bridge", () => {
  expect(factsOf(decided({}, reported(done("9"))))).toEqual([]);
});

test("what another bridge reports is ignored, and said once, except for the commands that are left over for it", () => {
  const commands = new Map([
    pending("1", { type: "lock" }),
    pending("2", { type: "end-conference" }, { bridge: "bridge-2" }),
  ]);
  const decision = decided({ commands }, elsewhere(done("1"), done("2"), entered({ call: "c1" })));
  expect(factsOf(decision)).toEqual([
    { kind: "command-done", command: "2" },
    { kind: "noted", text: "ignored: 2 of 3 reports of bridge bridge-2, which concern another bridge" },
  ]);
  // Where none was chosen yet, any bridge may answer.
  expect(factsOf(decided({ commands }, elsewhere(done("1")), { bridge: null }), "command-done")).toHaveLength(1);
});

test("once a conference is found on another bridge, what that one reports next is of the conference", () => {
  const found = snapshot([{ call: "c1", number: "", attendeeId: null, muted: false, silent: false, room: "main" }]);
  const decision = decided({}, elsewhere(found, entered({ call: "c2" })));
  expect(decision.movedTo).toBe("bridge-2");
  expect(factsOf(decision, "call-entered")).toMatchObject([{ call: "c1" }, { call: "c2" }]);
  expect(decision.notes.join()).not.toContain("ignored");
});

test("nobody enters a conference that the bridge has not created, or that is over", () => {
  const creating = { head: running({ phase: "creating", requests: [] }) };
  for (const state of [creating, { head: { phase: "ended", byWebex: true } }])
    expect(factsOf(decided(state, reported(entered({ call: "c1" }))))).toEqual([]);
});

test("a mute that is known is no news", () => {
  const muted = event({ type: "caller-muted", call: "c1", muted: false });
  const decision = decided({ callers }, reported(muted));
  expect([factsOf(decision), decision.posts]).toEqual([[], []]);
});

test("of calls that are turned away the last fifty are known again", () => {
  const known = Array.from({ length: 50 }, (_, index) => `t${index}`);
  const away = { type: "caller-turned-away", call: "t50", number: "", dialled: "800", why: "locked" };
  const { head, facts } = decided({ head: running({ turnedAway: known }) }, reported(event({ ...away, waitedMs: 9 })));
  expect([head?.turnedAway?.length, head?.turnedAway?.[0], head?.turnedAway?.at(-1)]).toEqual([50, "t1", "t50"]);
  // The number that was dialled is of no use to those who look at it, and is not repeated.
  expect(facts).toStrictEqual([
    {
      ...{ kind: "call-turned-away", call: "t50", number: "", why: "locked", waitedMs: 9 },
      by: [report("caller-turned-away")],
    },
  ]);
});

test("a bridge creates no conference that is over", () => {
  const commands = new Map([pending("1", { type: "create-conference" })]);
  expect(decided({ head: { phase: "absent" }, commands }, reported(done("1"))).head).toBeUndefined();
});

test("a conference that its bridge no longer has is ended by that, as WebEx wants it", () => {
  const closing = { requests: [], answerBy: 9_000, next: [] };
  const commands = new Map([pending("1", { type: "end-conference" })]);
  const ended = (reason: string) =>
    factsOf(decided({ head: running({ closing }), commands }, reported(refused("1", reason))), "conference-ended");
  expect(ended("no-such-conference")).toMatchObject([{ endedBy: "webex", why: "closed" }]);
  expect(ended("refused")).toEqual([]);
});

const orphan = { foundAt: 0, locks: true };

test.each([
  ["lock", "refused", { orphan }, 61_000],
  ["lock", "not-supported", { orphan }, undefined],
  ["lock", null, { orphan }, undefined],
  ["unlock", "refused", { orphan }, undefined],
  ["lock", "refused", { orphan: { foundAt: 0 } }, undefined],
])("after %s: %s, a found conference that the edge locks is locked again in a minute", (type, reason, more, at) => {
  const commands = new Map([pending("1", { type })]);
  const head = running({ attached: false, keptUntil: 9_000, ...more });
  const decision = decided({ head, commands }, reported(reason ? refused("1", reason) : done("1")));
  expect({ ...head, ...decision.head }.orphan).toStrictEqual({
    ...more.orphan,
    ...(at !== undefined && { retryLockAt: at }),
  });
});

test("a conference of WebEx's that cannot be locked is no found one", () => {
  const commands = new Map([pending("1", { type: "lock" })]);
  expect(decided({ commands }, reported(refused("1"))).head).toBeUndefined();
});

test("a room that is opened too late is closed, and one that was not opened is not", () => {
  const commands = new Map([pending("1", { type: "create-room", room: "r1", kind: "sub" })]);
  expect(decided({ commands }, reported(done("1"))).commands).toEqual([{ type: "close-room", room: "r1" }]);
  expect(decided({ commands }, reported(refused("1"))).commands).toEqual([]);
});

test("a caller whom the bridge no longer has is gone, and one whom it does not hang up is here", () => {
  const commands = new Map([pending("1", { type: "expel", call: "c1" })]);
  const ended = (reason: string) =>
    factsOf(decided({ callers, commands }, reported(refused("1", reason))), "call-left");
  expect(ended("no-such-call")).toMatchObject([{ call: "c1", why: "not-found" }]);
  expect(ended("refused")).toEqual([]);
});

test("who waits for the end of a call is answered with it, and who waits for that of another is not", () => {
  const request = (msgId: string) => ({
    request: { type: "drop-caller", msgId, extConfId: "1001", replyTo: "tsp1:80" },
  });
  const commands = new Map([
    pending("1", { type: "expel", call: "c1" }, request("m1")),
    pending("2", { type: "expel", call: "c1" }, request("m2")),
    pending("3", { type: "expel", call: "c2" }, request("m3")),
  ]);
  const { posts, changes } = decided({ callers, commands }, reported(done("1")));
  expect(posts).toMatchObject([
    { type: "caller-dropped", msgId: "m1" },
    { type: "caller-dropped", msgId: "m2" },
    { type: "caller-changed", status: "left" },
  ]);
  expect(changes.commands.get("2" as never)).toMatchObject({ request: null });
  expect(changes.commands.get("3" as never)).toBeUndefined();
});

const unborn = { ...running().life, runningAt: null };
const closing = { requests: [], answerBy: 9_000, next: [] };

test.each([
  ["whose end was refused", { life: unborn }, 1],
  ["that is being closed", { life: unborn, closing }, 0],
  ["that runs", {}, 0],
])("a conference %s is created by the bridge's late result, or not", (_, more, times) => {
  const head = running(more);
  const commands = new Map([pending("1", { type: "create-conference", maxCallers: null, anonymousId: null })]);
  const decision = decided({ head, commands }, reported(done("1")));
  expect(factsOf(decision, "conference-created")).toHaveLength(times);
  expect({ ...head, ...decision.head }.life.runningAt).toBe(times > 0 ? 1_000 : head.life.runningAt);
});

const speech = { reporting: true, speaking: ["c1"], reported: [], changedAt: null, notBefore: 9_000 };
const fromOther = { request: { type: "update-conference", msgId: "m1", extConfId: "1000" } };

test.each([
  ["stops, though nobody here wants that", "stop-reporting-speakers", { speech }, ["report-speakers"]],
  ["begins, though nobody here wants that", "report-speakers", {}, ["stop-reporting-speakers"]],
  ["goes on, as is wanted", "report-speakers", { speech }, []],
])("a bridge that %s is told what its conference wants, once", (_, type, more, expected) => {
  const told = (commands: Running | object) =>
    decided({ head: running(more), callers, commands }, reported(done("1"))).commands.map((command) => command.type);
  const result = pending("1", { type }, fromOther);
  expect(told(new Map([result]))).toEqual(expected);
  expect(told(new Map([result, pending("2", { type: "stop-reporting-speakers" })]))).toEqual([]);
});

test("a call-out is dialled while the conference is being created, and rings without an answer to anybody", () => {
  const head = running({ phase: "creating", requests: [] });
  const commands = new Map([pending("1", { type: "dial", call: "o1" })]);
  const decision = decided({ head, callOuts: new Map([dialled("o1")]), commands }, reported(done("1")));
  expect([decision.head, decision.posts, factsOf(decision)]).toEqual([
    undefined,
    [],
    [{ kind: "command-done", command: "1" }],
  ]);
});

test("what becomes of an invitee whose private talk is over concerns no talk", () => {
  const request = { type: "update-conference", msgId: "m1", extConfId: "1001" };
  const callOuts = new Map([dialled("o1", { stage: "dropping" })]);
  const after = (command: object, more: object = {}) =>
    decided({ callOuts, commands: new Map([pending("1", command, more)]) }, reported(done("1")));
  const moved = after({ type: "move", call: "o1", room: "main" }, { request });
  expect([moved.posts, moved.changes.callers.size]).toMatchObject([[{ msgId: "m1", result: "no-such-call" }], 0]);
  const muted = after({ type: "mute", call: "o1" });
  expect([muted.posts, muted.commands, muted.changes.callOuts.size]).toEqual([[], [], 0]);
});

test("a mute of all keeps who is in the main room out of the rule for those who return there", () => {
  const away = inside("c3", { room: "r1", mutedInMain: false });
  const rooms = new Map([["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }]]);
  const commands = new Map([
    pending("1", { type: "mute", call: "c1" }, { group: 5 }),
    pending("3", { type: "mute", call: "c3" }, { group: 5 }),
  ]);
  const state = { callers: new Map([...callers, away]), rooms, commands };
  const { changes } = decided(state, reported(done("1"), done("3")));
  expect([...changes.callers.values()]).toMatchObject([
    { call: "c1", muted: true, mutedInMain: null },
    { call: "c3", muted: true, mutedInMain: true },
  ]);
});

test("a mute silences who speaks, an unmute makes nobody speak, and neither writes what it did not change", () => {
  const after = (type: string, head: object) => {
    const muted = new Map([inside("c1", { muted: type === "unmute" })]);
    const commands = new Map([pending("1", { type, call: "c1" })]);
    return decided({ head, callers: muted, commands }, reported(done("1")));
  };
  expect(factsOf(after("mute", running({ speech })), "speaker-changed")).toEqual([
    { kind: "speaker-changed", call: "c1", speaking: false },
  ]);
  expect(factsOf(after("unmute", running({ speech })), "speaker-changed")).toEqual([]);
  expect(after("unmute", running({ speech: { ...speech, reporting: false, speaking: [] } })).head).toBeUndefined();
  expect(after("mute", running()).head).toBeUndefined();
});
