import { uptime } from "node:os";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { type MachineClocks, machineClocks, PassingTime } from "../../src/foundation/time/passing-time.ts";
import { dayMs, type Timers } from "../../src/foundation/time/timers.ts";

/** A machine's clock that is further ahead of what was last written may be wrong. */
const believedMs = 7 * dayMs;
/** Beyond this a timer of Node fires at once. */
const longestTimerMs = 2_147_483_647;

/** The time of an edge: it begins with the machine's clock, and then only passes, whoever sets that clock. */
export class EdgeTime {
  readonly #clocks: MachineClocks;
  readonly #passing: PassingTime;
  /** Of this time on the passing one. */
  #leadMs: number;

  constructor(clocks: MachineClocks = machineClocks(() => uptime() * 1_000)) {
    this.#clocks = clocks;
    this.#passing = new PassingTime(clocks);
    this.#leadMs = clocks.wall() - this.passedMs();
  }

  /** Milliseconds since some moment, the machine's sleep included. */
  passedMs(): number {
    return this.#passing.now();
  }

  now(): EpochMs {
    return Math.floor(this.passedMs() + this.#leadMs);
  }

  /**
   * Begins where the state ends, which was last written at `lastAt` (0: never). Returns by how much the machine's clock is ahead where it is not
   * believed: it says that more than a week has passed. By a wrong one, all would be deleted for its age.
   */
  begin(lastAt: EpochMs, trustsClock: boolean): number | null {
    const wall = this.#clocks.wall();
    const aheadMs = wall - lastAt;
    const isBelieved = lastAt === 0 || trustsClock || aheadMs <= believedMs;
    this.#leadMs = (isBelieved ? Math.max(wall, lastAt) : lastAt) - this.passedMs();
    return isBelieved ? null : aheadMs;
  }
}

/** Timers of Node, for any time. */
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
