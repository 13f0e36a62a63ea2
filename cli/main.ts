import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bridgehead } from "./bridgehead.ts";

/** The operators' command as it is built: the edge lies beside it. */
const here = dirname(fileURLToPath(import.meta.url));

await bridgehead({ edge: () => import(pathToFileURL(join(here, "edge", "node.mjs")).href) }).parseAsync();
