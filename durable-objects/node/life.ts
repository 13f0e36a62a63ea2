import type { Timers } from "../../src/foundation/time/timers.ts";
import type { ObjectDatabase } from "./rows/object-database.ts";

interface LifePorts {
  readonly timers: Timers;
  /** Monotonic time in ms. */
  passedMs(): number;
  /** See `Runtime.mayLeave`. */
  mayLeave(): Promise<void> | null;
  /** A failure that ends only this instance. */
  failed(error: unknown): void;
}

/** An instance of an object: from its load until it is unloaded, breaks or is deleted. */
export class Life {
  readonly database: ObjectDatabase;
  readonly #ports: LifePorts;
  readonly #timers = new Set<() => void>();
  readonly #calls = new Set<(error: unknown) => void>();
  /** Number of running posts and calls to other objects. */
  #busy = 0;
  #end: Error | null = null;
  /** True if the object was deleted. The instance then ends after its running calls. */
  isDeleted = false;
  #usedAt: number;

  constructor(database: ObjectDatabase, ports: LifePorts) {
    this.database = database;
    this.#ports = ports;
    this.#usedAt = ports.passedMs();
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  get idleMs(): number {
    const isIdle = this.#timers.size + this.#calls.size + this.#busy === 0;
    return isIdle ? this.#ports.passedMs() - this.#usedAt : 0;
  }

  /** Runs a call. Rejects if the instance ends before the call does. */
  call<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      this.#calls.add(reject);
      const over = () => {
        this.#calls.delete(reject);
        this.#usedAt = this.#ports.passedMs();
        if (this.isDeleted && this.#calls.size === 0) this.end(new Error("the object was deleted"));
      };
      new Promise<Value>((done) => done(work())).finally(over).then(resolve, reject);
    });
  }

  /** Keeps the instance loaded until `work` is done. */
  async busy<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#end) throw this.#end;
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
      this.#usedAt = this.#ports.passedMs();
    }
  }

  /**
   * Runs work that has an effect outside the process, once everything written so far is on disk. Work that sends
   * later, such as on a new connection, awaits `mayLeave` again before it sends.
   */
  outside<Value>(work: (mayLeave: () => Promise<void>) => Promise<Value>): Promise<Value> {
    return this.busy(async () => {
      await this.#mayLeave();
      return work(() => this.#mayLeave());
    });
  }

  async #mayLeave(): Promise<void> {
    await this.#ports.mayLeave();
    if (this.#end) throw this.#end;
  }

  after(ms: number, run: () => void): () => void {
    if (this.#end) return () => {};
    const stop = () => {
      cancel();
      this.#timers.delete(stop);
    };
    const cancel = this.#ports.timers.after(ms, () => {
      this.#timers.delete(stop);
      this.#usedAt = this.#ports.passedMs();
      try {
        run();
      } catch (error) {
        this.#ports.failed(error);
      }
    });
    this.#timers.add(stop);
    return stop;
  }

  /** Marks the object as deleted. Running calls continue, but cannot write. */
  deleted(): void {
    this.isDeleted = true;
    if (this.#calls.size === 0) this.end(new Error("the object was deleted"));
  }

  /** Ends the instance: stops its timers and rejects running calls with the error. */
  end(error: Error): void {
    if (this.#end) return;
    this.#end = error;
    for (const stop of this.#timers) stop();
    for (const reject of this.#calls) reject(error);
    this.#calls.clear();
    this.database.close();
  }
}
