import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FlowStage, type Played } from "./demo/flow-stage.ts";
import { startFlowSystem } from "./demo/flow-system.ts";
import { type Flow, flowsFolder, loadFlows } from "./demo/flow-text.ts";
import { SequenceDiagram } from "./demo/sequence-diagram.ts";

/** Plays the protocol's call flows against the real processes, and compares what follows with what must follow (`npm run demo`). */

const flows = loadFlows();
const { values: options } = parseArgs({
  options: { flow: { type: "string" }, write: { type: "boolean" }, help: { type: "boolean" } },
});
if (options.help) {
  console.log(`npm run demo [-- --flow NAME]: plays the call flows of ${flowsFolder}, one of\n  ${names(flows)}`);
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
  const system = await startFlowSystem(group[0]?.settings ?? {});
  try {
    for (const flow of group) {
      console.log(`\n${flow.title}\n`);
      const coloured = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;
      const played = await new FlowStage(system, new SequenceDiagram(console.log, coloured)).play(flow, options.write);
      if (options.write) write(flow, played);
      const wrong = played.find(({ asExpected }) => !asExpected);
      if (!wrong) continue;
      failed.push(flow.name);
      console.log(`\n${flow.name} went otherwise than it should, at\n  ${wrong.step.does.join("\n  ")}`);
      console.log(`expected:\n  ${wrong.step.expected.join("\n  ") || "nothing"}`);
      console.log(`came:\n  ${wrong.came.join("\n  ") || "nothing"}`);
    }
  } finally {
    await system.stop();
  }
}
const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
const as = failed.length === 0 ? "all as they should be" : `otherwise than they should be: ${failed.join(", ")}`;
console.log(`\n${wanted.length} call flows in ${seconds} s, ${as}`);
process.exit(failed.length === 0 ? 0 : 1);

/** What came takes the place of what was expected; comments and empty lines stay. */
function write(flow: Flow, played: readonly Played[]): void {
  const file = join(flowsFolder, `${flow.name}.txt`);
  const kept = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => !line.startsWith(" ") || line.trim().startsWith("+ "));
  const came = played.map((step) => step.came.map((line) => `      ${line}`));
  const isStep = (line: string) => /^[^#\s]/.test(line) && !line.startsWith("settings ");
  const text: string[] = [];
  for (const [index, line] of kept.entries()) {
    text.push(line);
    const next = kept[index + 1] ?? "";
    if ((isStep(line) || line.startsWith(" ")) && !next.startsWith(" ")) text.push(...(came.shift() ?? []));
  }
  writeFileSync(file, text.join("\n"));
}

function names(all: readonly Flow[]): string {
  return all.map(({ name }) => name).join(", ");
}
