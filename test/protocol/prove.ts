import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { startVitest, type TestModule } from "vitest/node";
import { timers } from "../../bridge-agent/node-ports.ts";
import { exitOnSignals, temporaryFolder } from "../../scripts/at-exit.ts";
import { command } from "../../scripts/command.ts";
import type { NamedTest, ShownBy } from "../../scripts/generated-page.ts";
import { protocolPage } from "../../scripts/protocol-page.ts";
import { faultsOf, readRuns, runsOf, type TestRun } from "../../scripts/protocol-runs.ts";
import { runTool } from "../../scripts/run-tool.ts";
import { type Defect, defects, plant } from "../simulation/defects.ts";
import { defectsOfRules } from "./rule-defects.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the tests of these rules, and returns what became of them. */
async function runTests(shownBy: ShownBy): Promise<readonly TestRun[]> {
  const report = join(temporaryFolder("protocol"), "report.json");
  const args = ["run", "--reporter=json", `--outputFile=${report}`, ...filesOf(shownBy)];
  await runTool(join(project, "node_modules/.bin/vitest"), args, { cwd: project, timers, limitMs: 600_000 });
  return readRuns(readFileSync(report, "utf8"));
}

/** The same with a defect in the sources as the tests load them; the files stay as they are. Tests of processes are left out. */
async function runWith(defect: Defect, tests: readonly NamedTest[]): Promise<readonly TestRun[]> {
  const planted = join(project, defect.file);
  const include = [...new Set(tests.map(({ file }) => file))].filter(
    (file) => !/^test\/(?:whole|workers|asterisk)\//.test(file),
  );
  const vitest = await startVitest(
    "test",
    [],
    // The machine may be busy: a test that is late has not found the defect.
    {
      config: false,
      root: project,
      watch: false,
      reporters: [{}],
      include,
      fsModuleCache: false,
      pool: "threads",
      isolate: false,
      maxWorkers: 1,
      testTimeout: 60_000,
    },
    {
      plugins: [
        {
          name: "defect",
          enforce: "pre",
          transform: (code, id) => (id.split("?")[0] === planted ? plant(defect, code) : null),
        },
      ],
    },
  );
  const runs = vitest.state.getTestModules().flatMap(runsIn);
  await vitest.close();
  return runs;
}

function runsIn(module: TestModule): readonly TestRun[] {
  const file = relative(project, module.moduleId);
  return Array.from(module.children.allTests(), (test) => {
    const titles = [test.name];
    for (let { parent } = test; parent.type === "suite"; { parent } = parent) titles.unshift(parent.name);
    return { file, titles, status: test.result().state };
  });
}

function filesOf(shownBy: ShownBy): readonly string[] {
  return [...new Set(Array.from(shownBy.values()).flatMap((tests) => tests.map(({ file }) => file)))];
}

/** Whether one of the tests that show the rule fails with each defect that breaks it; a line for each. */
async function provePlanted(shownBy: ShownBy): Promise<readonly string[]> {
  const missed: string[] = [];
  for (const [rule, tests] of shownBy) {
    for (const name of defectsOfRules[rule] ?? []) {
      const defect = defects.find((each) => each.name === name);
      const runs = defect ? await runWith(defect, tests) : [];
      const failed = tests.flatMap((test) => runsOf(test, runs)).filter(({ status }) => status === "failed");
      const verdict = failed[0] ? `found by ${failed[0].titles.at(-1)}` : "NOT FOUND";
      if (!failed[0]) missed.push(`${rule}: ${name}`);
      console.log(`${rule.padEnd(8)} with "${name}": ${verdict}`);
    }
  }
  return missed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { rule, defects: planting } = command(
    "prove:protocol",
    "Runs, for each rule of docs/protocol.md, the tests that show it; and with defects that break it: one of them must fail then.",
  )
    .option("--rule <id>", "this one alone, such as T38 or 4.9")
    .option("--defects", "with the defects alone", false)
    .parse()
    .opts<{ rule?: string; defects: boolean }>();
  exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
  const every = protocolPage().shownBy;
  const shownBy = new Map([...every].filter(([id]) => rule === undefined || id === rule));
  const runs = planting ? [] : await runTests(shownBy);
  const faults = planting ? [] : faultsOf(shownBy, runs);
  for (const [id, tests] of planting ? [] : shownBy) {
    const count = tests.reduce((sum, test) => sum + runsOf(test, runs).length, 0);
    console.log(`${id.padEnd(8)} ${count} tests ran, under ${tests.length} titles`);
  }
  const missed = await provePlanted(shownBy);
  for (const line of faults) console.log(line);
  console.log(`${shownBy.size} rules, ${faults.length} tests not passed, ${missed.length} defects not found`);
  process.exit(faults.length + missed.length === 0 ? 0 : 1);
}
