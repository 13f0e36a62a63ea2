import * as fc from "fast-check";
import { expect, test } from "vitest";
import { append, gather, lanes, type Queue, type QueuedDocument } from "../../src/conference/server/queue.ts";
import { heads } from "../../src/delivery/deliveries.ts";
import type { WebexHost } from "../../src/foundation/ids.ts";
import type { OpenRequest, ToWebex } from "../../src/tsp/messages.ts";

const gatherMs = 300;
const host = "a:80" as WebexHost;

interface Asked {
  readonly at: number;
  /** After how long each request is answered; a notification follows each answer. */
  readonly afterMs: readonly number[];
}

const asked = fc.record<Asked>({
  at: fc.nat(2_000),
  afterMs: fc.array(fc.oneof(fc.nat(80), fc.nat(1_500)), { minLength: 1, maxLength: 50 }),
});

interface Ready {
  readonly at: number;
  readonly message: ToWebex;
}

/** When each message was ready and left, where posts take no time. */
function lived(documents: readonly Asked[]) {
  let queue: Queue = { rows: [], open: [] };
  const ready: Ready[] = documents.flatMap(({ at, afterMs }, document) =>
    afterMs.flatMap((ms, index): Ready[] => {
      const msgId = `${document}.${index}`;
      return [
        { at: at + ms, message: { type: "message-error", msgId, result: "ok" } as unknown as ToWebex },
        { at: at + ms, message: { type: "caller-changed", msgId: `n${msgId}`, status: "muted" } as unknown as ToWebex },
      ];
    }),
  );
  const left: { readonly at: number; readonly row: QueuedDocument }[] = [];
  let seq = 0;
  for (let now = 0; now <= 5_000; now += 1) {
    for (const [index, { at, afterMs }] of documents.entries()) {
      const requests = afterMs.map((_, request) => ({ type: "unknown", msgId: `${index}.${request}` }));
      if (at === now) queue = gather(queue, requests as unknown as OpenRequest[], now);
    }
    for (const { at, message } of ready) {
      if (at !== now) continue;
      queue = append(queue, { host, message }, now, () => ({ seq: ++seq, transId: `t${seq}` }), { gatherMs });
    }
    const next = () => heads(lanes(queue.rows))[0]?.row;
    for (let row = next(); row && row.dueAt <= now; row = next()) {
      left.push({ at: now, row });
      queue = { ...queue, rows: queue.rows.filter((other) => other !== row) };
    }
  }
  return { ready, left };
}

test("no answer waits for longer than 300 ms; what is ready when the first answer to its document leaves goes with it; the order holds (protocol T45, T46)", () => {
  fc.assert(
    fc.property(fc.array(asked, { minLength: 1, maxLength: 3 }), (documents) => {
      const { ready, left } = lived(documents);
      const readyAt = new Map(ready.map(({ at, message }) => [message.msgId as string, at]));
      const order = left.flatMap(({ row }) => row.messages.map(({ msgId }) => msgId as string));
      expect(order.toSorted()).toEqual([...readyAt.keys()].toSorted());
      for (const { at, row } of left) {
        expect(row.messages.length).toBeLessThanOrEqual(50);
        for (const { msgId } of row.messages) expect(at - (readyAt.get(msgId) ?? 0)).toBeLessThanOrEqual(gatherMs);
      }
      for (const [index, { afterMs }] of documents.entries()) {
        const answers = afterMs.map((_, request) => `${index}.${request}`);
        const leaving = left.filter(({ row }) => row.messages.some(({ msgId }) => answers.includes(msgId)));
        const [first, ...later] = leaving;
        const wereReady = later.flatMap(({ row }) =>
          row.messages.filter(({ msgId }) => answers.includes(msgId) && (readyAt.get(msgId) ?? 0) < (first?.at ?? 0)),
        );
        // Only what is too much for one document is left for the next.
        if ((first?.row.messages.length ?? 0) < 50 || documents.length === 1) expect(wereReady).toEqual([]);
        for (const msgId of answers) expect(order.indexOf(msgId)).toBeLessThan(order.indexOf(`n${msgId}`));
      }
      const notified = order.filter((msgId) => msgId.startsWith("n"));
      const inOrder = notified.toSorted((one, other) => (readyAt.get(one) ?? 0) - (readyAt.get(other) ?? 0));
      expect(notified.map((msgId) => readyAt.get(msgId))).toEqual(inOrder.map((msgId) => readyAt.get(msgId)));
    }),
    { numRuns: Number(process.env.RUNS ?? 150), seed: Number(process.env.SEED ?? 45) },
  );
});

test("alone in the queue, the answer to a document's only request leaves when it is ready", () => {
  expect(lived([{ at: 0, afterMs: [70] }]).left.map(({ at }) => at)).toEqual([70]);
});
