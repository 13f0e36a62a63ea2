import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import { OperatorClient } from "../cli/operator/operator-client.ts";
import { ownTerminal } from "../cli/terminal.ts";
import type { TimelineLine } from "../src/rpc/timeline.ts";
import { timelineText } from "../src/views/timeline.ts";
import { printTranscript, stepsOf } from "../test/transcripts/transcript.ts";
import { asteriskOrExit } from "./asterisk/find-asterisk.ts";
import { atExit, exitOnSignals } from "./at-exit.ts";
import { command, edgeOption, runOnEdge } from "./command.ts";
import { cannotShow } from "./demo/asterisk-flow-bridge.ts";
import { type Flow, flowsFolder, loadFlows } from "./demo/flow.ts";
import { FlowStage, type Played } from "./demo/stage.ts";
import { FlowSystem } from "./demo/system.ts";

const flows = loadFlows();
const program = command(
  "demo",
  "Plays the protocol's call flows against the real processes, and compares what follows with what must follow.",
)
  .addOption(new Option("--flow <name>", "this one alone").choices(flows.map(({ name }) => name)))
  .addOption(
    new Option("--bridge <kind>", "the simulated bridge, or a real Asterisk with real telephones")
      .choices(["simulated", "asterisk"])
      .default("simulated"),
  )
  .addOption(edgeOption())
  .option("--all", "print the whole timeline of each flow, not only its beginning", false)
  .option("--console", "slowly, for somebody who watches it in the console, which stays until Ctrl-C", false)
  .option("--write", "put what followed into the files, instead of comparing (docs/transcripts.md)", false)
  .parse();
const options = program.opts<{
  flow?: string;
  bridge: "simulated" | "asterisk";
  edge: string;
  all: boolean;
  console: boolean;
  write: boolean;
}>();
runOnEdge(options.edge);
const isReal = options.bridge === "asterisk";
if (isReal && options.write) program.error("error: --write goes with the simulated bridge alone");
const sipp = isReal ? (await asteriskOrExit("cannot play on telephones")).sipp : null;
const asked = flows.filter(({ name }) => options.flow === undefined || name === options.flow);
const wanted = asked.filter((flow) => {
  const why = isReal ? cannotShow(stepsOf(flow.transcript).flatMap(({ happens }) => happens)) : null;
  if (why !== null) console.log(`left out: ${flow.name} (${why})`);
  return why === null;
});

/** Between steps, for people who watch. */
const SLOW_STEP_MS = 1_500;
/** Of each timeline. */
const MOST_LINES = 60;
const terminal = ownTerminal();
const startedAt = Date.now();
let shown = 0;
const failed: string[] = [];
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
atExit(printVerdict);
const groups = [...Map.groupBy(wanted, ({ settings }) => JSON.stringify(settings)).values()];
for (const group of groups) {
  const system = await FlowSystem.start(group[0]?.settings ?? {}, sipp);
  try {
    if (options.console) await openConsole(system);
    for (const flow of group) await show(flow, system);
    if (options.console && group === groups.at(-1)) await leaveConsoleOpen();
  } finally {
    await system.stop();
  }
}
process.exit(failed.length === 0 ? 0 : 1);

function printVerdict(): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(0);
  const verdict =
    failed.length === 0 ? "all as the protocol wants them" : `otherwise than expected: ${failed.join(", ")}`;
  const count = shown < wanted.length ? `${shown} of ${wanted.length}` : shown;
  console.log(`\n${count} call flow${wanted.length === 1 ? "" : "s"} in ${seconds} s, ${verdict}`);
}

/** Says where the console of this system is; where somebody sits at the terminal, waits until it is open. */
async function openConsole({ run }: FlowSystem): Promise<void> {
  console.log(`\nThe console:  ${run.edgeUrl}/console\nThe token:    ${run.operatorToken()}`);
  if (!process.stdin.isTTY) return;
  console.log("\nOpen the console, sign in with the token, and press Enter here to begin.");
  await once(process.stdin, "data");
  process.stdin.pause();
}

/** All that was played can be looked at until somebody ends the demo; without a terminal, nobody does. */
async function leaveConsoleOpen(): Promise<void> {
  if (!process.stdin.isTTY) return;
  console.log("\nThe console stays open: press Enter, or Ctrl-C, to end.");
  await once(process.stdin, "data");
}

async function show(flow: Flow, system: FlowSystem): Promise<void> {
  const { all, write } = options;
  console.log(`\n${terminal.style("bold", flow.title)}`);
  const stage = new FlowStage(system, { write, ...(options.console && { pauseMs: SLOW_STEP_MS }) });
  const played = await stage.play(flow.transcript);
  const lines = timelineText(await timelineOf(system, stage.confKey), { ...terminal, zone: "UTC" });
  for (const line of all ? lines : lines.slice(0, MOST_LINES)) console.log(line);
  if (!all && lines.length > MOST_LINES) console.log(`… ${lines.length - MOST_LINES} more lines (--all)`);
  if (write) writeFileSync(join(flowsFolder, `${flow.name}.txt`), written(flow, played));
  shown += 1;
  const wrong = played.find(({ asExpected }) => !asExpected);
  if (!wrong) return;
  failed.push(flow.name);
  const { step, came } = wrong;
  console.log(`\n${flow.name} went otherwise than expected. Expected:\n${printTranscript([step])}`);
  console.log(`Came:\n${printTranscript([{ ...step, follows: came }])}`);
}

/** What Bridgehead says of the flow's conference, as `bridgehead explain` does. */
async function timelineOf({ run }: FlowSystem, confKey: string): Promise<readonly TimelineLine[]> {
  const edge = new OperatorClient({ url: run.edgeUrl, urlFrom: "", token: run.operatorToken(), tokenFrom: "" });
  const lines: TimelineLine[] = [];
  const path = "GET /domains/{domain}/conferences/{confKey}/timeline";
  for await (const page of edge.pages(path, { domain: "local", confKey })) lines.push(...page.lines);
  return lines;
}

/** The flow with what came in place of what was expected. */
function written({ transcript }: Flow, played: readonly Played[]): string {
  const came = new Map(played.map((each) => [each.step, each.came]));
  return printTranscript(
    transcript.map((item) => (typeof item === "string" ? item : { ...item, follows: came.get(item) ?? item.follows })),
  );
}
