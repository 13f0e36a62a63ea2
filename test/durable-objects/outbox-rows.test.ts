import { expect, test } from "vitest";
import {
  afterFailure,
  afterRestart,
  append,
  heads,
  type Row,
  type Rows,
  withoutMessages,
} from "../../durable-objects/outbox-rows.ts";
import type { WebexHost } from "../../src/foundation/ids.ts";
import type { ToWebex } from "../../src/tsp/messages.ts";

const host = "a:80" as WebexHost;
const other = "b:80" as WebexHost;
const message = (msgId: string) => ({ type: "message-error", msgId, result: "unknown-message" }) as ToWebex;
const first = message("first");
const next = message("next");
const policy = { attempts: 3, retryDelaysMs: [0, 2000] };

function row(more: Partial<Row> = {}): Row {
  return { seq: 1, host, transId: "t1", attempts: 0, dueAt: 1000, messages: [first], ...more };
}

function add(rows: Rows, to: WebexHost = host, isHurried = false): Rows {
  return append(rows, { host: to, message: next }, { dueAt: 5000, isHurried }, () => ({ seq: 9, transId: "t9" }));
}

test("a message joins the last transaction, which keeps its time, or no longer waits", () => {
  expect(add([row()])).toEqual([row({ messages: [first, next] })]);
  expect(add([row()], host, true)).toEqual([row({ dueAt: 5000, messages: [first, next] })]);
});

test.each<[string, Rows, WebexHost]>([
  ["was begun", [row({ attempts: 1 })], host],
  ["goes to another host", [row()], other],
  ["is full", [row({ messages: Array(50).fill(first) })], host],
])("a message gets a transaction of its own when the last one %s", (_, rows, to) => {
  const expected = row({ seq: 9, host: to, transId: "t9", dueAt: 5000, messages: [next] });
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
  const dues = [1, 2, 3].map((attempts) => afterFailure(row({ attempts }), policy, 10_000)?.dueAt);
  expect(dues).toEqual([10_000, 12_000, undefined]);
});

test("the last pause repeats where there are more attempts than pauses", () => {
  expect(afterFailure(row({ attempts: 5 }), { ...policy, attempts: 9 }, 10_000)?.dueAt).toBe(12_000);
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
