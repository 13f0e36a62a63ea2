import { expect, test } from "vitest";
import type { Creating } from "../../../src/conference/head.ts";
import type { ConferenceInput } from "../../../src/conference/inputs.ts";
import type { Post } from "../../../src/conference/server/posts.ts";
import { done } from "../../builders.ts";
import { asked, decided, factsOf, inside, pending, reported, running } from "../parts/decided.ts";

const tsp2 = "tsp2:80";
const create = (more: object = {}) => ({
  ...{ type: "create-conference", replyTo: "tsp1:80", confKey: "555", ...more },
});
const creating = (more: object = {}) => {
  const { attached: _, locked: __, groups: ___, ...ongoing } = running();
  const life = { ...ongoing.life, runningAt: null };
  return { ...ongoing, phase: "creating", requests: [], life, ...more } as object as Creating;
};
const closing = (more: object = {}) => running({ closing: { requests: [], answerBy: 30_000, next: [], ...more } });
const request = (msgId: string, type = "create-conference") => ({ type, msgId, replyTo: "tsp1:80", extConfId: "1001" });
const answers = ({ posts }: Pick<ReturnType<typeof decided>, "posts">) =>
  posts.flatMap((post) => ("result" in post ? [[post.msgId, post.result]] : []));
const outage = (more: object = {}) => ({ host: "tsp1:80", since: 0, failedAt: 0, why: "", probes: 0, ...more });
const behind = (more: object, ...messages: readonly object[]) => ({
  outages: new Map([["tsp1:80", outage(more)]]),
  debts: new Map(messages.map((message) => [`answer ${Object.values(message).slice(0, 2).join(" ")}`, message])),
});
const owedAnswer = { type: "called-out", msgId: "o1", result: "ok", extConfId: "1001" };

test.each([
  [{}, {}],
  [{ conferenceName: "Sales" }, { topic: "Sales" }],
  [{ conferenceName: "" }, {}],
])("a create with %j says that a conference is asked for, by which server and handle", (named, topic) => {
  const decision = decided({ head: { phase: "absent" } }, asked(create({ ...named, maxCallers: 5 })));

  expect(factsOf(decision, "conference-requested")).toStrictEqual([
    { kind: "conference-requested", life: 2, extConfId: "1001", host: "tsp1:80", maxCallers: 5, ...topic },
  ]);
});

test("what an earlier conference left over stays with its bridge, where that is known", () => {
  const commands = new Map([
    pending("1", { type: "end-conference" }),
    pending("2", { type: "lock" }, { bridge: "bridge-2" }),
  ]);
  const bridges = (bridge: object) =>
    [...decided({ head: { phase: "absent" }, commands }, asked(create()), bridge).changes.commands.values()].map(
      (one) => one?.bridge,
    );

  expect(bridges({})).toEqual(["bridge-1", "bridge-2", undefined]);
  // Nothing of it is written anew.
  expect(bridges({ bridge: null })).toEqual([undefined]);
});

test("a server that was owed an answer for long gets it when the conference begins anew; the rest is over", () => {
  const ended = { type: "conference-changed", msgId: "e", status: "ended", extConfId: "1001" };
  const state = {
    head: { phase: "ended", byWebex: false, host: "tsp1:80", extConfId: "1001", at: 0 },
    ...behind({ overAt: 0 }, owedAnswer),
  };
  state.debts.set("status ended", ended);
  const decision = decided(state, { ...asked(create({ extConfId: "1002" })), at: 8_000_000 } as ConferenceInput);

  expect(factsOf(decision, "server-settled", "server-reached")).toEqual([
    {
      kind: "server-settled",
      host: "tsp1:80",
      expired: true,
      messages: [{ type: "conference-changed", count: 1 }],
    },
  ]);
  expect(decision.effects).toMatchObject([{ host: "tsp1:80", message: owedAnswer }, { command: {} }]);
  expect([...decision.changes.debts.values(), ...decision.changes.outages.values()]).toEqual([null, null, null]);
});

test("a create by the conference's own server waits with the first; one by another takes over before there is a conference", () => {
  const queued = { keys: ["answer called-out o1"], at: 500 };
  const state = { head: creating({ requests: [request("c0")] }), ...behind({ probe: queued }, owedAnswer) };
  const waiting = [{ host: "tsp1:80", message: owedAnswer, probe: true }] as object as readonly Post[];
  const by = (more: object) => decided(state, asked(create(more)), { unconfirmed: () => waiting });

  const own = by({});
  expect((own.changes.head as Creating).requests.map(({ msgId }) => msgId)).toEqual(["c0", "m1"]);
  expect(factsOf(own, "conference-taken-over", "server-reached", "server-settled")).toEqual([
    { kind: "server-reached", host: "tsp1:80", byRequest: true },
  ]);
  const other = by({ replyTo: tsp2, extConfId: "1002" });
  expect(factsOf(other, "conference-taken-over")).toMatchObject([{ host: tsp2, extConfId: "1002" }]);
  expect([...other.changes.outages.values()]).toEqual([null]);
  expect([...other.changes.debts.values()]).toEqual([null]);
});

test("a conference runs from when its bridge has created it, by the handle that asked (protocol 4.1)", () => {
  const state = { head: creating(), commands: new Map([pending("1", { type: "create-conference" })]) };
  const decision = decided(state, reported(done("1")));

  expect(decision.head?.life.runningAt).toBe(1_000);
  expect(factsOf(decision, "conference-created")).toEqual([
    {
      ...{ kind: "conference-created", life: 1, createdAt: 0, extConfId: "1001", host: "tsp1:80", bridge: "bridge-1" },
    },
  ]);
});

test("what closes a conference before there is one, and keeps its audio, is answered when there is; of 51 the last at once", () => {
  const close = { type: "close-conference", keepAlive: true };
  const decision = decided({ head: creating() }, asked(...Array.from({ length: 51 }, () => close)));

  expect((decision.changes.head as Creating).keeps).toHaveLength(50);
  expect(answers(decision)).toEqual([["m51", "capacity-exceeded"]]);
});

test("a close of a create that waits for the end before it answers both, and leaves other creates alone (protocol 2.2.3)", () => {
  const waits = (extConfId: string) => ({ message: create({ extConfId, msgId: extConfId }), answerBy: 20_000 });
  const state = { head: closing({ next: [waits("2001"), waits("2002")] }) };
  const close = (extConfId: string, head = state.head) =>
    decided({ head }, asked({ type: "close-conference", extConfId }));

  const closed = close("2001");
  expect(answers(closed)).toEqual([
    ["2001", "conference-closed"],
    ["m1", "ok"],
  ]);
  expect(closed.head?.closing?.next.map(({ message }) => message.extConfId)).toEqual(["2002"]);
  expect([answers(close("2003")), close("2003").head]).toEqual([[["m1", "no-such-conference"]], undefined]);
  expect(answers(close("2003", running()))).toEqual([["m1", "no-such-conference"]]);
});

const goodbye = { type: "end-conference", announce: "goodbye" };
test.each<[string, boolean, readonly [string, object, object?][], object?]>([
  ["is undone while its callers hear of it", true, [["1", goodbye]]],
  [
    "is undone, whatever is to end on a bridge that it has left",
    true,
    [
      ["1", goodbye],
      ["2", { type: "end-conference" }, { bridge: "bridge-2" }],
    ],
  ],
  [
    "is undone, whatever else is under way",
    true,
    [
      ["1", goodbye],
      ["2", { type: "lock" }],
    ],
  ],
  ["stays where it is not announced", false, [["1", { type: "end-conference" }]]],
  [
    "stays where an operator ends it at once",
    false,
    [
      ["1", goodbye],
      ["2", { type: "end-conference" }],
    ],
  ],
  ["stays where nothing ends it on its bridge", false, [["1", { type: "lock" }]]],
  ["stays where WebEx asked for it", false, [["1", goodbye]], { isAsked: true }],
])("by another create, an end %s", (_, isUndone, pendingOnes, more) => {
  const commands = new Map(pendingOnes.map((one) => pending(...one)));
  const decision = decided({ head: closing({ byPolicy: true, ...more }), commands }, asked(create()));

  expect(decision.commands).toEqual(isUndone ? [expect.objectContaining({ renews: true })] : []);
  expect(decision.head?.closing?.next).toHaveLength(1);
});

test("an orphan without callers ends on its bridge, and the create begins another conference", () => {
  const orphan = { foundAt: 0, locks: true };
  const dropping = { call: "o1", stage: "dropping", history: { began: 1 }, request: request("d1", "call-out") };
  const state = {
    head: running({ attached: false, host: "", extConfId: "", orphan }),
    commands: new Map([pending("1", { type: "lock" })]),
    callOuts: new Map([["o1", { ...dropping, number: { country: "1", area: "", local: "2" } }]]),
  };
  const decision = decided(state, asked(create()));
  const [over, ...others] = factsOf(decision, "conference-ended", "conference-requested", "command-failed");

  expect(over).toEqual({ kind: "command-failed", command: "1", type: "lock", why: "conference-over" });
  expect(others).toMatchObject([
    { kind: "conference-ended", endedBy: "nobody", why: "deserted" },
    { kind: "conference-requested" },
  ]);
  expect(answers(decision)).toEqual([["d1", "conference-closed"]]);
  const issued = [...decision.changes.commands.values()].filter((one) => one !== null);
  expect(issued.map(({ command, bridge }) => [command.type, bridge])).toEqual([
    ["end-conference", "bridge-1"],
    ["create-conference", undefined],
  ]);
});

const hour = 3_600_000;
const ended = { phase: "ended", byWebex: false, host: "tsp1:80", extConfId: "1001", at: 0 };
const closedPost = (host: string, more: object = {}) =>
  ({
    host,
    message: { type: "conference-created", msgId: "x", result: "conference-closed", ...more },
  }) as object as Post;

test.each<[string, object, readonly Post[], number, boolean]>([
  ["WebEx was not told of the end", { closedUntil: hour }, [], 1_000, true],
  ["its key is open again", { closedUntil: hour }, [], hour, false],
  ["WebEx asked for the end", { closedUntil: hour, byWebex: true }, [], 1_000, false],
  ["it was told so", { closedUntil: hour, told: true }, [], 1_000, false],
  ["it was told so, and has not confirmed it", { closedUntil: hour, told: true }, [closedPost("tsp1:80")], 1_000, true],
  ["another server has not confirmed it", { closedUntil: hour, told: true }, [closedPost(tsp2)], 1_000, false],
  [
    "it has not confirmed something else",
    { closedUntil: hour, told: true },
    [closedPost("tsp1:80", { result: "ok" })],
    1_000,
    false,
  ],
])(
  "a create is answered that the conference is over, or begins one: %s (protocol 4.9 F5)",
  (_, more, posts, at, isOver) => {
    const input = { ...asked(create({ replyTo: "tsp3:80" })), at } as ConferenceInput;
    const decision = decided({ head: { ...ended, ...more } }, input, { unconfirmed: () => posts });

    expect(answers(decision)).toEqual(isOver ? [["m1", "conference-closed"]] : []);
    if (isOver) expect(decision.head).toMatchObject({ phase: "ended", host: "tsp3:80", told: true });
    else expect(decision.head).toMatchObject({ phase: "creating" });
  },
);

test("while the end is on its way to a server that this create replaces, the key is closed for an hour", () => {
  const end = { type: "conference-changed", msgId: "e", status: "ended", extConfId: "1001" };
  const posts = [{ host: "tsp1:80", message: end }] as object as readonly Post[];
  const { head } = decided({ head: ended }, asked(create({ replyTo: tsp2 })), { unconfirmed: () => posts });

  expect(head).toEqual({ ...ended, host: tsp2, closedUntil: 1_000 + hour, told: true });
});

test.each<[string, object, string, readonly string[]]>([
  ["of the server before", { host: "tsp1:80" }, tsp2, ["tsp1:80"]],
  ["of no server where none had it", { host: undefined }, tsp2, []],
  ["of no server where its own asks", { host: "tsp1:80" }, "tsp1:80", []],
])("an answer that a conference is over settles what is owed %s", (_, more, replyTo, settled) => {
  const head = { ...ended, closedUntil: hour, ...more };
  const decision = decided({ head }, asked(create({ replyTo })));
  expect(factsOf(decision, "server-settled")).toEqual(settled.map((host) => ({ kind: "server-settled", host })));

  if (settled.length === 0) return;
  // It is said once, where it was behind, too.
  const again = decided({ head, ...behind({}, owedAnswer) }, asked(create({ replyTo })));
  expect(factsOf(again, "server-settled")).toHaveLength(1);
});

test("callers who had left do not end with their conference a second time", () => {
  const callers = new Map([inside("c1"), inside("c2", { left: true, enterMsgId: "e1" })]);
  const over = reported({ type: "event", event: { type: "conference-ended" } } as never);
  const decision = decided({ callers }, over);

  expect(factsOf(decision, "call-left")).toHaveLength(1);
  expect(factsOf(decision, "conference-ended")).toMatchObject([{ callers: 1 }]);
});
