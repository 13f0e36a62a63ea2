import { doubling, pauseAfter } from "../../src/delivery/backoff.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Platform } from "./platform.ts";

export type AlarmPorts = Pick<Platform, "now" | "after" | "log" | "setAlarm" | "getAlarm">;

/** Pauses after work that broke: a write may fail once, and settings may be unreadable for hours. */
const backoff = doubling(2_000, 60_000);
const setAgainMs = 5_000;
/** How late the platform may bring an alarm. */
const comesWithinMs = 5_000;

/**
 * The one alarm of an object, on the machine's clock. Nothing here throws or rejects, whatever the work or the platform does: the
 * platform soon gives up an alarm that fails.
 */
export class Alarm {
  readonly #ports: AlarmPorts;
  /** The alarm that this life has set; `null`: none, or it has come. */
  #at: EpochMs | null = null;
  /** Failures in a row. */
  #failures = 0;
  /** The time of an alarm that the platform failed to set; `null`: there is none. */
  #unset: EpochMs | null = null;

  constructor(ports: AlarmPorts) {
    this.#ports = ports;
  }

  fired(work: () => void | Promise<void>): Promise<void> {
    this.#at = null;
    return this.guard(work);
  }

  /** Does what the object was woken for; where that breaks, the alarm comes again. */
  async guard(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
      this.#failures = 0;
    } catch (error) {
      this.#log("alarm-broke", error);
      this.#failures += 1;
      this.wakeBy(this.#ports.now() + pauseAfter(this.#failures, backoff));
    }
  }

  /** Sees to it that the alarm comes by this time. Setting an alarm costs a row, so an earlier one of this life will do. */
  wakeBy(at: EpochMs): void {
    const set = this.#at;
    if (set === null || set > at) return void this.#set(at);
    // It may be long in coming, since the clock was set forward. To set it for later than now would put off what is overdue.
    const now = this.#ports.now();
    if (set < now - comesWithinMs) void this.#set(now);
  }

  /** The same, where an earlier life may have set the alarm. One that is overdue is about to come. */
  async ensure(at: EpochMs): Promise<void> {
    const before = this.#at;
    const answer = await this.#ports.getAlarm().catch(() => null);
    // The answer does not know what was set meanwhile.
    const set = this.#at === before ? answer : (this.#at ?? answer);
    if (set === null || set > at) await this.#set(at);
  }

  async #set(at: EpochMs): Promise<void> {
    this.#at = at;
    try {
      await this.#ports.setAlarm(at);
    } catch (error) {
      if (this.#at === at) this.#at = null;
      this.#setLater(at, error);
    }
  }

  /** If this life ends before, whatever wakes the object next sets the alarm. */
  #setLater(at: EpochMs, error: unknown): void {
    const isWaiting = this.#unset !== null;
    this.#unset = Math.min(this.#unset ?? at, at);
    if (isWaiting) return;
    this.#log("no-alarm", error);
    const since = this.#ports.now();
    this.#ports.after(setAgainMs, () => {
      const earliest = this.#unset ?? at;
      // If the clock was set back in the meantime, the alarm would be that much late.
      const setBackMs = Math.max(0, since + setAgainMs - this.#ports.now());
      this.#unset = null;
      this.wakeBy(earliest - setBackMs);
    });
  }

  #log(event: "alarm-broke" | "no-alarm", error: unknown): void {
    this.#ports.log({ level: "error", event, why: String(error) });
  }
}
