import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

const undone = new Set<() => void>();
process.on("exit", () => {
  for (const undo of [...undone].reverse()) undo();
});

/**
 * Runs `undo` when this process exits, by itself, for an error or by `exitOnSignals`; the latest first. Nothing can be waited for
 * then, and nothing else happens any more. Returns how to cancel it.
 */
export function atExit(undo: () => void): () => void {
  undone.add(undo);
  return () => undone.delete(undo);
}

type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Exits with the code that a shell gives a process which a signal ended: 130 for Ctrl-C. */
export function exitOnSignals(...signals: readonly Signal[]): void {
  for (const signal of signals) process.on(signal, () => process.exit(128 + constants.signals[signal]));
}

/** A new folder, which is removed at exit. */
export function temporaryFolder(name: string, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, `bridgehead-${name}-`));
  atExit(() => removeFolder(folder));
  return folder;
}

/** Also while a process that was just killed still writes to it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** Signals a process and all that it started, if it leads a process group of its own. */
export function killGroup(leader: number | undefined, signal: Signal | "SIGKILL" = "SIGKILL"): void {
  if (!leader) return; // 0 is our own group.
  try {
    process.kill(-leader, signal);
  } catch {
    // It is gone already.
  }
}
