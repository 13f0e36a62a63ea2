import { uptime } from "node:os";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { type MachineClocks, machineClocks, PassingTime } from "../../src/foundation/time/passing-time.ts";
import { dayMs, type Timers } from "../../src/foundation/time/timers.ts";

/** A clock further ahead of the last write is not believed: a wrong one would delete everything for its age. */
const believedMs = 7 * dayMs;
/** Node fires a longer timer at once. */
const longestTimerMs = 2_147_483_647;

/** The edge's time. It starts at the machine's clock and is monotonic from then on, even if that clock is set. */
export class EdgeTime {
  readonly #clocks: MachineClocks;
  readonly #passing: PassingTime;
  /** Edge time minus monotonic time, in ms. */
  #leadMs: number;

  constructor(clocks: MachineClocks = machineClocks(() => uptime() * 1_000)) {
    this.#clocks = clocks;
    this.#passing = new PassingTime(clocks);
    this.#leadMs = clocks.wall() - this.passedMs();
  }

  /** Monotonic time in ms, including the machine's sleep. */
  passedMs(): number {
    return this.#passing.now();
  }

  now(): EpochMs {
    return Math.floor(this.passedMs() + this.#leadMs);
  }

  /**
   * Starts the edge's time. `lastAt` is the time of the last write (0: none). Returns `null` if the machine's clock
   * is believed, and otherwise how far it is ahead, in ms.
   */
  begin(lastAt: EpochMs, trustsClock: boolean): number | null {
    const wall = this.#clocks.wall();
    const aheadMs = wall - lastAt;
    const isBelieved = lastAt === 0 || trustsClock || aheadMs <= believedMs;
    this.#leadMs = (isBelieved ? Math.max(wall, lastAt) : lastAt) - this.passedMs();
    return isBelieved ? null : aheadMs;
  }
}

/** Node's timers, without its limit of 24 days. */
export const nodeTimers: Timers = {
  after(ms, run) {
    let stop = () => {};
    const wait = (leftMs: number) => {
      const nowMs = Math.min(leftMs, longestTimerMs);
      const timer = setTimeout(leftMs > nowMs ? () => wait(leftMs - nowMs) : run, nowMs);
      stop = () => clearTimeout(timer);
    };
    wait(ms);
    return () => stop();
  },
};
