/** The clocks of a machine, in milliseconds. */
export interface MachineClocks {
  /** Since 1970; somebody may set it. */
  wall(): number;
  /** Goes on at one pace, and may stand still while the machine sleeps. */
  monotonic(): number;
  /** Since the machine began, its sleep included; asked only where the other two part. */
  sinceBoot(): number;
}

export function machineClocks(sinceBoot: () => number): MachineClocks {
  return { wall: () => Date.now(), monotonic: () => performance.now(), sinceBoot };
}

/** A machine that slept for less has not slept: `sinceBoot` may be as coarse. */
const noticedMs = 1_000;

/** How much time has passed since the machine's boot, also while it slept: at one pace, whoever sets its clock. */
export class PassingTime {
  readonly #clocks: MachineClocks;
  /** Of the wall clock on the monotonic one, when they last parted. */
  #leadMs: number;
  /** Of the time since boot on it, as last noticed. */
  #sleptMs: number;

  constructor(clocks: MachineClocks) {
    this.#clocks = clocks;
    const monotonic = clocks.monotonic();
    this.#leadMs = clocks.wall() - monotonic;
    this.#sleptMs = clocks.sinceBoot() - monotonic;
  }

  /** `wall`: what the wall clock shows now. */
  now(wall = this.#clocks.wall()): number {
    const monotonic = this.#clocks.monotonic();
    const leadMs = wall - monotonic;
    if (Math.abs(leadMs - this.#leadMs) >= noticedMs) {
      this.#leadMs = leadMs;
      const sleptMs = this.#clocks.sinceBoot() - monotonic;
      if (sleptMs - this.#sleptMs >= noticedMs) this.#sleptMs = sleptMs;
    }
    return monotonic + this.#sleptMs;
  }
}
