import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { keepHeapSmall } from "../bridge-agent/service/small-heap.ts";
import { urlHere } from "../cli/edge/edge-settings.ts";
import { countLostLines, logWritten, printLine, StartError } from "../cli/edge/program.ts";
import { type EdgeModule, logFaults, servesState } from "../cli/edge/serve.ts";

/** The edge of `npm start -- --edge node`, as a process: what it needs stands in its environment. */
const {
  EDGE_FOLDER: folder = "",
  EDGE_HOST: host = "",
  EDGE_PORT: port,
  EDGE_DATABASE: database,
  EDGE_NAME: name = "",
  ...env
} = process.env;
logFaults();
const bundle: EdgeModule = await import(pathToFileURL(join(folder, "node.mjs")).href);
const { DOMAINS = "", OPERATOR_TOKEN = "" } = env;
const edge = await servesState(bundle, {
  variables: { ...env, DOMAINS, OPERATOR_TOKEN },
  state: database ? { database, name, url: `http://${host}:${port}` } : { file: join(folder, "state.db") },
  host,
  port: Number(port),
  write: (_, line) => printLine(line),
}).catch((error: unknown) => {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exit(1);
});
countLostLines((lines) => edge.countLostLines(lines));
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void edge.stop().finally(() => logWritten().finally(() => process.exit(0))));
}
// Whatever it answers: then all is loaded that a request needs.
await fetch(`${urlHere(host, Number(port))}/healthz`)
  .then(({ body }) => body?.cancel())
  .catch(() => {});
keepHeapSmall();
