import type { EpochMs } from "../../src/foundation/ids.ts";
import type { Counts } from "../../src/foundation/metrics.ts";
import { type Timers, wait } from "../../src/foundation/time/timers.ts";
import type { CountsPortion } from "../../src/rpc/counts.ts";

interface CountsSenderPorts extends Timers {
  now(): EpochMs;
  /** Another name for each life of a process. */
  newName(): string;
  /** Resolves when the portions count; they count once, however often they come. */
  send(from: string, portions: readonly CountsPortion[]): Promise<void>;
}

/** How often a process sends what it has counted. */
const everyMs = 30_000;
/** For a request of the edge, which the platform lets live on for 30 s. */
const requestWaitsMs = 20_000;
/** Portions that may have come, though no answer did. Where more would wait, the counts wait in one. */
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
   * An object has counted, or is awake: it sends what there is, if the last time is long enough ago. Objects have no timer for it, which would keep
   * them awake, and billed: what is counted meanwhile waits for the next count, alarm or sweep.
   */
  counted(): void {
    if (!isPast(this.#sentAt, everyMs, this.#ports.now())) return;
    this.#sentAt = this.#ports.now();
    // Together with all that is counted in the same turn.
    queueMicrotask(() => void this.flush().catch(() => {}));
  }

  /** A request of the edge has counted: resolves when that is sent. One request waits for all. */
  async afterRequest(): Promise<void> {
    // The one that waited may be gone.
    if (!isPast(this.#waitsSince, 2 * requestWaitsMs, this.#ports.now())) return;
    this.#waitsSince = this.#ports.now();
    await wait(this.#ports, requestWaitsMs);
    this.#waitsSince = Number.NEGATIVE_INFINITY;
    await this.flush().catch(() => {});
  }

  /** Resolves when all that was counted so far has come; rejects when that is not known: then it is sent again. */
  async flush(): Promise<void> {
    if (!this.#counts.isEmpty && this.#portions.length < mostPortions) {
      this.#number += 1;
      this.#portions.push({ number: this.#number, counts: this.#counts.removeAll() });
    }
    if (this.#portions.length === 0) return;
    this.#sentAt = this.#ports.now();
    this.#name ??= this.#ports.newName();
    const sent = [...this.#portions];
    await this.#ports.send(this.#name, sent);
    const upTo = sent.at(-1)?.number ?? 0;
    this.#portions = this.#portions.filter(({ number }) => number > upTo);
  }
}

/** A clock that was set back must not make it longer. */
function isPast(since: EpochMs, ms: number, now: EpochMs): boolean {
  return Math.abs(now - since) >= ms;
}
