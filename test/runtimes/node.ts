import { isMainThread } from "node:worker_threads";
import { listen } from "../../durable-objects/node/http/http-server.ts";
import { EdgeTime, nodeTimers } from "../../durable-objects/node/node-clock.ts";
import { ownPlaceOf } from "../../durable-objects/node/own-place.ts";
import { sqliteDisk } from "../../durable-objects/node/rows/sqlite-disk.ts";
import { Runtime } from "../../durable-objects/node/runtime.ts";
import { stubsBy } from "../../durable-objects/node/stubs.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { placeOf } from "../../durable-objects/platform/object-place.ts";
import { Networks } from "../../src/foundation/guard/networks.ts";
import { answerProbe, probe } from "./probe.ts";

/** The probe on plain Node, as a process: the file of its state, or its database, and its port stand in its environment. */
const { PROBE_STATE: file = "", PROBE_DATABASE: database, PROBE_PORT: port } = process.env;
const time = new EdgeTime();
const shared = {
  log: (line: object) => console.log(JSON.stringify(line)),
  measures: new Measures(),
  newId: () => crypto.randomUUID(),
};
const fatal = (error: unknown) => {
  console.error(error);
  process.exit(1);
};
// The disk's thread begins with this file, too.
if (isMainThread) await main();

async function main(): Promise<void> {
  const runtime: Runtime = await Runtime.start({
    ...shared,
    ...{ fatal, time, timers: nodeTimers, soon: process.nextTick, disk: await diskOf() },
    make: (_kind, _name, life) => {
      const stubs = stubsBy({ ...life, connect: runtime.connect });
      return probe(placeOf(ownPlaceOf(life, shared), stubs, { DOMAINS: "{}", OPERATOR_TOKEN: "" }));
    },
  });
  const objects = stubsBy(runtime);
  await listen({
    host: "127.0.0.1",
    port: Number(port),
    proxies: new Networks([]),
    mayLeave: () => runtime.mayLeave(),
    acceptedBy: (answer) => runtime.acceptedBy(answer),
    fetch: (request) => answerProbe(request, objects),
  });
}

async function diskOf() {
  if (database === undefined) return sqliteDisk(file);
  const { acquireDatabase } = await import("../../durable-objects/node/rows/postgres-disk.ts");
  const self = { name: "probe", url: `http://127.0.0.1:${port}`, version: "1" };
  return acquireDatabase(database, self, {
    ...{ timers: nodeTimers, passedMs: () => time.passedMs(), waits: () => {}, lost: fatal },
  });
}
