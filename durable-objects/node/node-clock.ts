import { networkInterfaces, uptime } from "node:os";
import { addressIn } from "../../src/foundation/guard/networks.ts";
import type { EpochMs } from "../../src/foundation/ids.ts";
import { isLoopback } from "../../src/foundation/loopback.ts";
import { machineClocks } from "../../src/foundation/time/passing-time.ts";
import type { RuntimeClock } from "./runtime-clock.ts";
import { RuntimeTime } from "./runtime-time.ts";

/** Beyond this a timer of Node fires at once. */
const longestTimerMs = 2_147_483_647;

/** Node's own time and timers. */
export class NodeClock implements RuntimeClock {
  readonly #time: RuntimeTime;

  constructor(skipped?: (byMs: number) => void) {
    this.#time = new RuntimeTime(
      machineClocks(() => uptime() * 1_000),
      skipped,
    );
  }

  /** See `RuntimeTime`. */
  readonly passedMs = (): number => this.#time.passedMs();

  now(): EpochMs {
    return this.#time.now();
  }

  notBefore(time: EpochMs): void {
    this.#time.notBefore(time);
  }

  after(ms: number, run: () => void): () => void {
    let stop = () => {};
    const wait = (leftMs: number) => {
      const nowMs = Math.min(leftMs, longestTimerMs);
      const timer = setTimeout(leftMs > nowMs ? () => wait(leftMs - nowMs) : run, nowMs);
      stop = () => clearTimeout(timer);
    };
    wait(ms);
    return () => stop();
  }
}

/** Whether this is another machine's address. A container of this one shares its clock, and looks like another. */
export function isAnotherMachine(address: string, interfaces = networkInterfaces()): boolean {
  const known = addressIn(address);
  if (known === null || isLoopback(known)) return false;
  const own = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  return !own.some((one) => addressIn(one.address) === known);
}
