import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { printNotice, StartError } from "../cli/edge/program.ts";
import { systemReason } from "../cli/system-reason.ts";
import { pauseAfter } from "../src/delivery/backoff.ts";
import { killGroup } from "./at-exit.ts";

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
  /** The output of the process; emptied with each new `Part`. */
  readonly logFile: string;
  readonly onStart: (pid: number) => void;
}

/** A process that ends sooner than this after its start could not do its work. */
const QUICK_END_MS = 2_000;
const backoff = [250, 500, 750, 1_000];
const MAX_QUOTED = 600;
const PRINT_AGAIN_MS = 60_000;

/** A process that is started again whenever it ends, for ever: the missing thing, such as room on the disk, may come back. */
export class Part {
  private readonly options: PartOptions;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private stopping = false;
  private quickEnds = 0;
  private lastFailure: { readonly why: string; readonly at: number } = { why: "", at: 0 };

  constructor(options: PartOptions) {
    this.options = options;
    closeSync(openSync(options.logFile, "w"));
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  start(): void {
    const { name, launch, logFile, onStart } = this.options;
    const log = openLog(logFile);
    const startedAt = Date.now();
    // A session of its own: Ctrl-C reaches us alone, and we stop the parts in their order.
    let child: ChildProcess;
    try {
      child = spawn(launch.command, launch.args, {
        detached: true,
        stdio: ["ignore", log, log],
        env: { ...process.env, ...launch.env },
      });
    } catch (error) {
      // Some faults are thrown, such as too little memory; others come as an event.
      void this.restart(systemReason(error), true);
      return;
    } finally {
      if (typeof log === "number") closeSync(log);
    }
    this.child = child;
    this.ended = new Promise((done) => {
      const over = (how: string, killed: boolean) => {
        if (this.child !== child) return;
        killGroup(child.pid); // The processes that it started do not outlive it.
        this.child = undefined;
        done();
        if (!this.stopping) void this.restart(how, !killed && Date.now() < startedAt + QUICK_END_MS);
      };
      child.once("error", (error) => over(systemReason(error), false));
      child.once("exit", (code, signal) =>
        over(signal ?? `exit code ${code}${code === 0 ? "" : lastLine(logFile)}`, signal !== null),
      );
    });
    if (!child.pid) return;
    // While a process keeps ending, its start is printed only when it stays.
    const printStart = () => {
      if (this.child === child) printNotice(name, `process ${child.pid}`);
    };
    if (this.quickEnds === 0) printStart();
    else setTimeout(printStart, QUICK_END_MS).unref();
    onStart(child.pid);
  }

  /** Asks the process to end, and ends it when it has not after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.stopping = true;
    killGroup(this.child?.pid, "SIGTERM");
    await Promise.race([this.ended, pause(graceMs, undefined, { ref: false })]);
    killGroup(this.child?.pid);
    await this.ended;
  }

  /** At once after a kill; a process that gives up as soon as it starts is tried again once a second. */
  private async restart(why: string, gaveUpAtOnce: boolean): Promise<void> {
    this.quickEnds = gaveUpAtOnce ? this.quickEnds + 1 : 0;
    const now = Date.now();
    if (this.quickEnds < 2 || why !== this.lastFailure.why || now >= this.lastFailure.at + PRINT_AGAIN_MS) {
      this.lastFailure = { why, at: now };
      const again = `is started again${this.quickEnds > 1 ? ", each second" : ""}`;
      printNotice(this.options.name, `ended (${why}); ${again}`);
    }
    await pause(pauseAfter(this.quickEnds, backoff));
    if (!this.stopping) this.start();
  }
}

/** Without a log a part still does its work. */
function openLog(file: string): number | "ignore" {
  try {
    return openSync(file, "a");
  } catch {
    return "ignore";
  }
}

/** The last line of a part that failed, which mostly says why: not the end of a stack, an object or a cut line of JSON, nor Node's version. */
function lastLine(logFile: string): string {
  const { stdout } = spawnSync("tail", ["-c", "4096", logFile], { encoding: "utf8" });
  const line = stdout?.split("\n").findLast((one) => /^(?!Node\.js v|[\s}]|\{.*[^}]$)./.test(one));
  if (!line) return "";
  const [, said = line] = /^\{.*"msg":"((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
  return `: ${said.length > MAX_QUOTED ? `${said.slice(0, MAX_QUOTED).replace(/\s\S*$/, "")} …` : said}`;
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
