import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { timers } from "../bridge-agent/node-ports.ts";
import { exitOnSignals } from "./at-exit.ts";
import { command } from "./command.ts";
import { runTool } from "./run-tool.ts";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const limitMs = 6 * 3_600_000;

/** By their commands. */
const proofs: Readonly<Record<string, readonly string[]>> = {
  "npm run simulate -- --seeds 2000 --all": ["test/simulation/simulate.ts", "--seeds", "2000", "--all"],
  "npm run simulate:mutants": ["test/simulation/mutants.ts"],
  "npm run prove:protocol": ["test/protocol/prove.ts"],
  "npm run prove:kills -- --kills 50": ["bench/prove-kills.ts", "--kills", "50"],
  "npm run prove:kills -- --bridge asterisk --kills 50": [
    ...["bench/prove-kills.ts", "--bridge", "asterisk", "--kills", "50"],
  ],
  "SHARE=1 npm test -- conformance/test": ["scripts/test.ts", "conformance/test"],
};

const { only = "" } = command(
  "test:night",
  "The proofs that take hours, one after the other. Prints the end of what each printed, all of it if it failed; the last line is `N passed, N failed`.",
)
  .option("--only <text>", "those alone that have this text in their command")
  .parse()
  .opts<{ only?: string }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
process.env.SHARE = "1";

const results: boolean[] = [];
for (const [name, [script = "", ...args]] of Object.entries(proofs)) {
  if (!name.includes(only)) continue;
  console.log(`$ ${name}`);
  const { ok, output } = await runTool(process.execPath, [join(project, script), ...args], {
    ...{ cwd: project, timers, limitMs },
  });
  console.log(ok ? output.trimEnd().split("\n").slice(-3).join("\n") : output);
  results.push(ok);
}
const passed = results.filter(Boolean).length;
console.log(`${passed} passed, ${results.length - passed} failed`);
process.exit(passed === results.length && passed > 0 ? 0 : 1);
