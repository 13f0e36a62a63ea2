import { expect, test } from "vitest";
import {
  applyTransaction,
  type Situation,
  type Transaction,
  type TransactionContext,
} from "../../src/conference/decide.ts";
import type { ConferenceInput } from "../../src/conference/inputs.ts";
import { noQueue, type QueuedDocument } from "../../src/conference/server/queue.ts";
import { applyChanges, emptyState } from "../../src/conference/state.ts";
import type {
  BridgeName,
  CommandId,
  ConfKey,
  ExtCallId,
  ExtConfId,
  MsgId,
  TransId,
  WebexHost,
} from "../../src/foundation/ids.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { agentWithoutKey, testDomain } from "../local-domain.ts";

const host = "localhost:8801" as WebexHost;
const create = {
  ...{ type: "create-conference", msgId: "m1", replyTo: host, extConfId: "7001" as ExtConfId, confKey: "555" },
} as object as FromWebex;

function begun(): Situation {
  return { state: emptyState(), queue: noQueue, progress: { bridge: null, serial: 0 } };
}

function follows(situation: Situation, input: ConferenceInput, more: Partial<TransactionContext> = {}): Transaction {
  let ids = 0;
  return applyTransaction(situation, input, {
    ...{ confKey: "555" as ConfKey, domain: testDomain(), row: 1 },
    msgId: () => `n${++ids}` as MsgId,
    transId: () => `t${++ids}` as TransId,
    documentSeq: () => ++ids,
    nonce: () => "n",
    ...more,
  });
}

function after(situation: Situation, { decision, queue, progress }: Transaction): Situation {
  const state = { ...emptyState(), ...situation.state } as ReturnType<typeof emptyState>;
  applyChanges(state, decision.changes);
  return { state, queue, progress };
}

function creating(more: Partial<TransactionContext> = {}): Situation {
  const input = { type: "webex", at: 1_000, transId: "w1" as TransId, messages: [create] } as const;
  return after(begun(), follows(begun(), input, more));
}

const created: ConferenceInput = {
  ...{ type: "bridge", at: 2_000 },
  reports: [{ number: 1, report: { type: "result", id: "555.1.n" as CommandId, result: { done: true } } }],
} as ConferenceInput;

test("messages of one decision share a document, and each says in which one it waits", () => {
  const { facts, queue } = follows(creating(), created);

  expect(queue.rows.map(({ transId, messages }) => [transId, messages.map(({ type }) => type)])).toEqual([
    ["t2", ["conference-created", "conference-changed"]],
  ]);
  const messages = [{ type: "conference-created", msgId: "m1" }, { type: "conference-changed" }];
  expect(facts.filter(({ kind }) => kind === "post-queued")).toMatchObject([{ host, transId: "t2", messages }]);
});

test("a message that the domain does not want leaves no trace", () => {
  const domain = testDomain({ protocol: { silent: ["A2W_RspCreateConference", "A2W_NotifyConferenceChange"] } });
  const { facts, queue } = follows(creating({ domain }), created, { domain });

  expect(queue.rows).toEqual([]);
  expect(facts.map(({ kind }) => kind)).not.toContain("post-queued");
});

test("what is given up leaves its document, and the rest of that waits on", () => {
  const running = after(creating(), follows(creating(), created));
  const [document] = running.queue.rows;
  const [answer, ...others] = document?.messages ?? [];
  const of = { host, transId: "t2", attempts: 0, why: "it cannot be written", unpostable: true };
  const input = { type: "undelivered", at: 9_000, messages: [answer], of } as ConferenceInput;
  const { facts, queue } = follows(running, JSON.parse(JSON.stringify(input)));

  expect(queue.rows[0]?.messages).toEqual(others);
  expect(facts[0]).toEqual({
    ...{ kind: "post-given-up", transId: "t2", host, attempts: 0, why: "it cannot be written" },
    messages: [{ type: "conference-created", msgId: "m1" }],
  });
});

function undelivered({ queue }: Situation, messages: QueuedDocument["messages"]): ConferenceInput {
  const transId = queue.rows[0]?.transId ?? "";
  return { type: "undelivered", at: 9_000, messages, of: { host, transId, attempts: 3, why: "HTTP status 500" } };
}

test("a server is behind since the first document that it did not take was queued, whatever is given up later", () => {
  let situation = after(creating(), follows(creating(), created));
  for (const at of [9_000, 60_000]) {
    const input = { ...undelivered(situation, situation.queue.rows[0]?.messages ?? []), at };
    situation = after(situation, follows(situation, input));
    expect([...situation.state.outages.values()]).toMatchObject([{ since: 2_000, failedAt: at }]);
  }
});

test("a document is owed where one of its own messages is, and not where only those behind it are", () => {
  const running = after(creating(), follows(creating(), created));
  const messages = running.queue.rows[0]?.messages ?? [];
  const about = { extConfId: "7001" as ExtConfId, extCallId: "1001" as ExtCallId };
  const data = { type: "client-passthrough", msgId: "d1" as MsgId, ...about, data: "x" } as const;
  const row = running.queue.rows[0] as QueuedDocument;
  const rows = [{ ...row, seq: 90, transId: "t90", messages: [data] }, row];
  const behind = { ...running, queue: { ...running.queue, rows } };

  const isOwed = (situation: Situation, given: QueuedDocument["messages"]) =>
    follows(situation, undelivered(situation, given)).facts.map((fact) => "owed" in fact && fact.owed)[0];
  expect([isOwed(running, messages), isOwed(behind, [data])]).toEqual([true, false]);
});

test("a document is not owed where what it says is outdated at once", () => {
  const running = after(creating(), follows(creating(), created));
  const keepAlive = {
    type: "close-conference",
    msgId: "m9",
    keepAlive: true,
    extConfId: "7001",
  } as object as FromWebex;
  const close = { type: "webex", at: 3_000, transId: "w9" as TransId, messages: [keepAlive] } as const;
  const apart = after(running, follows(running, close));
  const status = apart.queue.rows[0]?.messages.filter(({ type }) => type === "conference-changed") ?? [];
  const { facts } = follows(apart, undelivered(apart, status));

  expect(facts.find(({ kind }) => kind === "message-dropped")).toMatchObject({ type: "conference-changed" });
  expect(facts[0]).not.toHaveProperty("owed");
});

test("what a failover withdraws from the queue is a fact", () => {
  const running = after(creating(), follows(creating(), created));
  const rows = running.queue.rows.map((row): QueuedDocument => ({ ...row, messages: row.messages.slice(1) }));
  const other = { ...create, msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" } as object as FromWebex;
  const input = { type: "webex", at: 3_000, transId: "w2" as TransId, messages: [other] } as const;
  const { facts, queue } = follows({ ...running, queue: { ...running.queue, rows } }, input);

  expect(queue.rows.map((row) => row.host)).toEqual(["localhost:8802"]);
  expect(facts.find(({ kind }) => kind === "post-dropped")).toMatchObject({ transId: "t2" });
});

test("an only bridge is chosen with the create, and of several none", () => {
  const bridges = ["north", "south"].map((name) => ({ name, agents: [agentWithoutKey("agent-1")] }));

  expect(creating().progress).toEqual({ bridge: "simulated", serial: 1 });
  expect(creating({ domain: testDomain({ bridges }) }).progress.bridge).toBeNull();
});

test("a conference that WebEx never created is on the bridge that reports it, which says what it cannot do", () => {
  const snapshot = { type: "event", event: { type: "snapshot", conference: null } } as const;
  const input = { type: "bridge", at: 1_000, reports: [{ number: 1, report: snapshot }] } as const;
  const reporter = { bridge: "north" as BridgeName, cannot: ["lock" as const] };

  expect(follows(begun(), input, { reporter }).progress).toEqual({ bridge: "north", cannot: ["lock"], serial: 0 });
  const elsewhere = { ...input, elsewhere: "north" as BridgeName };
  expect(follows(creating(), elsewhere, { reporter }).progress).toEqual({ bridge: "simulated", serial: 1 });
});

const other = "localhost:8802" as WebexHost;
const fromTsp = (more: object) => ({ ...create, msgId: "m9", ...more }) as object as FromWebex;
const status = (msgId: string) => ({ type: "conference-changed", msgId, extConfId: "7001", status: "running" });
function row(transId: string, more: object = {}): QueuedDocument {
  const waits = { seq: Number(transId.slice(1)), transId, host, queuedAt: 2_000, attempts: 0, dueAt: 0 };
  return { ...waits, messages: [status(`of ${transId}`)], ...more } as object as QueuedDocument;
}

/** A conference that runs, and for which these documents wait. */
function waiting(...rows: readonly QueuedDocument[]): Situation {
  const { state, progress } = after(creating(), follows(creating(), created));
  return { state, queue: { ...noQueue, rows }, progress };
}

function givenUp(transId: string, rows: readonly QueuedDocument[], more: object = {}): ConferenceInput {
  const given = rows.find((one) => one.transId === transId);
  return {
    ...{ type: "undelivered", at: 9_000, messages: given?.messages },
    of: { host, transId, attempts: 3, why: "HTTP status 500", ...more },
  } as ConferenceInput;
}

const asksAnew = (at: number, more: object): ConferenceInput => {
  return { type: "webex", at, transId: "w9" as TransId, messages: [fromTsp(more)] };
};

test("only a report says on which bridge a conference is", () => {
  const reporter = { bridge: "north" as BridgeName };
  expect(follows(begun(), { type: "time", at: 1_000 }, { reporter }).progress.bridge).toBeNull();
});

test("a conference that is being created is on the bridge that holds callers of it", () => {
  const bridges = ["north", "south"].map((name) => ({ name, agents: [agentWithoutKey("agent-1")] }));
  const domain = testDomain({ bridges });
  const call = { call: "c1", number: "", attendeeId: null, muted: false, silent: false, room: "main" };
  const bridge = (conference: object | null) => {
    const event = { type: "snapshot", conference };
    const late = { type: "result", id: "gone", result: { done: true } };
    const other = { type: "event", event: { type: "lock-changed", locked: true } };
    const reports = [late, other, { type: "event", event }].map((report, index) => ({ number: index + 1, report }));
    const input = { type: "bridge", at: 2_000, reports } as object as ConferenceInput;
    return follows(creating({ domain }), input, { domain, reporter: { bridge: "south" as BridgeName } }).progress
      .bridge;
  };
  const found = { locked: false, speaking: null, rooms: [], callers: [], dialled: [] };

  expect(bridge({ ...found, callers: [call] })).toBe("south");
  expect([bridge(found), bridge(null)]).toEqual([null, null]);
});

test("a server is behind since the document that was given up was queued, whatever waits longer", () => {
  const rows = [row("t1", { host: other, queuedAt: 100 }), row("t2")];
  const { decision } = follows(waiting(...rows), givenUp("t2", rows));
  expect([...decision.changes.outages.values()]).toMatchObject([{ since: 2_000 }]);
});

test("what a server gets in place of what was withdrawn has waited for as long, and what it gets once it is back has not", () => {
  const rows = [
    row("t1", { oneAttempt: true, queuedAt: 100 }),
    row("t2", { attempts: 1, failure: "HTTP status 500" }),
    row("t3", { host: other, queuedAt: 50 }),
  ];
  const { queue } = follows(waiting(...rows), asksAnew(3_000, { extConfId: "7002" }));
  const fresh = queue.rows.filter(({ queuedAt }) => queuedAt === 3_000);
  expect(fresh.map(({ waited }) => waited)).toEqual([{ since: 2_000, why: "HTTP status 500" }]);

  const behind = after(waiting(...rows), follows(waiting(...rows), givenUp("t2", rows)));
  const reached = follows(behind, { type: "reached", at: 12_000, host });
  expect(reached.queue.rows.filter(({ queuedAt }) => queuedAt === 12_000)).toMatchObject([{ host }]);
  expect(reached.queue.rows.filter(({ waited }) => waited)).toEqual([]);
});

test("with a document its server's others are owed, but for what is handed over where it meets other answers", () => {
  const shared = { shared: ["a", "b"], attempts: 1, messages: [{ type: "called-out", msgId: "a", result: "ok" }] };
  const rows = [row("t1"), row("t2", { messages: [{ ...status("e"), status: "locked" }] }), row("t3", shared)];
  const { decision, queue } = follows(waiting(...rows), givenUp("t1", rows));

  expect(queue.rows.map(({ transId }) => transId)).toEqual(["t3"]);
  expect([...decision.changes.debts.keys()]).toEqual(["status running", "status locked"]);
});

test("the last answer to a server that was replaced holds no probe up", () => {
  const rows = [row("t1")];
  const behind = after(waiting(...rows), follows(waiting(...rows), givenUp("t1", rows)));
  const last = row("t2", { oneAttempt: true });
  const input = { type: "probe", at: 9_500, id: "a1", person: "Ann", host } as object as ConferenceInput;
  const { queue } = follows({ ...behind, queue: { ...behind.queue, rows: [last] } }, input);

  expect(queue.rows.map(({ oneAttempt, probe }) => [oneAttempt, probe])).toEqual([
    [true, undefined],
    [undefined, true],
  ]);
});

test("a document is owed by one of its messages, and its fact says what it was", () => {
  const data = { type: "client-passthrough", msgId: "d", extConfId: "7001", extCallId: "7", data: "x" };
  const rows = [row("t1", { messages: [data, status("s")] })];
  const fact = (more: object) => follows(waiting(...rows), givenUp("t1", rows, more)).facts[0];
  const said = {
    ...{ kind: "post-given-up", transId: "t1", host, attempts: 3, why: "HTTP status 500" },
    messages: [
      { type: "client-passthrough", msgId: "d" },
      { type: "conference-changed", msgId: "s" },
    ],
  };

  expect(fact({})).toStrictEqual({ ...said, owed: true });
  expect(fact({ probe: true, lastFailed: true })).toStrictEqual({ ...said, owed: true, probe: true, lastFailed: true });
});

test("of each document only what a failover withdraws is said to be dropped", () => {
  const answer = { type: "called-out", msgId: "a", extConfId: "7001", result: "ok" };
  const rows = [
    row("t1", { messages: [answer, status("s1")] }),
    row("t2", { host: other, messages: [status("s2")] }),
    row("t3", { messages: [{ ...answer, msgId: "b" }] }),
  ];
  const { facts, queue } = follows(waiting(...rows), asksAnew(3_000, { replyTo: other, extConfId: "7002" }));

  expect(facts.filter(({ kind }) => kind === "post-dropped")).toEqual([
    { kind: "post-dropped", transId: "t1", messages: [{ type: "conference-changed", msgId: "s1" }] },
  ]);
  expect(queue.rows.map(({ transId, oneAttempt }) => [transId, oneAttempt])).toContainEqual(["t1", true]);
});
