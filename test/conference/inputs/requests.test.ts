import { expect, test } from "vitest";
import { asked, decided, dialled, factsOf, inside, pending, running } from "../parts/decided.ts";

const lock = { type: "update-conference", action: "lock" };
const drop = (extCallId: string, more: object = {}) => ({ type: "drop-caller", extCallId, ...more });
const named = { type: "caller-named", msgId: "e1", extConfId: undefined, extCallId: "55" };
const waiting = new Map([inside("c1", { enterMsgId: "e1" })]);
const behind = new Map([["tsp1:80", { host: "tsp1:80", since: 0, failedAt: 0, why: "HTTP 500", probes: 0 }]]);

/** Of each command that follows, the server that is to have its answer. */
function serversOf({ changes }: ReturnType<typeof decided>) {
  return [...changes.commands.values()].map((command) => command?.request?.replyTo);
}

test("messages of one document act in its order; only to a server that is behind names come first", () => {
  const commands = (more: object) => decided({ callers: waiting, ...more }, asked(drop("55"), named)).commands;
  expect(commands({})).toEqual([]);
  expect(commands({ outages: behind })).toEqual([{ type: "expel", call: "c1" }]);
});

test("a message that names no server is of the one that has its handle, or had it", () => {
  const formerHandles = [
    { extConfId: "998", host: "tsp8:80", until: 9_000 },
    { extConfId: "999", host: "tsp9:80", until: 9_000 },
    { extConfId: "997", until: 9_000 },
  ];
  const head = running({ formerHandles });
  expect(serversOf(decided({ head }, asked(lock)))).toEqual(["tsp1:80"]);
  expect(serversOf(decided({ head }, asked({ ...lock, replyTo: "tsp2:80" })))).toEqual(["tsp2:80"]);
  const answered = (extConfId: string) =>
    decided({ head, outages: behind }, asked({ ...lock, extConfId })).effects.map(
      (effect) => "host" in effect && effect.host,
    );
  expect(answered("999")).toEqual(["tsp9:80"]);
  expect(answered("998")).toEqual(["tsp8:80"]);
});

test("a request to nobody's conference is answered to nobody", () => {
  const decision = decided({ head: { phase: "absent" } }, asked(lock));
  expect([decision.posts, decision.notes]).toEqual([
    [],
    ["conference-updated m1 is not sent: WebEx has named no host for it"],
  ]);
});

test.each([
  ["its name for a call that waits for it", named, true],
  ["a name under a handle that is not the conference's", { ...named, extConfId: "77" }, false],
  ["a name for a call of nobody's", { ...named, msgId: "e9" }, false],
  [
    "another message without a handle, under the same MsgID",
    { type: "unknown", msgId: "e1", extConfId: undefined },
    false,
  ],
  ["a request under the conference's handle", lock, true],
  ["a request under another handle", { ...lock, extConfId: "77" }, false],
])("%s is a sign of life of the conference's server, or not", (_, message, isSign) => {
  const decision = decided({ callers: waiting, outages: behind }, asked(message));
  expect(factsOf(decision, "server-reached")).toHaveLength(isSign ? 1 : 0);
});

const next = (extConfId: string) => ({
  message: { type: "create-conference", msgId: "9", extConfId, replyTo: "tsp1:80", confKey: "555" },
  answerBy: 90_000,
});
const closing = { requests: [], answerBy: 9_000, next: [next("1009")] };

test("a handle that was replaced counts again only where a create that waits brings it back", () => {
  const head = (extConfId: string) => running({ closing, formerHandles: [{ extConfId, until: 9_000 }] });
  const data = { type: "passthrough", extCallId: "1", data: "x" };
  const notes = (extConfId: string) => decided({ head: head(extConfId) }, asked({ ...data, extConfId })).notes;
  expect(notes("999")).toEqual(["passthrough is dropped: 999 was replaced"]);
  expect(notes("1009")).toEqual(["client data for call 1 is dropped: the domain has no passthroughUrl"]);
});

test("only a close takes back a create that waits for the end of the conference before", () => {
  const of = (message: object) => decided({ head: running({ closing }) }, asked({ extConfId: "1009", ...message }));
  const closed = of({ type: "close-conference" });
  expect(closed.posts).toMatchObject([
    { type: "conference-created", result: "conference-closed" },
    { type: "conference-closed", result: "ok" },
  ]);
  expect(closed.head?.closing?.next).toEqual([]);
  const locked = of(lock);
  expect(locked.posts).toMatchObject([{ type: "conference-updated", result: "no-such-conference" }]);
  expect(locked.head).toBeUndefined();
});

test("of data for the partner's back end a hundred wait, and other posts are none of them", () => {
  const data = asked({ type: "passthrough", extCallId: "1", data: "x" });
  const after = (type: string, count: number) =>
    decided({}, data, {
      settings: { passthroughUrl: "https://partner.example.com/" },
      unconfirmed: () => Array(count).fill({ host: "tsp1:80", message: { type } }),
    });
  expect(after("caller-changed", 100).posts).toMatchObject([{ type: "client-data", extCallId: "1", data: "x" }]);
  expect(after("client-data", 99).posts).toHaveLength(1);
  expect(after("client-data", 100)).toMatchObject({
    posts: [],
    notes: ["client data for call 1 is dropped: 100 others wait for the back end"],
  });
});

test.each([
  ["that is over", { phase: "ended", byWebex: true, extConfId: "1001", host: "tsp1:80" }],
  ["that never was", { phase: "absent" }],
  ["that was let go on alone", running({ attached: false, keptUntil: 9_000 })],
  ["that is being closed", running({ closing: { ...closing, next: [] } })],
  ["under another handle", running({ extConfId: "1002" })],
])("a request to a conference %s finds none", (_, head) => {
  const decision = decided({ head }, asked({ ...lock, replyTo: "tsp1:80" }));
  expect([decision.posts, decision.commands]).toMatchObject([[{ result: "no-such-conference" }], []]);
});

test("a conference that is being created takes requests, and its bridge gets them behind the create", () => {
  expect(decided({ head: running({ phase: "creating", requests: [] }) }, asked(lock)).commands).toEqual([
    { type: "lock" },
  ]);
});

test("of call-outs the one that WebEx names is dropped, where somebody is on its line", () => {
  const callOuts = new Map([
    dialled("o1", { extCallId: "71", stage: "waiting" }),
    dialled("o2", { extCallId: "72", stage: "answered" }),
    dialled("o3", { extCallId: "73" }),
    dialled("o4", { extCallId: "74", stage: "dropping" }),
  ]);
  const commands = ["71", "72", "73", "74"].flatMap((id) => decided({ callOuts }, asked(drop(id))).commands);
  expect(commands).toEqual([
    { type: "expel", call: "o1" },
    { type: "expel", call: "o2" },
  ]);
});

test("a mute of all concerns who will return to the main room, and keeps who is there as it is", () => {
  const rooms = new Map([["r1", { room: "r1", subConfId: "s1", stage: "open", closeRequest: null }]]);
  const callers = new Map([
    inside("c1", { muted: true }),
    inside("c2", { room: "r1", muted: true, mutedInMain: false }),
  ]);
  const all = { type: "update-conference", action: "mute-all" };
  const { changes, posts } = decided(
    { callers, rooms, head: running({ chosenHost: { call: "c9", attendeeId: null, number: "" } }) },
    asked(all),
  );
  expect([...changes.callers.values()]).toMatchObject([{ call: "c2", mutedInMain: true }]);
  expect(posts).toMatchObject([{ type: "conference-updated", result: "ok" }]);
});

test("who mutes all is answered once for all of them, and an operator, who waits for no answer, is not", () => {
  const callers = new Map([inside("c1", { keyedHostCode: true }), inside("c2"), inside("c3")]);
  const request = { type: "mute-all" };
  const byOperator = { type: "operator", at: 1_000, id: "op1", person: "Ann", request } as never;
  const byWebex = decided({ callers }, asked({ type: "update-conference", action: "mute-all" }));
  expect(byWebex.head?.groups).toMatchObject([{ request: { msgId: "m1" } }]);
  const operated = decided({ callers }, byOperator);
  expect(operated.commands).toEqual(byWebex.commands);
  expect(operated.commands).toHaveLength(2);
  expect(operated.head?.groups ?? []).toEqual([]);
});

test("a mute of all that changes nobody is answered at once, and a mute under way is a change", () => {
  const callers = new Map([inside("c1", { keyedHostCode: true }), inside("c2", { muted: true })]);
  const all = asked({ type: "update-conference", action: "mute-all" });
  expect(decided({ callers }, all).posts).toMatchObject([{ result: "ok" }]);
  const commands = new Map([pending("1", { type: "unmute", call: "c2" })]);
  expect(decided({ callers, commands }, all)).toMatchObject({ posts: [], commands: [{ type: "mute", call: "c2" }] });
});
