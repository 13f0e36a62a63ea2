import { StartError } from "./local-settings.ts";

/** One short line for a person, the part's name in front. */
export function tell(who: string, what: string): void {
  console.log(`${who.padEnd(7)} ${what}`);
}

/**
 * Starts, then waits to be told to stop: by SIGINT, SIGTERM, SIGHUP, or by the end of the process that started us. What is wrong with
 * the settings or the machine is one line on stderr and exit code 1.
 */
export async function runUntilStopped(start: () => Promise<() => Promise<void>>): Promise<void> {
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
    console.error(error instanceof StartError ? error.message : error);
    process.exit(1);
  }
}
