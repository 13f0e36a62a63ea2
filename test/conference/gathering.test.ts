import { expect, test } from "vitest";
import { withoutDropped } from "../../src/conference/server/posts.ts";
import {
  append,
  gather,
  gatherShared,
  lanes,
  type Queue,
  type QueuedDocument,
  type QueuedPost,
} from "../../src/conference/server/queue.ts";
import { heads } from "../../src/delivery/deliveries.ts";
import type { MsgId, WebexHost } from "../../src/foundation/ids.ts";
import type { OpenRequest, ToWebex } from "../../src/tsp/messages.ts";

const host = "a:80" as WebexHost;
const other = "b:80" as WebexHost;
const now = 5_000;
const openMs = 5 * 60_000;
const nothing: Queue = { rows: [], open: [] };

const answer = (msgId: string) => ({ type: "message-error", msgId, result: "unknown-message" }) as ToWebex;
const closed = (msgId: string) => ({ type: "conference-closed", msgId, result: "ok" }) as ToWebex;
const note = (msgId: string) => ({ type: "conference-changed", msgId, status: "locked" }) as ToWebex;
const ids = (...msgIds: readonly string[]) => msgIds.map((msgId) => msgId as MsgId);
const requests = (msgIds: readonly string[], replyTo?: WebexHost) =>
  msgIds.map((msgId): OpenRequest => ({ type: "unknown", msgId: msgId as MsgId, ...(replyTo && { replyTo }) }));

function row(more: Partial<QueuedDocument> = {}): QueuedDocument {
  return { seq: 1, host, transId: "t1", queuedAt: 1_000, attempts: 0, dueAt: 1_000, messages: [], ...more };
}

type Addition = Pick<QueuedPost, "message" | "oneAttempt" | "probe">;

function add(queue: Queue, addition: Addition, more: object = {}, at = now): Queue {
  const seq = 9 + queue.rows.length;
  const post: QueuedPost = { host, ...addition };
  return append(queue, post, at, () => ({ seq, transId: `t${seq}` }), { gatherMs: 300, ...more });
}

function textsOf({ rows }: Queue): string[] {
  return rows.map(({ messages }) => messages.map(({ msgId }) => msgId).join(" "));
}

test("a single request waits for no other", () => {
  expect(gather(nothing, requests(["a"], host), now)).toBe(nothing);
  expect(gather(nothing, requests(["a"], host), now, [ids("b", "c")])).toBe(nothing);
});

test("opens a shared document again only once it is old", () => {
  const opened = gatherShared(nothing, host, ids("a", "b"), now);
  expect(gatherShared(opened, host, ids("a", "b"), now + openMs - 1)).toBe(opened);
  expect(gatherShared(opened, host, ids("a", "b"), now + openMs).open).toEqual([
    { host, requests: ["a", "b"], answered: [], answersTo: "a", until: now + 2 * openMs },
  ]);
  expect(gatherShared(opened, other, ids("a", "b"), now).open).toHaveLength(2);
  expect(gatherShared(opened, host, ids("c", "d"), now).open).toHaveLength(2);
});

test("hands an answer over as long as others may come", () => {
  const queue = gather(nothing, requests(["a"], host), now, [ids("a", "b")]);
  const sharedAt = (at: number) => add(queue, { message: answer("a") }, {}, at).rows.map(({ shared }) => shared);
  expect(sharedAt(now + openMs - 1)).toEqual([["a", "b"]]);
  expect(sharedAt(now + openMs)).toEqual([undefined]);
});

test("marks a last attempt and a probe, which travel alone", () => {
  const queue = { rows: [row({ messages: [answer("x")] })], open: [] };
  const usual = { host, queuedAt: now, attempts: 0, dueAt: now, messages: [answer("a")] };
  expect(add(queue, { message: answer("a"), oneAttempt: true }).rows[1]).toStrictEqual({
    seq: 10,
    transId: "t10",
    oneAttempt: true,
    ...usual,
  });
  const probed = add(queue, { message: answer("a"), probe: true });
  expect(probed.rows[1]).toStrictEqual({ seq: 10, transId: "t10", probe: true, ...usual });
  expect(add(nothing, { message: answer("a") }).rows).toStrictEqual([{ seq: 9, transId: "t9", ...usual }]);
  // Nor does anything join a probe.
  expect(textsOf(add(probed, { message: note("n") }))).toEqual(["x", "a", "n"]);
});

test("fills one document after the other", () => {
  const asked = gather(nothing, requests(["a", "b", "c"]), now);
  const all = ["a", "b", "c"].reduce((queue, id) => add(queue, { message: answer(id) }, { mostMessages: 2 }), asked);
  expect(textsOf(all)).toEqual(["a b", "c"]);
});

test("no answer overtakes one that was handed over", () => {
  const asked = gather(nothing, requests(["a", "b"]), now);
  const first = add(asked, { message: answer("a") });
  const handedOver = row({ seq: 20, shared: ids("x", "y"), messages: [answer("x")] });
  expect(textsOf(add({ ...first, rows: [...first.rows, handedOver] }, { message: answer("b") }))).toEqual([
    "a",
    "x",
    "b",
  ]);
});

test("keeps no place for an answer that is too late", () => {
  const asked = gather(nothing, requests(["a", "b"]), now);
  const waiting = add(asked, { message: answer("a") });
  const textsAt = (at: number) => textsOf(add(waiting, { message: note("n") }, { mostMessages: 2 }, at));
  expect(textsAt(now + openMs - 1)).toEqual(["a", "n"]);
  expect(textsAt(now + openMs)).toEqual(["a n"]);
});

test("nothing that begins or ends something overtakes handed-over answers", () => {
  const shared = ids("a", "b");
  const headsOf = (...rows: readonly QueuedDocument[]) => heads(lanes(rows)).map(({ id }) => id);
  const first = row({ shared, attempts: 1, messages: [answer("a")] });
  expect(headsOf(first, row({ seq: 2, shared, messages: [answer("b"), closed("c")] }))).toEqual([1]);
  // An answer that waits holds up all behind it, though a notification travels with it.
  const mixed = row({ seq: 2, messages: [answer("x"), note("n")] });
  expect(headsOf(first, mixed, row({ seq: 3, shared, messages: [answer("b")] }))).toEqual([1]);
});

test("gives answers to a replaced server one attempt", () => {
  const posts = [
    { host, message: answer("a") },
    { host, message: note("n") },
    { host, message: answer("b"), handedOver: true as const },
    { host, message: answer("c"), oneAttempt: true as const },
    { host: other, message: note("m") },
  ];
  const left = (keepsAnswers: boolean) =>
    withoutDropped(posts, [{ host, keepsAnswers }]).map(({ message, oneAttempt }) => [message.msgId, oneAttempt]);
  expect(left(true)).toEqual([
    ["a", true],
    ["b", true],
    ["c", true],
    ["m", undefined],
  ]);
  expect(left(false)).toEqual([
    ["b", undefined],
    ["c", true],
    ["m", undefined],
  ]);
});
