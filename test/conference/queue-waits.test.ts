import { expect, test } from "vitest";
import {
  afterRestart,
  goOnWaiting,
  nextWaitingMs,
  type QueuedDocument,
  waitingRows,
  withoutDropped,
  withoutWait,
} from "../../src/conference/server/queue.ts";
import type { WebexHost } from "../../src/foundation/ids.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";

const host = "a:80" as WebexHost;
const other = "b:80" as WebexHost;
const now = 100_000;
const refused = "connection refused";

function row(more: Partial<QueuedDocument> = {}): QueuedDocument {
  return { seq: 1, host, transId: "t1", queuedAt: now, attempts: 0, dueAt: now, messages: [], ...more };
}

test.each<[string, readonly QueuedDocument[], object | undefined]>([
  ["has just begun to wait", [row({ queuedAt: now - 4_999 })], undefined],
  ["has waited for five seconds", [row({ queuedAt: now - 5_000 })], { rows: 1, oldestAt: now - 5_000, failure: null }],
  ["has failed", [row({ failure: refused })], { rows: 1, oldestAt: now, failure: refused }],
  [
    "took the place of one that had waited and failed",
    [row(), row({ waited: { since: 7, why: refused } })],
    { rows: 2, oldestAt: 7, failure: refused },
  ],
  [
    "is behind one that failed for another reason",
    [row({ failure: "timeout" }), row({ failure: refused })],
    { rows: 2, oldestAt: now, failure: "timeout" },
  ],
])("shows a receiver as waiting if a document %s", (_, rows, shown) => {
  expect(waitingRows([...rows, row({ host: other })], now).get(host)).toEqual(shown);
});

test("receivers wait apart from each other", () => {
  const rows = [row({ failure: refused }), row({ host: other, queuedAt: now - 6_000 }), row({ host: BACK_END })];
  expect([...waitingRows(rows, now)]).toEqual([
    [host, { rows: 1, oldestAt: now, failure: refused }],
    [other, { rows: 1, oldestAt: now - 6_000, failure: null }],
  ]);
});

test("says when the next receiver is shown as waiting", () => {
  expect(nextWaitingMs([row({ queuedAt: now - 1_000 }), row({ host: other, queuedAt: now - 3_000 })], now)).toBe(2_000);
  expect(nextWaitingMs([row({ failure: refused }), row({ host: other, queuedAt: now - 6_000 })], now)).toBeNull();
  expect(nextWaitingMs([], now)).toBeNull();
});

test("a Confirmation ends the wait of all later documents", () => {
  const waited = { since: 7, why: refused };
  const rows = [row({ waited }), row({ seq: 2 }), row({ seq: 3, host: other, waited })];
  const after = withoutWait(rows, host);
  expect(after).toStrictEqual([row(), row({ seq: 2 }), row({ seq: 3, host: other, waited })]);
  // Nothing is written where nothing has waited.
  expect(withoutWait(after, host)).toBe(after);
});

test("a replacement waits since the document that it replaces", () => {
  const rows = [row({ queuedAt: 50, failure: refused })];
  expect(goOnWaiting(rows, [{ host, since: 20, why: refused }])).toEqual([
    { ...rows[0], waited: { since: 20, why: refused } },
  ]);
});

test("rewrites no row if nothing is lost or dropped", () => {
  const rows = [row(), row({ seq: 2, oneAttempt: true })];
  expect(goOnWaiting(rows, [])).toBe(rows);
  expect(withoutDropped(rows, [])).toBe(rows);
});

test.each<[string, Partial<QueuedDocument>, Partial<QueuedDocument> | null]>([
  ["one whose first attempt may have begun is due at once", { dueAt: now + 3_000 }, { attempts: 1, dueAt: now }],
  [
    "one that was to wait for longer than any pause is due after the longest",
    { attempts: 2, dueAt: now + 3_600_000 },
    { attempts: 2, dueAt: now + 60_000 },
  ],
  ["one in the midst of its pause stays as it is", { attempts: 2, dueAt: now + 2_000 }, null],
  ["one that is due stays so", { attempts: 1, dueAt: now - 5 }, null],
])("after a restart, %s", (_, more, expected) => {
  const before = row(more);
  const [after] = afterRestart([before], now);
  if (expected) expect(after).toEqual({ ...before, ...expected });
  else expect(after).toBe(before);
});
