import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Counts } from "../../src/foundation/metrics.ts";
import { type Timers, wait } from "../../src/foundation/time/timers.ts";
import type { CountsPortion } from "../../src/rpc/counts.ts";

interface CountsSenderPorts extends Timers {
  now(): EpochMs;
  /** A name for this life of the process, unlike all others. */
  newName(): string;
  /** Resolves when the portions are counted: once, however often they come. */
  send(from: string, portions: readonly CountsPortion[]): Promise<void>;
}

const everyMs = 30_000;
/** How long counts of a request wait. The platform lets the request live on for 30 s. */
const requestWaitsMs = 20_000;
/** How many portions wait that may have come without an answer. Further counts are gathered in one. */
const mostPortions = 20;

/**
 * Brings what this process counts to the object that adds up what all of them count. Nothing waits for it. What a process has not sent yet when it
 * ends is missing.
 */
export class CountsSender {
  readonly #ports: CountsSenderPorts;
  readonly #counts: Counts;
  #name: string | null = null;
  #number = 0;
  #portions: CountsPortion[] = [];
  #sentAt = Number.NEGATIVE_INFINITY;
  #waitsSince = Number.NEGATIVE_INFINITY;

  constructor(ports: CountsSenderPorts, counts: Counts) {
    this.#ports = ports;
    this.#counts = counts;
  }

  /**
   * An object has counted, or is awake: sends what there is, if the last time is long enough ago. A timer would keep objects awake, and
   * billed, so what is counted meanwhile waits for the next count, alarm or sweep.
   */
  counted(): void {
    if (!isPast(this.#sentAt, everyMs, this.#ports.now())) return;
    this.#sentAt = this.#ports.now();
    // Later in this turn, with all else that is counted in it.
    queueMicrotask(() => void this.flush().catch(() => {}));
  }

  /** A request of the edge has counted: resolves when that is sent. One request waits for all. */
  async afterRequest(): Promise<void> {
    // A request that waited may have ended before it sent anything.
    if (!isPast(this.#waitsSince, 2 * requestWaitsMs, this.#ports.now())) return;
    this.#waitsSince = this.#ports.now();
    await wait(this.#ports, requestWaitsMs);
    this.#waitsSince = Number.NEGATIVE_INFINITY;
    await this.flush().catch(() => {});
  }

  /** Resolves when all counts so far have come. Rejects when that is not known; they are then sent again. */
  async flush(): Promise<void> {
    if (!this.#counts.isEmpty && this.#portions.length < mostPortions) {
      this.#number += 1;
      this.#portions.push({ number: this.#number, counts: this.#counts.removeAll() });
    }
    if (this.#portions.length === 0) return;
    this.#sentAt = this.#ports.now();
    this.#name ??= this.#ports.newName();
    const upTo = this.#number;
    await this.#ports.send(this.#name, [...this.#portions]);
    this.#portions = this.#portions.filter(({ number }) => number > upTo);
  }
}

/** A clock that was set back must not make it longer. */
function isPast(since: EpochMs, ms: number, now: EpochMs): boolean {
  return Math.abs(now - since) >= ms;
}
