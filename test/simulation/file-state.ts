import type { Disk } from "../../durable-objects/node/log/disk.ts";
import type { MemoryDisk } from "../kit/memory-disk.ts";
import { draws, type WorldContext } from "./context.ts";
import type { EdgeMachine, EdgeState } from "./edge-machine.ts";
import type { EdgeProcess } from "./edge-process.ts";
import { Fault, never } from "./hosted.ts";

/** A frame leaves so long after what it says was decided. */
export const slowestFlushMs = 4_000;

/** The state of one edge, on a disk of its own that fails. */
export class FileState implements EdgeState {
  readonly #context: WorldContext;
  readonly #disk: MemoryDisk;
  readonly #draws;
  /** Brings the flush that is under way to disk; `null`: none is. */
  #landing: (() => void) | null = null;
  /** Until then nothing can be written. */
  #failsUntil = 0;

  constructor(context: WorldContext, disk: MemoryDisk) {
    this.#context = context;
    this.#disk = disk;
    this.#draws = draws(context, "disk");
  }

  isCurrent(): boolean {
    return true;
  }

  mayAct(): boolean {
    return true;
  }

  died({ faults }: EdgeMachine): void {
    if (faults.draws.chance(0.5)) this.#landing?.();
    this.#landing = null;
  }

  diskOf(machine: EdgeMachine, process: EdgeProcess): Disk {
    const { clock, edgeMachines } = this.#context;
    const { faults } = machine;
    const refuse = () => {
      if (edgeMachines.isDiskFull) throw new Fault("database or disk is full");
      if (clock.now < this.#failsUntil) throw new Fault("disk I/O error");
    };
    const pass = async (ms: number) => {
      await clock.wait(ms);
      if (!process.isAlive) await never();
    };
    return {
      open: async () => this.#disk.open(),
      read: async (object, positions) => {
        await pass(this.#draws.between(0, 3));
        return this.#disk.read(object, positions);
      },
      flush: async (flush, at) => {
        const land = () => this.#disk.flush(flush, at);
        this.#landing = land;
        const ms = faults.hits("flush slow") ? faults.draws.between(100, slowestFlushMs) : this.#draws.between(1, 4);
        if (flush.images.length > 0 && faults.hits("process killed before images")) machine.kill("before images");
        if (faults.hits("process killed amid a flush"))
          clock.after(faults.draws.between(0, ms), () => process.isAlive && machine.kill("amid a flush"));
        await pass(ms);
        this.#landing = null;
        refuse();
        if (faults.hits("flush fails")) {
          this.#failsUntil = clock.now + faults.draws.between(0, 4_000);
          if (faults.draws.chance(0.3)) land();
          throw new Fault("disk I/O error");
        }
        land();
      },
      probeEveryMs: 1_000,
      probe: async () => refuse(),
      markRestored: async () => {},
      keepDoubt: async (doubt) => {
        refuse();
        this.#disk.doubt = doubt;
      },
      close: async () => {},
    };
  }
}
