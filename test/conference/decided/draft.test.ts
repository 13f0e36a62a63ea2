import { expect, test } from "vitest";
import type { BridgeCommand } from "../../../src/bridge/commands.ts";
import type { Draft } from "../../../src/conference/draft.ts";
import type { Cause } from "../../../src/conference/facts.ts";
import type { CallId, WebexHost } from "../../../src/foundation/ids.ts";
import type { OpenRequest, ToWebex } from "../../../src/tsp/messages.ts";
import { testDomain } from "../../local-domain.ts";
import { drafted, pending, running } from "../parts/decided.ts";

const { transactionMemoryMs } = testDomain().settings;
const tsp1 = "tsp1:80" as WebexHost;
const tsp2 = "tsp2:80" as WebexHost;
const operator: readonly Cause[] = [{ type: "action", action: "a1", person: "Ann" }] as object as readonly Cause[];
const command = (type: string, more: object = {}) => ({ type, ...more }) as object as BridgeCommand;
const request = (more: object = {}) =>
  ({ type: "update-caller", msgId: "m1", replyTo: tsp1, extConfId: "1001", ...more }) as object as OpenRequest;
const message = (type: string, msgId: string, more: object = {}) =>
  ({ type, msgId, extConfId: "1001", ...more }) as object as ToWebex;
const lock = message("conference-changed", "s1", { status: "locked" });
const creating = { phase: "creating", extConfId: "1001", host: tsp1, formerHandles: [], requests: [] };
const outage = (more: object = {}, host = tsp1) => ({ host, since: 0, failedAt: 0, why: "", probes: 0, ...more });
const behind = (more: object = {}, host = tsp1) => ({ outages: new Map([[host, outage(more, host)]]) });
const factsOf = (draft: Draft) => draft.decision().facts;
const issued = (draft: Draft) => [...draft.decision().changes.commands.values()];

test("a command has a deadline where somebody waits for it, and where its conference is over or elsewhere", () => {
  const dueOf = (state: object, ...rest: readonly unknown[]) => {
    const draft = drafted(state);
    draft.issue(command("end-conference"), ...(rest as [OpenRequest | null, object]));
    return issued(draft)[0]?.answerBy;
  };

  expect([dueOf({}), dueOf({}, request()), dueOf({}, null, { group: 1 })]).toEqual([null, 31_000, 31_000]);
  expect([dueOf({}, null, { bridge: "bridge-2" }), dueOf({ head: { phase: "absent" } })]).toEqual([
    1_000 + transactionMemoryMs,
    1_000 + transactionMemoryMs,
  ]);
});

test.each([
  ["lock", {}, {}],
  ["mute", { call: "c1" }, { call: "c1" }],
  ["close-room", { room: "r1" }, { room: "r1" }],
  ["move", { call: "c1", room: "r1" }, { call: "c1", room: "r1" }],
])("that a %s is issued says what it is about", (type, about, said) => {
  const draft = drafted({});
  draft.issue(command(type, about));
  expect(factsOf(draft)).toStrictEqual([{ kind: "command-issued", command: "555.1.2", type, ...said, by: [] }]);
});

const mute = command("mute", { call: "c1" });
const mutes = ["mute", "unmute"] as const;
test.each<[string, readonly ReturnType<typeof pending>[], boolean]>([
  ["it is the only one", [pending("1", mute)], true],
  ["another call is muted since", [pending("1", mute), pending("2", command("mute", { call: "c2" }))], true],
  [
    "something else is done since with the call",
    [pending("1", mute), pending("2", command("expel", { call: "c1" }))],
    true,
  ],
  [
    "the same is done since on a bridge that it has left",
    [pending("1", mute), pending("2", mute, { bridge: "b" })],
    true,
  ],
  ["the call is unmuted since", [pending("1", mute), pending("2", command("unmute", { call: "c1" }))], false],
  ["it is late", [pending("1", mute, { expired: true })], false],
  ["it is for a private talk", [pending("1", mute, { forTalk: true })], false],
])("an operator who wants what is under way joins it, and else has a command: %s", (_, commands, joins) => {
  const draft = drafted({ commands: new Map(commands) });
  draft.because(operator, () => draft.issueOnce(mute, mutes));

  const { facts, changes } = draft.decision();
  const [fact] = facts;
  if (joins) expect(facts).toStrictEqual([{ kind: "command-joined", command: "1", type: "mute", by: operator }]);
  else expect(fact).toMatchObject({ kind: "command-issued", type: "mute", by: operator });
  expect(joins ? [...changes.commands.keys()] : changes.commands.size).toEqual(joins ? ["1"] : 1);
  if (joins) expect([...changes.commands.values()]).toMatchObject([{ by: operator }]);
});

test("a request joins a command under way in the time that this has left, and a late one in a time of its own", () => {
  const joined = (more: object, one: OpenRequest | null = request(), state: object = {}) => {
    const draft = drafted(state);
    draft.join(pending("1", mute, more)[1], one);
    const groups = draft.running?.groups.map((group) => group.request.msgId);
    return [draft.commands.get("1" as never)?.answerBy, groups];
  };

  expect(joined({ answerBy: 9_000 })).toEqual([9_000, ["m1"]]);
  expect(joined({ answerBy: 500, expired: true })).toEqual([31_000, ["m1"]]);
  expect(joined({ answerBy: 9_000 }, null)).toEqual([undefined, []]);
  expect(joined({ answerBy: 9_000 }, request(), { head: creating })).toEqual([undefined, undefined]);
});

test("a call is busy with any command for it, or with these; what is pending elsewhere does not count", () => {
  const commands = new Map([pending("1", mute), pending("2", command("lock"), { bridge: "bridge-2" })]);
  const draft = drafted({ commands });
  const [c1, c2] = ["c1", "c2"] as CallId[] as [CallId, CallId];

  expect([draft.isBusy(c1), draft.isBusy(c1, "mute"), draft.isBusy(c1, "expel"), draft.isBusy(c2)]).toEqual([
    ...[true, true, false, false],
  ]);
  expect([draft.pending("mute")?.id, draft.pending("lock")?.id]).toEqual(["1", undefined]);
});

test.each<[string, object, object, object]>([
  ["the server that asked", { replyTo: tsp2 }, {}, { host: tsp2 }],
  ["the conference's, where nobody knows who asked", { replyTo: undefined }, {}, { host: tsp1 }],
  [
    "a server that was replaced, in one attempt",
    { replyTo: tsp2, extConfId: "70" },
    {},
    { host: tsp2, oneAttempt: true },
  ],
  ["the conference's own, though its handle was replaced", { extConfId: "70" }, {}, { host: tsp1 }],
  ["its own, of a handle whose server is unknown", { replyTo: undefined, extConfId: "70" }, {}, { host: tsp1 }],
  ["whoever asks for what there is not", { replyTo: tsp2 }, { head: { phase: "absent" } }, { host: tsp2 }],
])("an answer goes to %s (protocol T14)", (_, asked, state, post) => {
  const head = running({ formerHandles: [{ extConfId: "70", host: tsp2, until: 9_000 }] });
  const draft = drafted({ head, ...state });
  draft.answer(request(asked), "ok");

  const [effect, ...others] = draft.decision().effects;
  expect(others).toEqual([]);
  expect(effect).toStrictEqual({ ...post, message: expect.objectContaining({ type: "caller-updated", result: "ok" }) });
});

test.each([
  ["there is no conference", { phase: "absent" }],
  ["it was found on its bridge", running({ host: "" })],
])("without a server that asked, nothing is answered where %s", (_, head) => {
  const draft = drafted({ head });
  draft.answer(request({ replyTo: undefined }), "ok");

  const { effects, facts } = draft.decision();
  expect(effects).toEqual([]);
  expect(facts).toEqual([{ kind: "noted", text: "caller-updated m1 is not sent: WebEx has named no host for it" }]);
});

test.each<[string, object, CallId | undefined, readonly object[], readonly object[]]>([
  ["of a conference that is created", { head: creating }, undefined, [{ host: tsp1, actions: ["a1"] }], []],
  ["of one that runs", {}, "c1" as CallId, [{ host: tsp1, actions: ["a1"], call: "c1" }], []],
  [
    "of one that goes on alone",
    { head: running({ attached: false }) },
    undefined,
    [],
    [{ kind: "message-withheld", type: "conference-changed", why: "detached", actions: ["a1"] }],
  ],
  [
    "of a call in one that goes on alone",
    { head: running({ attached: false }) },
    "c1" as CallId,
    [],
    [{ kind: "message-withheld", type: "conference-changed", why: "detached", call: "c1", actions: ["a1"] }],
  ],
])("WebEx is notified, or an operator learns why not: %s", (_, state, call, posts, facts) => {
  const draft = drafted(state);
  draft.because(operator, () => draft.notify({ type: "conference-changed", status: "locked" }, call));

  const { effects, facts: said } = draft.decision();
  expect(effects).toStrictEqual(posts.map((post) => ({ ...post, message: expect.anything() })));
  expect(said).toStrictEqual(facts);
});

test("what nobody wants to know of is withheld without a word, and posted in nobody's name", () => {
  const alone = drafted({ head: running({ attached: false }) });
  alone.notify({ type: "conference-changed", status: "locked" });
  expect(factsOf(alone)).toEqual([]);

  const told = drafted({});
  told.notify({ type: "conference-changed", status: "locked" });
  // What names its call needs no other word of it.
  told.notify({ type: "caller-changed", extCallId: "7", status: "muted" } as never, "c1" as CallId);
  expect(told.decision().effects).toStrictEqual([
    { host: tsp1, message: expect.anything() },
    { host: tsp1, message: expect.anything() },
  ]);
});

test("only what is posted to a server that is behind is a probe, and of that no last attempt", () => {
  const draft = drafted({});
  draft.issue(mute);
  draft.post({ host: tsp1, message: lock });
  draft.post({ host: tsp1, message: lock, oneAttempt: true });
  draft.post({ host: tsp2, message: lock });
  draft.markProbe(tsp1);

  expect(draft.decision().effects).toStrictEqual([
    { id: "555.1.2", command: mute },
    { host: tsp1, message: lock, probe: true },
    { host: tsp1, message: lock, oneAttempt: true },
    { host: tsp2, message: lock },
  ]);
});

test("what waits for its Confirmation are posts, and no commands", () => {
  const draft = drafted({}, { unconfirmed: () => [{ host: tsp2, message: lock }] });
  draft.issue(mute);
  draft.post({ host: tsp1, message: lock });
  expect(draft.unconfirmed().map(({ host }) => host)).toEqual([tsp2, tsp1]);
});

const data = (msgId: string) => message("client-passthrough", msgId, { extCallId: "7", data: "x" });

test("of data for callers' clients a server that is behind is owed 100, and all else besides", () => {
  const debts = new Map(Array.from({ length: 99 }, (_, index) => [`data d${index}`, data(`d${index}`)]));
  debts.set("status locked", lock);
  const draft = drafted({ ...behind(), debts });
  for (const msgId of ["d100", "d101"]) draft.owe(data(msgId));
  draft.owe(message("conference-changed", "s2", { status: "running" }));

  expect([...draft.debts.changes.keys()]).toEqual(["data d100", "status running"]);
  expect(factsOf(draft)).toStrictEqual([
    { kind: "message-owed", type: "client-passthrough", msgId: "d100" },
    { kind: "noted", text: "data for a caller's client is dropped: 100 others wait for the server" },
    { kind: "message-owed", type: "conference-changed", msgId: "s2" },
  ]);
});

test("what is owed says in whose name", () => {
  const draft = drafted(behind());
  draft.because(operator, () => draft.owe(lock));
  expect(factsOf(draft)).toStrictEqual([
    { kind: "message-owed", type: "conference-changed", msgId: "s1", actions: ["a1"] },
  ]);
});

test("who led to something is who brought about the last of it of which that is known", () => {
  const draft = drafted({});
  const muted = (call: string) => draft.fact({ kind: "call-muted", call: call as CallId, muted: true });
  expect(draft.whoLedTo(() => true)).toBeNull();
  draft.because(operator, () => muted("c1"));
  muted("c2");
  draft.note("odd");
  expect(draft.whoLedTo(({ kind }) => kind !== "noted")).toBe(operator);
  expect(draft.whoLedTo(({ kind }) => kind === "call-moved")).toBeNull();
});

test("a part that is taken away is not there", () => {
  const draft = drafted({ head: running({ renewAt: 5_000 }) });
  draft.update({ renewAt: undefined, locked: true });
  expect(draft.head).toStrictEqual(running({ locked: true }));
});

test("what a record will say is kept with a conference that goes on, and with no other", () => {
  const life = { ...running().life, repairs: 3 };
  const after = (head: object, newHead?: object) => {
    const draft = drafted({ head });
    draft.life = life;
    if (newHead) draft.head = newHead as never;
    return draft.decision().changes.head;
  };
  const over = { phase: "ended", byWebex: false };

  expect(after(running())).toStrictEqual(running({ life }));
  expect(after(running(), over)).toStrictEqual(over);
  expect(drafted({ head: running() }).decision().changes).not.toHaveProperty("head");
});

test("what led in is remembered when a conference is over, if anything did", () => {
  const after = (more: object, head: object) => {
    const draft = drafted({ head: running(more) });
    draft.head = head as never;
    return draft.decision().changes.head;
  };
  const over = { phase: "ended", byWebex: false };

  expect(after({ anonymousId: "0444" }, over)).toStrictEqual({ ...over, formerSecrets: ["0444"] });
  expect(after({}, over)).toStrictEqual(over);
  const goesOn = running({ anonymousId: "0444", locked: true });
  expect(after({ anonymousId: "0444" }, goesOn)).toStrictEqual(goesOn);
});

test("a command that its own decision makes void is not sent", () => {
  const draft = drafted({});
  draft.issue(mute);
  draft.issue(command("lock"));
  draft.commands.delete("555.1.2" as never);
  expect(draft.decision().effects).toMatchObject([{ command: { type: "lock" } }]);
});

test("what is owed and then is not any more is said, and counts as missed", () => {
  const was = message("conference-changed", "s0", { status: "running" });
  const state = {
    ...behind({ dropped: [{ type: "conference-changed", count: 1 }] }),
    debts: new Map([["status running", was]]),
  };
  const draft = drafted(state);
  draft.owe(lock);
  draft.debts.clear();
  const { facts, changes } = draft.decision();

  expect(facts.slice(1)).toEqual([
    { kind: "message-dropped", type: "conference-changed", msgId: "s0" },
    { kind: "message-dropped", type: "conference-changed", msgId: "s1" },
  ]);
  expect([...changes.outages.values()]).toMatchObject([{ dropped: [{ type: "conference-changed", count: 3 }] }]);
  // Posted or still owed, it is not dropped.
  const posted = drafted(state);
  posted.debts.clear();
  posted.post({ host: tsp1, message: was });
  expect([posted.decision().facts, posted.decision().changes.outages.size]).toEqual([[], 0]);
});

test.each<[string, (draft: Draft) => void, object | null]>([
  ["is not behind any more, and is settled", () => {}, { kind: "server-settled" }],
  [
    "gets something, and is reached by what it asked for",
    (draft) => {
      draft.issue(mute);
      draft.post({ host: tsp1, message: lock });
    },
    { kind: "server-reached", byRequest: true },
  ],
  [
    "gets a last attempt, and is settled",
    (draft) => draft.post({ host: tsp1, message: lock, oneAttempt: true }),
    { kind: "server-settled" },
  ],
  [
    "is settled where another one gets something",
    (draft) => draft.post({ host: tsp2, message: lock }),
    { kind: "server-settled" },
  ],
  ["is said to be reached already", (draft) => draft.fact({ kind: "server-reached", host: tsp1 }), null],
  ["is said to be settled already", (draft) => draft.fact({ kind: "server-settled", host: tsp1 }), null],
])("a server that was behind %s", (_, act, expected) => {
  const draft = drafted(behind());
  act(draft);
  draft.outages.clear();
  const facts = factsOf(draft).filter(({ kind }) => kind.startsWith("server-"));
  expect(facts.slice(expected ? 0 : 1)).toStrictEqual(expected ? [{ host: tsp1, ...expected }] : []);
});

test("a server that stays behind is neither reached nor settled, and one that is lost and forgotten at once is settled", () => {
  expect(factsOf(drafted(behind()))).toEqual([]);
  const draft = drafted({});
  draft.fact({ kind: "server-lost", host: tsp2, why: "" });
  draft.fact({ kind: "server-reached", host: tsp1 });
  expect(factsOf(draft).slice(2)).toEqual([{ kind: "server-settled", host: tsp2 }]);
});

test.each<[string, object, string, object | null]>([
  ["is owed to it", {}, "locked", { hasNew: true }],
  ["is owed to it, and it is known that there is something new", { hasNew: true }, "locked", null],
  [
    "takes the place of what a probe says",
    { probe: { at: 5, keys: ["status locked", "entry e"] }, hasNew: true },
    "locked",
    { hasNew: true, probe: { at: 5, keys: ["entry e"] } },
  ],
  [
    "is owed beside what a probe says",
    { probe: { at: 5, keys: ["entry e"] } },
    "locked",
    { hasNew: true, probe: { at: 5, keys: ["entry e"] } },
  ],
])("what there is to tell a server that is behind %s", (_, more, status, after) => {
  const draft = drafted(behind(more));
  draft.notify({ type: "conference-changed", status: status as "locked" });

  const { effects, changes } = draft.decision();
  expect([effects, [...changes.debts.keys()]]).toEqual([[], ["status locked"]]);
  expect([...changes.outages.values()]).toStrictEqual(after ? [{ ...outage(), ...after }] : []);
});

test("what a domain does not want sent is not owed either", () => {
  const draft = drafted(behind(), { sends: () => false });
  draft.notify({ type: "conference-changed", status: "locked" });
  expect([draft.debts.changes.size, draft.outages.changes.size]).toEqual([0, 0]);
});
