import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { prepareEdge } from "../scripts/edge.ts";
import { freePorts } from "../scripts/local-run.ts";
import { Part, startGuard } from "../scripts/supervise.ts";

/** Serves the floor on plain workerd, just as the edge is served. */
export async function startFloor(folder: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  mkdirSync(folder, { recursive: true });
  const [port = 0] = await freePorts(1);
  const launch = await prepareEdge({
    folder,
    host: "127.0.0.1",
    port,
    variables: {},
    entry: "bench/floor/worker.ts",
    objects: { FLOOR: "FloorObject" },
  });
  const guard = startGuard();
  const onStart = (pid: number) => guard.watch([pid]);
  const part = new Part({ name: "floor", launch, logFile: join(folder, "floor.log"), onStart });
  part.start();
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  return {
    url,
    stop: async () => {
      await part.stop(500);
      guard.watch([]);
    },
  };
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await fetch(url, { method: "POST", body: "up?" }).catch(() => null)) return;
    await pause(50);
  }
  throw new Error(`the floor at ${url} did not answer within 10 s`);
}
