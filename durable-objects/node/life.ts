import type { EpochMs } from "../../src/foundation/ids.ts";
import type { ObjectDatabase } from "./log/object-database.ts";
import type { RuntimeClock } from "./runtime-clock.ts";

interface LifePorts {
  readonly clock: RuntimeClock;
  /** What was written so far is on disk once it resolves; `null`: it is. */
  readonly pending: () => Promise<void> | null;
  /** Whether no other edge can act now. */
  mayAct(): boolean;
  /** Something that ends this life alone. */
  failed(error: unknown): void;
}

/** An object in memory, from when it is loaded until it rests, breaks or is deleted. */
export class Life {
  readonly database: ObjectDatabase;
  readonly #ports: LifePorts;
  readonly #timers = new Set<() => void>();
  readonly #calls = new Set<(error: unknown) => void>();
  /** Work under way that is no call of it: posts, and what it asks of other objects. */
  #busy = 0;
  #end: Error | null = null;
  /** It was deleted: it ends with the calls that are under way. */
  #isDeleted = false;
  #usedAt: EpochMs;

  constructor(database: ObjectDatabase, ports: LifePorts) {
    this.database = database;
    this.#ports = ports;
    this.#usedAt = ports.clock.now();
  }

  get hasEnded(): boolean {
    return this.#end !== null;
  }

  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** Since when nothing is under way; `null`: something is. */
  get idleSince(): EpochMs | null {
    return this.#timers.size + this.#calls.size + this.#busy === 0 ? this.#usedAt : null;
  }

  /** The clock has gone on at once, by so much. */
  skipped(byMs: number): void {
    this.#usedAt += byMs;
  }

  /** The result of a call; rejects where this life ends before. */
  call<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#end) return reject(this.#end);
      this.#calls.add(reject);
      const over = () => {
        this.#calls.delete(reject);
        this.#usedAt = this.#ports.clock.now();
        this.#endDeleted();
      };
      try {
        const value = work();
        if (!(value instanceof Promise)) {
          over();
          return resolve(value);
        }
        value.then(
          (result) => {
            over();
            resolve(result);
          },
          (error: unknown) => {
            over();
            reject(error);
          },
        );
      } catch (error) {
        over();
        reject(error);
      }
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
      this.#usedAt = this.#ports.clock.now();
    }
  }

  /** Something whose effect leaves the process: it begins once all that was written before is on disk. */
  outside<Value>(work: (mayLeave: () => Promise<void>) => Promise<Value>): Promise<Value> {
    return this.busy(async () => {
      await this.#ports.pending();
      if (this.#end) throw this.#end;
      return work(() => this.#mayLeave());
    });
  }

  /** The process may have stood still meanwhile. */
  async #mayLeave(): Promise<void> {
    if (!this.#ports.mayAct()) await this.#ports.pending();
    if (this.#end) throw this.#end;
  }

  after(ms: number, run: () => void): () => void {
    if (this.#end) return () => {};
    const stop = () => {
      cancel();
      this.#timers.delete(stop);
    };
    const cancel = this.#ports.clock.after(ms, () => {
      this.#timers.delete(stop);
      this.#usedAt = this.#ports.clock.now();
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
    this.#endDeleted();
  }

  #endDeleted(): void {
    if (this.#isDeleted && this.#calls.size === 0) this.end(new Error("the object was deleted"));
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
