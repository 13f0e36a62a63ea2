import { spawn } from "node:child_process";
import type { Timers } from "../src/foundation/time/timers.ts";
import { atExit, killGroup } from "./at-exit.ts";

export interface Finished {
  readonly ok: boolean;
  /** All that it wrote to its standard output and its standard error. */
  readonly output: string;
}

interface ToolOptions {
  readonly cwd?: string;
  readonly timers: Timers;
  readonly limitMs: number;
  /** Is handed the output piece by piece. */
  watch?(output: string): void;
}

/** Runs a tool in a process group of its own; one that has not finished after `limitMs` is ended with all that it started. Never rejects. */
export function runTool(file: string, args: readonly string[], options: ToolOptions): Promise<Finished> {
  const { cwd, timers, limitMs, watch } = options;
  const child = spawn(file, args, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const pipes = [child.stdout, child.stderr];
  let output = "";
  for (const pipe of pipes) {
    pipe.on("data", (chunk: Buffer) => {
      output += chunk;
      watch?.(String(chunk));
    });
  }
  const end = () => killGroup(child.pid);
  const cancelEnd = atExit(end);
  const cancelLimit = timers.after(limitMs, () => {
    output += `\n${file} was ended because it had not finished after ${limitMs / 60_000} minutes\n`;
    end();
    for (const pipe of pipes) pipe.destroy(); // A process that left the group may still hold them.
  });
  return new Promise((done) => {
    const over = (finished: Finished) => {
      cancelLimit();
      cancelEnd();
      done(finished);
    };
    child.once("error", (error) => over({ ok: false, output: `cannot run ${file}: ${error.message}\n` }));
    // `exit` may come while output is still to be read.
    child.once("close", (code) => over({ ok: code === 0, output }));
  });
}
