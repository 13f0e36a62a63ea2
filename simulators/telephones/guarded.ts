import { startGuard } from "../../scripts/supervise.ts";

const pids = new Set<number>();
let guard: ReturnType<typeof startGuard> | undefined;

/** Kills this process, which leads a process group of its own, when the tests are killed. Returns how to cancel that. */
export function guarded(pid: number | undefined): () => void {
  if (!pid) return () => {};
  guard ??= startGuard();
  pids.add(pid);
  guard.watch([...pids]);
  return () => {
    pids.delete(pid);
    guard?.watch([...pids]);
  };
}
