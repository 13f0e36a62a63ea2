import { expect, test } from "vitest";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { CallId } from "../../../src/foundation/ids.ts";
import { done, event, left, snapshot } from "../../builders.ts";
import { asked, decided, dialled, factsOf, inside, pending, reported, running } from "./decided.ts";

type State = Parameters<typeof decided>[0];
type Result = ReturnType<typeof decided>;

const action = { type: "action", action: "op1", person: "Ann" } as const;
const aTalk = (stage: string, more: object = {}) => ({
  room: "r1",
  host: "c1",
  invitee: "o1",
  stage,
  by: [action],
  ...more,
});
const withTalk = (stage: string, more: object = {}, ofHead: object = {}) =>
  running({ talk: aTalk(stage, more), ...ofHead });
const refused = (id: string, reason = "refused") => ({ type: "result", id, result: { done: false, reason } }) as never;
const time = (at: number): ConferenceInput => ({ type: "time", at });
const talkIn = ({ head }: Result) => head?.talk;
const callerIn = ({ changes }: Result, call: string) => changes.callers.get(call as CallId);
const callOutIn = ({ changes }: Result) => changes.callOuts.get("o1" as CallId);
const causes = ({ changes }: Result) =>
  [...changes.commands.values()].flatMap((one) => (one ? [[one.command.type, one.by]] : []));

const calls = (...list: readonly ReturnType<typeof inside>[]) => new Map(list);
const invited = (stage: string, more: object = {}) => new Map([dialled("o1", { stage, privately: true, ...more })]);
const commands = (...list: readonly object[]) =>
  new Map(list.map((command, index) => pending(`${index + 1}`, command, {})));
const hostIn = (more: object = {}) => inside("c1", { extCallId: "1", room: "r1", ...more });
const invitee = (more: object = {}) => inside("o1", { extCallId: "77", room: "r1", rank: 2, ...more });
const toTalk = (call: string) => ({ type: "move", call, room: "r1" });
const toMain = (call: string) => ({ type: "move", call, room: "main" });
const add = (more: object = {}) =>
  asked({ type: "update-conference", action: "add-to-main", extCallId: "77", ...more });
const answers = ({ posts }: Result) => posts.flatMap((post) => ("result" in post ? [post.result] : []));
const keepAlive = asked({ type: "close-conference", keepAlive: true });

test("an invitee who waits already is not answered once more", () => {
  const answered = event({ type: "call-answered", call: "o1" });
  const decision = decided({ callOuts: invited("waiting"), callers: calls(inside("c1")) }, reported(answered));
  expect([decision.facts, decision.effects]).toEqual([[], []]);
});

test("a host who is in a sub-conference, or on its way, cannot talk: the invitee waits, and WebEx is told so with all that it knows", () => {
  const answered = event({ type: "call-answered", call: "o1" });
  const rooms = new Map([["r2", { room: "r2", subConfId: "s2", stage: "open", closeRequest: null }]]);
  const talk = (state: State) =>
    decided({ rooms, callOuts: invited("dialling", { attendeeId: "7" }), ...state }, reported(answered));
  const away = talk({ callers: calls(inside("c1", { room: "r2", mutedInMain: false })) });
  const moving = talk({ callers: calls(inside("c1")), commands: commands({ ...toTalk("c1"), room: "r2" }) });

  for (const decision of [away, moving]) {
    expect(decision.posts).toStrictEqual([
      {
        ...{
          msgId: decision.posts[0]?.msgId,
          extConfId: "1001",
          type: "caller-entered",
          extCallId: "77",
          attendeeId: "7",
        },
        ...{
          participantType: "participant",
          did: "14085550123",
          action: "private-talk",
          actionResult: "bridge-unreachable",
        },
      },
    ]);
    expect(callOutIn(decision)).toMatchObject({ stage: "waiting", answerBy: 61_000 });
  }
  const unnamed = decided({ callOuts: invited("dialling") }, reported(answered));
  expect(unnamed.posts[0]).not.toHaveProperty("attendeeId");
});

test("a host who is gone when the talk's room opens cannot talk: the invitee waits", () => {
  const opens = commands({ type: "create-room", room: "r1", kind: "private" });
  const decision = decided(
    { head: withTalk("opening"), callOuts: invited("answered"), commands: opens },
    reported(done("1")),
  );
  expect([decision.commands, callOutIn(decision)?.stage]).toEqual([[{ type: "close-room", room: "r1" }], "waiting"]);
});

test.each([
  ["the talk is over", "ending", "answered", { privately: false }],
  ["its invitee is dropped", "opening", "dropping", {}],
])("a host who comes into the talk's room when %s is brought back", (_why, stage, ofInvitee, more) => {
  const callOuts = invited(ofInvitee, more);
  const state = {
    head: withTalk(stage),
    callers: calls(hostIn({ room: "main" })),
    callOuts,
    commands: commands(toTalk("c1")),
  };
  expect(decided(state, reported(done("1"))).commands).toEqual([toMain("c1")]);
});

test("who is found in an open talk's room and is no part of it is brought back; its legs stay", () => {
  const callers = (call: string) =>
    calls(hostIn(), invitee(), inside("c3", { rank: 3 }), inside(call, { extCallId: "5", rank: 4 }));
  const into = (stage: string, call: string) =>
    decided({ head: withTalk(stage), callers: callers(call), commands: commands(toTalk(call)) }, reported(done("1")))
      .commands;

  expect(into("open", "c3")).toEqual([toMain("c3")]);
  expect(into("open", "c1")).toEqual([]);
  expect(into("open", "o1")).toEqual([]);
  expect(into("adding", "c1")).toContainEqual(toMain("c1"));
});

test("where the bridge refuses to add the invitee, the talk goes on, and the host is heard in it again (protocol 4.21)", () => {
  const adding = (command: object, host: object) =>
    decided(
      {
        head: withTalk("adding"),
        callers: calls(hostIn({ muted: true, ...host }), invitee({ muted: true })),
        commands: commands(command),
      },
      reported(refused("1")),
    );
  const again = adding(toMain("c1"), { heardInTalk: false });
  expect([again.commands, talkIn(again)?.stage]).toEqual([[{ type: "unmute", call: "c1" }], "open"]);
  expect(adding(toMain("o1"), { heardInTalk: false }).commands).toEqual([]);
  expect(adding(toMain("c1"), {}).commands).toEqual([]);
});

test.each([
  ["nothing else is pending", [], true],
  ["it is to be hung up", [{ type: "expel", call: "c1" }], true],
  ["somebody else is being muted", [{ type: "unmute", call: "c3" }], true],
  ["it is being muted", [{ type: "mute", call: "c1" }], false],
  ["it is being unmuted", [{ type: "unmute", call: "c1" }], false],
] as const)("a muted host who is out of the talk's room is muted again: %s", (_what, others, isMuted) => {
  const callers = calls(
    hostIn({ muted: true, heardInTalk: true }),
    invitee({ room: "main" }),
    inside("c3", { rank: 3 }),
  );
  const state = { head: withTalk("adding"), callers, commands: commands(toMain("c1"), ...others) };
  const mutes = decided(state, reported(done("1"))).commands.filter(({ type }) => type === "mute");
  expect(mutes).toEqual(isMuted ? [{ type: "mute", call: "c1" }] : []);
});

test("a host whose mute is being restored, or lifted only now, is muted once", () => {
  const callers = calls(hostIn({ muted: true, heardInTalk: true }), invitee({ room: "main" }));
  const mutes = (type: string) => {
    const forTalk = pending("2", { type, call: "c1" }, { forTalk: true });
    const state = { head: withTalk("adding"), callers, commands: new Map([...commands(toMain("c1")), forTalk]) };
    return decided(state, reported(done("1"))).commands.filter((one) => one.type === "mute").length;
  };
  expect([mutes("mute"), mutes("unmute")]).toEqual([0, 1]);
});

test("a refused mute restores nothing while the host is in the talk", () => {
  const mute = (room: string) => {
    const state = {
      head: withTalk("open"),
      callers: calls(hostIn({ muted: true, heardInTalk: true, room }), invitee()),
    };
    return decided({ ...state, commands: commands({ type: "mute", call: "c1" }) }, reported(refused("1"))).commands;
  };
  expect([mute("r1"), mute("main")]).toEqual([[], [{ type: "mute", call: "c1" }]]);
});

test("lifting and restoring a host's mute is heard by nobody but the talk, unless the bridge refuses to restore it", () => {
  const speech = { reporting: true, speaking: ["c1"], reported: [], changedAt: null, notBefore: 0 };
  const after = (type: string, result: (id: string) => never, more: object, room = "main") => {
    const callers = calls(hostIn({ muted: true, room, ...more }), invitee());
    const forTalk = new Map([pending("1", { type, call: "c1" }, { forTalk: true })]);
    return decided({ head: withTalk("open", {}, { speech }), callers, commands: forTalk }, reported(result("1")));
  };
  const ok = done as (id: string) => never;
  const speaking = (decision: Result) => (decision.head ?? withTalk("open", {}, { speech })).speech?.speaking;

  const lifted = after("unmute", ok, {}, "r1");
  expect([lifted.posts, callerIn(lifted, "c1")?.heardInTalk, speaking(lifted)]).toEqual([[], true, ["c1"]]);
  const restored = after("mute", ok, { heardInTalk: true });
  expect([restored.posts, callerIn(restored, "c1")?.heardInTalk, speaking(restored)]).toEqual([[], false, []]);
  expect(after("unmute", refused, {}, "r1").posts).toEqual([]);
  expect(after("unmute", refused, {}).posts).toEqual([]);
  expect(after("mute", refused, {}).posts).toEqual([]);
  expect(after("mute", refused, { heardInTalk: true }, "r1").posts).toEqual([]);
  expect(after("mute", refused, { heardInTalk: true }).posts).toMatchObject([
    { type: "caller-changed", status: "unmuted" },
  ]);
  expect(after("unmute", refused, { heardInTalk: true }).posts).toEqual([]);
});

test("an invitee who may only listen, and cannot be muted, waits outside, also if it hangs up right after", () => {
  const state = {
    ...{ head: withTalk("opening"), callers: calls(hostIn()), callOuts: invited("answered", { muted: true }) },
    commands: commands({ type: "mute", call: "o1" }),
  };
  expect(decided(state, reported(refused("1"), left("o1"))).posts).toMatchObject([
    { type: "caller-entered", actionResult: "bridge-unreachable" },
    { type: "caller-changed", status: "left" },
  ]);
  expect(decided(state, reported(done("1"))).commands).toEqual([toTalk("o1")]);
});

test("only the talk's invitee is added, while the talk is open; one that waits is let in, once", () => {
  const talking = (stage: string) => ({
    head: withTalk(stage),
    callers: calls(hostIn(), invitee(), inside("c3", { extCallId: "3" })),
  });
  const moving = { commands: commands(toTalk("c1")) };

  expect(answers(decided(talking("open"), add({ extCallId: "9" })))).toEqual(["no-such-call"]);
  expect(answers(decided(talking("open"), add({ extCallId: undefined })))).toEqual(["no-such-call"]);
  expect(answers(decided(talking("open"), add({ extCallId: "3" })))).toEqual(["wrong-room"]);
  expect(answers(decided({ ...talking("ending"), ...moving }, add()))).toEqual(["wrong-room"]);
  expect(answers(decided({ callers: calls(invitee({ room: "main" })) }, add()))).toEqual(["wrong-room"]);
  const adds = decided(talking("open"), add());
  expect([adds.commands, answers(adds)]).toEqual([[toMain("c1"), toMain("o1")], []]);

  const callOuts = new Map([
    dialled("o1", { stage: "dropping" }),
    dialled("o2", { stage: "waiting", extCallId: "78" }),
    dialled("o3", { stage: "waiting" }),
  ]);
  const admit = (call: string) => ({ type: "admit", call, muted: false, joinTone: true });
  expect(decided({ callOuts }, add()).commands).toEqual([admit("o3")]);
  expect(decided({ callOuts, commands: commands(admit("o2"), { type: "expel", call: "o3" }) }, add()).commands).toEqual(
    [admit("o3")],
  );
  expect(decided({ callOuts, commands: commands(admit("o3")) }, add()).commands).toEqual([]);
});

test("where there is no private talk, none is ended", () => {
  expect(answers(decided({}, asked({ type: "update-conference", action: "end-private-talk" })))).toEqual([
    "no-such-call",
  ]);
});

test("where WebEx lets the conference go, an invitee who waits is let go, and an ordinary call-out is dialled on", () => {
  const detached = decided({ callOuts: invited("waiting"), callers: calls(inside("c1")) }, keepAlive);
  expect(detached.commands).toEqual([{ type: "expel", call: "o1" }]);
  expect(callOutIn(detached)?.end).toEqual({ endedBy: "policy", status: "completed", reason: "cancelled" });
  const ordinary = new Map([dialled("o1", { stage: "dialling" })]);
  expect(decided({ callOuts: ordinary }, keepAlive).changes.callOuts.size).toBe(0);
  expect(callOutIn(decided({ callOuts: invited("dialling") }, keepAlive))).toMatchObject({
    privately: false,
    stage: "dialling",
  });
});

test("an invitee on its way into a talk that a failover ended is let in when the bridge does not move it", () => {
  const state = {
    ...{ head: withTalk("ending"), callers: calls(hostIn()), callOuts: invited("answered", { privately: false }) },
    commands: commands(toTalk("o1"), toMain("c1")),
  };
  expect(decided(state, reported(refused("1"))).commands).toMatchObject([{ type: "admit", call: "o1" }]);
});

test("WebEx learns that the invitee has joined once the host is out, and nothing of one that has left", () => {
  const joined = (gone: readonly ReturnType<typeof inside>[]) =>
    decided(
      {
        head: withTalk("adding", { notifiesJoin: true }),
        callers: calls(hostIn(), ...gone),
        commands: commands(toMain("c1")),
      },
      reported(done("1")),
    ).posts.flatMap((post) => ("action" in post ? [post.action] : []));

  expect(joined([invitee({ room: "main" })])).toEqual(["joined-main"]);
  expect(joined([invitee({ room: "main", left: true, enterMsgId: "e1" })])).toEqual([]);
  expect(joined([])).toEqual([]);
  const stays = decided(
    { head: withTalk("adding", { notifiesJoin: true }), callers: calls(hostIn(), invitee({ room: "main" })) },
    time(1_000),
  );
  expect(stays.posts).toEqual([]);
});

test("what ends a talk is what its commands are for: a leg that is gone, or who has ended it before", () => {
  const gone = { type: "report", event: "caller-left" };
  const open = { callers: calls(hostIn(), invitee()) };
  const ended = decided({ ...open, head: withTalk("open") }, reported(left("o1")));
  expect([causes(ended), talkIn(ended)?.by]).toEqual([[["move", [gone]]], [gone]]);
  const opening = decided(
    { callers: calls(hostIn()), callOuts: invited("answered"), head: withTalk("opening") },
    reported(left("o1")),
  );
  expect([causes(opening), talkIn(opening)?.by]).toEqual([[["move", [gone]]], [gone]]);
  const before = decided(
    { callers: calls(hostIn({ room: "main" }), invitee()), head: withTalk("ending") },
    reported(left("o1")),
  );
  expect(causes(before)).toEqual([["close-room", [action]]]);
  const alone = decided({ ...open, head: withTalk("open") }, reported(left("c1")));
  expect(talkIn(alone)).toMatchObject({ aloneUntil: 61_000, by: [gone] });
  const adding = { head: withTalk("adding"), callers: calls(hostIn(), invitee()), commands: commands(toMain("o1")) };
  expect(talkIn(decided(adding, reported(left("c1"))))?.by).toEqual([gone]);
  const asks = asked({ type: "update-conference", action: "end-private-talk" });
  expect(talkIn(decided({ ...open, head: withTalk("open") }, asks))?.by).toMatchObject([{ type: "request" }]);
  const other = decided(
    { callers: calls(hostIn(), invitee(), inside("c3")), head: withTalk("open") },
    reported(left("c3")),
  );
  expect(talkIn(other) ?? aTalk("open")).toEqual(aTalk("open"));
  const again = decided(
    { ...open, head: withTalk("ending"), commands: commands(toMain("c1")) },
    asked({ type: "update-conference", action: "end-private-talk" }),
  );
  expect(talkIn(again)).toMatchObject({ by: [action], dropsInvitee: true });
});

test("the talk ends with an invitee that has left, whether WebEx has confirmed its name or not", () => {
  for (const more of [{}, { enterMsgId: "e1" }]) {
    const decision = decided({ head: withTalk("open"), callers: calls(hostIn(), invitee(more)) }, reported(left("o1")));
    expect([decision.commands, talkIn(decision)?.stage]).toEqual([[toMain("c1")], "ending"]);
  }
});

test.each([
  [{ type: "mute", call: "o1" }, "opening", true],
  [{ type: "mute", call: "c3" }, "opening", false],
  [{ type: "unmute", call: "o1" }, "opening", false],
  [{ type: "move", call: "c1", room: "main" }, "opening", true],
  [{ type: "move", call: "c3", room: "main" }, "opening", false],
  [{ type: "close-room", room: "r1" }, "opening", true],
  [{ type: "close-room", room: "r2" }, "opening", false],
  [{ type: "mute", call: "o1" }, "ending", false],
])("a talk waits for its own commands: with %j pending, one that is %s: %j", (command, stage, waits) => {
  const callers = calls(hostIn({ room: "main" }), inside("c3", { rank: 3 }));
  const state = { head: withTalk(stage), callers, callOuts: invited("answered"), commands: commands(command) };
  const decision = decided(state, time(1_000));
  expect(decision.commands).toEqual(waits ? [] : [{ type: "close-room", room: "r1" }]);
});

test("only a talk that was opened has ended", () => {
  const over = (stage: string, more: object = {}) =>
    factsOf(
      decided({ head: withTalk(stage, more), callers: calls(hostIn({ room: "main" })) }, time(1_000)),
      "talk-ended",
    );
  expect(over("ending")).toEqual([{ kind: "talk-ended", room: "r1" }]);
  expect([over("opening"), over("ending", { neverOpened: true })]).toEqual([[], []]);
  const failed = decided({ head: withTalk("opening"), callers: calls(hostIn()) }, time(1_000));
  expect(talkIn(failed)).toStrictEqual({ ...aTalk("ending"), neverOpened: true });
  const ended = decided({ head: withTalk("open"), callers: calls(hostIn()) }, time(1_000));
  expect(talkIn(ended)).toStrictEqual(aTalk("ending"));
});

test("a leg that stays in the room of a talk that is over is brought out again after ten seconds, and that is said once", () => {
  const stays = { callers: calls(hostIn(), inside("c3", { rank: 3 })), head: withTalk("ending") };
  const first = decided(stays, time(1_000));
  expect([talkIn(first)?.retryAt, first.notes.length, first.commands]).toEqual([11_000, 1, []]);
  const waits = { ...stays, head: withTalk("ending", { retryAt: 11_000 }) };
  for (const input of [time(10_999), reported(left("c3"))]) {
    const meanwhile = decided(waits, input);
    expect([meanwhile.notes, meanwhile.commands]).toEqual([[], []]);
  }
  const again = decided(waits, time(11_000));
  expect([again.commands, talkIn(again)]).toEqual([[toMain("c1")], aTalk("ending")]);
  const leaving = { ...stays, callers: calls(invitee()), commands: commands({ type: "expel", call: "o1" }) };
  expect(decided(leaving, time(1_000)).notes).toEqual([]);
});

test("disconnects a lone invitee after one minute", () => {
  const alone = { head: withTalk("open", { aloneUntil: 61_000 }), callers: calls(invitee()) };
  expect(decided(alone, time(60_999)).commands).toEqual([]);
  expect(decided(alone, time(61_000)).commands).toEqual([{ type: "expel", call: "o1" }]);
  const back = decided({ ...alone, callers: calls(hostIn(), invitee()) }, time(1_000));
  expect(talkIn(back)).toStrictEqual(aTalk("open"));
  const found = decided(
    alone,
    reported(snapshot([{ call: "o1", number: "", attendeeId: null, muted: false, silent: false, room: "r1" }])),
  );
  expect(found.commands).toEqual([]);
});
