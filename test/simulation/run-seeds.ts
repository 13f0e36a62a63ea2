import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { FaultKind, RuntimeName } from "./faults.ts";
import type { Violation } from "./world.ts";

/** What a worker thread is asked to live through: seeds `first`, `first + step` … below `end`. */
export interface Share {
  readonly first: number;
  readonly end: number;
  readonly step: number;
  readonly edge?: RuntimeName | undefined;
}

/** What it says of some worlds. */
export interface Lived {
  readonly worlds: number;
  readonly counts: Readonly<Partial<Record<FaultKind, number>>>;
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly seed: number;
  readonly violations: readonly Violation[];
}

export interface Summary {
  worlds: number;
  readonly counts: Partial<Record<FaultKind, number>>;
  readonly failures: Failure[];
}

/** Lives through so many worlds on so many threads. With `untilFailures`, it stops when so many have failed. */
export async function runSeeds(options: {
  readonly first: number;
  readonly seeds: number;
  readonly edge?: RuntimeName | undefined;
  readonly threads: number;
  readonly untilFailures: number;
  progress?(summary: Summary): void;
}): Promise<Summary> {
  const { first, seeds, edge, threads, untilFailures } = options;
  const summary: Summary = { worlds: 0, counts: {}, failures: [] };
  const live = (thread: number) =>
    new Promise<void>((resolve, reject) => {
      const share: Share = { first: first + thread, end: first + seeds, step: threads, edge };
      const worker = new Worker(fileURLToPath(import.meta.resolve("./worker.ts")), {
        workerData: share,
        // Most of a world is garbage soon: with room for it, little of it is ever copied.
        resourceLimits: { maxYoungGenerationSizeMb: 192 },
      });
      worker.on("message", (lived: Lived) => {
        summary.worlds += lived.worlds;
        for (const [kind, count] of Object.entries(lived.counts) as [FaultKind, number][]) {
          summary.counts[kind] = (summary.counts[kind] ?? 0) + count;
        }
        summary.failures.push(...lived.failures);
        options.progress?.(summary);
        if (summary.failures.length >= untilFailures) void worker.terminate();
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
    });
  await Promise.all(Array.from({ length: Math.min(threads, seeds) }, (_, thread) => live(thread)));
  summary.failures.sort((one, other) => one.seed - other.seed);
  return summary;
}
