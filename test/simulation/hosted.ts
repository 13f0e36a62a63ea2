import type { LifePlace } from "../../durable-objects/node/runtime.ts";
import type { KeptValues } from "../../durable-objects/platform/object-place.ts";
import type { ObjectSocket } from "../../durable-objects/platform/object-sockets.ts";
import type { Database } from "../kit/database.ts";
import type { FaultSource } from "./faults.ts";

/** What comes of a fault and of no defect. */
export class Fault extends Error {}

/** Thrown into an object whose life is over; whatever it makes of that, nobody hears. */
export class Dead extends Fault {}

/** What one life of an object gets from its runtime. */
export interface Life extends Omit<LifePlace, "sockets"> {
  readonly kept: KeptValues;
  sockets(): readonly ObjectSocket[];
}

/** An object in its runtime, as the rest of the world has it. It may die between any two steps, and another life begins then. */
export interface Hosted<Object extends object = object> {
  readonly name: string;
  /** What another life would find. */
  readonly disk: Database;
  /** Grows with each death. */
  readonly life: number;
  /** When each of them was. */
  readonly deaths: readonly number[];
  /**
   * What the platform bills of it, beside the rows of its disk. `checks`: calls that only compare it with its bridge. `activeMs`:
   * at Cloudflare, time in which it works or waits, up to when that last was over.
   */
  readonly billed: { calls: number; checks: number; alarms: number; alarmsSet: number; activeMs: number };
  /** Where requests take their turn (`EdgeMachines`): how long it was at work, and for how long one of them waited at most. */
  readonly turns: { busyMs: number; longestWaitMs: number };
  readonly faults: FaultSource;
  /** A call from outside the edge, with the ways that it can fail. */
  call<Value>(work: (object: Object) => Promise<Value>): Promise<Value>;
  /** Something that the runtime itself brings; where a fault comes in between, it is lost. */
  deliver(work: (object: Object) => void): void;
  /** Everything in memory is gone. */
  die(why: string): void;
}

/** A new one each time: whatever waits for one and the same promise could never be freed. */
export const never = () => new Promise<never>(() => {});
