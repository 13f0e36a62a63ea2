import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Diagram } from "./demo/diagram.ts";
import { type Flow, flowsFolder, loadFlows } from "./demo/flow.ts";
import { FlowStage, type Played } from "./demo/stage.ts";
import { FlowSystem } from "./demo/system.ts";
import { printTranscript } from "./demo/transcript.ts";

/** Plays the protocol's call flows against the real processes, and compares what follows with what must follow (`npm run demo`). */

const flows = loadFlows();
const { values: options } = parseArgs({
  options: {
    flow: { type: "string" },
    confirmations: { type: "boolean" },
    write: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (options.help) {
  console.log(`npm run demo [-- --flow NAME] [--confirmations]: plays call flows against the real processes.
  --flow NAME       one of ${names(flows)}
  --confirmations   draws every Confirmation, not only those that refuse
  --write           puts what followed into the files, instead of comparing (docs/transcripts.md)`);
  process.exit(0);
}
const wanted = flows.filter(({ name }) => options.flow === undefined || name === options.flow);
if (wanted.length === 0) {
  console.error(`there is no flow "${options.flow}"; there are ${names(flows)}`);
  process.exit(1);
}

const startedAt = Date.now();
const failed: string[] = [];
for (const group of Map.groupBy(wanted, ({ settings }) => JSON.stringify(settings)).values()) {
  const system = await FlowSystem.start(group[0]?.settings ?? {});
  try {
    for (const flow of group) await show(flow, system);
  } finally {
    await system.stop();
  }
}
const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
const verdict =
  failed.length === 0 ? "all as the protocol wants them" : `otherwise than expected: ${failed.join(", ")}`;
console.log(`\n${wanted.length === 1 ? "1 call flow" : `${wanted.length} call flows`} in ${seconds} s, ${verdict}`);
process.exit(failed.length === 0 ? 0 : 1);

async function show(flow: Flow, system: FlowSystem): Promise<void> {
  const coloured = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;
  const diagram = new Diagram(console.log, coloured, process.stdout.columns);
  diagram.head(flow.title);
  const { confirmations = false, write = false } = options;
  const played = await new FlowStage(system, { diagram, confirmations, write }).play(flow.transcript);
  if (write) writeFileSync(join(flowsFolder, `${flow.name}.txt`), written(flow, played));
  const wrong = played.find(({ asExpected }) => !asExpected);
  if (!wrong) return;
  failed.push(flow.name);
  const { step, came } = wrong;
  console.log(`\n${flow.name} went otherwise than expected. Expected:\n${printTranscript([step])}`);
  console.log(`Came:\n${printTranscript([{ ...step, follows: came }])}`);
}

/** The flow with what came in place of what was expected. */
function written({ transcript }: Flow, played: readonly Played[]): string {
  const came = new Map(played.map((each) => [each.step, each.came]));
  return printTranscript(
    transcript.map((item) => (typeof item === "string" ? item : { ...item, follows: came.get(item) ?? item.follows })),
  );
}

function names(all: readonly Flow[]): string {
  return all.map(({ name }) => name).join(", ");
}
