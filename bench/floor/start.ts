import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { prepareEdge } from "../../scripts/edge.ts";
import type { Launch } from "../../scripts/supervise.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { Processes, statusOf, until } from "../processes.ts";

export interface Floor {
  readonly url: string;
  readonly pids: { readonly edge: number; readonly agent: number };
  stop(): Promise<void>;
}

/** The bare way in as many processes as the adapter has: plain workerd, an agent, a bridge. */
export async function startFloor(folder: string): Promise<Floor> {
  mkdirSync(folder, { recursive: true });
  const [edgePort = 0] = await freePorts(1);
  const processes = new Processes(folder);
  const edge = { folder, host: "127.0.0.1", port: edgePort, variables: {}, entry: "bench/floor/worker.ts" };
  const objects = { CONFERENCE: "BareConference", RELAY: "BareRelay" };
  processes.start("edge", await prepareEdge({ ...edge, objects }));
  const url = `http://127.0.0.1:${edgePort}`;
  await until("the bare edge answers", async () => (await statusOf(`${url}/ready`)) !== null);
  const [bridgePort = 0] = await freePorts(1);
  processes.start("bridge", program("bridge.ts", String(bridgePort)));
  await until("the bare bridge answers", async () => (await statusOf(`http://127.0.0.1:${bridgePort}`)) !== null);
  const ways = [`${url.replace("http", "ws")}/agent`, `ws://127.0.0.1:${bridgePort}`, join(folder, "agent.sqlite")];
  processes.start("agent", program("agent.ts", ...ways));
  await until("the bare agent is connected", async () => (await statusOf(`${url}/ready`)) === 200);
  const pids = { edge: processes.pid("edge"), agent: processes.pid("agent") };
  return { url, pids, stop: () => processes.stop() };
}

function program(file: string, ...args: readonly string[]): Launch {
  return { command: process.execPath, args: [join(import.meta.dirname, file), ...args], env: {} };
}
