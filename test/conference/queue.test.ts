import { expect, test } from "vitest";
import {
  afterFailure,
  afterRestart,
  append,
  gather,
  gatherShared,
  goOnWaiting,
  lanes,
  type Queue,
  type QueuedDocument,
  type Rows,
  withoutDropped,
  withoutMessages,
} from "../../src/conference/server/queue.ts";
import { heads } from "../../src/delivery/deliveries.ts";
import type { ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { OpenRequest, ToWebex } from "../../src/tsp/messages.ts";

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

test("a row waits since the earliest that it replaces", () => {
  const failed = row({ queuedAt: 100, failure: "refused" });
  const rows = [row(), row({ queuedAt: 100 }), failed, row({ host: other }), row({ oneAttempt: true })];
  const waits = [400, 200, 300].map((since) => ({ host, since, why: since === 200 ? null : `failed since ${since}` }));
  const after = goOnWaiting(rows, waits);
  expect(after.slice(0, 2).map(({ waited }) => waited)).toEqual([
    { since: 200, why: "failed since 400" },
    { since: 100, why: "failed since 400" },
  ]);
  expect(after.slice(2).map((one, index) => one === rows[index + 2])).toEqual([true, true, true]);
  expect(goOnWaiting(after, waits)[0]).toBe(after[0]);
});
const extConfId = "1001" as ExtConfId;
const notification = { type: "conference-changed", msgId: "n" as MsgId, extConfId, status: "locked" } as const;

function added(queue: Queue, to: WebexHost, message: ToWebex, at = now): Queue {
  const seq = 9 + queue.rows.filter((row) => row.seq >= 9).length;
  return append(queue, { host: to, message }, at, () => ({ seq, transId: `t${seq}` }), { gatherMs: 300 });
}

function add(rows: Rows, to: WebexHost = host, added_ = next): Rows {
  return added({ rows, open: [] }, to, added_).rows;
}

/** The MsgIDs in each row. */
function textsOf({ rows }: Queue): string[] {
  return rows.map(({ messages }) => messages.map(({ msgId }) => msgId).join(" "));
}

function ids(...msgIds: readonly string[]): MsgId[] {
  return msgIds.map((msgId) => msgId as MsgId);
}

function requestOf([msgId, replyTo]: readonly [msgId: string, replyTo?: WebexHost]): OpenRequest {
  return { type: "unknown", msgId: msgId as MsgId, ...(replyTo && { replyTo }) };
}

/** The queue after a document with these requests. */
function asked(...requests: readonly (readonly [msgId: string, replyTo?: WebexHost])[]): Queue {
  return gather({ rows: [], open: [] }, requests.map(requestOf), now);
}

test("adds a message to the last transaction, which keeps its time", () => {
  expect(add([row()], host, notification)).toEqual([row({ messages: [first, notification] })]);
  expect(add([row()])).toEqual([row({ messages: [first, next] })]);
});

test("an answer waits at most 300 ms for the others of its document", () => {
  const waiting = added(asked(["first"], ["next"]), host, first);
  expect(waiting.rows.map(({ dueAt }) => dueAt)).toEqual([now + 300]);

  const complete = added(waiting, host, next, now + 10);
  expect(complete.rows.map(({ dueAt, messages }) => [dueAt, messages])).toEqual([[now + 10, [first, next]]]);
  expect(complete.open).toEqual([]);
});

test("a later answer does not make the first wait longer", () => {
  const { rows } = added(added(asked(["first"], ["next"], ["third"]), host, first), host, next, now + 100);
  expect(rows.map(({ dueAt, messages }) => [dueAt, messages])).toEqual([[now + 300, [first, next]]]);
});

test("adds later messages after a waiting answer (protocol T46)", () => {
  const waiting = added(added(asked(["first"], ["next"]), host, first), host, notification, now + 5);
  expect(waiting.rows.map(({ dueAt, messages }) => [dueAt, messages])).toEqual([[now + 300, [first, notification]]]);
  // Nor does the answer to another document, which waits for nothing, take a part of this one along.
  const alone = added(waiting, host, message("alone"), now + 6);
  expect(alone.rows.map(({ dueAt }) => dueAt)).toEqual([now + 300]);
});

test("answers to two documents wait in rows of their own", () => {
  const requests = (...msgIds: readonly string[]) => msgIds.map((msgId) => requestOf([msgId]));
  const begun = { rows: [row({ messages: [notification] })], open: [] };
  const queue = gather(gather(begun, requests("a1", "a2"), now), requests("b1", "b2"), now);
  const both = added(added(queue, host, message("a1")), host, message("b1"), now + 1);
  expect(textsOf(both)).toEqual(["n", "a1", "b1"]);

  const complete = added(added(both, host, message("a2"), now + 2), host, message("b2"), now + 3);
  expect(textsOf(complete)).toEqual(["n", "a1 a2", "b1 b2"]);
  expect(complete.rows.map(({ dueAt }) => dueAt)).toEqual([1000, now + 2, now + 3]);
});

test("50 answers leave together, before the notifications between them (protocol T45)", () => {
  const ids = Array.from({ length: 50 }, (_, index) => String(index));
  const queue = ids.reduce(
    (queue, id) => {
      const answered = added(queue, host, message(id), now + Number(id));
      return added(answered, host, { ...notification, msgId: `n${id}` } as ToWebex, now + Number(id));
    },
    asked(...ids.map((id) => [id] as const)),
  );

  expect(textsOf(queue)).toEqual([ids.join(" "), ids.map((id) => `n${id}`).join(" ")]);
  expect(queue.rows.map(({ dueAt }) => dueAt <= now + 49)).toEqual([true, true]);
});

test("the answer to the close of a sub-conference overtakes nothing (protocol 4.13)", () => {
  const ids = Array.from({ length: 26 }, (_, index) => String(index));
  const queue = ids.reduce(
    (queue, id) => {
      const answer = { ...message(id), ...(id === "25" && { type: "sub-conference-closed" }) } as ToWebex;
      return added(added(queue, host, answer), host, { ...notification, msgId: `n${id}` } as ToWebex);
    },
    asked(...ids.map((id) => [id] as const)),
  );

  const together = ids.slice(0, 24).map((id) => `${id} n${id}`);
  expect(textsOf(queue)).toEqual([`${together.join(" ")} 24`, "n24 25 n25"]);
});

test("an answer does not wait for requests of another server", () => {
  const { rows } = added(asked(["first", host], ["next", other], ["third", other]), host, first);
  expect(rows.map(({ dueAt }) => dueAt)).toEqual([now]);
  // Nor is an answer of another server with the same MsgID taken for one of these.
  const { open } = added(asked(["first", other], ["next", other]), host, first);
  expect(open.map(({ answered }) => answered)).toEqual([[]]);
  const waiting = added(asked(["first", other], ["next", other]), other, first);
  expect(added(waiting, host, first).rows.map(({ dueAt }) => dueAt)).toEqual([now + 300, now]);
});

test("hands answers to several conferences' requests over at once (protocol T45)", () => {
  const requests = ["first", "next"].map((msgId) => requestOf([msgId, host]));
  const all = ["first", "next", "elsewhere"] as MsgId[];
  const queue = gather({ rows: [row({ messages: [notification] })], open: [] }, requests, now, [all]);
  const both = added(added(added(queue, host, first), host, notification, now + 5), host, next, now + 6);

  expect(both.rows.map(({ dueAt, messages, shared }) => [dueAt, messages, shared])).toEqual([
    [1000, [notification], undefined],
    [now, [first, next], all],
    [now + 5, [notification], undefined],
  ]);
  expect(both.open).toEqual([]);
});

test("notifications do not hold up answers that are handed over", () => {
  const all = ["first", "next"] as MsgId[];
  const handedOver = row({ shared: all, attempts: 1 });
  const notified = row({ seq: 2, messages: [notification] });
  const later = row({ seq: 3, messages: [next], shared: all });
  const headsOf = (...rows: Rows) => heads(lanes(rows)).map(({ id }) => id);
  expect(headsOf(handedOver, notified, later)).toEqual([1, 3]);

  // Once the first answers are posted, it is the notifications' turn.
  expect(headsOf(notified, later)).toEqual([2]);
  const closed = { type: "conference-closed", msgId: "next" as MsgId, result: "ok" } as const;
  expect(headsOf(handedOver, notified, { ...later, messages: [closed] })).toEqual([1]);
  expect(headsOf(handedOver, { ...notified, messages: [first] }, later)).toEqual([1]);
  expect(headsOf(handedOver, notified, { ...later, shared: ["next"] as MsgId[] })).toEqual([1]);
});

test("answers of several conferences share a document", () => {
  const all = ["first", "next"] as MsgId[];
  const opened = gatherShared({ rows: [], open: [] }, host, all, now);
  const one = added(opened, host, first);
  expect(gatherShared(one, host, all, now + 10)).toEqual(one);

  const { rows, open } = added(one, host, next, now + 10);
  expect(rows.map(({ dueAt, messages, answersTo }) => [dueAt, messages, answersTo])).toEqual([
    [now + 10, [first, next], "first"],
  ]);
  expect(open).toEqual([]);
});

test("shared documents do not wait for each other", () => {
  const documents = gatherShared(
    gatherShared({ rows: [], open: [] }, host, ids("a1", "a2"), now),
    host,
    ids("b1"),
    now,
  );
  const both = added(added(documents, host, message("a1")), host, message("b1"), now + 1);

  expect(heads(lanes(both.rows)).map(({ row: { dueAt, messages } }) => [dueAt, messages])).toEqual([
    [now + 300, [message("a1")]],
    [now + 1, [message("b1")]],
  ]);
});

test("an answer that has waited already waits only the rest", () => {
  const opened = gatherShared({ rows: [], open: [] }, host, ids("first", "next"), now);
  const { rows } = append(opened, { host, message: first, waitMs: 120 }, now, () => ({ seq: 9, transId: "t9" }), {
    gatherMs: 300,
  });
  expect(rows.map(({ dueAt }) => dueAt)).toEqual([now + 120]);
});

test("forgets a document whose answers never come", () => {
  const old = asked(["first"], ["next"]);
  const later = now + 5 * 60_000;
  expect(added(old, host, first, later).rows.map(({ dueAt }) => dueAt)).toEqual([later]);
  const requests = ["a", "b"].map((msgId) => requestOf([msgId]));
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

test("adds a message to the last transaction of its own host (protocol T45)", () => {
  const rows = add(add([row()], other));
  expect(rows.map((one) => [one.host, one.messages.length])).toEqual([
    [host, 2],
    [other, 1],
  ]);
});

test("keeps answers that were handed over, which may be under way", () => {
  const handedOver = row({ attempts: 1, shared: ["first" as MsgId] });
  const waiting = row({ seq: 2, shared: ["first" as MsgId] });

  expect(withoutDropped([handedOver, waiting, row({ seq: 3 })], [{ host, keepsAnswers: false }])).toEqual([handedOver]);
});

test("posts only answers to a replaced server, in the same bytes (protocol 4.9, T37)", () => {
  const both = [first, notification];
  const waited = { since: 1, why: "refused" };
  const rows = [
    row({ messages: both, probe: true, waited }),
    row({ seq: 2, messages: [notification] }),
    row({ seq: 3, messages: both, attempts: 1 }),
    row({ seq: 4, messages: both, attempts: 1, failure: "refused" }),
    row({ seq: 5, messages: [first], attempts: 1, failure: "refused" }),
    row({ seq: 6, messages: [notification], oneAttempt: true }),
    row({ seq: 7, messages: [notification], host: other }),
  ];

  expect(withoutDropped(rows, [{ host, keepsAnswers: true }])).toEqual([
    row({ messages: [first], oneAttempt: true }),
    row({ seq: 3, messages: both, attempts: 1, oneAttempt: true }),
    row({ seq: 5, messages: [first], attempts: 1, failure: "refused", oneAttempt: true }),
    row({ seq: 6, messages: [notification], oneAttempt: true }),
    row({ seq: 7, messages: [notification], host: other }),
  ]);
  expect(withoutDropped(rows, [{ host, keepsAnswers: false }]).map(({ seq }) => seq)).toEqual([6, 7]);
});

test("the first row of each host may be posted", () => {
  const rows = [row(), row({ seq: 2 }), row({ seq: 3, host: other })];
  expect(heads(lanes(rows)).map(({ id }) => id)).toEqual([1, 3]);
});

test("removes a row with its last message", () => {
  const rows = [row({ messages: [first, next] }), row({ seq: 2, transId: "t2" })];
  expect(withoutMessages(rows, "t1", [first])).toEqual([row({ messages: [next] }), rows[1]]);
  expect(withoutMessages(rows, "t2", [first])).toEqual([rows[0]]);
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
