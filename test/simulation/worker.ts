import { parentPort, workerData } from "node:worker_threads";
import type { FaultKind } from "./faults.ts";
import type { Failure, Lived, Share } from "./run-seeds.ts";
import { run } from "./world.ts";

/** Worlds between two reports. */
const reportEvery = 10;

const { first, end, step, edge } = workerData as Share;
let seed = first;

// A turn of the event loop for each portion, so that reports leave.
function next(): void {
  const counts: Partial<Record<FaultKind, number>> = {};
  const failures: Failure[] = [];
  let worlds = 0;
  for (; seed < end && worlds < reportEvery && failures.length === 0; seed += step) {
    const result = run({ seed, edge });
    worlds += 1;
    for (const [kind, count] of Object.entries(result.counts) as [FaultKind, number][]) {
      counts[kind] = (counts[kind] ?? 0) + count;
    }
    if (result.violations.length > 0) failures.push({ seed, violations: result.violations.slice(0, 5) });
  }
  parentPort?.postMessage({ worlds, counts, failures } satisfies Lived);
  if (seed < end) setImmediate(next);
}

setImmediate(next);
