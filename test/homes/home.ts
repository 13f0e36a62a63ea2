import { Home } from "../../durable-objects/home/home.ts";
import { listen } from "../../durable-objects/home/http/http-server.ts";
import { SqliteDisk } from "../../durable-objects/home/log/sqlite-disk.ts";
import { NodeClock } from "../../durable-objects/home/node-clock.ts";
import { ownPlaceOf } from "../../durable-objects/home/own-place.ts";
import { stubsBy } from "../../durable-objects/home/stubs.ts";
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
const home: Home = await Home.start({
  ...shared,
  disk: new SqliteDisk(file),
  clock: new NodeClock(),
  make: (_kind, _name, life) => {
    const stubs = stubsBy({ ...life, connect: home.connect });
    return probe(placeOf(ownPlaceOf(life, shared), stubs, { DOMAINS: "{}", OPERATOR_TOKEN: "" }));
  },
});
const objects = stubsBy(home);
await listen({
  host: "127.0.0.1",
  port: Number(port),
  proxies: new Networks([]),
  home,
  fetch: (request) => answerProbe(request, objects),
});
