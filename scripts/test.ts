import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError } from "commander";
import { atExit, exitOnSignals, removeFolder } from "./at-exit.ts";
import { command, edgeOption, runOnEdge } from "./command.ts";
import { protocolPage } from "./protocol-page.ts";
import { faultsOf, namedIn, readRuns, type TestRun } from "./protocol-runs.ts";
import { type Finished, runTool } from "./run-tool.ts";
import { testTools } from "./tools/test-tools.ts";

interface StageResult {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

const project = fileURLToPath(new URL("../", import.meta.url));
const cache = join(project, "node_modules", ".cache");
const configs = ["", ".edge", ".node", ".browser", ".objects-test", ".workers-test"].map((of) => `tsconfig${of}.json`);
const limitMs = 45 * 60_000;
/** In MiB, for what a test drops at once: the tests that compute cost a twentieth less. */
const roomForGarbage = "--max-semi-space-size=64";

const stages: Readonly<Record<string, () => Promise<StageResult>>> = {
  types: async () => asOneTest(await Promise.all(configs.map(compile))),
  style: async () => asOneTest([await run("biome", ["check", "--error-on-warnings", "--no-errors-on-unmatched"])]),
  tests,
  // With a defect that breaks a rule of the protocol, one of the tests that show the rule must fail.
  protocol: () => proof("test/protocol/prove.ts", "--defects", "--one-in", "4"),
  defects: () => proof("test/simulation/mutants.ts", "--one-in", "10", "--worlds", "40"),
};

const program = command(
  "test",
  "All checks: types, style, the tests, and whether planted defects are found. Prints what failed; the last line is `N passed, N failed`.",
)
  .option("--only <stages>", `some of ${Object.keys(stages).join(",")}; by default all`, stageNames)
  .addOption(edgeOption())
  .argument("[arguments...]", "for vitest, such as test/link, and its options, such as -t mute")
  .parse();
const { args } = program;
const { only = Object.keys(stages), edge } = program.opts<{ only?: readonly string[]; edge: string }>();
runOnEdge(edge);
// Each program that a test starts would compile its TypeScript anew.
process.env.NODE_COMPILE_CACHE = join(cache, "compiled");
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
if (process.env.TMPDIR === undefined) keepTemporaryFilesInMemory("/dev/shm");
const total = { passed: 0, failed: 0 };
const named = (...names: readonly string[]) => names.filter((name) => only.includes(name));
await Promise.all(named("types", "style").map(runStage));
await Promise.all(named("tests", "protocol", "defects").map(runStage));
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed === 0 ? 0 : 1);

/** Tests kill processes and never the machine: to sync a disk would prove nothing, and take a sixth of the time. They had 0.8 GB at most. */
function keepTemporaryFilesInMemory(memory: string): void {
  const isFit = () => {
    const { bavail, bsize } = statfsSync(memory);
    return (
      bavail * bsize >= 4 * 1024 ** 3 && !/^\S+ \/dev\/shm \S+ \S*noexec/m.test(readFileSync("/proc/mounts", "utf8"))
    );
  };
  if (!existsSync(memory) || !isFit()) return;
  const folder = join(memory, `bridgehead-test-${process.pid}`);
  // A run that was killed has left its folder.
  const isLeft = (pid = "") => pid !== "" && !existsSync(`/proc/${pid}`);
  for (const name of readdirSync(memory)) {
    if (isLeft(/^bridgehead-test-(\d+)$/.exec(name)?.[1])) rmSync(join(memory, name), { recursive: true, force: true });
  }
  mkdirSync(folder);
  atExit(() => removeFolder(folder));
  chmodSync(folder, 0o1777); // As /tmp: PostgreSQL and Asterisk are other users.
  process.env.TMPDIR = folder;
}

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

/** What has not changed since the last run is not looked at again. On one thread each costs a third less. */
function compile(config: string): Promise<Finished> {
  const known = join(cache, "types", `${config}.tsbuildinfo`);
  return run("tsc", ["-p", config, "--incremental", "--tsBuildInfoFile", known, "--singleThreaded"]);
}

/** Runs a proof with defects that the commit's hash chooses. Runs none if the caller named tests. */
async function proof(script: string, ...options: readonly string[]): Promise<StageResult> {
  if (args.length > 0) return asOneTest([]);
  const { stdout } = spawnSync("git", ["rev-parse", "--short=8", "HEAD"], { cwd: project, encoding: "utf8" });
  const seed = Number.parseInt(stdout, 16) || 1;
  return asOneTest([await runTool(process.execPath, [script, ...options, "--seed", String(seed)], limitMs)]);
}

function asOneTest(runs: readonly Finished[]): StageResult {
  const failed = runs.some(({ ok }) => !ok) ? 1 : 0;
  return { passed: runs.length > 0 ? 1 - failed : 0, failed, output: runs.map(({ output }) => output).join("") };
}

/**
 * Runs vitest twice side by side: the tests that compute fill the time in which those with processes of their own wait. The tests with a real
 * Asterisk, and those in a browser, run where there is one, or where its packages can be had; elsewhere a line says why not.
 */
async function tests(): Promise<StageResult> {
  const wanted = Object.keys(testTools).filter((name) => args.length === 0 || args.some((one) => one.includes(name)));
  const found = await Promise.all(wanted.map(async (name) => ({ name, tool: await testTools[name]?.() })));
  const lacking = found.flatMap(({ name, tool }) => (tool?.ok === false ? [{ name, why: tool.error }] : []));
  for (const { name, why } of lacking) console.log(`${name}: left out, because ${why}`);
  const isLeftOut = (project: string) => lacking.some(({ name }) => name === project);
  const projects = ["asterisk", "browser"];
  const waiting = ["whole", ...projects.filter((name) => !isLeftOut(name))].map((name) => `--project=${name}`);
  const asked = [...args, ...projects.filter(isLeftOut).map((name) => `--project=!${name}`)];
  const parts = args.length > 0 ? [asked] : [["--project=pure", "--project=workers"], waiting];

  const all = await Promise.all(parts.map(vitest));
  const runs = all.flatMap((part) => part.runs);
  for (const { file, titles, again } of runs) {
    if (again) console.log(`again: ${file} > ${titles.join(" > ")} passed at the second try`);
  }
  // Of a run that was cut short nothing is known; its own output says why.
  const isWhole = args.length === 0 && all.every((part) => part.runs.length > 0);
  const pages = {
    "asvs.md": () => namedIn(readFileSync(join(project, "docs", "asvs.md"), "utf8")),
    "protocol.md": () => protocolPage().shownBy,
  };
  const unshown = Object.entries(isWhole ? pages : {}).flatMap(([page, shownBy]) =>
    faultsOf(shownBy(), runs).map((line) => `docs/${page}: ${line}`),
  );
  return {
    passed: all.reduce((sum, { passed }) => sum + passed, 0),
    failed: all.reduce((sum, { failed }) => sum + failed, unshown.length),
    output: [...all.filter(({ failed }) => failed > 0).map(({ output }) => output), ...unshown].join("\n"),
  };
}

async function vitest(
  options: readonly string[],
  part: number,
): Promise<StageResult & { readonly runs: readonly TestRun[] }> {
  const report = join(cache, "tests", `${part}.json`);
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const program = join(project, "node_modules", ".bin", "vitest");
  const { ok, output } = await runTool(
    process.execPath,
    [roomForGarbage, program, "run", ...reporters, ...options],
    limitMs,
  );
  const runs = existsSync(report) ? readRuns(readFileSync(report, "utf8")) : [];
  const [passed = 0, failed = 0] = ["passed", "failed"].map((is) => runs.filter(({ status }) => status === is).length);
  // A crash, an error outside of any test, a file that does not load, no test at all: none failed, but something is wrong.
  const beyond = (ok && passed > 0) || failed > 0 ? 0 : 1;
  return { passed, failed: failed + beyond, output, runs };
}

function run(tool: string, options: readonly string[]): Promise<Finished> {
  return runTool(join(project, "node_modules", ".bin", tool), options, limitMs);
}
