import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Timers } from "../../src/foundation/time/timers.ts";

/** The time of a runtime, as `RuntimeTime` has it, and its timers, which go by the monotonic clock. */
export interface RuntimeClock extends Timers {
  now(): EpochMs;
  /** What was written last was written at this time: nothing after it is earlier, whatever the machine's clock says at a start. */
  notBefore(time: EpochMs): void;
}
