import { spawn, spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { err, ok, type Result } from "../../src/foundation/result.ts";

/** A program that tests use. */
export interface Tool {
  readonly program: string;
  /** As the program itself prints it. */
  readonly version: string;
}

/** By the name that `tool-root.sh` has for it: its name in sentences, and the names under which it may be installed, the best first. */
const known = {
  chromium: ["Chromium", "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"],
  pgbouncer: ["PgBouncer", "pgbouncer"],
  postgres: ["PostgreSQL", ...globSync("/usr/lib/postgresql/*/bin/postgres").sort().reverse(), "postgres"],
  promtool: ["promtool", "promtool"],
} as const;

export const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Returns the program that an environment variable names (`CHROMIUM`, `PGBOUNCER`, `POSTGRES`, `PROMTOOL`), else an installed one, else
 * one from Debian's packages, which are unpacked in the project the first time. The error is one sentence.
 */
export async function findTool(name: keyof typeof known): Promise<Result<Tool, string>> {
  const variable = name.toUpperCase();
  const named = process.env[variable];
  if (named) return toolAt(named, `${variable}=${named} does not run`);
  const [what, ...names] = known[name];
  for (const program of names.map(programNamed)) {
    // One that does not run is passed over: Ubuntu's chromium-browser only says where to get it.
    const found = program === null ? err("") : toolAt(program, "");
    if (found.ok) return found;
  }
  const folder = join(project, `.${name}`);
  const fault = await fillFolder(folder, [name], what);
  const program = join(folder, "bin", name);
  return fault === null ? toolAt(program, `${program} does not run; delete ${folder}`) : err(fault);
}

function toolAt(program: string, fault: string): Result<Tool, string> {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8", timeout: 30_000 });
  return status === 0 ? ok({ program, version: stdout.split("\n")[0]?.trim() ?? "" }) : err(fault);
}

/** Has `tool-root.sh` fill a folder from Debian's packages, unless it is full. Returns why it could not, in a sentence; `null`: it is full. */
export function fillFolder(folder: string, args: readonly string[], what: string): Promise<string | null> {
  if (!existsSync(join(folder, "VERSION"))) {
    console.error(`getting ${what} from Debian's packages into ${folder} (once, about 15 s) …`);
  }
  const script = join(import.meta.dirname, "tool-root.sh");
  const child = spawn(script, [folder, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (data: Buffer) => {
    output += data;
  });
  return new Promise((done) => {
    child.once("error", (error) => done(`${script} does not run (${error.message})`));
    child.once("close", (code) => done(code === 0 ? null : (output.trim().split("\n").at(-1) ?? "")));
  });
}

/** Also where an ordinary user's path does not lead. */
export function programNamed(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const files = name.startsWith("/") ? [name] : folders.map((folder) => join(folder, name));
  return files.find((file) => existsSync(file)) ?? null;
}
