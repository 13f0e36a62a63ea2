import { expect, test } from "vitest";
import { nextDeadline } from "../../../src/conference/decide.ts";
import type { Head, Running } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import { emptyState } from "../../../src/conference/state.ts";
import { done, event, left } from "../../builders.ts";
import { asked, decided, dialled, factsOf, inside, pending, reported, running } from "../parts/decided.ts";

const request = (msgId: string, type = "close-conference") => ({ type, msgId, replyTo: "tsp1:80", extConfId: "1001" });
const closing = (more: object = {}, about: object = {}) =>
  running({ closing: { requests: [request("c1")], answerBy: 30_000, next: [], ...more }, ...about });
const waits = (msgId: string, answerBy: number) => ({
  ...{ message: { type: "create-conference", msgId, replyTo: "tsp1:80", extConfId: "1001", confKey: "555" }, answerBy },
});
const answers = ({ posts }: Pick<ReturnType<typeof decided>, "posts">) =>
  posts.flatMap((post) => ("result" in post ? [[post.msgId, post.result]] : []));
const time = (at: number, ...overdue: readonly string[]) =>
  ({ type: "time", at, overdue }) as object as ConferenceInput;
const refused = (id: string, reason = "refused") =>
  ({ type: "result", id, result: { done: false, reason } }) as object as Parameters<typeof reported>[0];
const over = event({ type: "conference-ended" });
const end = pending("1", { type: "end-conference" });
const operator = [{ type: "action", action: "a1", person: "Ann" }];
const act = (type: string, more: object = {}) =>
  ({ type: "operator", at: 1_000, id: "a1", person: "Ann", request: { type, ...more } }) as object as ConferenceInput;
const issuedIn = ({ changes }: ReturnType<typeof decided>) =>
  [...changes.commands.values()].flatMap((one) => (one ? [[one.command.type, one.by]] : []));

test("who closes a conference that is being closed waits for the same end", () => {
  const close = asked({ type: "close-conference" });
  const byWebex = decided({ head: closing(), commands: new Map([end]) }, close);
  expect(byWebex.head?.closing).toStrictEqual({
    ...{ requests: [request("c1"), request("m1")], answerBy: 30_000, next: [] },
  });
  expect(factsOf(byWebex)).toEqual([{ kind: "command-joined", command: "1", type: "end-conference" }]);

  const byOperator = decided({ head: closing({ requests: [], byOperator: true }) }, close);
  expect(byOperator.head?.closing).toStrictEqual({
    ...{ requests: [request("m1")], answerBy: 31_000, next: [], byOperator: true, isAsked: true },
  });
  expect(decided({ head: closing({}, { attached: false }) }, close).head?.closing).toMatchObject({ isAsked: true });
});

test("WebEx lets a conference go on alone: its audio stays, and nothing of it is told or owed (protocol 4.8)", () => {
  const host = "tsp1:80";
  const locked = { type: "conference-changed", msgId: "s", status: "locked", extConfId: "1001" };
  const state = {
    callers: new Map([inside("c1")]),
    outages: new Map([[host, { host, since: 0, failedAt: 0, why: "", probes: 0 }]]),
    debts: new Map([["status locked", locked]]),
  };
  const speech = { reporting: true, speaking: [], reported: [], changedAt: null, notBefore: 0 };
  const alone = (more: object = {}) => {
    const keepAlive = asked({ type: "close-conference", keepAlive: true, replyTo: "tsp2:80" });
    return decided({ ...state, head: running(more) }, keepAlive);
  };

  expect(factsOf(alone({ speech }), "speakers-followed", "conference-detached", "message-dropped")).toEqual([
    { kind: "speakers-followed", on: false },
    { kind: "conference-detached" },
    { kind: "message-dropped", type: "conference-changed", msgId: "s" },
  ]);
  expect(factsOf(alone(), "speakers-followed")).toEqual([]);
  expect(alone({ speech }).head).not.toHaveProperty("speech");
  expect([...alone().changes.debts]).toEqual([["status locked", null]]);
});

const detached = running({ attached: false });
const lateRoom = pending("9", { type: "create-room", room: "r1", kind: "sub" }, { by: operator });

test.each<[string, object, ConferenceInput, readonly object[]]>([
  [
    "the caller who left last",
    { callers: new Map([inside("c1")]) },
    reported(left("c1")),
    [{ type: "report", event: "caller-left" }],
  ],
  [
    "the caller who left last, whatever else happened",
    { callers: new Map([inside("c1")]), commands: new Map([lateRoom]) },
    reported(left("c1"), done("9"), event({ type: "lock-changed", locked: true })),
    [{ type: "report", event: "caller-left" }],
  ],
  [
    "the last call-out that failed",
    { callOuts: new Map([dialled("o1")]) },
    reported(left("o1", "busy")),
    [{ type: "report", event: "caller-left" }],
  ],
  [
    "the operator who hung up the last call-out that rang",
    { callOuts: new Map([dialled("o1")]) },
    act("expel", { call: "o1" }),
    operator,
  ],
  [
    "who wanted the last call-out that the bridge did not let in",
    {
      callOuts: new Map([dialled("o1", { stage: "answered" })]),
      commands: new Map([pending("2", { type: "admit", call: "o1", muted: false, joinTone: true }, { by: operator })]),
    },
    reported(refused("2", "too-late")),
    operator,
  ],
  [
    "WebEx, which let it go on with nobody in it",
    { head: running() },
    asked({ type: "close-conference", keepAlive: true }),
    [{ type: "request", transId: "t1", msgId: "m1" }],
  ],
  [
    "the time, after a pause",
    { head: running({ attached: false, retryEndAt: 1_000 }) },
    time(1_000),
    [{ type: "deadline" }],
  ],
])("a conference that goes on alone, and that nobody is in, is ended in the name of %s", (_, state, input, by) => {
  const decision = decided({ head: detached, ...state }, input);
  expect(issuedIn(decision).filter(([type]) => type === "end-conference")).toEqual([["end-conference", by]]);
});

test("a pause after a refused end is over in its time, and so is the wait for the first caller", () => {
  const head = (more: object) => running({ attached: false, ...more });
  const after = (more: object) => decided({ head: head(more) }, time(1_000));
  for (const name of ["retryEndAt", "keptUntil"] as const) {
    expect(after({ [name]: 1_000 }).head).not.toHaveProperty(name);
    expect(after({ [name]: 1_000 }).commands).toEqual([{ type: "end-conference" }]);
    expect([after({ [name]: 1_001 }).head, after({ [name]: 1_001 }).commands]).toEqual([undefined, []]);
  }
  expect(decided({}, time(1_000)).changes).not.toHaveProperty("head");
});

const orphan = (more: object = {}, about: object = {}) =>
  running({ attached: false, host: "", extConfId: "", orphan: { foundAt: 0, ...more }, ...about });
const withCaller = { callers: new Map([inside("c1")]) };

test("a conference that was found is locked once the pause after a refusal is over, unless it is or will be", () => {
  const retry = (at: number, about: object = {}, commands: readonly ReturnType<typeof pending>[] = []) =>
    decided(
      { ...withCaller, head: orphan({ locks: true, retryLockAt: 5_000 }, about), commands: new Map(commands) },
      time(at),
    );

  expect([retry(5_000).commands, retry(5_000).head?.orphan]).toEqual([[{ type: "lock" }], { foundAt: 0, locks: true }]);
  expect([retry(4_999).commands, retry(4_999).head]).toEqual([[], undefined]);
  expect(retry(5_000, { locked: true }).commands).toEqual([]);
  expect(retry(5_000, {}, [pending("1", { type: "unlock" })]).commands).toEqual([]);
  expect(decided({ ...withCaller, head: orphan() }, time(5_000)).changes).not.toHaveProperty("head");
});

test("a conference that WebEx does not create again in time is ended by the settings, and its callers hear of it", () => {
  const after = (at: number, about: object = {}, settings: object = {}) =>
    decided({ ...withCaller, head: orphan({ endAt: 5_000 }, about) }, time(at), { settings });
  const ended = after(5_000);

  expect(ended.commands).toEqual([{ type: "end-conference", announce: "goodbye" }]);
  expect(ended.head?.closing).toStrictEqual({
    ...{ requests: [], answerBy: 35_000, next: [], byPolicy: true, lostAt: 5_000 + 240 * 60_000 },
  });
  expect(after(4_999).commands).toEqual([]);
  expect(after(5_000, { retryEndAt: 6_000 }).commands).toEqual([]);
  expect(after(5_000, { closing: { requests: [], answerBy: 9_000, next: [] } }).commands).toEqual([]);
  const lostAfter = (minutes: unknown) => after(5_000, {}, { orphanConferenceMinutes: minutes }).head?.closing?.lostAt;
  expect([lostAfter(30), lostAfter("never")]).toEqual([5_000 + 30 * 60_000, 5_000 + 240 * 60_000]);
});

test("a refused end is due when its pause is over, and not when it was due at first", () => {
  const due = (about: object, more: object = { endAt: 5_000 }) =>
    nextDeadline({ ...emptyState(), head: orphan(more, about) });
  expect([due({}), due({ retryEndAt: 65_000 }), due({}, { endAt: 5_000, retryLockAt: 4_000 })]).toEqual([
    5_000, 65_000, 4_000,
  ]);
  expect(due({ closing: { requests: [], answerBy: 0, next: [], lostAt: 9_000 } })).toBe(9_000);
});

test("one that its bridge does not end counts as lost in the end, and not before", () => {
  const phase = (at: number, lostAt?: number) =>
    decided(
      { head: orphan({}, { closing: { requests: [], answerBy: 9_000, next: [], ...(lostAt && { lostAt }) } }) },
      {
        ...{ type: "time", at },
      },
    ).head?.phase as Head["phase"] | undefined;
  expect([phase(20_000, 20_000), phase(19_999, 20_000), phase(20_000)]).toEqual(["ended", undefined, undefined]);
});

test.each<[string, object, object, string, string, boolean]>([
  ["WebEx", {}, {}, "webex", "closed", true],
  ["an operator", { byOperator: true }, {}, "operator", "closed", false],
  ["an operator and WebEx", { byOperator: true, isAsked: true }, {}, "operator", "closed", true],
  ["the settings", { byPolicy: true }, {}, "policy", "orphaned", false],
  ["nobody", {}, { attached: false }, "nobody", "deserted", true],
])(
  "an end by %s is recorded so, and kept with the server and handle that it had",
  (_, more, about, endedBy, reason, byWebex) => {
    const state = { head: closing(more, about), commands: new Map([end]) };
    const { head, facts } = decided(state, reported(done("1")));

    expect(head).toStrictEqual({ phase: "ended", at: 1_000, host: "tsp1:80", extConfId: "1001", byWebex });
    expect(facts.find(({ kind }) => kind === "conference-ended")).toMatchObject({
      ...{ endedBy, why: reason, record: { endedBy, reason } },
    });
  },
);

test("one that had no server is kept without one", () => {
  expect(decided({ head: orphan() }, reported(over)).head).toStrictEqual({ phase: "ended", at: 1_000, byWebex: false });
});

test("who telephones ends what WebEx is closing: WebEx is answered that it is closed", () => {
  expect(answers(decided({ head: closing() }, reported(over)))).toEqual([["c1", "ok"]]);
});

test("all that is open when a conference ends is answered; what another bridge is to do stays", () => {
  const closes = { ...request("r", "close-sub-conference"), subConfId: "s1" };
  const room = {
    room: "r1",
    subConfId: "s1",
    stage: "closing",
    closeRequest: { request: closes, answerBy: 9_000, returned: [] },
  };
  const state = {
    commands: new Map([
      pending("1", { type: "lock" }, { request: request("l", "update-conference") }),
      pending("2", { type: "end-conference" }, { bridge: "bridge-2" }),
    ]),
    rooms: new Map<string, object>([
      ["r1", room],
      ["r2", { ...room, room: "r2", subConfId: "s2", stage: "open", closeRequest: null }],
    ]),
  };
  const decision = decided(state, reported(over));

  expect(answers(decision)).toEqual([
    ["l", "conference-closed"],
    ["r", "conference-closed"],
  ]);
  expect([...decision.changes.commands]).toEqual([["1", null]]);
  expect([...decision.changes.rooms]).toEqual([
    ["r1", null],
    ["r2", null],
  ]);
});

test("a server that is behind when a conference ends is behind of one that is over since then", () => {
  const host = "tsp1:80";
  const locked = { type: "conference-changed", msgId: "s", status: "locked", extConfId: "1001" };
  const state = {
    outages: new Map([[host, { host, since: 0, failedAt: 0, why: "", probes: 0 }]]),
    debts: new Map([["status locked", locked]]),
  };
  const { changes } = decided(state, reported(over));

  expect([...changes.outages.values()]).toMatchObject([{ overAt: 1_000 }]);
  expect([...changes.debts].map(([key, message]) => [key, message === null])).toEqual([
    ["status ended", false],
    ["status locked", true],
  ]);
});

test("the end of a conference on its way in is a refused end: it runs from then on, if the bridge has created it", () => {
  const uncreated = { life: { ...running().life, runningAt: null } };
  const create = pending("2", { type: "create-conference", maxCallers: null, anonymousId: null });
  const created = (about: object, ...commands: readonly ReturnType<typeof pending>[]) =>
    decided({ head: closing({}, about), commands: new Map([end, ...commands]) }, reported(refused("1")));

  const decision = created(uncreated);
  expect(factsOf(decision, "conference-created")).toHaveLength(1);
  expect(decision.head).toMatchObject({ retryEndAt: 61_000, life: { runningAt: 1_000 } });
  expect(decision.head).not.toHaveProperty("closing");
  expect(answers(decision)).toEqual([["c1", "bridge-unreachable"]]);
  expect(factsOf(created(uncreated, create), "conference-created")).toEqual([]);
  expect(factsOf(created({}), "conference-created")).toEqual([]);
});

test("who waits for an end is answered in time, each in its own; the end goes on", () => {
  const next = [waits("n1", 20_000), waits("n2", 40_000)];
  const state = { head: closing({ next }), commands: new Map([end]) };
  const after = (at: number, ...overdue: readonly string[]) => decided(state, time(at, ...overdue));
  const left = ({ head }: Pick<ReturnType<typeof decided>, "head">) => {
    const { requests, next: later } = (head as Running).closing ?? { requests: [], next: [] };
    return [...requests.map(({ msgId }) => msgId), ...later.map(({ message }) => message.msgId)];
  };

  expect(after(19_999).changes).not.toHaveProperty("head");
  expect([answers(after(20_000)), left(after(20_000))]).toEqual([[["n1", "bridge-timeout"]], ["c1", "n2"]]);
  const timeouts = ["c1", "n1"].map((msgId) => [msgId, "bridge-timeout"]);
  expect([answers(after(30_000)), left(after(30_000))]).toEqual([timeouts, ["n2"]]);
  // The bridge has been at work on it for too long.
  expect([answers(after(1_000, "1")), left(after(1_000, "1"))]).toEqual([[["c1", "bridge-timeout"]], ["n1", "n2"]]);
});

test("a conference that its bridge has lost leaves nobody in it for WebEx, and nobody twice", () => {
  const callers = new Map([
    inside("c1", { extCallId: "1" }),
    inside("c2", { extCallId: "2", left: true, enterMsgId: "e2" }),
  ]);
  const callOuts = new Map([dialled("o1", { extCallId: "3", stage: "waiting" }), dialled("o2", { extCallId: "4" })]);
  const lost = reported(event({ type: "snapshot", conference: null }));
  const { posts } = decided({ callers, callOuts }, lost);

  const left = posts.flatMap((post) => (post.type === "caller-changed" ? [[post.extCallId, post.status]] : []));
  expect(left).toEqual([
    ["3", "left"],
    ["1", "left"],
  ]);
});
