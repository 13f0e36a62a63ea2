import { execFileSync } from "node:child_process";
import { openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A wall clock of our own for processes that are started with its environment; their timers stay right. It needs a C compiler. */
export class ShiftedClock {
  readonly env: Readonly<Record<"LD_PRELOAD" | "CLOCK_SHIFT", string>>;
  readonly #file: number;

  constructor(folder: string) {
    const [library, shift] = [join(folder, "shifted-clock.so"), join(folder, "shift")];
    const source = join(import.meta.dirname, "shifted-clock.c");
    execFileSync("cc", ["-shared", "-fPIC", "-O2", "-o", library, source]);
    writeFileSync(shift, Buffer.alloc(8));
    this.#file = openSync(shift, "r+");
    this.env = { LD_PRELOAD: library, CLOCK_SHIFT: shift };
  }

  /** From now on it is ahead of the machine's by so much; below 0: behind. */
  set(aheadMs: number): void {
    const ns = Buffer.alloc(8);
    ns.writeBigInt64LE(BigInt(aheadMs) * 1_000_000n);
    writeSync(this.#file, ns, 0, 8, 0);
  }
}
