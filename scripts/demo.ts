import { Option } from "commander";
import { OperatorClient } from "../cli/operator/operator-client.ts";
import { ownTerminal } from "../cli/terminal.ts";
import type { TimelineLine } from "../src/rpc/timeline.ts";
import { timelineText } from "../src/views/timeline.ts";
import { printTranscript } from "../test/transcripts/transcript.ts";
import { exitOnSignals } from "./at-exit.ts";
import { command, edgeOption, runOnEdge } from "./command.ts";
import { type Flow, loadFlows } from "./demo/flow.ts";
import { FlowStage } from "./demo/stage.ts";
import { FlowSystem } from "./demo/system.ts";

const flows = loadFlows();
const options = command(
  "demo",
  "Plays the protocol's call flows against the real processes, and compares what follows with what must follow.",
)
  .addOption(new Option("--flow <name>", "this one alone").choices(flows.map(({ name }) => name)))
  .addOption(edgeOption())
  .option("--all", "print the whole timeline of each flow, not only its beginning", false)
  .parse()
  .opts<{ flow?: string; edge: string; all: boolean }>();
runOnEdge(options.edge);
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");

/** Of each timeline. */
const MOST_LINES = 60;
const terminal = ownTerminal();
const startedAt = Date.now();
const failed: string[] = [];
const wanted = flows.filter(({ name }) => options.flow === undefined || name === options.flow);
for (const group of Map.groupBy(wanted, ({ settings }) => JSON.stringify(settings)).values()) {
  const system = await FlowSystem.start(group[0]?.settings ?? {});
  try {
    for (const flow of group) await show(flow, system);
  } finally {
    await system.stop();
  }
}
const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
const result = failed.length === 0 ? "all as the protocol wants them" : `otherwise than expected: ${failed.join(", ")}`;
console.log(`\n${wanted.length} call flow${wanted.length === 1 ? "" : "s"} in ${seconds} s, ${result}`);
process.exit(failed.length === 0 ? 0 : 1);

async function show(flow: Flow, system: FlowSystem): Promise<void> {
  const { all } = options;
  console.log(`\n${terminal.style("bold", flow.title)}`);
  const stage = new FlowStage(system);
  const played = await stage.play(flow.transcript);
  const lines = timelineText(await timelineOf(system, stage.confKey), { ...terminal, zone: "UTC" });
  for (const line of all ? lines : lines.slice(0, MOST_LINES)) console.log(line);
  if (!all && lines.length > MOST_LINES) console.log(`… ${lines.length - MOST_LINES} more lines (--all)`);
  const wrong = played.find(({ asExpected }) => !asExpected);
  if (!wrong) return;
  failed.push(flow.name);
  const { step, came } = wrong;
  console.log(`\n${flow.name} went otherwise than expected. Expected:\n${printTranscript([step])}`);
  console.log(`Came:\n${printTranscript([{ ...step, follows: came }])}`);
}

/** Returns the lines of `bridgehead explain` for the flow's conference. */
async function timelineOf({ run }: FlowSystem, confKey: string): Promise<readonly TimelineLine[]> {
  const edge = new OperatorClient({ url: run.edgeUrl, urlFrom: "", token: run.operatorToken(), tokenFrom: "" });
  const lines: TimelineLine[] = [];
  const path = "GET /domains/{domain}/conferences/{confKey}/timeline";
  for await (const page of edge.pages(path, { domain: "local", confKey })) lines.push(...page.lines);
  return lines;
}
