import type { EpochMs } from "../../src/foundation/ids.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { SteadyClock } from "../../src/foundation/time/steady-clock.ts";
import { Alarm, type AlarmPorts } from "./alarm.ts";

/** A smaller step of the machine's clock is not worth a row. */
const noticedMs = 1000;
/** Until an alarm that is further away, the machine's clock may be set forward, and the alarm comes no sooner for that. */
const furthestMs = 5 * 60_000;

/**
 * An object's time and its one alarm. The time never goes back, in this instance or the next; a deadline is noticed
 * within five minutes even if the machine's clock is set meanwhile. Platform and alarm use the machine's clock.
 */
export class Clock {
  readonly alarm: Alarm;
  readonly #platform: AlarmPorts;
  readonly #steady = new SteadyClock();
  readonly #keepAheadMs: (aheadMs: number) => void;
  #keptAheadMs: number;

  /**
   * `lastAt`: when an earlier instance committed last; 0: none did. `aheadMs`: by how much its time was ahead of the
   * machine's clock, as `keepAheadMs` has kept it.
   */
  constructor(platform: AlarmPorts, lastAt: EpochMs, aheadMs = 0, keepAheadMs: (aheadMs: number) => void = () => {}) {
    this.alarm = new Alarm(platform);
    this.#platform = platform;
    this.#steady.notBefore(lastAt, aheadMs);
    this.#keptAheadMs = aheadMs;
    this.#keepAheadMs = keepAheadMs;
  }

  readonly now = (): EpochMs => this.#steady.at(this.#platform.now());

  /** Sees to it that the alarm comes by this time, also where an earlier life may have set it. */
  async ensure(time: EpochMs): Promise<void> {
    await this.alarm.ensure(this.#steady.onMachine(time));
    this.#keepAhead();
  }

  /** Sees to it that the alarm comes by this time. */
  wakeBy(time: EpochMs): void {
    this.now(); // Notices a clock that was set.
    this.alarm.wakeBy(this.#steady.onMachine(time));
    this.#keepAhead();
  }

  #keepAhead(): void {
    const { aheadMs } = this.#steady;
    if (Math.abs(aheadMs - this.#keptAheadMs) <= noticedMs) return;
    // Without this each life would begin when the last input was committed, and what is due much later would never come.
    this.#keepAheadMs(aheadMs);
    this.#keptAheadMs = aheadMs;
  }
}

/**
 * When the alarm must come. Until then the object does by itself what is due. The alarm costs a row and is the backstop for an
 * object that is gone, so it comes `leadMs` after now at the earliest; for a deadline that is ahead it comes in time.
 */
export function nextWake(
  now: EpochMs,
  leadMs: number,
  deadline: EpochMs | null,
  ...dues: readonly (EpochMs | null)[]
): EpochMs | null {
  const isAhead = deadline !== null && deadline > now;
  const backstop = earliest(...dues, isAhead ? null : deadline);
  return earliest(
    isAhead ? Math.min(deadline, now + furthestMs) : null,
    backstop === null ? null : Math.max(backstop, now + leadMs),
  );
}
