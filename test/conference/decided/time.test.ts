import { expect, test } from "vitest";
import { nextDeadline, overdueAt, waiterFor } from "../../../src/conference/decide.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { PendingCommand } from "../../../src/conference/state.ts";
import { emptyState } from "../../../src/conference/state.ts";
import { decided, dialled, factsOf, inside, pending, running } from "../parts/decided.ts";

const tsp1 = "tsp1:80";
const request = (msgId: string, type = "update-caller") => ({ type, msgId, replyTo: tsp1, extConfId: "1001" });
const closing = (more: object = {}, about: object = {}) =>
  running({
    closing: { requests: [request("c1", "close-conference")], answerBy: 30_000, next: [], ...more },
    ...about,
  });
const creating = (more: object = {}) => {
  const { attached: _, locked: __, groups: ___, ...ongoing } = running();
  return { ...ongoing, phase: "creating", requests: [request("c0", "create-conference")], ...more };
};
const answers = ({ posts }: Pick<ReturnType<typeof decided>, "posts">) =>
  posts.flatMap((post) => ("result" in post ? [[post.msgId, post.result]] : []));
const time = (at: number, ...overdue: readonly string[]) =>
  ({ type: "time", at, overdue }) as object as ConferenceInput;
const create = { type: "create-conference", maxCallers: null, anonymousId: null };
const mute = { type: "mute", call: "c1" };
const end = { type: "end-conference" };
const operator = [{ type: "action", action: "a1", person: "Ann" }];
const closeRoom = { request: request("r", "close-sub-conference"), answerBy: 20_000, returned: [] };
const room = (more: object = {}) => ({
  room: "r1",
  subConfId: "s1",
  stage: "closing",
  closeRequest: closeRoom,
  ...more,
});
const outage = (more: object = {}, host = tsp1) => ({ host, since: 0, failedAt: 0, why: "", probes: 0, ...more });
const lock = { type: "conference-changed", msgId: "s1", extConfId: "1001", status: "locked" };
const behind = (more: object = {}) => ({
  ...{ outages: new Map([[tsp1, outage(more)]]), debts: new Map([["status locked", lock]]) },
});

test("a create that the bridge does not answer in time is refused, and ended where it may have come about", () => {
  const commands = new Map([
    pending("1", create, { answerBy: 15_000 }),
    pending("2", { type: "dial", call: "o1" }, { answerBy: 15_000, request: request("d", "call-out") }),
  ]);
  const decision = decided({ head: creating(), commands }, time(15_000));

  expect(answers(decision)).toEqual([
    ["c0", "bridge-timeout"],
    ["d", "bridge-timeout"],
  ]);
  expect(factsOf(decision, "command-failed")).toEqual([
    { kind: "command-failed", command: "1", type: "create-conference", why: "too-late" },
    { kind: "command-failed", command: "2", type: "dial", why: "conference-over" },
  ]);
  expect([decision.commands, decision.head]).toEqual([[end], { phase: "absent", notCreated: true }]);
});

test("a create waits on while only something else is late, and its own lateness matters to nobody once it is closed", () => {
  const late = pending("2", { type: "dial", call: "o1" }, { answerBy: 15_000 });
  const other = decided({ head: creating(), commands: new Map([pending("1", create), late]) }, time(15_000));
  expect([other.head, answers(other)]).toEqual([undefined, []]);
  expect(factsOf(other, "command-expired")).toEqual([{ kind: "command-expired", command: "2", type: "dial" }]);

  const closed = closing({}, { life: { ...running().life, runningAt: null } });
  const own = decided({ head: closed, commands: new Map([pending("1", create, { answerBy: 15_000 })]) }, time(15_000));
  expect(own.head).toMatchObject({ phase: "running", closing: { requests: [{ msgId: "c1" }] } });
  expect(own.commands).toEqual([]);
});

test("a late command is answered once, and its result still counts; one of a life before is over", () => {
  const commands = new Map([
    pending("1", mute, { answerBy: 30_000, request: request("m") }),
    pending("2", mute, { answerBy: 500, expired: true }),
    pending("3", end, { answerBy: 20_000, bridge: "bridge-2" }),
    pending("4", mute, { answerBy: 30_001, request: request("n") }),
  ]);
  const decision = decided({ callers: new Map([inside("c1")]), commands }, time(30_000));

  expect(answers(decision)).toEqual([["m", "bridge-timeout"]]);
  expect(factsOf(decision)).toEqual([
    { kind: "command-expired", command: "1", type: "mute" },
    { kind: "command-failed", command: "3", type: "end-conference", why: "conference-over" },
  ]);
  expect([...decision.changes.commands.entries()]).toMatchObject([
    ["1", { expired: true, request: null, answerBy: 30_000 }],
    ["3", null],
  ]);
  const over = decided({ head: { phase: "absent" }, commands: new Map([pending("1", end, { answerBy: 5 })]) }, time(5));
  expect(factsOf(over)).toEqual([
    { kind: "command-failed", command: "1", type: "end-conference", why: "conference-over" },
  ]);
});

test("of commands at which the bridge is for too long, only who waits for these is answered", () => {
  const commands = new Map([
    pending("1", mute, { answerBy: 30_000, request: request("m") }),
    pending("2", end),
    pending("3", { type: "lock" }),
  ]);
  const after = (...overdue: readonly string[]) =>
    answers(decided({ head: closing(), callers: new Map([inside("c1")]), commands }, time(12_000, ...overdue)));

  expect(after("1")).toEqual([["m", "bridge-timeout"]]);
  expect(after("2")).toEqual([["c1", "bridge-timeout"]]);
  expect(after("3", "gone")).toEqual([]);
});

test("a room that is not closed in time is answered so; others wait on", () => {
  const rooms = new Map([
    ["r1", room()],
    ["r2", room({ room: "r2", subConfId: "s2", closeRequest: { ...closeRoom, answerBy: 20_001 } })],
    ["r3", room({ room: "r3", subConfId: "s3", stage: "open", closeRequest: null })],
  ]);
  const callers = new Map(["r1", "r2", "r3"].map((id) => inside(`c-${id}`, { room: id })));
  const commands = new Map(
    [...callers.keys()].map((call) => pending(`move ${call}`, { type: "move", call, room: "main" })),
  );
  const decision = decided({ rooms, callers, commands }, time(20_000));

  expect(answers(decision)).toEqual([["r", "bridge-timeout"]]);
  expect([...decision.changes.rooms.keys()]).toEqual(["r1"]);
});

const wait = (more: object, state: object = {}) =>
  waiterFor(
    { ...emptyState(), head: closing(), ...state } as never,
    { by: [], answerBy: 9_000, request: null, ...more } as object as PendingCommand,
  );

test.each<[string, object, object, object | null]>([
  ["its request", { command: mute, request: request("m") }, {}, { for: "command", until: 9_000 }],
  ["its group", { command: mute, group: 1 }, {}, { for: "command", until: 9_000 }],
  ["its operator", { command: mute, by: operator }, {}, { for: "command", until: 9_000 }],
  ["its operator, who has all the time", { command: mute, by: operator, answerBy: null }, {}, null],
  ["nobody, where it is late already", { command: mute, request: request("m"), expired: true }, {}, null],
  ["nobody, of a life before", { command: end, bridge: "bridge-2" }, {}, null],
  ["who telephones, by a time of its own", { command: { type: "dial", call: "o1" }, request: request("d") }, {}, null],
  ["who closes the conference", { command: end }, {}, { for: "end", until: 30_000 }],
  ["nobody, where nobody closes it", { command: end }, { head: running() }, null],
  ["nobody, where WebEx was answered", { command: end }, { head: closing({ requests: [] }) }, null],
  [
    "who closes the room that it leaves",
    { command: { type: "move", call: "c1", room: "main" } },
    { callers: new Map([inside("c1", { room: "r1" })]), rooms: new Map([["r1", room()]]) },
    { for: "closing", room: room(), until: 20_000 },
  ],
  [
    "who closes the room",
    { command: { type: "close-room", room: "r1" } },
    { rooms: new Map([["r1", room()]]) },
    { for: "closing", room: room(), until: 20_000 },
  ],
  ["nobody, where the room is unknown", { command: { type: "close-room", room: "r9" } }, {}, null],
  ["nobody", { command: { type: "lock" } }, {}, null],
])("a command is waited for by %s", (_, command, state, expected) => {
  expect(wait(command, state)).toEqual(expected);
});

test("who waits does so for ten seconds from when the bridge was given the command, or from when they began", () => {
  const due = (answerBy: number, begunAt: number) => {
    const [, one] = pending("1", mute, { answerBy, request: request("m") });
    return overdueAt({ ...emptyState(), head: running() }, one, begunAt);
  };
  expect([due(31_000, 2_000), due(40_000, 2_000)]).toEqual([12_000, 20_000]);
  expect(overdueAt({ ...emptyState(), head: running() }, pending("1", mute)[1], 0)).toBeNull();
});

const speech = { reporting: true, speaking: ["c1"], reported: [], changedAt: 1_000, notBefore: 6_000 };
test.each<[string, object, number | null]>([
  ["a command", { commands: new Map([pending("1", mute, { answerBy: 5_000 }), pending("2", mute)]) }, 5_000],
  ["no command that was late", { commands: new Map([pending("1", mute, { answerBy: 5_000, expired: true })]) }, null],
  ["who closes it", { head: closing() }, 30_000],
  ["a create behind its end", { head: closing({ next: [{ message: {}, answerBy: 7_000 }] }) }, 7_000],
  ["a pause after a refused end", { head: running({ retryEndAt: 4_000 }) }, 4_000],
  ["the first caller", { head: running({ keptUntil: 4_000 }) }, 4_000],
  ["a talk's host", { head: running({ talk: { retryAt: 4_000 } }) }, 4_000],
  ["a talk's invitee", { head: running({ talk: { aloneUntil: 4_000 } }) }, 4_000],
  ["entry rules", { head: running({ renewAt: 4_000 }) }, 4_000],
  ["no entry rules of what ends", { head: closing({ answerBy: 9_000 }, { renewAt: 4_000 }) }, 9_000],
  ["speakers", { head: running({ speech }) }, 6_000],
  [
    "the server that is behind, and no speakers",
    { head: running({ speech }), outages: new Map([[tsp1, outage()]]) },
    5_000,
  ],
  ["a call-out", { callOuts: new Map([dialled("o1", { answerBy: 8_000 }), dialled("o2")]) }, 8_000],
  ["a room that closes", { rooms: new Map([["r1", room()]]) }, 20_000],
  ["a room that was not closed", { rooms: new Map([["r1", room({ closeRequest: null, retryAt: 3_000 })]]) }, 3_000],
  [
    "the first of all",
    { head: closing(), rooms: new Map([["r1", room()]]), callOuts: new Map([dialled("o1", { answerBy: 25_000 })]) },
    20_000,
  ],
  ["nothing", {}, null],
  [
    "nothing but who waits, of what was restored",
    {
      head: closing({}, { restored: true, retryEndAt: 1, keptUntil: 1 }),
      ...{ callOuts: new Map([dialled("o1", { answerBy: 1 })]), rooms: new Map([["r1", room({ retryAt: 1 })]]) },
    },
    30_000,
  ],
])("time next brings something for %s", (_, state, due) => {
  expect(nextDeadline({ ...emptyState(), head: running(), ...state } as never)).toBe(due);
});

test("what was restored from a backup waits for its bridge: only who waits is answered, and its server is probed", () => {
  const state = {
    head: closing({}, { restored: true, retryEndAt: 1_000 }),
    callOuts: new Map([dialled("o1", { answerBy: 1_000, request: request("d", "call-out") })]),
    rooms: new Map([["r1", room({ closeRequest: { ...closeRoom, answerBy: 1_000 } })]]),
    ...behind(),
  };
  const decision = decided(state, time(30_000));

  expect(decision.effects).toMatchObject([{ probe: true, message: { msgId: "c1", result: "bridge-timeout" } }]);
  expect(decision.head).toMatchObject({ retryEndAt: 1_000, closing: { requests: [] } });
  expect([...decision.changes.outages.values()]).toMatchObject([{ probe: { at: 30_000 } }]);
  expect([decision.changes.callOuts.size, decision.changes.rooms.size]).toEqual([0, 0]);
});

test("a restore answers all that waited, and nothing is done before the bridge says what it holds", () => {
  const next = [{ message: { ...request("n", "create-conference") }, answerBy: 9_000, by: [] }];
  const commands = new Map([pending("1", mute, { request: request("m") }), pending("2", end, { bridge: "bridge-2" })]);
  const restored = (state: object) => decided(state, { type: "restored", at: 1_000 });
  const group = { id: 1, request: request("g", "update-conference") };
  const runs = restored({ head: running({ attached: false, groups: [group] }), commands });

  expect(answers(runs)).toEqual([
    ["m", "bridge-timeout"],
    ["g", "bridge-timeout"],
  ]);
  expect(factsOf(runs)).toEqual([
    { kind: "command-failed", command: "1", type: "mute", why: "too-late" },
    { kind: "command-failed", command: "2", type: "end-conference", why: "conference-over" },
  ]);
  expect(runs.head).toEqual(running({ attached: false, restored: true }));
  // Nobody is in it, but that is not known.
  expect(runs.commands).toEqual([]);
  const closes = restored({ head: closing({ next }) });
  expect(answers(closes)).toEqual([
    ["n", "bridge-timeout"],
    ["c1", "ok"],
  ]);
  expect(closes.head).toMatchObject({ phase: "ended", restored: true });
  const creates = restored({ head: creating() });
  expect([answers(creates), creates.head]).toEqual([
    [["c0", "bridge-timeout"]],
    { phase: "absent", notCreated: true, restored: true },
  ]);
  expect(restored({ head: { phase: "absent" } }).head).toEqual({ phase: "absent", restored: true });
});

const probe = (host: string) =>
  ({ type: "probe", at: 2_000, id: "a1", person: "Ann", host }) as object as ConferenceInput;
test("an operator has a server probed that is behind, and no other", () => {
  const { effects } = decided({ head: running({ locked: true }), ...behind() }, probe(tsp1));
  expect(effects).toEqual([{ host: tsp1, message: lock, probe: true, actions: ["a1"] }]);
  expect(decided(behind(), probe("tsp2:80")).effects).toEqual([]);
});

test("only a server that is behind can be reached again", () => {
  const reached = (host: string) =>
    decided(behind(), { type: "reached", at: 2_000, host } as object as ConferenceInput);
  expect(reached(tsp1).facts.map(({ kind }) => kind)).toEqual(["server-reached", "message-dropped"]);
  expect(reached("tsp2:80").facts).toEqual([]);
});

test("a room that is left by its last caller closes, but not of what was restored", () => {
  const state = (more: object) => ({
    head: running({ attached: false, ...more }),
    rooms: new Map([["r1", room({ closeRequest: null })]]),
  });
  const after = (more: object) => decided(state(more), time(1_000)).commands;
  expect(after({})).toContainEqual({ type: "close-room", room: "r1" });
  expect(after({ restored: true })).toEqual([]);
});
