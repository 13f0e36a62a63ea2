import type { EpochMs } from "../../src/foundation/ids.ts";
import type { HomeClock } from "./home-clock.ts";

/** Beyond this a timer of Node fires at once. */
const longestTimerMs = 2_147_483_647;

/** Node's own time: it begins with the machine's clock, and goes on by the monotonic one. */
export class NodeClock implements HomeClock {
  #begunAt: EpochMs = Date.now();
  readonly #begun = performance.now();

  now(): EpochMs {
    return Math.floor(this.#begunAt + performance.now() - this.#begun);
  }

  notBefore(time: EpochMs): void {
    this.#begunAt += Math.max(0, time - this.now());
  }

  after(ms: number, run: () => void): () => void {
    let stop = () => {};
    const wait = (leftMs: number) => {
      const nowMs = Math.min(leftMs, longestTimerMs);
      const timer = setTimeout(leftMs > nowMs ? () => wait(leftMs - nowMs) : run, nowMs);
      stop = () => clearTimeout(timer);
    };
    wait(ms);
    return () => stop();
  }

  endOfTurn(run: () => void): void {
    setImmediate(run);
  }
}
