import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { isatty } from "node:tty";
import { pauseAfter } from "../../src/delivery/backoff.ts";
import { printable } from "../../src/foundation/text/printable.ts";
import { version } from "../../src/foundation/version.ts";
import { forTerminal, type Notice, noticeLine, outputLine } from "../log-line.ts";
import { systemReason } from "../system-reason.ts";

/** A fault that a person must put right before the start; printed as one line. */
export class StartError extends Error {}

/** One short line for a person, the part's name in front. */
export function printNotice(who: string, what: string): void {
  print(printable(`${who.padEnd(7)} ${what}`));
}

/** A notice of a service: for a person at a terminal, with who it is about in front, and elsewhere a line of the log. */
export function give(who: string, notice: Notice): void {
  if (isAtTerminal()) printNotice(who, notice.msg);
  else print(noticeLine(notice, Date.now()));
}

/** Not by process.stdout: to ask that makes a pipe lose lines while its reader is slow. */
function isAtTerminal(): boolean {
  return isatty(1);
}

/** Not by console.log: where standard output is a file on a full disk, that would end the process. */
export function print(line: string): void {
  try {
    writeSync(1, `${line}\n`);
  } catch {
    // There is nowhere to print; everything else goes on.
  }
}

/** A signal that ends a whole group of processes reaches each of them within this time. */
const STOPPED_WITHIN_MS = 50;

/**
 * Starts, and stops at SIGINT, SIGTERM, or at the end of the process that started us. So it does at SIGHUP, unless that is `own`, and no
 * terminal hangs up. A fault of the settings or the machine is one line on stderr and exit code 1; with `log`, a line of the log where no
 * terminal is.
 */
export async function runUntilStopped(
  start: () => Promise<() => Promise<void>>,
  { hangUp, log }: { readonly hangUp?: "own"; readonly log?: true } = {},
): Promise<void> {
  process.umask(0o077); // Our files, and those of our parts, hold phone numbers and conference keys.
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
    process.on("SIGHUP", () => (hangUp !== "own" || process.stdin.isTTY) && resolve());
    const parent = process.ppid;
    if (process.env.STOP_WITH_PARENT) setInterval(() => process.ppid !== parent && resolve(), 500).unref();
  });
  let isStopped = false;
  void stopped.then(() => {
    isStopped = true;
  });
  try {
    const stop = await start();
    await stopped;
    await stop();
    process.exit(0);
  } catch (error) {
    // Ctrl-C also ends what the start was waiting for, perhaps before we hear of it ourselves.
    await pause(STOPPED_WITHIN_MS);
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

/** Writes a file that each start makes anew. What a full disk says of a file does not name it, so it is named here. */
export function writeAnew(file: string, content: string | Uint8Array): void {
  try {
    writeFileSync(file, content, { mode: 0o600 });
  } catch (error) {
    throw new StartError(`cannot write ${file} (${systemReason(error)})`);
  }
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly env: Readonly<Record<string, string>>;
}

interface PartOptions {
  readonly name: string;
  readonly launch: Launch;
  /** The output of the process; emptied with each new `Part`. `null`: it goes where ours goes, for people where that is a terminal, and else in lines of JSON, as do notices about the process. */
  readonly logFile: string | null;
  readonly onStart: (pid: number) => void;
}

/** A process that ends sooner than this after its start could not do its work. */
const QUICK_END_MS = 2_000;
const backoff = [250, 500, 750, 1_000];
const MAX_QUOTED = 600;
const PRINT_AGAIN_MS = 60_000;

/** A process that is started again whenever it ends, for ever: the missing thing, such as room on the disk, may come back. */
export class Part {
  /** Counts from the next start on. */
  launch: Launch;
  private readonly options: PartOptions;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private stopping = false;
  private quickEnds = 0;
  private lastFailure: { readonly why: string; readonly at: number } = { why: "", at: 0 };

  constructor(options: PartOptions) {
    this.options = options;
    this.launch = options.launch;
    if (options.logFile !== null) closeSync(openSync(options.logFile, "w"));
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { name, logFile, onStart } = this.options;
    const { launch } = this;
    const log = logFile === null ? "pipe" : openLog(logFile);
    // The edge's own lines, which are most, need no hand of ours unless a person reads them; workerd writes to its standard error.
    const output = logFile === null && !isAtTerminal() ? "inherit" : log;
    const startedAt = Date.now();
    // A session of its own: Ctrl-C reaches us alone, and we stop the parts in their order.
    let child: ChildProcess;
    try {
      child = spawn(launch.command, launch.args, {
        detached: true,
        stdio: ["ignore", output, log],
        env: { ...process.env, ...launch.env },
      });
    } catch (error) {
      // Some faults are thrown, such as too little memory; others come as an event.
      void this.restart(systemReason(error), null, true);
      return;
    } finally {
      if (typeof log === "number") closeSync(log);
    }
    for (const pipe of [child.stdout, child.stderr]) {
      if (pipe) createInterface(pipe).on("line", printOutput);
    }
    this.child = child;
    this.ended = new Promise((done) => {
      const over = (how: string, code: number | string | null, killed: boolean) => {
        if (this.child !== child) return;
        signalGroup(child, "SIGKILL"); // The processes that it started do not outlive it.
        this.child = undefined;
        done();
        if (!this.stopping) void this.restart(how, code, !killed && Date.now() < startedAt + QUICK_END_MS);
      };
      child.once("error", (error) => over(systemReason(error), null, false));
      child.once("exit", (code, signal) =>
        over(signal ?? `exit code ${code}${code === 0 ? "" : lastLine(logFile)}`, signal ?? code, signal !== null),
      );
    });
    if (!child.pid) return;
    // While a process keeps ending, its start is printed only when it stays.
    const printStart = () => {
      if (this.child !== child) return;
      this.notice({
        level: "info",
        event: `${name}-started`,
        msg: `process ${child.pid}`,
        facts: { process: child.pid },
      });
    };
    if (this.quickEnds === 0) printStart();
    else setTimeout(printStart, QUICK_END_MS).unref();
    onStart(child.pid);
  }

  /** Asks the process to end, and ends it when it has not after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    signalGroup(this.child, "SIGTERM");
    await Promise.race([this.ended, pause(graceMs, undefined, { ref: false })]);
    signalGroup(this.child, "SIGKILL");
    await this.ended;
  }

  private notice(notice: Notice): void {
    const { name, logFile } = this.options;
    if (logFile === null) give(name, { ...notice, facts: { ...notice.facts, version } });
    else printNotice(name, notice.msg);
  }

  /** At once after a kill; a process that gives up as soon as it starts is tried again once a second. */
  private async restart(why: string, code: number | string | null, gaveUpAtOnce: boolean): Promise<void> {
    this.quickEnds = gaveUpAtOnce ? this.quickEnds + 1 : 0;
    const now = Date.now();
    if (this.quickEnds < 2 || why !== this.lastFailure.why || now >= this.lastFailure.at + PRINT_AGAIN_MS) {
      this.lastFailure = { why, at: now };
      const msg = `ended (${why}); is started again${this.quickEnds > 1 ? ", each second" : ""}`;
      this.notice({ level: "error", event: `${this.options.name}-ended`, msg, facts: { code } });
    }
    await pause(pauseAfter(this.quickEnds, backoff));
    if (!this.stopping) this.start();
  }
}

function printOutput(line: string): void {
  const shown = isAtTerminal() ? forTerminal(line) : outputLine(line, Date.now());
  if (shown !== null) print(shown);
}

/** Without a log a part still does its work. */
function openLog(file: string): number | "ignore" {
  try {
    return openSync(file, "a");
  } catch {
    return "ignore";
  }
}

/** The last line of a part that failed, which mostly says why. */
function lastLine(logFile: string | null): string {
  if (logFile === null) return "";
  try {
    const log = openSync(logFile, "r");
    const end = Buffer.alloc(4_096);
    const { size } = fstatSync(log);
    const read = readSync(log, end, 0, end.length, Math.max(0, size - end.length));
    closeSync(log);
    const lines = end.toString("utf8", 0, read).trimEnd().split("\n");
    // Node ends the report of an error that nobody caught with its version.
    const line = lines.findLast((one) => one !== "" && !one.startsWith("Node.js v") && !/^[\s}]/.test(one)) ?? "";
    return line && `: ${line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED).replace(/\s\S*$/, "")} …` : line}`;
  } catch {
    return "";
  }
}

function signalGroup(leader: ChildProcess | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (!leader?.pid) return;
  try {
    process.kill(-leader.pid, signal);
  } catch {
    // The whole group is gone already.
  }
}

/** Ends the parts when we ourselves are killed and can no longer do so. */
export interface Guard {
  /** Guards these processes from now on, and no others. Each leads a process group of its own. */
  watch(pids: readonly number[]): void;
}

/** A shell that reads process ids from a pipe. The pipe closes when we die, whatever of; the shell then kills the groups of the last line. */
export function startGuard(): Guard {
  const script = 'groups=; while read -r line; do groups=$line; done; [ -z "$groups" ] || kill -9 $groups';
  const shell = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  shell.stdin.on("error", () => {}); // Somebody killed the guard: nothing is lost while we live.
  return { watch: (pids) => shell.stdin.write(`${pids.map((pid) => -pid).join(" ")}\n`) };
}
