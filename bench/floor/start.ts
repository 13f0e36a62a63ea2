import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { prepareEdge } from "../../scripts/edge.ts";
import { freePorts } from "../../scripts/local-run.ts";
import { type Launch, Part, startGuard } from "../../scripts/supervise.ts";

export interface Floor {
  readonly url: string;
  readonly pids: { readonly edge: number; readonly agent: number };
  stop(): Promise<void>;
}

/** The bare way in as many processes as the adapter has: plain workerd, an agent, a bridge. */
export async function startFloor(folder: string): Promise<Floor> {
  mkdirSync(folder, { recursive: true });
  const [edgePort = 0, bridgePort = 0] = await freePorts(2);
  const parts = new Map<string, Part>();
  const pids = new Map<string, number>();
  const guard = startGuard();
  const start = (name: string, launch: Launch) => {
    const onStart = (pid: number) => {
      pids.set(name, pid);
      guard.watch([...pids.values()]);
    };
    const part = new Part({ name, launch, logFile: join(folder, `${name}.log`), onStart });
    parts.set(name, part);
    part.start();
  };
  start("edge", await bareEdge(folder, edgePort));
  start("bridge", program("bridge.ts", String(bridgePort)));
  const url = `http://127.0.0.1:${edgePort}`;
  await until("the bare edge answers", async () => (await statusOf(`${url}/ready`)) !== null);
  await until("the bare bridge answers", async () => (await statusOf(`http://127.0.0.1:${bridgePort}`)) !== null);
  const ways = [`ws://127.0.0.1:${edgePort}/agent`, `ws://127.0.0.1:${bridgePort}`, join(folder, "agent.sqlite")];
  start("agent", program("agent.ts", ...ways));
  await until("the bare agent is connected", async () => (await statusOf(`${url}/ready`)) === 200);
  return {
    url,
    pids: { edge: pids.get("edge") ?? 0, agent: pids.get("agent") ?? 0 },
    stop: async () => {
      await Promise.all([...parts.values()].map((part) => part.stop(500)));
      guard.watch([]);
    },
  };
}

function bareEdge(folder: string, port: number): Promise<Launch> {
  return prepareEdge({
    folder,
    host: "127.0.0.1",
    port,
    variables: {},
    entry: "bench/floor/worker.ts",
    objects: { CONFERENCE: "BareConference", RELAY: "BareRelay" },
  });
}

function program(file: string, ...args: readonly string[]): Launch {
  return { command: process.execPath, args: [join(import.meta.dirname, file), ...args], env: {} };
}

/** `null`: nobody listens. */
async function statusOf(url: string): Promise<number | null> {
  const response = await fetch(url).catch(() => null);
  await response?.arrayBuffer();
  return response?.status ?? null;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await holds()) return;
    await pause(50);
  }
  throw new Error(`expected within 10 s: ${what}`);
}
