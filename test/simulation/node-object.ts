import { Database } from "../kit/database.ts";
import { faultsOf, type WorldContext } from "./context.ts";
import type { FaultSource } from "./faults.ts";
import { Fault, type Hosted } from "./hosted.ts";
import type { NodeRuntime } from "./node-runtime.ts";

/** An object in that runtime. */
export class NodeObject<Object extends object> implements Hosted<Object> {
  readonly name: string;
  readonly disk = new Database();
  life = 0;
  readonly deaths: number[] = [];
  readonly billed = { calls: 0, checks: 0, alarms: 0, alarmsSet: 0, activeMs: 0 };
  readonly turns = { busyMs: 0, longestWaitMs: 0 };
  readonly faults: FaultSource;
  readonly #context: WorldContext;
  readonly #runtime: NodeRuntime;
  readonly #stub: () => Object;
  /** Ends the present life; `null`: it is not in memory. */
  #abort: ((why: string) => void) | null = null;

  constructor(name: string, context: WorldContext, runtime: NodeRuntime, stub: () => Object) {
    this.name = name;
    this.#context = context;
    this.#runtime = runtime;
    this.#stub = stub;
    this.faults = faultsOf(context, name);
  }

  call<Value>(work: (object: Object) => Promise<Value>): Promise<Value> {
    return work(this.#stub());
  }

  deliver(work: (object: Object) => void): void {
    const done: unknown = work(this.#stub());
    if (!(done instanceof Promise)) return;
    done.catch((error: unknown) => {
      if (!(error instanceof Fault || this.#runtime.isFault(error instanceof Error ? error.message : String(error))))
        throw error;
    });
  }

  die(why: string): void {
    const abort = this.#abort;
    if (!abort) return;
    this.#context.tell(() => `${this.name} dies: ${why}`);
    this.ended();
    this.#runtime.breakObject(abort, why);
  }

  begun(abort: (why: string) => void): void {
    this.ended(); // It rested meanwhile.
    this.#abort = abort;
  }

  ended(): void {
    if (!this.#abort) return;
    this.#abort = null;
    this.life += 1;
    this.deaths.push(this.#context.clock.now);
  }
}
