import { expect, test } from "vitest";
import { digestOf } from "../../../src/bridge/state.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { compareDigest, ownDigest } from "../../../src/conference/reconcile.ts";
import { type ConferenceState, emptyState } from "../../../src/conference/state.ts";
import { aCaller, event, held, snapshot } from "../../builders.ts";
import { decided, dialled, factsOf, inside, pending, reported, running } from "../parts/decided.ts";

const stateOf = (more: object) => ({ ...emptyState(), head: running(), ...more }) as ConferenceState;
const nothing = digestOf(held());
const closing = { requests: [], answerBy: 9_000, next: [] };
const own = new Map([pending("1", { type: "lock" })]);
const ofOther = new Map([pending("1", { type: "end-conference" }, { bridge: "bridge-2" })]);
const ended = { phase: "ended", byWebex: true, at: 900 };

test.each([
  ["that runs as the bridge says", {}, "same"],
  ["that runs otherwise", { head: running({ locked: true }) }, "differs"],
  ["that only waits for another bridge", { commands: ofOther }, "same"],
  ["whose bridge has a command", { commands: own }, "undecided"],
  ["that is being created", { head: running({ phase: "creating", requests: [] }) }, "undecided"],
  ["that is being closed", { head: running({ closing }) }, "undecided"],
  ["that was put back from a backup", { head: running({ restored: true }) }, "differs"],
  ["that is over", { head: ended }, "differs"],
  ["that never was", { head: { phase: "absent" } }, "differs"],
  ["that is over, and whose bridge has a command", { head: ended, commands: own }, "undecided"],
  ["that is over, and waits for another bridge", { head: ended, commands: ofOther }, "differs"],
  ["of which who left is not on the bridge", { callers: new Map([inside("c1", { left: true })]) }, "same"],
])(
  "a conference %s is, by its digest, as the bridge has it, or not, or that is yet to be seen",
  (_, more, expected) => {
    expect(compareDigest(stateOf(more), nothing)).toBe(expected);
  },
);

test("which digest a bridge must have is not known before a conference runs, nor while a command is pending", () => {
  const digests = [{}, { head: { phase: "absent" } }, { head: ended }, { commands: own }].map((one) =>
    ownDigest(stateOf(one)),
  );
  expect(digests).toEqual([nothing, null, null, null]);
});

/** What the bridge holds, or holds no more. */
const found = (more: object = {}, callers: readonly object[] = []) => reported(snapshot(callers, more));
const lost = reported(event({ type: "snapshot", conference: null }));
const repairs = (decision: ReturnType<typeof decided>) =>
  factsOf(decision, "repaired").map((fact) => Object.values(fact).slice(1).join(" "));
const calls = (...names: readonly string[]) => names.map((call) => aCaller({ call }));
const callers = new Map([inside("c1", { extCallId: "1" }), inside("c2", { extCallId: "2" })]);

test("a conference that the bridge no longer has is lost, and one that is over already is not", () => {
  expect(repairs(decided({}, lost))).toEqual(["lost"]);
  expect(repairs(decided({ head: ended }, lost))).toEqual([]);
  expect(repairs(decided({ head: { phase: "absent" } }, lost))).toEqual([]);
});

test("what is being created or closed is not compared: the result says how it is", () => {
  for (const more of [{ phase: "creating", requests: [] }, { closing }])
    for (const input of [lost, found({ locked: true }, calls("c9"))])
      expect(factsOf(decided({ head: running(more) }, input))).toEqual([]);
});

test.each([
  ["here", found(), undefined, { type: "end-conference" }],
  ["on another bridge", { ...found(), elsewhere: "bridge-2" }, "bridge-2", { type: "end-conference" }],
])("a conference that is over is ended %s, once", (_, input, bridge, command) => {
  const state = { head: { ...ended, at: 1_000 } };
  const decision = decided(state, input as ConferenceInput);
  expect(decision.commands).toEqual([command]);
  expect(repairs(decision)).toEqual(["over"]);
  expect(decision.notes).toEqual(["the bridge holds a conference that is over: it is ended there"]);
  const [issued] = decision.changes.commands.values();
  expect(issued && "bridge" in issued ? issued.bridge : undefined).toBe(bridge);
  expect(Object.keys(issued ?? {}).includes("bridge")).toBe(bridge !== undefined);

  const again = (more: object, type = "end-conference") =>
    decided({ ...state, commands: new Map([pending("1", { type }, more)]) }, input as ConferenceInput).commands;
  const itself = bridge === undefined ? {} : { bridge };
  expect(again(itself)).toEqual([]);
  expect(again(itself, "lock")).toEqual([command]);
  expect(again({ bridge: "bridge-3" })).toEqual([command]);
});

/** By a bridge other than its own, of which the edge knew nothing before 5,000. */
const elsewhere = (more: object = {}, callers: readonly object[] = calls("c9")) =>
  ({ ...found(more, callers), elsewhere: "bridge-2", knownSince: 5_000 }) as ConferenceInput;

test("what another bridge holds is of no meaning before the own one has said what it holds after a restore", () => {
  expect(factsOf(decided({ head: running({ restored: true }) }, elsewhere()))).toEqual([]);
  expect(decided({ head: { phase: "absent", restored: true } }, elsewhere()).movedTo).toBe("bridge-2");
});

test("a conference that was lost before WebEx knew of it is found on another bridge, and locked once", () => {
  const decision = decided({ head: { phase: "absent" } }, elsewhere());
  expect([decision.movedTo, decision.commands]).toEqual(["bridge-2", [{ type: "lock" }]]);
});

test("a conference that was found on one bridge without callers, and has them on another, is there, and locked there", () => {
  const head = running({ attached: false, keptUntil: 9_000, orphan: { foundAt: 0 } });
  const decision = decided({ head }, elsewhere());
  expect(decision.movedTo).toBe("bridge-2");
  expect(decision.commands).toContainEqual({ type: "lock" });
  expect(decision.head?.orphan).toEqual({ foundAt: 0, locks: true });
  expect(decided({ head }, elsewhere({ locked: true })).commands).not.toContainEqual({ type: "lock" });
});

test("callers whom another bridge holds of a conference that has its own here hear that their call ends", () => {
  const decision = decided({ callers }, elsewhere());
  expect(decision.commands).toEqual([{ type: "end-conference", announce: "goodbye" }]);
  expect(decision.notes).toEqual(["the bridge holds callers of its own: it is ended there"]);
});

test("a lock that the edge did not know is a repair, unless a command for it is pending", () => {
  const decision = decided({}, found({ locked: true }));
  expect([repairs(decision), factsOf(decision, "conference-locked")]).toEqual([
    ["locked"],
    [{ kind: "conference-locked", locked: true }],
  ]);
  const commands = new Map([pending("1", { type: "unlock" })]);
  expect(factsOf(decided({ commands }, found({ locked: true })))).toEqual([]);
});

test("no call comes back under its id", () => {
  const gone = new Map([inside("c1", { left: true, enterMsgId: "e1" })]);
  const back = [aCaller({ call: "c1", muted: true })];
  expect(factsOf(decided({ callers: gone }, found({}, back)))).toEqual([]);
});

test("who is in and was not known has entered, and its record says that the bridge held it otherwise", () => {
  const { changes, ...decision } = decided({}, found({}, calls("c1")));
  expect(repairs({ changes, ...decision })).toEqual(["entered"]);
  expect([...changes.callers.values()]).toMatchObject([{ call: "c1", history: { repairs: 1 } }]);
});

test.each([
  [200, { enteredAt: 200, fromBridge: true }],
  [500, { enteredAt: 1_000 }],
  [undefined, { enteredAt: 1_000 }],
])(
  "a call that is in since %s, in a conference that WebEx has created at 500, counts from then or from now",
  (enteredAt, history) => {
    const head = running({ life: { ...running().life, createdAt: 500 } });
    const arrival = aCaller({ call: "c1", ...(enteredAt !== undefined && { enteredAt }) });
    const [caller] = decided({ head }, found({}, [arrival])).changes.callers.values();
    expect(caller?.history).toStrictEqual({ began: 2, ...history, repairs: 1 });
  },
);

test("a call of which a command is pending, or that nobody wants, has not entered", () => {
  const speech = { reporting: true, speaking: [], reported: [], changedAt: null, notBefore: 9_000 };
  const inRoom = found({ speaking: ["o1"] }, calls("o1"));
  const head = running({ speech });
  const busy = { head, commands: new Map([pending("1", { type: "cancel-dial", call: "o1" })]) };
  const unwanted = { head, callOuts: new Map([dialled("o1", { stage: "dropping" })]) };
  for (const state of [busy, unwanted]) expect(factsOf(decided(state, inRoom))).toEqual([]);
});

test.each([
  ["waits for its host", "waiting", "caller-changed"],
  ["rings, as far as is known", "dialling", "caller-entered"],
])("an invitee who %s, and is in, has entered", (_, stage, type) => {
  const callOuts = new Map([dialled("o1", { stage, privately: true })]);
  const decision = decided({ callOuts }, found({}, calls("o1")));
  expect(decision.posts).toMatchObject([{ type, extCallId: "77" }]);
  expect([repairs(decision), factsOf(decision, "call-entered")]).toMatchObject([["entered"], [{ room: "main" }]]);
});

test("a call-out that is in a room entered there", () => {
  const rooms = new Map([["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }]]);
  const there = found({ rooms: [{ id: "r1", kind: "sub" }] }, [aCaller({ call: "o1", room: "r1" })]);
  const decision = decided({ rooms, callOuts: new Map([dialled("o1")]) }, there);
  expect(factsOf(decision, "call-entered")).toMatchObject([{ call: "o1", room: "r1" }]);
});

test("who speaks is as the bridge says; of who is in none of the edge's calls, nobody is told", () => {
  const speech = { reporting: true, speaking: ["c1", "c2"], reported: [], changedAt: null, notBefore: 9_000 };
  const decision = decided({ callers, head: running({ speech }) }, found({ speaking: ["c1"] }, calls("c1", "c2")));
  expect([repairs(decision), factsOf(decision, "speaker-changed")]).toEqual([
    ["speaking"],
    [{ kind: "speaker-changed", call: "c2", speaking: false }],
  ]);
});

test("speakers that are reported against the conference's wish are a repair, unless a command for it is pending", () => {
  const reporting = found({ speaking: [] });
  expect(repairs(decided({}, reporting))).toEqual(["reporting"]);
  for (const type of ["report-speakers", "stop-reporting-speakers"])
    expect(factsOf(decided({ commands: new Map([pending("1", { type })]) }, reporting))).toEqual([]);
});

test("who spoke is no difference once the bridge reports no speakers, and no server wants them", () => {
  const speech = { reporting: false, speaking: ["c1"], reported: [], changedAt: null, notBefore: 9_000 };
  const decision = decided({ callers, head: running({ speech }) }, found({}, calls("c1", "c2")));
  expect([repairs(decision), factsOf(decision, "speakers-followed")]).toEqual([
    ["reporting"],
    [{ kind: "speakers-followed", on: false }],
  ]);
  expect(decision.head?.speech).toBeUndefined();
});

test("who is still in the room of a private talk that is over is brought out at once", () => {
  const talk = { room: "t1", host: "c1", invitee: "c2", stage: "ending", retryAt: 9_000, by: [] };
  const inTalk = new Map([inside("c1", { room: "t1" })]);
  const there = found({ rooms: [{ id: "t1", kind: "private" }] }, [aCaller({ call: "c1", room: "t1" })]);
  const decision = decided({ head: running({ talk }), callers: inTalk }, there);
  expect([decision.commands, repairs(decision)]).toEqual([[{ type: "move", call: "c1", room: "main" }], []]);
});

const rooms = new Map([["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }]]);
const withRoom = (id: string) => found({ rooms: [{ id, kind: "sub" }] });

test("a room that the bridge has not is closed, one that it has is open, and one on its way is yet to be seen", () => {
  const lostIt = decided({ rooms }, found());
  expect([repairs(lostIt), factsOf(lostIt, "room-closed")]).toMatchObject([["room"], [{ room: "r1" }]]);
  expect(factsOf(decided({ rooms }, withRoom("r1")))).toEqual([]);
  for (const type of ["create-room", "close-room"])
    expect(factsOf(decided({ rooms, commands: new Map([pending("1", { type, room: "r1" })]) }, found()))).toEqual([]);
});

test("a room that nobody wants is left, and closed, unless a command for it is pending", () => {
  const decision = decided({}, withRoom("r9"));
  expect([repairs(decision), decision.commands]).toEqual([["room"], [{ type: "close-room", room: "r9" }]]);
  const inIt = found({ rooms: [{ id: "r9", kind: "sub" }] }, [aCaller({ call: "c1", room: "r9" })]);
  const left = decided({ callers: new Map([inside("c1")]) }, inIt);
  expect([repairs(left), left.commands]).toEqual([["moved"], [{ type: "move", call: "c1", room: "main" }]]);

  const after = (command: object) => decided({ commands: new Map([pending("1", command)]) }, withRoom("r9")).commands;
  expect(after({ type: "close-room", room: "r9" })).toEqual([]);
  expect(after({ type: "close-room", room: "r8" })).toHaveLength(1);
  expect(after({ type: "lock" })).toHaveLength(1);
});

test("a call that the bridge dials and nobody wants is hung up; one of which it knows nothing is over", () => {
  const unwanted = decided(
    {},
    found({
      dialled: [
        { call: "o8", answered: true },
        { call: "o9", answered: false },
      ],
    }),
  );
  expect([repairs(unwanted), unwanted.commands]).toEqual([
    ["call-out", "call-out"],
    [
      { type: "expel", call: "o8" },
      { type: "cancel-dial", call: "o9" },
    ],
  ]);
  const gone = decided({ callOuts: new Map([dialled("o1")]) }, found());
  expect([repairs(gone), factsOf(gone, "call-not-entered")]).toMatchObject([["call-out"], [{ why: "not-found" }]]);
});
