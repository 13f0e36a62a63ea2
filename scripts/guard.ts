import { spawn } from "node:child_process";

/** Ends the parts when we ourselves are killed and can no longer do so. */
export interface Guard {
  /** These processes, each the leader of a group of its own, are ours now, and no others. */
  watch(pids: readonly number[]): void;
}

/**
 * A shell that reads process ids from a pipe. The system closes the pipe when we die, whatever we die of; the shell then
 * kills the groups of the last line. An orderly end leaves it an empty line.
 */
export function startGuard(): Guard {
  const script = 'groups=; while read -r line; do groups=$line; done; [ -z "$groups" ] || kill -9 $groups';
  const shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.stdin.on("error", () => {}); // Somebody killed the guard: nothing is lost while we live.
  return { watch: (pids) => shell.stdin.write(`${pids.map((pid) => -pid).join(" ")}\n`) };
}
