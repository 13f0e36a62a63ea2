import { EdgeTime } from "../../durable-objects/node/node-clock.ts";
import type { Disk, Flush } from "../../durable-objects/node/rows/disk.ts";
import { type LifePlace, Runtime } from "../../durable-objects/node/runtime.ts";
import type { LogLine } from "../../durable-objects/platform/log.ts";
import type { Whole } from "../../durable-objects/platform/object-kinds.ts";
import type { ObjectName } from "../../src/rpc/objects.ts";
import { MemoryDisk } from "../kit/memory-disk.ts";
import { draws, faultsOf, type WorldContext } from "./context.ts";
import { EdgeProcess, type Statement } from "./edge-process.ts";
import type { FaultSource } from "./faults.ts";
import { Fault, never } from "./hosted.ts";

interface MachinePorts {
  readonly make: (process: EdgeProcess, kind: ObjectName, place: string, life: LifePlace) => Promise<Whole>;
  log(line: LogLine): void;
  died(process: EdgeProcess): void;
  /** This is on disk. `null`: the object is deleted. */
  committed(name: string, written: readonly Statement[] | null): void;
}

/** By its supervisor. */
const startsAgainMs = 1_000;
/** A frame leaves so long after what it says was decided. */
export const slowestFlushMs = 4_000;

/** The machine of the edge, with a disk that fails. Its process begins anew after each death. */
export class EdgeMachine {
  readonly faults: FaultSource;
  process: EdgeProcess;
  /** Its clock is ahead of the others' by so much. */
  #skewMs = 0;
  readonly #disk = new MemoryDisk();
  readonly #draws;
  readonly #context: WorldContext;
  readonly #ports: MachinePorts;
  /** Brings the flush that is under way to disk; `null`: none is. */
  #landing: (() => void) | null = null;
  /** Until then nothing can be written. */
  #failsUntil = 0;
  #ids = 0;

  constructor(context: WorldContext, ports: MachinePorts) {
    this.#context = context;
    this.#ports = ports;
    this.faults = faultsOf(context, "process of the edge");
    this.#draws = draws(context, "disk");
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

  /** The process dies, and with it all that is in memory. A flush that is under way is then on disk, or not. */
  kill(why: string, forMs = this.faults.draws.between(50, 3_000)): void {
    const { process } = this;
    if (!process.isAlive) return;
    this.#context.tell(() => `the process of the edge dies: ${why}`);
    process.die();
    if (this.faults.draws.chance(0.5)) this.#landing?.();
    this.#landing = null;
    this.#ports.died(process);
    this.#beginAfter(forMs);
  }

  #beginAfter(ms: number): void {
    this.#context.clock.after(ms, () => {
      this.process = this.#begin();
    });
  }

  #begin(): EdgeProcess {
    const { clock, edgeNow } = this.#context;
    const { make, log } = this.#ports;
    const process = new EdgeProcess(clock);
    const clocks = { wall: () => edgeNow() + this.skewMs, monotonic: () => clock.now, sinceBoot: () => clock.now };
    const runtime = Runtime.start({
      disk: this.#diskOf(process),
      time: new EdgeTime(clocks),
      timers: process,
      soon: (run) => void process.after(0, run),
      log: (line) => process.isAlive && log(line),
      newId: () => `edge-${++this.#ids}`,
      make: (kind, place, life) => make(process, kind, place, life),
      fatal: (error) => process.isAlive && this.kill(String(error)),
    });
    runtime.then(
      (begun) => {
        process.runtime = begun;
      },
      () => {
        if (!process.isAlive) return;
        process.die();
        this.#beginAfter(startsAgainMs);
      },
    );
    return process;
  }

  #diskOf(process: EdgeProcess): Disk {
    const { clock } = this.#context;
    const pass = async (ms: number) => {
      await clock.wait(ms);
      if (!process.isAlive) await never();
    };
    return {
      ...this.#disk.asDisk(),
      open: async () => {
        this.#refuse();
        return this.#disk.open();
      },
      schemaOf: async (name) => {
        await pass(this.#draws.between(0, 3));
        return this.#disk.schemaOf(name);
      },
      write: (flush) => this.#write(process, flush, pass),
    };
  }

  #refuse(): void {
    const { clock, edgeMachines } = this.#context;
    if (edgeMachines.isDiskFull) throw new Fault("database or disk is full");
    if (clock.now < this.#failsUntil) throw new Fault("disk I/O error");
  }

  async #write(process: EdgeProcess, flush: Flush, pass: (ms: number) => Promise<void>): Promise<void> {
    const { faults } = this;
    const { clock } = this.#context;
    const written = flush.changes.map(({ name }) => [name, process.takeWritten(name)] as const);
    const land = () => {
      this.#disk.write(flush);
      for (const name of flush.deleted) this.#ports.committed(name, null);
      for (const [name, statements] of written) this.#ports.committed(name, statements);
    };
    this.#landing = land;
    const ms = faults.hits("flush slow") ? faults.draws.between(100, slowestFlushMs) : this.#draws.between(1, 4);
    if (faults.hits("process killed amid a flush"))
      clock.after(faults.draws.between(0, ms), () => process.isAlive && this.kill("amid a flush"));
    await pass(ms);
    this.#landing = null;
    this.#refuse();
    if (faults.hits("flush fails")) {
      this.#failsUntil = clock.now + faults.draws.between(0, 4_000);
      if (faults.draws.chance(0.3)) land();
      throw new Fault("disk I/O error");
    }
    land();
  }
}
