import { expect, test } from "vitest";
import { Outbox } from "../../durable-objects/conference/outbox.ts";
import type { HttpAnswer } from "../../durable-objects/platform/post.ts";
import type { QueuedDocument } from "../../src/conference/server/queue.ts";
import type { MsgId, WebexHost } from "../../src/foundation/ids.ts";
import { testDomain } from "../local-domain.ts";
import { Clock } from "../simulation/clock.ts";
import { confirmation, fakePlatform, transIdOf } from "./fakes.ts";

const failed: HttpAnswer = { kind: "failed", reason: "TimeoutError" };
const [reached, failing] = ["127.0.0.1:8801", "localhost:8802"] as WebexHost[];

/** An outbox with one document for each of two servers: one that confirms, and one that does not. */
function outboxOfTwo() {
  const time = new Clock(1_000_000);
  const domain = testDomain({ webex: { retryDelaysMs: [2_000] } });
  const disk = new Map<number, QueuedDocument>();
  const state = { isFull: false, isAwaited: false };
  const posted: { readonly at: number; readonly url: string }[] = [];
  for (const [index, host] of [reached, failing].entries()) {
    const message = { type: "message-error", msgId: `m-${index}` as MsgId, result: "unknown-message" } as const;
    const row = { seq: index, transId: `t${index}`, queuedAt: 0, attempts: 0, dueAt: 0, messages: [message] };
    disk.set(index, { ...row, host: host as WebexHost });
  }
  const outbox = new Outbox(
    {
      ...fakePlatform(time, {
        post: async ({ url, body }) => {
          posted.push({ at: time.now, url });
          return url.includes("8801") ? confirmation(domain, transIdOf(body)) : failed;
        },
      }),
      awaits: (host) => state.isAwaited && host === reached,
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
    async () => {},
  );
  /** The owner has committed the rows: they are posted. */
  const accept = () => outbox.accept({ rows: [...disk.values()], open: [] });
  return { time, disk, state, posted, outbox, accept };
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
