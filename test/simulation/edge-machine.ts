import type { Disk } from "../../durable-objects/node/log/disk.ts";
import { type LifePlace, Runtime } from "../../durable-objects/node/runtime.ts";
import { RuntimeTime } from "../../durable-objects/node/runtime-time.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { ObjectName } from "../../src/rpc/objects.ts";
import { faultsOf, type WorldContext } from "./context.ts";
import { EdgeProcess } from "./edge-process.ts";
import type { FaultSource } from "./faults.ts";

/** Where the state of a world's edges lies. */
export interface EdgeState {
  diskOf(machine: EdgeMachine, process: EdgeProcess): Disk;
  /** Whether no other process has taken its place. */
  isCurrent(process: EdgeProcess): boolean;
  /** Whether anything may leave it now. */
  mayAct(process: EdgeProcess): boolean;
  /** A flush that is under way is then on disk, or not. */
  died(machine: EdgeMachine, process: EdgeProcess): void;
}

interface MachinePorts {
  readonly state: EdgeState;
  readonly make: (process: EdgeProcess, kind: ObjectName, place: string, life: LifePlace) => Promise<Whole>;
  log(process: EdgeProcess, line: LogLine): void;
  died(process: EdgeProcess): void;
}

/** By its supervisor. */
const startsAgainMs = 1_000;

/** A machine of the edge. Its process begins anew after each death. */
export class EdgeMachine {
  readonly name: string;
  readonly faults: FaultSource;
  process: EdgeProcess;
  /** Nothing gets from here to the database, and nothing back. */
  isCut = false;
  /** What its clock alone is ahead of the others' of the edge. */
  #skewMs = 0;
  readonly #context: WorldContext;
  readonly #ports: MachinePorts;
  #lives = 0;
  #ids = 0;

  constructor(name: string, context: WorldContext, ports: MachinePorts) {
    this.name = name;
    this.#context = context;
    this.#ports = ports;
    this.faults = faultsOf(context, `process of ${name}`);
    this.process = this.#begin();
  }

  get skewMs(): number {
    return this.#skewMs;
  }

  set skewMs(ms: number) {
    if (ms === this.#skewMs) return;
    this.#skewMs = ms;
    this.#context.edgeMachines.clockSetAt = this.#context.clock.now;
    this.#context.faults.hold(null);
  }

  /** The process dies, and with it all that is in memory. */
  kill(why: string, forMs = this.faults.draws.between(50, 3_000)): void {
    const { process } = this;
    if (!process.isAlive) return;
    this.#context.tell(() => `the process of ${this.name} dies: ${why}`);
    process.die();
    this.#ports.state.died(this, process);
    this.#ports.died(process);
    this.#beginAfter(forMs);
  }

  /** Nothing happens in the process; what comes for it waits in its sockets. */
  freeze(): void {
    const { process } = this;
    if (!process.isAlive || process.standstill.isOn) return;
    const { draws } = this.faults;
    process.standstill.begin();
    this.#context.clock.after(draws.between(500, draws.chance(0.5) ? 5_000 : 40_000), () => process.standstill.end());
  }

  #beginAfter(ms: number): void {
    this.#context.clock.after(ms, () => {
      this.process = this.#begin();
    });
  }

  #begin(): EdgeProcess {
    const { clock, edgeNow } = this.#context;
    const { state, make, log } = this.#ports;
    this.#lives += 1;
    const process = new EdgeProcess(`${this.name}, life ${this.#lives}`, clock);
    const clocks = { wall: () => edgeNow() + this.skewMs, monotonic: () => clock.now, sinceBoot: () => clock.now };
    const time = new RuntimeTime(clocks, (byMs) => process.runtime?.skipped(byMs));
    const runtime = Runtime.start({
      disk: state.diskOf(this, process),
      clock: {
        now: () => time.now(),
        notBefore: (at) => time.notBefore(at),
        after: (ms, run) => process.after(ms, run),
      },
      log: (line) => process.isAlive && log(process, line),
      newId: () => `${this.name}-${++this.#ids}`,
      make: (kind, place, life) => make(process, kind, place, life),
    });
    runtime.then(
      (begun) => {
        process.runtime = begun;
      },
      () => {
        // A database that is away at the very start.
        if (!process.isAlive) return;
        process.die();
        this.#beginAfter(startsAgainMs);
      },
    );
    return process;
  }
}
