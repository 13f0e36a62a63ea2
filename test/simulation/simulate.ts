import { availableParallelism } from "node:os";
import { Option } from "commander";
import { command, wholeNumber } from "../../scripts/command.ts";
import type { RuntimeName } from "./faults.ts";
import { minimise } from "./minimise.ts";
import { runSeeds, type Summary } from "./run-seeds.ts";

const options = command(
  "simulate",
  "Lives through simulated worlds of 20 minutes each, with faults, and checks what must never happen. A failure is shown as a story of what led to it.",
)
  .option("--seeds <count>", "how many worlds", wholeNumber(1), 1_000)
  .option("--first <seed>", "the first seed", wholeNumber(0), 1)
  .option("--seed <seed>", "one world only, with its story", wholeNumber(0))
  .addOption(
    new Option("--edge <kind>", "workers: a model of Cloudflare; by default each seed draws").choices([
      "node",
      "workers",
    ]),
  )
  .option("--all", "go on after failures", false)
  .parse()
  .opts<{ seeds: number; first: number; seed?: number; edge?: RuntimeName; all: boolean }>();

if (options.seed !== undefined) show(options.seed);
else await live();

async function live(): Promise<void> {
  const { seeds, first, edge, all } = options;
  const startedAt = performance.now();
  const speed = (summary: Summary) => (summary.worlds / ((performance.now() - startedAt) / 1000)).toFixed(1);
  let shown = 0;
  const progress = (summary: Summary) => {
    for (const { seed, violations } of summary.failures.slice(shown)) {
      const [violation] = violations;
      console.log(`seed ${seed} failed: ${violation?.rule}: ${violation?.how}`);
    }
    shown = summary.failures.length;
    if (!process.stderr.isTTY) return;
    const failed = summary.failures.length > 0 ? ` · ${summary.failures.length} failed` : "";
    process.stderr.write(`\r${summary.worlds} of ${seeds} worlds · ${speed(summary)} a second${failed} `);
  };
  const untilFailures = all ? Number.POSITIVE_INFINITY : 1;
  const summary = await runSeeds({ first, seeds, edge, threads: availableParallelism(), untilFailures, progress });
  if (process.stderr.isTTY) process.stderr.write("\n");

  const faults = Object.entries(summary.counts).sort(([, one], [, other]) => other - one);
  const total = faults.reduce((sum, [, count]) => sum + count, 0);
  console.log(`${summary.worlds} worlds of 20 simulated minutes · ${speed(summary)} worlds a second`);
  console.log(`${total} faults:`);
  for (const [kind, count] of faults) console.log(`${String(count).padStart(9)}  ${kind}`);
  const [failure] = summary.failures;
  if (!failure) return console.log("0 failed");
  console.log(`${summary.failures.length} failed`);
  process.exitCode = 1;
  show(failure.seed);
}

/** The world's story, cut down to what matters if it fails. */
function show(seed: number): void {
  setImmediate(() => {
    const { story, violations, faults, actions } = minimise({ seed, edge: options.edge }, (line) =>
      console.error(line),
    );
    for (const line of story) console.log(line);
    console.log(`\nseed ${seed}, ${violations.length} violations, with nothing but these faults and actions:`);
    for (const name of [...faults, ...actions]) console.log(`  ${name}`);
    for (const { at, rule, how } of violations) console.log(`${(at / 1000).toFixed(3)} s · ${rule} · ${how}`);
    if (violations.length > 0) process.exitCode = 1;
  });
}
