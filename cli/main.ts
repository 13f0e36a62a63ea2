import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bridgehead } from "./bridgehead.ts";
import { StartError } from "./edge/supervise.ts";

/** The operators' command as it is built: its parts lie beside it. */
const here = dirname(fileURLToPath(import.meta.url));

await bridgehead({
  workerd,
  worker: () => readFile(join(here, "edge", "worker.js")),
}).parseAsync();

/** Beside us in a Debian package; from npm, a package of its own. */
function workerd(): string {
  const beside = join(here, "workerd");
  if (existsSync(beside)) return beside;
  try {
    return createRequire(import.meta.url)("workerd").default;
  } catch {
    throw new StartError(`there is no workerd: neither ${beside} nor the npm package`);
  }
}
