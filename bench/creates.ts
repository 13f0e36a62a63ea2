import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { WebexServer } from "../simulators/webex/server.ts";
import type { ConfKey, ExtConfId, MsgId } from "../src/foundation/ids.ts";

/**
 * Creates conferences at an even rate; returns the milliseconds from each request to its answer, infinitely many where
 * none came.
 */
export async function createAtRate(webex: WebexServer, count: number, overMs: number): Promise<readonly number[]> {
  const postedAt = new Map<MsgId, number>();
  const took: number[] = [];
  webex.onMessage = ({ message }) => {
    const since = message.type === "conference-created" ? postedAt.get(message.msgId) : undefined;
    if (since !== undefined) took.push(performance.now() - since);
  };
  const startedAt = performance.now();
  const confirmations: Promise<unknown>[] = [];
  for (let index = 0; index < count; index++) {
    await pause(Math.max(0, startedAt + (index * overMs) / count - performance.now()));
    const msgId = webex.client.msgId();
    const confKey = String(300_000_000 + index) as ConfKey;
    postedAt.set(msgId, performance.now());
    const handles = { extConfId: `C${confKey}` as ExtConfId, replyTo: webex.host };
    confirmations.push(webex.client.post({ type: "create-conference", msgId, confKey, ...handles }));
  }
  await Promise.allSettled(confirmations);
  for (let waited = 0; took.length < count && waited < 20_000; waited += 100) await pause(100);
  return [...took, ...Array<number>(count - took.length).fill(Number.POSITIVE_INFINITY)];
}
