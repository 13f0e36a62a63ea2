import { listen } from "../../durable-objects/node/http/http-server.ts";
import { SqliteDisk } from "../../durable-objects/node/log/sqlite-disk.ts";
import { NodeClock } from "../../durable-objects/node/node-clock.ts";
import { ownPlaceOf } from "../../durable-objects/node/own-place.ts";
import { Runtime } from "../../durable-objects/node/runtime.ts";
import { stubsBy } from "../../durable-objects/node/stubs.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { placeOf } from "../../durable-objects/platform/object-place.ts";
import { Networks } from "../../src/foundation/guard/networks.ts";
import { answerProbe, probe } from "./probe.ts";

/** The probe on plain Node, as a process: the file of its state and its port stand in its environment. */
const { PROBE_STATE: file = "", PROBE_PORT: port } = process.env;
const shared = {
  heardTime: () => {},
  log: (line: object) => console.log(JSON.stringify(line)),
  measures: new Measures(),
  newId: () => crypto.randomUUID(),
};
const runtime: Runtime = await Runtime.start({
  ...shared,
  disk: new SqliteDisk(file),
  clock: new NodeClock(),
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
  runtime,
  fetch: (request) => answerProbe(request, objects),
});
