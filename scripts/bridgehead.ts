import { bridgehead } from "../cli/bridgehead.ts";
import { bundleWorker, workerd } from "./edge.ts";

/** The operators' command from a checkout: `npm run bridgehead -- COMMAND`, and `npm run serve -- --settings FILE`. */
await bridgehead({ workerd: () => workerd, worker: () => bundleWorker("src/worker.ts") }).parseAsync();
