import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import { postDocument } from "../simulators/webex/client.ts";

export interface Load {
  /** The next post to make. */
  readonly next: () => { readonly url: string; readonly body: string };
  /** Whether this is the expected answer. */
  readonly accepts: (status: number, body: string) => boolean;
  /** Posts under way at any time. */
  readonly callers: number;
  readonly posts: number;
}

export interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Posts as fast as the answers come, and measures each post. Throws at the first unexpected answer. */
export async function measure(load: Load): Promise<Figures> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.callers });
  const times: number[] = [];
  let left = load.posts;
  const startedAt = performance.now();
  const caller = async () => {
    while (left-- > 0) {
      const { url, body } = load.next();
      const sentAt = performance.now();
      const answer = await postDocument(url, body, agent);
      times.push(performance.now() - sentAt);
      if (!load.accepts(answer.status, answer.body.toString())) {
        throw new Error(`a post was answered with status ${answer.status}: ${answer.body.toString().slice(0, 200)}`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: load.callers }, caller));
  } finally {
    agent.destroy();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: load.posts / seconds, p50Ms: percentile(times, 50), p99Ms: percentile(times, 99) };
}

/** The smallest value that at least `percent` of the values do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
}
