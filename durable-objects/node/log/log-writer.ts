import type { RuntimeClock } from "../runtime-clock.ts";
import { type Disk, type Flush, nothing } from "./disk.ts";

interface LogWriterPorts {
  readonly disk: Pick<Disk, "flush">;
  readonly clock: RuntimeClock;
  /** All that is to be written now; `null`: nothing. */
  collect(): Flush | null;
  /** A flush has failed: nothing that was written since the last one is on disk. */
  failed(error: unknown): void;
}

/** What nobody waits for, such as that a post was confirmed, goes to disk with what somebody waits for, or by then. */
const gatherMs = 100;

/**
 * One flush is under way; what is written meanwhile gathers for the next. With none under way, a flush holds what is written up to the
 * first await of whoever waits for it: rows behind that, and an alarm, may be in a later one.
 */
export class LogWriter {
  readonly #ports: LogWriterPorts;
  /** What waits for the next flush; `null`: nothing is to be written. */
  #next: PromiseWithResolvers<void> | null = null;
  #current: Promise<void> | null = null;
  /** Takes back the timer for what nobody waits for. */
  #cancel: () => void = () => {};
  /** Somebody waits for the next flush. */
  #isAwaited = false;
  /** A flush is wanted also where there is nothing to write. */
  #isRenewed = false;

  constructor(ports: LogWriterPorts) {
    this.#ports = ports;
  }

  /** Something was written: it goes to disk once somebody waits for it, or soon. */
  wrote(): void {
    if (this.#next) return;
    this.#next = Promise.withResolvers();
    this.#next.promise.catch(() => {}); // Whoever waits for it hears of the failure.
    if (!this.#current) this.#flushLater();
  }

  /** Has a flush made where none is to come, also an empty one. Resolves and rejects with it. */
  renew(): Promise<void> {
    this.#isRenewed = true;
    this.wrote();
    return this.flushed() ?? Promise.reject(new Error("no flush was begun"));
  }

  /**
   * Resolves once all that was written so far is on disk, and rejects where that fails; `null`: all is. It goes there as soon as
   * whoever asks gives way, and the flush that is under way is over.
   */
  flushed(): Promise<void> | null {
    if (this.#next && !this.#isAwaited) {
      this.#isAwaited = true;
      this.#cancel();
      if (!this.#current) queueMicrotask(() => void this.#flush());
    }
    return this.#next?.promise ?? this.#current;
  }

  #flushLater(): void {
    this.#cancel = this.#ports.clock.after(gatherMs, () => void this.flushed());
  }

  /** Whether something is not on disk yet. */
  get isBehind(): boolean {
    return (this.#next ?? this.#current) !== null;
  }

  async #flush(): Promise<void> {
    const { disk, clock, collect, failed } = this.#ports;
    while (this.#next && this.#isAwaited) {
      this.#isAwaited = false;
      const { promise, resolve, reject } = this.#next;
      this.#next = null;
      this.#current = promise;
      try {
        const flush = collect() ?? (this.#isRenewed ? nothing : null);
        this.#isRenewed = false;
        if (flush) await disk.flush(flush, clock.now());
        resolve();
      } catch (error) {
        reject(error);
        this.#refuseNext(error);
        failed(error);
      }
    }
    this.#current = null;
    if (this.#next) this.#flushLater();
  }

  /** What was written meanwhile stands on what is lost. */
  #refuseNext(error: unknown): void {
    this.#next?.reject(error);
    this.#next = null;
    this.#isAwaited = false;
  }
}
