import { execFile } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "../scripts/at-exit.ts";
import { freePorts } from "../simulators/free-ports.ts";
import { Processes, statusOf, until } from "./processes.ts";
import type { Side } from "./sides.ts";

interface Peer {
  /** `agent`: Redis. */
  readonly pids: Side["pids"];
  readonly url: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** A conventional server with Redis, which flushes before it answers; `null`, and one line that says why, where it cannot run. */
export async function startPeer(): Promise<Peer | null> {
  try {
    await run("redis-server", ["--version"]);
  } catch {
    return skipped("there is no redis-server here; Debian's package of this name brings it");
  }
  const folder = temporaryFolder("peer");
  try {
    // Not in the project's tree, whose packages are others.
    cpSync(join(import.meta.dirname, "peer"), folder, { recursive: true });
    await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder });
  } catch {
    return skipped("its packages cannot be installed");
  }
  const [port = 0] = await freePorts(1);
  const socket = join(folder, "redis.sock");
  const url = `http://127.0.0.1:${port}/`;
  const settings = { port: "0", unixsocket: socket, dir: folder, save: "", appendonly: "yes", appendfsync: "always" };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const processes = new Processes(folder);
  processes.start("redis", { command: "redis-server", args, env: {} });
  await until("Redis listens", () => existsSync(socket));
  const server = [join(folder, "server.mjs"), String(port), socket];
  processes.start("fastify", { command: process.execPath, args: server, env: {} });
  await until("the peer answers", async () => (await statusOf(url)) !== null);
  return { pids: { edge: processes.pid("fastify"), agent: processes.pid("redis") }, url, stop: () => processes.stop() };
}

function skipped(why: string): null {
  console.log(`        the peer is left out: ${why}`);
  return null;
}
