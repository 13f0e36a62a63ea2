import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { err, ok, type Result } from "../../src/foundation/result.ts";
import { fillFolder, programNamed, project } from "./find-tool.ts";

/** An Asterisk that can be run, and sipp, which plays telephones. */
export interface AsteriskHome {
  /** "Asterisk 22.10.1". */
  readonly version: string;
  readonly asterisk: string;
  /** Empty if an installed Asterisk has none beside it. */
  readonly sipp: string;
  /** Folders. */
  readonly modules: string;
  /** Has `rest-api`, `documentation`. */
  readonly data: string;
  /** English announcements; `null`: there are none. */
  readonly sounds: string | null;
}

interface Wish {
  /** An installed Asterisk counts only with an installed sipp. */
  readonly withSipp?: boolean;
  /** Debian's suites; the first that has an Asterisk is taken, and what is installed is not looked at. */
  readonly suites?: readonly string[];
  /** Where Debian's packages go; by default to `ASTERISK_ROOT`, else into the project. */
  readonly folder?: string;
}

/** That the driver can work with. */
const OLDEST_VERSION = 16;
/** The newest first; what Debian's stable release lacks at times. */
const usualSuites = ["forky", "sid", "bullseye"];

/**
 * Returns the Asterisk that is installed, else the one in a folder, which Debian's packages are put into the first time (12 s). With
 * `ASTERISK_ROOT` only that folder counts. The error is one sentence.
 */
export async function findAsterisk({ withSipp, suites, folder }: Wish = {}): Promise<Result<AsteriskHome, string>> {
  const installed = suites || process.env.ASTERISK_ROOT ? err("") : installedAsterisk();
  if (installed.ok && (installed.value.sipp || !withSipp)) return installed;
  const usual = join(project, ".asterisk", suites?.join("-") ?? "newest");
  const place = resolve(folder || process.env.ASTERISK_ROOT || usual);
  const fault = await fillFolder(place, ["asterisk", ...(suites ?? usualSuites)], "Asterisk and sipp");
  if (fault === null) return homeIn(place);
  const because = installed.ok ? `there is no sipp beside the installed ${installed.value.version}` : installed.error;
  return err([because, fault].filter((sentence) => sentence !== "").join("; "));
}

/** For a command that cannot do without telephones: if there are none, ends the process with one sentence. */
export async function asteriskOrExit(what: string): Promise<AsteriskHome> {
  const found = await findAsterisk({ withSipp: true });
  if (found.ok) return found.value;
  console.error(`${what}: ${found.error}`);
  process.exit(1);
}

/** From Debian's packages, in a folder as `tool-root.sh` leaves it. */
function homeIn(folder: string): Result<AsteriskHome, string> {
  const [asterisk, sipp] = [join(folder, "bin", "asterisk"), join(folder, "bin", "sipp")];
  const version = versionOf(asterisk);
  if (version === null) return err(`${asterisk} does not run; delete ${folder}`);
  const [modules, data, sounds] = [join(folder, "modules"), join(folder, "share"), join(folder, "sounds-en")];
  return ok({ version, asterisk, sipp, modules, data, sounds });
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
  const prefix = dirname(dirname(asterisk));
  const [modules] = globSync(`{${prefix},/usr}/lib{,64}/{,*/}asterisk/modules/res_ari.so`).map(dirname);
  if (modules === undefined) return err(`the installed ${version} has no module res_ari.so`);
  const [data] = globSync(`{${prefix}/share,${prefix}/var/lib,/usr/share,/var/lib}/asterisk/rest-api`).map(dirname);
  if (data === undefined) return err(`the installed ${version} has no folder rest-api`);
  const [sounds] = globSync(join(data, "sounds", "{en,en_US_*}"));
  return ok({ version, asterisk, sipp: programNamed("sipp") ?? "", modules, data, sounds: sounds ?? null });
}

/** "Asterisk 22.10.1" of "Asterisk 22.10.1+dfsg+~cs6". */
function versionOf(program: string): string | null {
  const { status, stdout } = spawnSync(program, ["-V"], { encoding: "utf8" });
  return status === 0 ? (/^Asterisk [\w.-]+/.exec(stdout)?.[0] ?? stdout.trim()) : null;
}
