import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { atExit, killGroup } from "./at-exit.ts";

export interface Finished {
  readonly ok: boolean;
  /** All that it wrote to its standard output and its standard error. */
  readonly output: string;
}

const project = fileURLToPath(new URL("../", import.meta.url));

/** Runs a tool in the project's folder, in a process group of its own, which ends with us and after `limitMs`. Never rejects. */
export function runTool(
  file: string,
  args: readonly string[],
  limitMs: number,
  watch = (_piece: string) => {},
): Promise<Finished> {
  const child = spawn(file, args, { cwd: project, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const pipes = [child.stdout, child.stderr];
  let output = "";
  const add = (piece: string) => {
    output += piece;
    watch(piece);
  };
  for (const pipe of pipes) pipe.setEncoding("utf8").on("data", add);
  const cancelEnd = atExit(() => killGroup(child.pid));
  const limit = setTimeout(() => {
    add(`\n${file} was ended because it had not finished after ${limitMs / 60_000} minutes\n`);
    killGroup(child.pid);
    for (const pipe of pipes) pipe.destroy(); // A process that left the group may still hold them.
  }, limitMs);
  return new Promise((done) => {
    const over = (ok: boolean) => {
      clearTimeout(limit);
      cancelEnd();
      done({ ok, output });
    };
    child.once("error", (error) => {
      add(`cannot run ${file}: ${error.message}\n`);
      over(false);
    });
    // `exit` may come while output is still to be read.
    child.once("close", (code) => over(code === 0));
  });
}
