import { performance } from "node:perf_hooks";
import { atExit, exitOnSignals } from "../scripts/at-exit.ts";
import { command, edgeOption, edgesOption, listed, partOfName, runOnEdge } from "../scripts/command.ts";
import { figures, full, type Line, quick, type Runtime, withComparison } from "./figures.ts";
import { setEdges } from "./sides.ts";

const names = figures.map(({ name }) => name);
const options = command(
  "bench",
  "The benchmark: the adapter beside the floor, the same hops without logic, in turns and in one run.",
)
  .option("--only <text>", "the figures with this text in their names", partOfName("figure", names), "")
  .addOption(edgeOption())
  .addOption(edgesOption())
  .option("--quick", "little of each, for development", false)
  .addHelpText("after", listed("figure", names))
  .parse()
  .opts<{ only: string; quick: boolean; edge: Runtime; edges: "1" | "2" }>();
setEdges(Number(options.edges));
runOnEdge(options.edge);
const wanted = figures.filter(({ name }) => name.includes(options.only));
const extent = options.quick ? quick : full;
const startedAt = performance.now();
const lines: Line[] = [];
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
atExit(() => lines.length > 0 && printTable());
const compared = wanted.filter((figure) => "compare" in figure);
if (compared.length > 0) {
  say("starting the floor and the adapter, and filling conferences …");
  await withComparison(extent, options.edge, async (given) => {
    for (const figure of compared) await add(figure.name, figure.compare(given));
  });
}
for (const figure of wanted) if ("alone" in figure) await add(figure.name, figure.alone(extent, options.edge));
process.exit();

/** A figure that cannot be had fails the run, but the others are still worth knowing. */
async function add(name: string, figure: Promise<readonly Line[]>): Promise<void> {
  say(name);
  try {
    lines.push(...(await figure));
  } catch (error) {
    process.exitCode = 1;
    console.error(`        failed: ${error instanceof Error ? error.message : error}`);
  }
}

function say(what: string): void {
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${what}`);
}

function printTable(): void {
  const rows = lines.map(({ figure, unit, floor, adapter, goal }) => {
    const ratio = floor === undefined ? undefined : adapter / floor;
    const judged = goal?.of === "value" ? adapter : ratio;
    return [
      figure,
      shown(floor, unit),
      shown(adapter, unit),
      ratio?.toFixed(2) ?? "–",
      goalText(goal, unit, judged ?? Number.NaN),
    ];
  });
  const table = [["figure", "floor", "adapter", "ratio", "goal"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const pad = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0);
  console.log();
  for (const row of table) console.log(row.map(pad).join("  "));
}

function shown(value: number | undefined, unit: string): string {
  if (value === undefined) return "–";
  return `${value.toFixed(value < 100 ? 2 : 0)} ${unit}`;
}

function goalText(goal: Line["goal"], unit: string, value: number): string {
  if (!goal) return "";
  const limit = "atMost" in goal ? goal.atMost : goal.atLeast;
  const met = "atMost" in goal ? value <= limit : value >= limit;
  return `${"atMost" in goal ? "≤" : "≥"} ${limit}${goal.of === "value" ? ` ${unit}` : ""}${met ? "" : "  missed"}`;
}
