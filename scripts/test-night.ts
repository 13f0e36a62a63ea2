import { dayMs } from "../src/foundation/time/timers.ts";
import { exitOnSignals } from "./at-exit.ts";
import { command } from "./command.ts";
import { runTool } from "./run-tool.ts";

const limitMs = 6 * 3_600_000;

/** Other worlds and other functions each night. */
const night = Math.floor(Date.now() / dayMs);
const proofs = [
  `npm run simulate -- --seeds 2000 --first ${night * 2_000} --all`,
  "npm run simulate:mutants",
  `npm run mutate -- src durable-objects bridge-agent --one-in 100 --seed ${night} --least 90`,
  "npm run prove:protocol",
  "npm run prove:conformance",
  "npm run prove:kills -- --kills 50",
  "npm run prove:kills -- --edge node --kills 50",
  "npm run prove:kills -- --edges 2 --kills 50",
  "npm run prove:kills -- --bridge asterisk --kills 50",
  "env NIGHT=1 npm test -- --edge node --only tests -- test/whole test/bridge/python-example",
  "env RUNS=10000 npm test -- --only tests -- test/protocol test/durable-objects/adapter-properties.test.ts",
  "env RUNS=100 npm test -- --only tests -- webex-interfaces/test/round-trip.test.ts",
  "env LOOKS=all npm test -- --only tests -- test/browser",
  "env COMMANDS=100000 npm test -- --only tests -- test/agent/policy-hostile-edge.test.ts",
];

const { only = "" } = command(
  "test:night",
  "The proofs that take hours, one after the other. Prints the end of what each printed, all of it if it failed; the last line is `N passed, N failed`.",
)
  .option("--only <text>", "those alone that have this text in their command")
  .parse()
  .opts<{ only?: string }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");

const results: boolean[] = [];
for (const proof of proofs.filter((text) => text.includes(only))) {
  console.log(`$ ${proof}`);
  const [tool = "", ...args] = proof.split(" ");
  const { ok, output } = await runTool(tool, args, limitMs);
  console.log(ok ? output.trimEnd().split("\n").slice(-3).join("\n") : output);
  results.push(ok);
}
const passed = results.filter(Boolean).length;
console.log(`${passed} passed, ${results.length - passed} failed`);
process.exit(passed === results.length && passed > 0 ? 0 : 1);
