import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { freePorts } from "../simulators/free-ports.ts";
import { type Floor, startBareAgent } from "./floor/start.ts";
import { Processes, statusOf, until } from "./processes.ts";

const run = promisify(execFile);

/** A conventional server between the floor's agent and bridge; `null`, and one line that says why, where it cannot run. */
export async function startPeer(): Promise<Floor | null> {
  const folder = temporaryFolder("peer");
  try {
    // Not in the project's tree, whose packages are others.
    cpSync(join(import.meta.dirname, "peer"), folder, { recursive: true });
    await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder });
  } catch {
    console.log("        the peer is left out: its packages cannot be installed");
    return null;
  }
  const [port = 0] = await freePorts(1);
  const processes = new Processes(folder);
  const args = [join(folder, "server.mjs"), String(port), join(folder, "server.sqlite")];
  processes.start("edge", { command: process.execPath, args, env: {} });
  const url = `http://127.0.0.1:${port}`;
  await until("the peer answers", async () => (await statusOf(`${url}/ready`)) !== null);
  await startBareAgent(processes, folder, url);
  return { url, pids: { edge: processes.pid("edge"), agent: processes.pid("agent") }, stop: () => processes.stop() };
}
