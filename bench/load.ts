import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { postDocument } from "../simulators/webex/client.ts";

/** A post, and the answer that follows from it. */
export interface Transaction {
  readonly url: string;
  readonly body: string;
  /** The time of the answer, by `performance.now()`; without it, the Confirmation is the end. */
  readonly answer?: Promise<number>;
}

export interface Times {
  readonly confirmMs: readonly number[];
  /** Up to the answer; empty where none is expected. */
  readonly wholeMs: readonly number[];
  readonly perSecond: number;
}

/** Posts at an even rate, however long the answers take. */
export async function paced(next: () => Transaction, perSecond: number, count: number): Promise<Times> {
  return timed(count, async (transact) => {
    const startedAt = performance.now();
    const underWay: Promise<void>[] = [];
    for (let index = 0; index < count; index++) {
      await pause(Math.max(0, startedAt + (index * 1000) / perSecond - performance.now()));
      underWay.push(transact(next()));
    }
    await Promise.all(underWay);
  });
}

/** Each of the callers posts again as soon as its last transaction is over. */
export async function inTurns(next: () => Transaction, callers: number, count: number): Promise<Times> {
  return timed(count, async (transact) => {
    let left = count;
    const caller = async () => {
      while (left-- > 0) await transact(next());
    };
    await Promise.all(Array.from({ length: callers }, caller));
  });
}

/** Throws at the first post that is not confirmed. */
async function timed(
  count: number,
  run: (transact: (transaction: Transaction) => Promise<void>) => Promise<void>,
): Promise<Times> {
  const agent = new Agent({ keepAlive: true });
  const confirmMs: number[] = [];
  const wholeMs: number[] = [];
  const transact = async ({ url, body, answer }: Transaction) => {
    const sentAt = performance.now();
    const { status, body: confirmation } = await postDocument(url, body, agent);
    confirmMs.push(performance.now() - sentAt);
    if (status !== 200 || !confirmation.includes('Result="0"')) {
      throw new Error(`a post was answered with status ${status}: ${confirmation.toString().slice(0, 200)}`);
    }
    if (answer) wholeMs.push((await within20s(answer)) - sentAt);
  };
  const startedAt = performance.now();
  try {
    await run(transact);
  } finally {
    agent.destroy();
  }
  return { confirmMs, wholeMs, perSecond: (1000 * count) / (performance.now() - startedAt) };
}

function within20s(answer: Promise<number>): Promise<number> {
  return new Promise((answered, failed) => {
    const timer = setTimeout(() => failed(new Error("a confirmed post was not answered within 20 s")), 20_000);
    void answer.then((at) => {
      clearTimeout(timer);
      answered(at);
    });
  });
}

/** The smallest value that at least `percent` of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}
