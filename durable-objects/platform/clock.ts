import type { EpochMs } from "../../src/foundation/ids.ts";
import { earliest } from "../../src/foundation/time/earliest.ts";
import { SteadyClock } from "../../src/foundation/time/steady-clock.ts";
import { Alarm, type AlarmPorts } from "./alarm.ts";
import { type Platform, skippedOf } from "./platform.ts";

/** A smaller step of the machine's clock is not worth a row. */
const noticedMs = 1000;
/** Until an alarm that is further away, the machine's clock may be set forward, and the alarm comes no sooner for that. */
const furthestMs = 5 * 60_000;

type ClockPorts = AlarmPorts & Pick<Platform, "skippedMs">;

/** What a life leaves for the next one; absent: 0. */
interface KeptTime {
  /** By how much the object's time was ahead of the machine's clock. */
  readonly aheadMs?: number;
  /** So much of what the platform has skipped is in the object's time. */
  readonly skippedMs?: number;
}

/**
 * An object's time and its one alarm. The time never goes back, in this life or the next; a deadline is noticed
 * within five minutes even if the machine's clock is set meanwhile. It stays behind by what the platform has skipped
 * since the object began, so that nothing is due at once, until `catchUp`. Platform and alarm go by the machine's clock.
 */
export class Clock {
  readonly alarm: Alarm;
  readonly #platform: ClockPorts;
  readonly #steady = new SteadyClock();
  readonly #keepAheadMs: (aheadMs: number) => void;
  #keptAheadMs: number;
  #skippedMs: number;

  /** `lastAt`: when an earlier life committed last; 0: none did. `keepAheadMs` keeps `aheadMs` for the next life. */
  constructor(
    platform: ClockPorts,
    lastAt: EpochMs,
    { aheadMs = 0, skippedMs = 0 }: KeptTime = {},
    keepAheadMs: (aheadMs: number) => void = () => {},
  ) {
    this.alarm = new Alarm(platform);
    this.#platform = platform;
    const ever = skippedOf(platform);
    // Less was ever skipped where the platform's time was set back by an operator.
    this.#skippedMs = lastAt === 0 ? ever : Math.min(skippedMs, ever);
    this.#steady.notBefore(lastAt, aheadMs);
    this.#keptAheadMs = aheadMs;
    this.#keepAheadMs = keepAheadMs;
  }

  readonly now = (): EpochMs => this.#steady.at(this.#platform.now() - this.behindMs);

  /** See `KeptTime`. */
  get skippedMs(): number {
    return this.#skippedMs;
  }

  /** So much of the platform's time is not in the object's. */
  get behindMs(): number {
    return skippedOf(this.#platform) - this.#skippedMs;
  }

  /** From now on it goes by the platform's time: nothing is left that would end early by that. */
  catchUp(): void {
    this.#skippedMs += this.behindMs;
  }

  /** Sees to it that the alarm comes by this time, also where an earlier life may have set it. */
  async ensure(time: EpochMs): Promise<void> {
    await this.alarm.ensure(this.#onPlatform(time));
    this.#keepAhead();
  }

  /** Sees to it that the alarm comes by this time. */
  wakeBy(time: EpochMs): void {
    this.now(); // Notices a clock that was set.
    this.alarm.wakeBy(this.#onPlatform(time));
    this.#keepAhead();
  }

  #onPlatform(time: EpochMs): EpochMs {
    return this.#steady.onMachine(time) + this.behindMs;
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
