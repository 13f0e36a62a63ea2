import { expect, test } from "vitest";
import { judge } from "../../durable-objects/conference/document-post.ts";
import { Outbox } from "../../durable-objects/conference/outbox.ts";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { QueuedDocument } from "../../src/conference/server/queue.ts";
import type { ExtConfId, MsgId, WebexHost } from "../../src/foundation/ids.ts";
import { BACK_END } from "../../src/foundation/text/bare-host.ts";
import type { ShareResult } from "../../src/rpc/mailbox.ts";
import { testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { confirmation, fakePlatform, transIdOf } from "./fakes.ts";

const failed: HttpAnswer = { kind: "failed", reason: "TimeoutError" };
const [reached, failing] = ["127.0.0.1:8801", "localhost:8802"] as WebexHost[];

const anError = { type: "message-error", msgId: "m1" as MsgId, result: "unknown-message" } as const;

/** An outbox with one document for each of two servers: one that confirms, which gets this row, and one that does not. */
function outboxOfTwo(more: Partial<QueuedDocument> = {}) {
  const time = new Clock(1_000_000);
  const domain = testDomain({ webex: { retryDelaysMs: [2_000] } });
  const disk = new Map<number, QueuedDocument>();
  const state = { isFull: false, isAwaited: false };
  const posted: { readonly at: number; readonly url: string }[] = [];
  for (const [index, host] of [reached, failing].entries()) {
    const row = { seq: index, transId: `t${index}`, queuedAt: 0, attempts: 0, dueAt: 0, messages: [anError] };
    disk.set(index, { ...row, host: host as WebexHost, ...(index === 0 && more) });
  }
  const answers = Promise.withResolvers<ShareResult>();
  const events: string[] = [];
  const outbox = new Outbox(
    {
      ...fakePlatform(time, {
        log: ({ event }) => events.push(event),
        post: async ({ url, body }) => {
          posted.push({ at: time.now, url });
          return url.includes("8801") ? confirmation(domain, transIdOf(body)) : failed;
        },
      }),
      awaits: (host) => state.isAwaited && host === reached,
      share: () => answers.promise,
    },
    {
      loadOutbox: () => [...disk.values()],
      transaction: (work) => {
        if (state.isFull) throw new Error("database or disk is full");
        work();
      },
      putDocument: (row) => disk.set(row.seq, row),
      deleteDocument: (seq) => disk.delete(seq),
      say: () => {},
    },
    () => domain,
    async ({ seq }) => void events.push(`${seq} given up`),
  );
  /** The owner has committed the rows: they are posted. */
  const accept = () => outbox.accept({ rows: [...disk.values()], open: [] });
  return { time, disk, state, posted, outbox, accept, answers, events };
}

const hosts = (disk: ReadonlyMap<number, QueuedDocument>) => [...disk.values()].map(({ host }) => host);

test("a sign of life stays on disk until the conference stores what follows from it, whatever the outbox writes", async () => {
  const { time, disk, state, outbox, accept } = outboxOfTwo();
  state.isAwaited = true;
  accept();
  await time.pass(100);

  expect([disk.get(1)?.failure, outbox.signs, hosts(disk)]).toEqual(["TimeoutError", [reached], [reached, failing]]);
  outbox.deleteConfirmed();
  expect(hosts(disk)).toEqual([reached, failing]);
});

test("once the alarm's deletion succeeds on a disk that was full, what waits is posted within a second", async () => {
  const { time, disk, state, posted, outbox, accept } = outboxOfTwo();
  state.isFull = true;
  accept();
  await time.pass(40_000);
  state.isFull = false;
  const before = posted.length;
  outbox.deleteConfirmed();
  await time.pass(1_000);

  expect(posted.slice(before).map(({ url }) => url)).toEqual([`http://${failing}/`]);
  expect(hosts(disk)).toEqual([failing]);
});

test("a document that tells of a conference's end leaves the disk once it is confirmed; another one may wait for what comes next", async () => {
  const extConfId = "1" as ExtConfId;
  const ended = { type: "conference-changed", msgId: "m1" as MsgId, extConfId, status: "ended" } as const;
  for (const [message, left] of [
    [ended, []],
    [anError, [reached]],
  ] as const) {
    const { time, disk, accept } = outboxOfTwo({ messages: [message] });
    disk.delete(1);
    accept();
    await time.pass(10);
    expect(hosts(disk)).toEqual(left);
  }
});

test("who confirms a document that was for a server before it was replaced gives no sign of life", async () => {
  const { time, disk, state, outbox, accept } = outboxOfTwo({ oneAttempt: true });
  disk.delete(1);
  state.isAwaited = true;
  accept();
  await time.pass(10);

  expect([outbox.signs, outbox.confirmed.length]).toEqual([[], 1]);
});

test.each(["confirmed", "given-up", null] as const)(
  "of answers that were withdrawn while the mailbox had them nothing is said, whatever became of them: %s",
  async (result) => {
    const { time, outbox, accept, answers, events } = outboxOfTwo({ shared: [] });
    accept();
    await time.pass(10);
    outbox.accept({ rows: [], open: [] });
    if (result) answers.resolve(result);
    else answers.reject(new Error("it is being moved"));
    await time.pass(10_000);

    expect([outbox.confirmed, events.filter((event) => event !== "post-failed")]).toEqual([[], []]);
  },
);

test("a document that is queued in a later life overwrites none of an earlier one", () => {
  const { outbox } = outboxOfTwo();
  outbox.load();
  expect([outbox.nextSeq(), outbox.nextSeq()]).toEqual([2, 3]);
});

test.each([
  [199, false],
  [200, true],
  [299, true],
  [300, false],
  [302, false],
])("the partner's back end has what it answers with %i: %s", (status, has) => {
  const answer = { kind: "answered", status, body: new Uint8Array() } as const;
  expect(judge(answer, { host: BACK_END } as QueuedDocument, testDomain(), () => {}).ok).toBe(has);
});

test("a Confirmation behind white space, in the charset of its header, confirms at once (protocol T6)", () => {
  const domain = testDomain();
  const text = `\n<?xml version="1.0"?><!-- reçu -->${domain.codec.confirm("t1", "ok")}`;
  const answer = { kind: "answered", status: 200, contentType: "text/xml; charset=iso-8859-1" } as const;
  const notes: string[] = [];
  const note = (level: string, event: string) => notes.push(`${level} ${event}`);
  const row = { host: reached, transId: "t1" } as QueuedDocument;

  expect(judge({ ...answer, body: Buffer.from(text, "latin1") }, row, domain, note)).toEqual({
    ok: true,
    value: "confirmed",
  });
  expect(notes).toEqual(["warn document-note"]);
});
