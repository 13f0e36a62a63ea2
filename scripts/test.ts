import { readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { InvalidArgumentError } from "commander";
import { timers } from "../bridge-agent/node-ports.ts";
import { interfacesPage } from "../webex-interfaces/doors/page.ts";
import { asvsShownBy } from "./asvs-page.ts";
import { exitOnSignals } from "./at-exit.ts";
import { command, edgeOption, runOnEdge } from "./command.ts";
import { keepTemporaryFilesInMemory } from "./memory-folder.ts";
import { protocolPage } from "./protocol-page.ts";
import { faultsOf, readRuns, type TestRun } from "./protocol-runs.ts";
import { type Finished, runTool } from "./run-tool.ts";
import { testTools } from "./tools/test-tools.ts";

type Report = Pick<StageResult, "passed" | "failed"> & {
  readonly runs: readonly TestRun[];
  readonly times: readonly FileTime[];
};

interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

/** The fields that are read of Vitest's report. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly { readonly name: string; readonly startTime: number; readonly endTime: number }[];
}

interface StageResult {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(project, "node_modules", ".bin");
const configs = ["", ".edge", ".node", ".browser", ".objects-test", ".workers-test"].map((of) => `tsconfig${of}.json`);
/** Folder of Vitest's JSON reports of the last run. */
const reports = join(project, "node_modules", ".cache", "tests");
const stageLimitMs = 45 * 60_000;
/** In MiB, for what a test drops at once: the tests that compute cost a twentieth less. */
const roomForGarbage = "--max-semi-space-size=64";

const stages: Readonly<Record<string, () => Promise<StageResult>>> = {
  types: async () => asOneTest(await Promise.all(configs.map(compile))),
  style: async () => asOneTest([await run("biome", ["check", "--error-on-warnings", "--no-errors-on-unmatched"])]),
  tests,
  // With a defect that breaks a rule of the protocol, one of the tests that show the rule must fail.
  protocol: () => proof("test/protocol/prove.ts", "--defects", "--one-in", "4"),
  defects: () => proof("test/simulation/mutants.ts", "--one-in", "10"),
};

const program = command(
  "test",
  "All checks: types, style, the tests, and whether planted defects are found. Prints what failed and the slowest files; the last line is `N passed, N failed`.",
)
  .option("--only <stages>", `some of ${Object.keys(stages).join(",")}; by default all`, stageNames)
  .addOption(edgeOption())
  .argument("[arguments...]", "for vitest, such as test/link, and its options, such as -t mute")
  .parse();
const { only = Object.keys(stages), edge } = program.opts<{ only?: readonly string[]; edge: string }>();
runOnEdge(edge);
// Each program that a test starts would compile its TypeScript anew.
process.env.NODE_COMPILE_CACHE = join(project, "node_modules", ".cache", "compiled");
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
keepTemporaryFilesInMemory();
const total = { passed: 0, failed: 0 };
const named = (...names: readonly string[]) => names.filter((name) => only.includes(name));
await Promise.all(named("types", "style").map(runStage));
await Promise.all(named("tests", "protocol", "defects").map(runStage));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

async function runStage(name: string): Promise<void> {
  const startedAt = Date.now();
  const result = await stages[name]?.();
  if (!result) return;
  if (result.failed > 0) console.log(result.output.trimEnd());
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${name}: ${result.passed} passed, ${result.failed} failed (${seconds} s)`);
  total.passed += result.passed;
  total.failed += result.failed;
}

function stageNames(text: string): readonly string[] {
  const names = text.split(",");
  if (names.every((name) => Object.hasOwn(stages, name))) return names;
  throw new InvalidArgumentError(`The stages are ${Object.keys(stages).join(", ")}.`);
}

/** Runs a proof with defects that the commit's hash chooses. Runs none if the caller named tests. */
async function proof(script: string, ...options: readonly string[]): Promise<StageResult> {
  if (program.args.length > 0) return { passed: 0, failed: 0, output: "" };
  const commit = await runTool("git", ["rev-parse", "--short=8", "HEAD"], { cwd: project, timers, limitMs: 10_000 });
  const seed = commit.ok ? Number.parseInt(commit.output, 16) : 1;
  return asOneTest([await runNode([join(project, script), ...options, "--seed", String(seed)])]);
}

/** What has not changed since the last run is not looked at again. On one thread each costs a third less. */
function compile(config: string): Promise<Finished> {
  const known = join(project, "node_modules", ".cache", "types", `${config}.tsbuildinfo`);
  return run("tsc", ["-p", config, "--incremental", "--tsBuildInfoFile", known, "--singleThreaded"]);
}

async function tests(): Promise<StageResult> {
  const files = showFiles();
  const all = await Promise.all(
    (await parts()).map((options, part) => vitest(options, join(reports, `${part}.json`), files)),
  );
  const runs = all.flatMap((part) => part.runs);
  if (program.args.length === 0) showSlowest(all.flatMap((part) => part.times));
  // Of a run that was cut short nothing is known; its own output says why.
  const isWhole = program.args.length === 0 && all.every((part) => part.runs.length > 0);
  const unshown = !isWhole
    ? []
    : [
        ...faultsOf(asvsShownBy(), runs).map((line) => `docs/asvs.md: ${line}`),
        ...faultsOf(protocolPage().shownBy, runs).map((line) => `docs/protocol.md: ${line}`),
        ...faultsOf(interfacesPage().shownBy, runs).map((line) => `docs/webex-interfaces.md: ${line}`),
      ];
  for (const { file, titles, again } of runs) {
    if (again) console.log(`again: ${file} > ${titles.join(" > ")} passed at the second try`);
  }
  const sum = (count: (part: StageResult) => number) => all.reduce((before, part) => before + count(part), 0);
  return {
    passed: sum(({ passed }) => passed),
    failed: sum(({ failed }) => failed) + unshown.length,
    output: [...all.filter(({ failed }) => failed > 0).map(({ output }) => output), ...unshown].join("\n"),
  };
}

/**
 * The options of the runs of vitest that are made side by side. The tests that compute fill the time in which those with processes of their own
 * wait. The tests with a real Asterisk, and those in a browser, run where there is one, or where its packages can be had; elsewhere a line says
 * why not.
 */
async function parts(): Promise<readonly (readonly string[])[]> {
  const isWanted = (name: string) =>
    program.args.length === 0 || program.args.some((argument) => argument.includes(name));
  const wanted = Object.entries(testTools).filter(([name]) => isWanted(name));
  const found = await Promise.all(wanted.map(async ([name, find]) => ({ name, tool: await find() })));
  for (const { name, tool } of found) if (!tool.ok) console.log(`${name}: left out, because ${tool.error}`);
  const projects = ["asterisk", "browser"];
  const isLeftOut = (project: string) => found.some(({ name, tool }) => name === project && !tool.ok);
  if (program.args.length > 0) {
    return [[...program.args, ...projects.filter(isLeftOut).map((project) => `--project=!${project}`)]];
  }
  const waiting = ["whole", ...projects.filter((project) => !isLeftOut(project))];
  return [["--project=pure", "--project=workers"], waiting.map((project) => `--project=${project}`)];
}

function showSlowest(times: readonly FileTime[]): void {
  const slowest = times.toSorted((one, other) => other.seconds - one.seconds).slice(0, 10);
  console.log(`the slowest files; all are in ${relative(project, reports)}:`);
  for (const { file, seconds } of slowest) console.log(`${seconds.toFixed(1).padStart(7)} s  ${file}`);
}

async function vitest(
  options: readonly string[],
  report: string,
  watch: (output: string) => void,
): Promise<StageResult & Report> {
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const finished = await runNode([roomForGarbage, join(bin, "vitest"), "run", ...reporters, ...options], watch);
  const { passed, failed, runs, times } = readReport(report);
  // A crash, an error outside of any test, a file that does not load, no test at all: none failed, but something is wrong.
  const beyond = (finished.ok && passed > 0) || failed > 0 ? 0 : 1;
  return { passed, failed: failed + beyond, output: finished.output, runs, times };
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

function readReport(file: string): Report {
  try {
    const text = readFileSync(file, "utf8");
    const { numPassedTests: passed, numFailedTests: failed, testResults }: VitestReport = JSON.parse(text);
    const times = testResults.map(({ name, startTime, endTime }) => ({
      file: relative(project, name),
      seconds: (endTime - startTime) / 1000,
    }));
    return { passed, failed, runs: readRuns(text), times };
  } catch {
    return { passed: 0, failed: 0, runs: [], times: [] };
  }
}

function asOneTest(runs: readonly Finished[]): StageResult {
  const ok = runs.every((finished) => finished.ok);
  return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, output: runs.map((finished) => finished.output).join("") };
}

function runNode(args: readonly string[], watch?: (output: string) => void): Promise<Finished> {
  return runTool(process.execPath, args, { cwd: project, timers, limitMs: stageLimitMs, ...(watch && { watch }) });
}

function run(tool: string, args: readonly string[]): Promise<Finished> {
  return runTool(join(bin, tool), args, { cwd: project, timers, limitMs: stageLimitMs });
}
