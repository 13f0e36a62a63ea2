import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

/** How to start a process. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to our own environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface PartOptions {
  readonly name: string;
  readonly launch: Launch;
  /** What the process prints goes here; started anew with each `Part`. */
  readonly logFile: string;
  /** Called with each start of the process; `lastEnd` says how the one before it ended. */
  readonly onStart: (pid: number, lastEnd: string | null) => void;
}

/** A process that is started again whenever it ends, within a second. */
export class Part {
  private readonly options: PartOptions;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private stopping = false;
  private quickEnds = 0;

  constructor(options: PartOptions) {
    this.options = options;
    closeSync(openSync(options.logFile, "w"));
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(lastEnd: string | null = null): void {
    const { launch, logFile, onStart } = this.options;
    const log = openSync(logFile, "a");
    const startedAt = Date.now();
    // A session of its own: Ctrl-C reaches us alone, and we stop the parts in their order.
    const child = spawn(launch.command, launch.args, {
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...launch.env },
    });
    closeSync(log);
    this.child = child;
    this.ended = new Promise((done) => {
      const over = (how: string, killed: boolean) => {
        signalGroup(child, "SIGKILL"); // What it started does not outlive it.
        this.child = undefined;
        done();
        if (!this.stopping) void this.restart(how, !killed && Date.now() < startedAt + 2_000);
      };
      child.once("error", (error) => over(error.message, false));
      child.once("exit", (code, signal) => over(signal ?? `exit code ${code}`, signal !== null));
    });
    if (child.pid) onStart(child.pid, lastEnd);
  }

  /** Asks the process to end, and ends it when it has not after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    signalGroup(this.child, "SIGTERM");
    await Promise.race([this.ended, pause(graceMs, undefined, { ref: false })]);
    signalGroup(this.child, "SIGKILL");
    await this.ended;
  }

  /** At once after a kill; a process that keeps giving up as soon as it starts is not tried more than once a second. */
  private async restart(lastEnd: string, gaveUpAtOnce: boolean): Promise<void> {
    this.quickEnds = gaveUpAtOnce ? this.quickEnds + 1 : 0;
    await pause(Math.min(1_000, this.quickEnds * 250));
    if (!this.stopping) this.start(lastEnd);
  }
}

/** To the process and to all that it started. */
function signalGroup(leader: ChildProcess | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (!leader?.pid) return;
  try {
    process.kill(-leader.pid, signal);
  } catch {
    // The whole group is gone already.
  }
}
