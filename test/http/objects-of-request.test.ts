import { expect, test } from "vitest";
import { forOneRequest } from "../../src/http/objects-of-request.ts";
import { type EdgeObjects, requestMs } from "../../src/rpc/objects.ts";
import { Clock } from "../kit/clock.ts";

test("a request waits for an object for what is left of its 8 s, and for no longer where the clock is set back", async () => {
  const time = new Clock(1_000_000);
  let setMs = 0;
  const mailbox = () => ({ send: () => new Promise(() => {}) });
  const edge = forOneRequest({
    objects: { mailbox } as unknown as EdgeObjects,
    passedMs: () => time.now + setMs,
    after: (ms: number, run: () => void) => time.after(ms, run),
  });
  /** After how long each call failed. */
  const failedAfter: number[] = [];
  const call = () => {
    const since = time.now;
    edge.objects
      .mailbox("acme" as never)
      .send({} as never)
      .catch(() => failedAfter.push(time.now - since));
  };

  await time.pass(3_000);
  call();
  await time.pass(requestMs);
  call();
  await time.pass(0);
  setMs = -3_600_000;
  call();
  await time.pass(requestMs);
  expect(failedAfter).toEqual([requestMs - 3_000, 0, requestMs]);
});
