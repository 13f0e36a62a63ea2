import { reason, StartError } from "./start-error.ts";

/** One short line for a person, the part's name in front. */
export function tell(who: string, what: string): void {
  console.log(`${who.padEnd(7)} ${what}`);
}

/**
 * Starts, then waits to be told to stop: by SIGINT, SIGTERM, SIGHUP, or by the end of the process that started us. What is wrong with
 * the settings or the machine is one line on stderr and exit code 1.
 */
export async function runUntilStopped(start: () => Promise<() => Promise<void>>): Promise<void> {
  process.umask(0o077); // What we and our parts write holds phone numbers and conference keys.
  let toldToStop = () => {};
  const stopped = new Promise<void>((resolve) => {
    toldToStop = resolve;
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, toldToStop);
  const parent = process.ppid;
  if (process.env.STOP_WITH_PARENT) setInterval(() => process.ppid !== parent && toldToStop(), 500).unref();

  try {
    const stop = await start();
    await stopped;
    await stop();
    process.exit(0);
  } catch (error) {
    console.error(forAPerson(error));
    process.exit(1);
  }
}

/** A line for what a person can put right; whatever else there is, with its stack, for what is a fault of ours. */
function forAPerson(error: unknown): unknown {
  if (error instanceof StartError) return error.message;
  if (!(error instanceof Error && "syscall" in error && "path" in error)) return error;
  return `cannot start: ${error.syscall} ${error.path} does not work (${reason(error)})`;
}
