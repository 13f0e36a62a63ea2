import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { serveHome } from "../src/home.ts";

/** The edge of `npm start -- --edge node`, as a process: what it needs stands in its environment. */
const { EDGE_FOLDER: folder = "", EDGE_HOST: host = "", EDGE_PORT: port, ...env } = process.env;
const bundle: { readonly serveHome: typeof serveHome } = await import(pathToFileURL(join(folder, "home.mjs")).href);
const { DOMAINS = "", OPERATOR_TOKEN = "" } = env;
const edge = await bundle.serveHome({
  variables: { ...env, DOMAINS, OPERATOR_TOKEN },
  file: join(folder, "state.db"),
  host,
  port: Number(port),
  write: (_, text) => console.log(text),
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void edge.stop().finally(() => process.exit(0)));
}
