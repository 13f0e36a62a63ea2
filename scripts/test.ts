import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { InvalidArgumentError } from "commander";
import { timers } from "../bridge-agent/node-ports.ts";
import { findAsteriskWithSipp } from "./asterisk/find-asterisk.ts";
import { exitOnSignals, temporaryFolder } from "./at-exit.ts";
import { command } from "./command.ts";
import { protocolPage } from "./protocol-page.ts";
import { faultsOf, readRuns, type TestRun } from "./protocol-runs.ts";
import { type Finished, runTool } from "./run-tool.ts";
import { interfacesPage } from "./webex-interfaces.ts";

interface StageResult {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(project, "node_modules", ".bin");
const configs = ["tsconfig.json", "tsconfig.edge.json", "tsconfig.objects-test.json", "tsconfig.workers-test.json"];
const stageLimitMs = 10 * 60_000;

const stages: Readonly<Record<string, () => Promise<StageResult>>> = {
  types: async () => asOneTest(await Promise.all(configs.map(compile))),
  style: async () => asOneTest([await run("biome", ["check", "--error-on-warnings", "--no-errors-on-unmatched"])]),
  tests,
  // With a defect that breaks a rule of the protocol, one of the tests that show the rule must fail.
  protocol: async () =>
    asOneTest(program.args.length > 0 ? [] : [await runScript("test/protocol/prove.ts", ["--defects"])]),
};

const program = command(
  "test",
  "All checks: types, style, the tests, and whether those of the protocol find its planted defects. Speaks up only about what fails; the last line is `N passed, N failed`.",
)
  .option("--only <stages>", `some of ${Object.keys(stages).join(",")}; by default all`, stageNames)
  .argument("[arguments...]", "for vitest; its options after another --")
  .parse();
const { only = Object.keys(stages) } = program.opts<{ only?: readonly string[] }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
const total = { passed: 0, failed: 0 };
for (const name of only) {
  const stage = stages[name];
  if (!stage) continue;
  const startedAt = Date.now();
  const result = await stage();
  if (result.failed > 0) console.log(result.output.trimEnd());
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${name}: ${result.passed} passed, ${result.failed} failed (${seconds} s)`);
  total.passed += result.passed;
  total.failed += result.failed;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

function stageNames(text: string): readonly string[] {
  const names = text.split(",");
  if (names.every((name) => Object.hasOwn(stages, name))) return names;
  throw new InvalidArgumentError(`The stages are ${Object.keys(stages).join(", ")}.`);
}

function compile(config: string): Promise<Finished> {
  return run("tsc", ["-p", config]);
}

async function tests(): Promise<StageResult> {
  const report = join(temporaryFolder("test"), "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const finished = await run("vitest", ["run", ...reporters, ...(await leftOut()), ...program.args], showFiles());
  const counts = readReport(report);
  // A crash, an error outside of any test, a file that does not load, no test at all: none failed, but something is wrong.
  const beyond = (finished.ok && counts.passed > 0) || counts.failed > 0 ? 0 : 1;
  const unshown =
    program.args.length > 0
      ? []
      : [
          ...faultsOf(protocolPage().shownBy, counts.runs).map((line) => `docs/protocol.md: ${line}`),
          ...faultsOf(interfacesPage().shownBy, counts.runs).map((line) => `docs/webex-interfaces.md: ${line}`),
        ];
  const output = [finished.output, ...unshown].join("\n");
  return { passed: counts.passed, failed: counts.failed + beyond + unshown.length, output };
}

/** The tests with a real Asterisk run where there is one, or where its packages can be had; elsewhere a line says why not. */
async function leftOut(): Promise<readonly string[]> {
  if (program.args.length > 0 && !program.args.some((argument) => argument.includes("asterisk"))) return [];
  const found = await findAsteriskWithSipp();
  if (found.ok) return [];
  console.log(`asterisk: left out, because ${found.error}`);
  return ["--project=!asterisk"];
}

/** On a terminal, how many files of tests are done, in one line that comes and goes: the whole takes minutes. */
function showFiles(): (output: string) => void {
  if (!process.stdout.isTTY) return () => {};
  let files = 0;
  return (output) => {
    const more = stripVTControlCharacters(output).match(/\.test\.ts \(\d+ test/g)?.length ?? 0;
    if (more === 0) return;
    files += more;
    process.stdout.write(`\rtests: ${files} files …\x1b[K\r`);
  };
}

function readReport(file: string): {
  readonly passed: number;
  readonly failed: number;
  readonly runs: readonly TestRun[];
} {
  try {
    const text = readFileSync(file, "utf8");
    const report: { numPassedTests: number; numFailedTests: number } = JSON.parse(text);
    return { passed: report.numPassedTests, failed: report.numFailedTests, runs: readRuns(text) };
  } catch {
    return { passed: 0, failed: 0, runs: [] };
  }
}

function asOneTest(runs: readonly Finished[]): StageResult {
  const ok = runs.every((finished) => finished.ok);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output: runs.map((finished) => finished.output).join("") };
}

function runScript(script: string, args: readonly string[]): Promise<Finished> {
  return runTool(process.execPath, [join(project, script), ...args], { cwd: project, timers, limitMs: stageLimitMs });
}

function run(tool: string, args: readonly string[], watch?: (output: string) => void): Promise<Finished> {
  return runTool(join(bin, tool), args, { cwd: project, timers, limitMs: stageLimitMs, ...(watch && { watch }) });
}
