import { expect, test } from "vitest";
import {
  afterFailure,
  afterRestart,
  append,
  gather,
  gatherShared,
  heads,
  type Queue,
  type QueuedDocument,
  type Rows,
  withoutMessages,
} from "../../durable-objects/outbox-rows.ts";
import type { MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { OpenRequest } from "../../src/tsp/answers.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";

const host = "a:80" as WebexHost;
const other = "b:80" as WebexHost;
const message = (msgId: string) => ({ type: "message-error", msgId, result: "unknown-message" }) as ToWebex;
const first = message("first");
const next = message("next");
const policy = { attempts: 3, retryDelaysMs: [0, 2000] };

function row(more: Partial<QueuedDocument> = {}): QueuedDocument {
  return { seq: 1, host, transId: "t1", queuedAt: 1000, attempts: 0, dueAt: 1000, messages: [first], ...more };
}

const now = 5000;
const notification = { type: "conference-changed", msgId: "n", status: "locked" } as unknown as ToWebex;

function added(queue: Queue, to: WebexHost, message: ToWebex, at = now): Queue {
  return append(queue, { host: to, message }, at, () => ({ seq: 9, transId: "t9" }));
}

function add(rows: Rows, to: WebexHost = host, added_ = next): Rows {
  return added({ rows, open: [] }, to, added_).rows;
}

/** The queue after a document with these requests. */
function asked(...requests: readonly (readonly [msgId: string, replyTo?: WebexHost])[]): Queue {
  const open = requests.map(([msgId, replyTo]) => ({ type: "unknown", msgId, replyTo }) as unknown as OpenRequest);
  return gather({ rows: [], open: [] }, open, now);
}

test("a notification joins the last transaction, which keeps its time; with an answer it no longer waits", () => {
  expect(add([row({ dueAt: 9000 })], host, notification)).toEqual([
    row({ dueAt: 9000, messages: [first, notification] }),
  ]);
  expect(add([row({ dueAt: 9000 })])).toEqual([row({ dueAt: now, messages: [first, next] })]);
});

test("where they shall not travel together, answers and notifications have documents of their own, in order (protocol T45)", () => {
  const apart = [next, notification, { ...notification, msgId: "n2" } as ToWebex, first].reduce(
    (queue, message, seq) => append(queue, { host, message }, now, () => ({ seq, transId: `t${seq}` }), false),
    { rows: [row()], open: [] } as Queue,
  );

  expect(apart.rows.map(({ messages }) => messages.map(({ msgId }) => msgId))).toEqual([
    ["first", "next"],
    ["n", "n2"],
    ["first"],
  ]);
});

test("an answer waits 30 ms for the others of its document, and no longer than until the last of them", () => {
  const waiting = added(asked(["first"], ["next"]), host, first);
  expect(waiting.rows.map(({ dueAt }) => dueAt)).toEqual([now + 30]);

  const complete = added(waiting, host, next, now + 10);
  expect(complete.rows.map(({ dueAt, messages }) => [dueAt, messages])).toEqual([[now + 10, [first, next]]]);
  expect(complete.open).toEqual([]);
});

test("what comes meanwhile goes behind an answer that waits, in the same transaction (protocol T46)", () => {
  const waiting = added(added(asked(["first"], ["next"]), host, first), host, notification, now + 5);
  expect(waiting.rows.map(({ dueAt, messages }) => [dueAt, messages])).toEqual([[now + 30, [first, notification]]]);
});

test("an answer waits for no request of another server", () => {
  const { rows } = added(asked(["first", host], ["next", other], ["third", other]), host, first);
  expect(rows.map(({ dueAt }) => dueAt)).toEqual([now]);
});

test("an answer that travels with those of other conferences has a row of its own, and waits for others of its own conference (protocol T45)", () => {
  const requests = ["first", "next"].map(
    (msgId) => ({ type: "unknown", msgId, replyTo: host }) as unknown as OpenRequest,
  );
  const all = ["first", "next", "elsewhere"] as MsgId[];
  const queue = gather({ rows: [row({ messages: [notification] })], open: [] }, requests, now, [all]);
  const one = added(queue, host, first);
  expect(one.rows.map(({ dueAt, messages, shared }) => [dueAt, messages, shared])).toEqual([
    [1000, [notification], undefined],
    [now + 30, [first], all],
  ]);

  const both = added(added(one, host, next, now + 5), host, notification, now + 6);
  expect(both.rows.map(({ dueAt, messages, shared }) => [dueAt, messages, shared])).toEqual([
    [1000, [notification], undefined],
    [now + 5, [first, next], all],
    [now + 6, [notification], undefined],
  ]);
  expect(both.open).toEqual([]);
});

test("answers of several conferences meet as those of one do; the first to come opens their document", () => {
  const all = ["first", "next"] as MsgId[];
  const opened = gatherShared({ rows: [], open: [] }, all, now);
  const one = added(opened, host, first);
  expect(gatherShared(one, all, now + 10)).toBe(one);

  const { rows, open } = added(one, host, next, now + 10);
  expect(rows.map(({ dueAt, messages, shared }) => [dueAt, messages, shared])).toEqual([
    [now + 10, [first, next], undefined],
  ]);
  expect(open).toEqual([]);
});

test("of a document whose answers never come, nothing is kept for long", () => {
  const old = asked(["first"], ["next"]);
  const later = now + 10_000;
  expect(added(old, host, first, later).rows.map(({ dueAt }) => dueAt)).toEqual([later]);
  const requests = ["a", "b"].map((msgId) => ({ type: "unknown", msgId }) as unknown as OpenRequest);
  expect(gather(old, requests, later).open).toHaveLength(1);
});

test.each<[string, Rows, WebexHost]>([
  ["was begun", [row({ attempts: 1 })], host],
  ["goes to another host", [row()], other],
  ["is full", [row({ messages: Array(50).fill(first) })], host],
])("a message gets a transaction of its own when the last one %s", (_, rows, to) => {
  const expected = row({ seq: 9, host: to, transId: "t9", queuedAt: 5000, dueAt: 5000, messages: [next] });
  expect(add(rows, to)).toEqual([...rows, expected]);
});

test("a message joins the last transaction of its own host, whatever goes to another host meanwhile (protocol T45)", () => {
  const rows = add(add([row()], other));
  expect(rows.map((one) => [one.host, one.messages.length])).toEqual([
    [host, 2],
    [other, 1],
  ]);
});

test("the first row of each host may be posted", () => {
  const rows = [row(), row({ seq: 2 }), row({ seq: 3, host: other })];
  expect(heads(rows).map(({ seq }) => seq)).toEqual([1, 3]);
});

test("of a row some messages go alone, and with the last one the row", () => {
  const rows = [row({ messages: [first, next] }), row({ seq: 2 })];
  expect(withoutMessages(rows, 1, [first])).toEqual([row({ messages: [next] }), row({ seq: 2 })]);
  expect(withoutMessages(rows, 2, [first])).toEqual([rows[0]]);
});

test("the first retry comes at once, the second after 2 s, and no third", () => {
  const dues = [1, 2, 3].map((attempts) => afterFailure(row({ attempts }), policy, 10_000, "HTTP status 500")?.dueAt);
  expect(dues).toEqual([10_000, 12_000, undefined]);
});

test("the last pause repeats where there are more attempts than pauses", () => {
  expect(afterFailure(row({ attempts: 5 }), { ...policy, attempts: 9 }, 10_000, "HTTP status 500")?.dueAt).toBe(12_000);
});

test.each([
  ["was due", 1000, 0, 1],
  ["was due only by a clock that was set back", 999, 0, 1],
  ["has its attempts on disk", 5000, 2, 2],
])(
  "after a restart, a transaction that %s counts its attempts right, and so does one behind it",
  (_, now, attempts, expected) => {
    const [begun, behind] = afterRestart([row({ attempts }), row({ seq: 2 })], now);
    expect([begun?.attempts, behind?.attempts]).toEqual([expected, 1]);
  },
);
