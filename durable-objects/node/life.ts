import type { Timers } from "../../src/foundation/time/timers.ts";
import type { ObjectDatabase } from "./rows/object-database.ts";

interface LifePorts {
  readonly timers: Timers;
  /** Monotonic time in ms. */
  passedMs(): number;
  /** Resolves once all that was written so far is on disk and no other edge can act; `null`: it is so now. */
  mayLeave(): Promise<void> | null;
  /** Something failed that ends this life alone. */
  failed(error: unknown): void;
}

/** An object in memory, from when it is loaded until it rests, breaks or is deleted. */
export class Life {
  readonly database: ObjectDatabase;
  readonly #ports: LifePorts;
  readonly #timers = new Set<() => void>();
  readonly #calls = new Set<(error: unknown) => void>();
  /** Work under way that is no call of it: posts, and calls of other objects. */
  #busy = 0;
  #end: Error | null = null;
  /** It was deleted: it ends with the calls that are under way. */
  #isDeleted = false;
  #usedAt: number;

  constructor(database: ObjectDatabase, ports: LifePorts) {
    this.database = database;
    this.#ports = ports;
    this.#usedAt = ports.passedMs();
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  get idleMs(): number {
    const isIdle = this.#timers.size + this.#calls.size + this.#busy === 0;
    return isIdle ? this.#ports.passedMs() - this.#usedAt : 0;
  }

  /** The result of a call; rejects if this life ends before. */
  call<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      this.#calls.add(reject);
      const over = () => {
        this.#calls.delete(reject);
        this.#usedAt = this.#ports.passedMs();
        if (this.#isDeleted && this.#calls.size === 0) this.end(new Error("the object was deleted"));
      };
      new Promise<Value>((done) => done(work())).finally(over).then(resolve, reject);
    });
  }

  /** It does not rest until this is over. */
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

  /** Work whose effect leaves the process. `mayLeave`: for work that only leaves later, such as on a new connection. */
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

  /** Calls that are under way go on to their end, and can write nothing. */
  deleted(): void {
    this.#isDeleted = true;
    if (this.#calls.size === 0) this.end(new Error("the object was deleted"));
  }

  /** Nothing of it happens any more; calls under way are refused with the error. */
  end(error: Error): void {
    if (this.#end) return;
    this.#end = error;
    for (const stop of this.#timers) stop();
    for (const reject of this.#calls) reject(error);
    this.#calls.clear();
    this.database.close();
  }
}
