import { execFile } from "node:child_process";

/** Tells systemd something, such as `READY=1`, if systemd has started this process and wants to know. */
export function notifySystemd(state: string): void {
  if (process.env.NOTIFY_SOCKET) execFile("systemd-notify", [state], () => {}); // Without an answer, systemd's own time limits act.
}

/** How often systemd wants a sign of life from this process, twice in the time that it waits; `null`: it waits for none. */
export function watchdogMs(): number | null {
  const microseconds = Number(process.env.WATCHDOG_USEC);
  return microseconds > 0 ? microseconds / 2_000 : null;
}
