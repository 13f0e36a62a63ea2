import type { EpochMs } from "../ids.ts";
import { type Timers, wait, within } from "./timers.ts";

interface PortionPorts extends Timers {
  now(): EpochMs;
}

/** So few that a post of WebEx need not wait long: on workerd all objects run on the thread that confirms it. */
const mostAtOnce = 10;
/** After this time the next ones follow, though some are not done. */
const nextAfterMs = 1_000;
/** workerd reads its sockets only while nothing waits to run. The pause is at least as long as the work before it took. */
const leastPauseMs = 20;
const mostPauseMs = 200;

interface Works {
  hasMore(): boolean;
  /** Takes so many; none of them ever rejects. */
  take(most: number): readonly (() => Promise<unknown>)[];
}

/** Does some at a time until there are no more, also of those that come meanwhile. */
export async function inPortions(ports: PortionPorts, works: Works): Promise<void> {
  while (works.hasMore()) {
    const begunAt = ports.now();
    const done = Promise.all(works.take(mostAtOnce).map((work) => work()));
    await within(ports, nextAfterMs, "some of it", done).catch(() => {});
    const pauseMs = Math.min(Math.max(leastPauseMs, ports.now() - begunAt), mostPauseMs);
    if (works.hasMore()) await wait(ports, pauseMs);
  }
}
