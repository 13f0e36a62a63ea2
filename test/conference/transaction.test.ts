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
