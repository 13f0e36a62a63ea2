import { writeSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { isatty } from "node:tty";
import { LogDestination } from "../../bridge-agent/service/log-destination.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import { codeOf } from "../../src/foundation/text/reason.ts";
import { forTerminal, type Notice, noticeLine } from "../log-line.ts";
import { systemReason } from "../system-reason.ts";

/** A fault that a person must put right before the start; printed as one line. */
export class StartError extends Error {}

const STDOUT = 1;
/** The log of a service; a person at a terminal reads it there. */
const destination = new LogDestination(STDOUT, (line) => (isAtTerminal() ? `${forTerminal(line.trimEnd())}\n` : line));

/** One short line for a person, the part's name in front. */
export function printNotice(who: string, what: string): void {
  print(noticeText(who, what));
}

/** A notice of a service: for a person at a terminal, with who it is about in front, and elsewhere a line of the log. */
export function give(who: string, notice: Notice): void {
  printLine(given(who, notice));
}

function given(who: string, notice: Notice): string {
  return isAtTerminal() ? noticeText(who, notice.msg) : noticeLine(notice, Date.now());
}

/** A line of the edge's own log. */
export function printLine(line: string): void {
  destination.write(`${line}\n`);
}

/** Calls this with the number of lines of the log that were lost so far, and then each time that some are. */
export function countLostLines(count: (lines: number) => void): void {
  if (destination.dropped > 0) count(destination.dropped);
  destination.onDropped = count;
}

/** When the log is written, or cannot be. */
export function logWritten(): Promise<void> {
  return destination.close();
}

/** Logs this line and ends the process in this tick. Lines not yet read may be lost. */
export function exitNow(code: number, who: string, notice: Notice): never {
  // An unfinished write can have cut a line.
  const bytes = Buffer.from(`${destination.isWriting ? "\n" : ""}${given(who, notice)}\n`);
  for (let from = 0, pauses = 0; from < bytes.length && pauses < 50; ) {
    try {
      from += writeSync(STDOUT, bytes, from);
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      pauses += 1;
    }
  }
  process.exit(code);
}

/** Not by process.stdout: to ask that makes a pipe lose lines while its reader is slow. */
function isAtTerminal(): boolean {
  return isatty(STDOUT);
}

function noticeText(who: string, what: string): string {
  return printable(`${who.padEnd(7)} ${what}`);
}

/** For the answer of a command. Not by console.log, which would end the process on a full disk. */
export function print(line: string): void {
  try {
    writeSync(STDOUT, `${line}\n`);
  } catch {
    // There is nowhere to print; everything else goes on.
  }
}

/** A signal that ends a whole group of processes reaches each of them within this time. */
const STOPPED_WITHIN_MS = 50;

/**
 * Starts, and stops at SIGINT, SIGTERM, SIGHUP, or at the end of the process that started us. A fault of the settings or the machine is one
 * line on stderr and exit code 1; with `log`, a line of the log where no terminal is.
 */
export async function runUntilStopped(
  start: () => Promise<() => Promise<void>>,
  { log }: { readonly log?: true } = {},
): Promise<void> {
  process.umask(0o077); // Our files, and those of our parts, hold phone numbers and conference keys.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
    const parent = process.ppid;
    if (process.env.STOP_WITH_PARENT) setInterval(() => process.ppid !== parent && resolve(), 500).unref();
  });
  try {
    const stop = await start();
    await stopped;
    await stop();
    await logWritten();
    process.exit(0);
  } catch (error) {
    // Ctrl-C also ends what the start was waiting for, perhaps before we hear of it ourselves.
    const isStopped = await Promise.race([stopped.then(() => true), pause(STOPPED_WITHIN_MS, false)]);
    await logWritten();
    if (isStopped) process.exit(0);
    const fault = forAPerson(error);
    const isLogged = log && typeof fault === "string" && !isatty(2);
    console.error(isLogged ? noticeLine({ level: "error", event: "start-refused", msg: fault }, Date.now()) : fault);
    process.exit(1);
  }
}

/** One line for a fault that a person can put right. A fault of ours stays whole, with its stack. */
function forAPerson(error: unknown): unknown {
  if (error instanceof StartError) return printable(error.message);
  if (!(error instanceof Error && "syscall" in error)) return error;
  const what = "path" in error ? `${error.syscall} ${error.path}` : error.syscall;
  return `cannot start: ${what} does not work (${systemReason(error)})`;
}
