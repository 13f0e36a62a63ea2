import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { StartError } from "../cli/edge/program.ts";
import { reasonOf } from "../src/foundation/text/reason.ts";
import type { Launch } from "./supervise.ts";
import { findTool } from "./tools/find-tool.ts";

/** A PostgreSQL of a run's own, which anybody on this machine may enter. */
export interface LocalPostgres {
  readonly url: string;
  readonly launch: Launch;
  /** Programs such as `initdb`. */
  readonly bin: string;
}

/**
 * Makes a database in the folder if there is none: a new one, or a replica that follows `primary`, under
 * this `name`. It listens on loopback alone.
 */
export async function preparePostgres(
  folder: string,
  port: number,
  replica?: { readonly primary: string; readonly name: string },
): Promise<LocalPostgres> {
  const found = await findTool("postgres");
  if (!found.ok) throw new StartError(`there is no PostgreSQL to start: ${found.error}`);
  const { program } = found.value;
  const bin = dirname(program);
  const data = join(folder, "data");
  mkdirSync(folder, { recursive: true });
  const asWhom = notAsRoot(folder);
  const [tool = "", ...make] = replica
    ? ["pg_basebackup", `--dbname=${replica.primary}?application_name=${replica.name}`, ..."-R -c fast".split(" ")]
    : ["initdb", ..."--auth=trust --username=bridgehead --encoding=UTF8 --locale=C --data-checksums".split(" ")];
  if (!existsSync(join(data, "PG_VERSION"))) makeDatabase([...asWhom, join(bin, tool), ...make, "--no-sync"], data);
  const options = {
    ...{ port, listen_addresses: "127.0.0.1", unix_socket_directories: "", log_line_prefix: "%m " },
    // Of its own folder, and not of the machine's memory, in which it would stay behind a kill.
    dynamic_shared_memory_type: "mmap",
  };
  const settings = Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const [command = "", ...args] = [...asWhom, program, "-D", data, ...settings];
  return { url: `postgresql://bridgehead@127.0.0.1:${port}/postgres`, launch: { command, args, env: {} }, bin };
}

/**
 * It refuses to run as root. Within a namespace of its own root has another number, and still its own folders; where
 * the system has no such namespaces, it runs as nobody, who must get to the folder.
 */
export function notAsRoot(folder: string): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  const namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"];
  if (spawnSync("unshare", [...namespace.slice(1), "true"]).status === 0) return namespace;
  // The folder of the run is its owner's alone: others may pass, and see nothing.
  const { mode } = statSync(dirname(folder));
  if ((mode & 0o001) === 0) chmodSync(dirname(folder), (mode & 0o7777) | 0o001);
  chownSync(folder, nobody, nobody);
  return ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"];
}

/** On Debian, user and group. */
const nobody = 65_534;

function makeDatabase(makes: readonly string[], data: string): void {
  const draft = `${data}.new`;
  rmSync(draft, { recursive: true, force: true });
  const [command = "", ...args] = [...makes, "-D", draft];
  try {
    execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    renameSync(draft, data);
  } catch (error) {
    throw new StartError(`cannot make a database in ${data} (${reasonOf(error)})`);
  }
}
