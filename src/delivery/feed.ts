import { spread } from "../foundation/hash.ts";
import type { EpochMs } from "../foundation/ids.ts";
import { type Timers, within } from "../foundation/time/timers.ts";
import { WakeTimer } from "../foundation/time/wake-timer.ts";
import { doubling, pauseAfter } from "./backoff.ts";

/** Current rows of one sender. */
export interface Batch {
  /** Rises with every change of a row. The receiver stores a row only if it has none of this version or a later one. */
  readonly version: number;
}

/** A receiver's answer to a stored batch. */
export interface Ack {
  /** How long non-urgent changes are gathered, in milliseconds. */
  readonly pauseMs: number;
}

interface FeedPorts<Rows extends Batch, Answer extends Ack> extends Timers {
  now(): EpochMs;
  /** The sender's name. It spreads the retries of senders that fail together. */
  name(): string;
  /** True if rows changed since the last acknowledged version. */
  isPending(): boolean;
  /** Returns the changed rows. Called if there are some. */
  rows(): Rows;
  send(rows: Rows): Promise<Answer>;
  /** Handles the receiver's answer. Calls `changed` if it lacks something urgent. */
  acknowledged(rows: Rows, answer: Answer): void;
  failed(why: string): void;
  /** Calls `wake` at that time, even if the sender is unloaded. Absent: uses a timer. */
  wakeBy?(at: EpochMs): void;
}

/** Delay of urgent rows. Changes within this time go with them. */
export const urgentMs = 200;
const usualPauseMs = 2_000;
const answerWithinMs = 10_000;
const backoff = doubling(5_000, 5 * 60_000);

/**
 * Sends rows to one receiver until it has acknowledged their latest versions. One batch is in flight at a time. Later changes go with the
 * next batch, so only the latest version of each row is sent.
 */
export class Feed<Rows extends Batch, Answer extends Ack = Ack> {
  readonly #ports: FeedPorts<Rows, Answer>;
  readonly #timer: WakeTimer;
  #pauseMs = usualPauseMs;
  #failures = 0;
  /** Earliest time of the next batch after a failure. */
  #notBefore: EpochMs = 0;
  #sending: Promise<boolean> | null = null;
  #sendingSince: EpochMs = 0;
  /** Delay of the changes since the batch in flight; `null`: none. */
  #wantedMs: number | null = null;
  #isStopped = false;

  constructor(ports: FeedPorts<Rows, Answer>) {
    this.#ports = ports;
    this.#timer = new WakeTimer(ports, ports.now, () => void this.send());
  }

  /** Sends changed rows within this many milliseconds. */
  changed(ms = this.#usualMs): void {
    if (this.#sending) this.#wantedMs = Math.min(this.#wantedMs ?? ms, ms);
    else this.#wakeWithin(ms);
  }

  /** Spreads senders that change at the same time, for example after a failover. */
  get #usualMs(): number {
    return this.#pauseMs * (0.5 + spread(this.#ports.name()) / 2);
  }

  /** Sends pending rows, unless the pause after a failure lasts. Resolves to true if the receiver has everything. */
  send(): Promise<boolean> {
    const { now } = this.#ports;
    // The platform may have ended the request that owned the timers.
    if (this.#sending && Math.abs(now() - this.#sendingSince) > 2 * answerWithinMs) this.#sending = null;
    if (this.#sending) return this.#sending;
    if (this.#isStopped || !this.#ports.isPending()) return Promise.resolve(true);
    if (now() < this.#notBefore) {
      this.#wakeWithin(0);
      return Promise.resolve(false);
    }
    this.#sendingSince = now();
    const sending = this.#sendAll().finally(() => {
      if (this.#sending === sending) this.#sending = null;
    });
    this.#sending = sending;
    return sending;
  }

  /** True if the last batch was not acknowledged. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer.cancel();
  }

  async #sendAll(): Promise<boolean> {
    this.#timer.cancel();
    this.#wantedMs = null;
    const ports = this.#ports;
    try {
      const rows = ports.rows();
      const answer = await within(ports, answerWithinMs, "the receiver of rows", ports.send(rows));
      if (this.#isStopped) return true;
      this.#pauseMs = answer.pauseMs;
      this.#failures = 0;
      ports.acknowledged(rows, answer);
    } catch (error) {
      this.#failures += 1;
      this.#notBefore = ports.now() + pauseAfter(this.#failures, backoff, spread(`${ports.name()} ${this.#failures}`));
      ports.failed(String(error));
    }
    if (this.#failures > 0) this.#wakeWithin(0);
    else if (this.#wantedMs !== null) this.#wakeWithin(this.#wantedMs);
    return !ports.isPending();
  }

  #wakeWithin(ms: number): void {
    if (this.#isStopped) return;
    const { now, wakeBy } = this.#ports;
    const restMs = this.#notBefore - now();
    if (restMs > ms && wakeBy) wakeBy(this.#notBefore);
    else this.#timer.wakeWithin(Math.max(ms, restMs));
  }
}
