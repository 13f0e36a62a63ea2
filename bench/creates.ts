import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import type { WebexServer } from "../simulators/webex/server.ts";
import type { ConfKey, ExtConfId, MsgId } from "../src/foundation/ids.ts";
import { cpuMs } from "./process-usage.ts";

export interface Creates {
  /** Time from the first post of each confirmed create to its Confirmation. */
  readonly confirmMs: readonly number[];
  /** Time from the first post of each create to its answer; infinite without an answer. */
  readonly answerMs: readonly number[];
  /** Answers in each 5 s of the posts. */
  readonly answersPerSecond: readonly number[];
  /** CPU of the edge in each tenth of the posts. */
  readonly cpuMs: readonly number[];
}

const windowMs = 5_000;
let nextKey = 300_000_000;

/** Creates conferences at a constant rate, and waits for their answers. */
export async function createAtRate(webex: WebexServer, edge: number, count: number, overMs: number): Promise<Creates> {
  const postedAt = new Map<MsgId, number>();
  const answerMs: number[] = [];
  const windows = Array<number>(Math.floor(overMs / windowMs)).fill(0);
  const startedAt = performance.now();
  webex.onMessage = ({ message }) => {
    const since = message.type === "conference-created" ? postedAt.get(message.msgId) : undefined;
    if (since === undefined) return;
    const now = performance.now();
    answerMs.push(now - since);
    const window = Math.floor((now - startedAt) / windowMs);
    if (window in windows) windows[window] = (windows[window] ?? 0) + 1;
  };
  const confirmMs: number[] = [];
  const confirmations: Promise<unknown>[] = [];
  const cpuSoFar: number[] = [];
  for (let index = 0; index < count; index++) {
    await pause(Math.max(0, startedAt + (index * overMs) / count - performance.now()));
    if (index % (count / 10) === 0) cpuSoFar.push(cpuMs(edge));
    const msgId = webex.client.msgId();
    const confKey = String(nextKey++) as ConfKey;
    const since = performance.now();
    postedAt.set(msgId, since);
    const handles = { extConfId: `C${confKey}` as ExtConfId, replyTo: webex.host };
    const posted = webex.client.post({ type: "create-conference", msgId, confKey, ...handles });
    confirmations.push(posted.then(() => confirmMs.push(performance.now() - since)));
  }
  cpuSoFar.push(cpuMs(edge));
  await Promise.allSettled(confirmations);
  for (let waited = 0; answerMs.length < count && waited < 20_000; waited += 100) await pause(100);
  return {
    confirmMs,
    answerMs: [...answerMs, ...Array<number>(count - answerMs.length).fill(Number.POSITIVE_INFINITY)],
    answersPerSecond: windows.map((answers) => (answers * 1_000) / windowMs),
    cpuMs: cpuSoFar.slice(1).map((ms, tenth) => ms - (cpuSoFar[tenth] ?? 0)),
  };
}
