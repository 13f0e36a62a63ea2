import { bridgehead } from "../cli/bridgehead.ts";
import { loadNode } from "./edge.ts";

/** The operators' command from a checkout: `npm run bridgehead -- COMMAND`, and `npm run serve -- --settings FILE`. */
await bridgehead({ edge: loadNode }).parseAsync();
