import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { fillFolder, programNamed } from "./packages.ts";

/** A program that tests use. */
export interface Tool {
  readonly program: string;
  /** Its own words for it. */
  readonly version: string;
}

interface Wanted {
  /** As `tool-root.sh` has it. */
  readonly name: "chromium" | "promtool" | "postgres";
  /** For people. */
  readonly what: string;
  /** Names under which it may be installed. */
  readonly installedAs: readonly string[];
  /** Files that may be there where no path leads, the oldest first. */
  readonly places?: readonly string[];
  /** A variable of the environment that names the program. */
  readonly variable: string;
  /** Debian's packages go, or are, there; what is installed is not looked at. */
  readonly folder?: string | undefined;
}

const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Takes the program that the variable names, else one that is installed, else the one in a folder in the project, which Debian's packages are
 * put into the first time. The error is one sentence.
 */
export async function findTool({
  name,
  what,
  installedAs,
  places = [],
  variable,
  folder,
}: Wanted): Promise<Result<Tool, string>> {
  const named = folder ? undefined : process.env[variable];
  if (named) return toolAt(named, `${variable}=${named} does not run`);
  const usual = [...places.toReversed(), ...installedAs.map(programNamed)];
  for (const installed of folder ? [] : usual) {
    // One that does not run is passed over: Ubuntu's chromium-browser only says where to get it.
    const found = installed === null ? err("") : toolAt(installed, "");
    if (found.ok) return found;
  }
  const place = resolve(folder ?? join(project, `.${name}`));
  const fault = await fillFolder(join(import.meta.dirname, "tool-root.sh"), place, [name], what);
  if (fault !== null) return err(fault);
  const program = join(place, "bin", name);
  return toolAt(program, `${program} does not run: remove ${place} to have it made anew`);
}

function toolAt(program: string, fault: string): Result<Tool, string> {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8", timeout: 30_000 });
  return status === 0 ? ok({ program, version: stdout.split("\n")[0]?.trim() ?? "" }) : err(fault);
}
