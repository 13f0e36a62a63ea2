import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { command } from "../command.ts";
import { fillFolder, programNamed } from "../debian/packages.ts";

/** An Asterisk that can be run, and sipp, which plays telephones. */
export interface AsteriskHome {
  /** "Asterisk 22.10.1". */
  readonly version: string;
  readonly asterisk: string;
  /** `null`: there is none beside an Asterisk that is installed. */
  readonly sipp: string | null;
  /** Folders. */
  readonly modules: string;
  /** Has `rest-api`, `documentation`. */
  readonly data: string;
  /** English announcements; `null`: there are none. */
  readonly sounds: string | null;
}

interface Wish {
  /** Debian's packages go, or are, there; what is installed is not looked at. */
  readonly folder?: string;
  /** Debian's suites; the first that has an Asterisk is taken. */
  readonly suites?: readonly string[];
  /** Where Debian's packages go if what is installed will not do; by default in the project. */
  readonly otherwise?: string;
}

/** That the driver can work with. */
const OLDEST_VERSION = 16;
const project = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The newest first; what Debian's stable release lacks at times. */
const usualSuites = ["forky", "sid", "bullseye"];

/**
 * Takes the Asterisk that is installed, else the one in a folder, which Debian's packages are put into the first time (12 s). The error
 * is one sentence. `ASTERISK_ROOT` names a folder, too.
 */
export async function findAsterisk(wish: Wish = {}): Promise<Result<AsteriskHome, string>> {
  const installed = mayBeInstalled(wish) ? installedAsterisk() : err("");
  if (installed.ok) return installed;
  const packages = await fromPackages(wish);
  if (packages.ok) return packages;
  return err([installed.error, packages.error].filter((sentence) => sentence !== "").join("; "));
}

export type AsteriskWithSipp = AsteriskHome & { readonly sipp: string };

/** The same, where telephones are wanted, too: an Asterisk that is installed without sipp gets that of the packages. */
export async function findAsteriskWithSipp(wish: Wish = {}): Promise<Result<AsteriskWithSipp, string>> {
  const found = await findAsterisk(wish);
  if (!found.ok) return found;
  const { sipp, version } = found.value;
  if (sipp !== null) return ok({ ...found.value, sipp });
  const packages = await fromPackages(wish);
  if (packages.ok) return ok({ ...found.value, sipp: packages.value.sipp });
  return err(`there is no sipp, which plays the telephones, beside the installed ${version}; ${packages.error}`);
}

/** For a command that cannot do without: otherwise it ends the process, with one sentence. */
export async function asteriskOrExit(what: string): Promise<AsteriskWithSipp> {
  const found = await findAsteriskWithSipp();
  if (found.ok) return found.value;
  console.error(`${what}: ${found.error}`);
  process.exit(1);
}

function mayBeInstalled({ folder, suites }: Wish): boolean {
  return !folder && !process.env.ASTERISK_ROOT && !suites;
}

async function fromPackages({ folder, suites, otherwise }: Wish): Promise<Result<AsteriskWithSipp, string>> {
  const usual = otherwise ?? join(project, ".asterisk", suites?.join("-") ?? "newest");
  const place = resolve(folder || process.env.ASTERISK_ROOT || usual);
  const script = join(import.meta.dirname, "asterisk-root.sh");
  const fault = await fillFolder(script, place, suites ?? usualSuites, "Asterisk and sipp");
  return fault === null ? homeIn(place) : err(fault);
}

/** From Debian's packages, in a folder as `asterisk-root.sh` leaves it. */
function homeIn(folder: string): Result<AsteriskWithSipp, string> {
  const asterisk = join(folder, "bin", "asterisk");
  const version = versionOf(asterisk);
  if (version === null) return err(`${asterisk} does not run: remove ${folder} to have it made anew`);
  return ok({
    version,
    asterisk,
    sipp: join(folder, "bin", "sipp"),
    modules: join(folder, "modules"),
    data: join(folder, "share"),
    sounds: join(folder, "sounds-en"),
  });
}

/** The error is empty where there is none. */
function installedAsterisk(): Result<AsteriskHome, string> {
  const asterisk = programNamed("asterisk");
  if (asterisk === null) return err("");
  const version = versionOf(asterisk);
  if (version === null) return err(`${asterisk} does not run`);
  if (Number(/^Asterisk (\d+)/.exec(version)?.[1]) < OLDEST_VERSION) {
    return err(`the installed ${version} is older than ${OLDEST_VERSION}`);
  }
  const settings = readIfAllowed("/etc/asterisk/asterisk.conf");
  const beside = dirname(dirname(asterisk));
  const modules = folderWith("res_ari.so", [
    ...globSync(join(beside, "lib", "*", "asterisk", "modules")),
    directory(settings, "astmoddir"),
    ...globSync("/usr/lib/*/asterisk/modules"),
    "/usr/lib/asterisk/modules",
    "/usr/lib64/asterisk/modules",
    "/usr/local/lib/asterisk/modules",
  ]);
  if (modules === null) return err(`the installed ${version} has no module res_ari.so`);
  const data = folderWith("rest-api", [
    join(beside, "share", "asterisk"),
    directory(settings, "astdatadir"),
    "/usr/share/asterisk",
    "/var/lib/asterisk",
    "/usr/local/share/asterisk",
  ]);
  if (data === null) return err(`the installed ${version} has no folder rest-api`);
  const sounds = [join(data, "sounds", "en"), ...globSync(join(data, "sounds", "en_US_*"))].find((path) =>
    existsSync(path),
  );
  return ok({ version, asterisk, sipp: programNamed("sipp"), modules, data, sounds: sounds ?? null });
}

/** "Asterisk 22.10.1" of "Asterisk 22.10.1+dfsg+~cs6". */
function versionOf(program: string): string | null {
  const { status, stdout } = spawnSync(program, ["-V"], { encoding: "utf8" });
  return status === 0 ? (/^Asterisk [\w.-]+/.exec(stdout)?.[0] ?? stdout.trim()) : null;
}

/** On Debian only root and Asterisk may read it. */
function readIfAllowed(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function directory(settings: string, name: string): string {
  return new RegExp(`^\\s*${name}\\s*=>?\\s*([^\\s;]+)`, "m").exec(settings)?.[1] ?? "";
}

function folderWith(name: string, folders: readonly string[]): string | null {
  return folders.find((folder) => folder !== "" && existsSync(join(folder, name))) ?? null;
}

if (import.meta.main) {
  const program = command(
    "asterisk",
    "Gets an Asterisk and sipp, the telephones for tests: what is installed, else Debian's packages in a folder of their own. Installs nothing.",
  )
    .option("--suite <names...>", "Debian's suites; the first that has an Asterisk is taken")
    .argument("[folder]", "where the packages go; by default `.asterisk` in this project")
    .parse();
  const [folder] = program.args;
  const { suite } = program.opts<{ suite?: readonly string[] }>();
  const home = await findAsterisk({ ...(folder && { folder }), ...(suite && { suites: suite }) });
  if (home.ok) {
    for (const [name, value] of Object.entries(home.value)) console.log(`${name.padEnd(9)} ${value ?? "none"}`);
  } else {
    console.error(home.error);
    process.exitCode = 1;
  }
}
