import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { createVitest, type TestModule, type TestSpecification, type Vitest } from "vitest/node";
import { exitOnSignals, temporaryFolder } from "../../scripts/at-exit.ts";
import { command, wholeNumber } from "../../scripts/command.ts";
import type { NamedTest, ShownBy } from "../../scripts/generated-page.ts";
import { protocolPage } from "../../scripts/protocol-page.ts";
import { faultsOf, readRuns, runsOf, type TestRun } from "../../scripts/protocol-runs.ts";
import { runTool } from "../../scripts/run-tool.ts";
import { Draws } from "../../simulators/draws.ts";
import { plant } from "../simulation/defects/defect.ts";
import { defectsOfRules, type RuleDefect } from "./rule-defects.ts";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** Runs the tests of these rules, and returns what became of them. */
async function runTests(shownBy: ShownBy): Promise<readonly TestRun[]> {
  const report = join(temporaryFolder("protocol"), "report.json");
  const args = ["run", "--reporter=json", `--outputFile=${report}`, ...filesOf(shownBy)];
  await runTool(join(project, "node_modules/.bin/vitest"), args, 600_000);
  return readRuns(readFileSync(report, "utf8"));
}

/** Runs tests with a defect in the sources as they load them; the files stay as they are. What was transformed once is not transformed again. */
class Planting {
  readonly #vitest: Vitest;
  readonly #known: readonly TestSpecification[];
  readonly #plant: (defect: RuleDefect) => void;

  /** `files`: all that it will be asked to run. */
  static async start(files: readonly string[]): Promise<Planting> {
    let planted: RuleDefect | null = null;
    const vitest = await createVitest(
      "test",
      // The machine may be busy: a test that is late has not found the defect.
      {
        config: false,
        root: project,
        watch: false,
        reporters: [{}],
        include: [...files],
        fsModuleCache: false,
        pool: "threads",
        isolate: false,
        maxWorkers: 1,
        testTimeout: 60_000,
      },
      {
        oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
        plugins: [
          {
            name: "defect",
            enforce: "pre",
            transform: (code, id) =>
              planted && id.split("?")[0] === join(project, planted.file) ? plant(planted, code) : null,
          },
        ],
      },
    );
    await vitest.standalone();
    return new Planting(vitest, await vitest.globTestSpecifications(), (defect) => {
      for (const each of [planted, defect]) if (each) vitest.invalidateFile(join(project, each.file));
      planted = defect;
    });
  }

  private constructor(vitest: Vitest, known: readonly TestSpecification[], plant: (defect: RuleDefect) => void) {
    this.#vitest = vitest;
    this.#known = known;
    this.#plant = plant;
  }

  /** Runs these tests, and such as have one of their titles as a part, file by file until one of them fails. */
  async run(defect: RuleDefect, tests: readonly NamedTest[]): Promise<readonly TestRun[]> {
    this.#plant(defect);
    // Vitest compares with the titles of all groups and the test's own in one text.
    const parts = tests.map(({ title }) => title.source.replace(/^\^|(?<!\\)\$$/g, ""));
    this.#vitest.setGlobalTestNamePattern(new RegExp(parts.join("|")));
    const runs: TestRun[] = [];
    for (const file of new Set(tests.map((each) => each.file))) {
      const specifications = this.#known.filter(({ moduleId }) => file === relative(project, moduleId));
      const { testModules } = await this.#vitest.runTestSpecifications(specifications);
      runs.push(...testModules.flatMap(runsIn));
      if (tests.flatMap((test) => runsOf(test, runs)).some(({ status }) => status === "failed")) break;
    }
    return runs;
  }

  close(): Promise<void> {
    return this.#vitest.close();
  }
}

function runsIn(module: TestModule): readonly TestRun[] {
  const file = relative(project, module.moduleId);
  return Array.from(module.children.allTests(), (test) => {
    const titles = [test.name];
    for (let { parent } = test; parent.type === "suite"; { parent } = parent) titles.unshift(parent.name);
    return { file, titles, status: test.result().state, again: test.diagnostic()?.flaky === true };
  });
}

function filesOf(shownBy: ShownBy): readonly string[] {
  return [...new Set(Array.from(shownBy.values()).flatMap((tests) => tests.map(({ file }) => file)))];
}

/** Whether one of the tests that show the rule fails with each defect that breaks it; a line for each. */
async function provePlanted(shownBy: ShownBy, isDrawn: (name: string) => boolean): Promise<readonly string[]> {
  const missed: string[] = [];
  const broken = new Map([...shownBy].filter(([rule]) => defectsOfRules.has(rule)));
  const planting = await Planting.start(filesOf(broken).filter(isPlain));
  for (const [rule, tests] of broken) {
    for (const defect of defectsOfRules.get(rule)?.filter(({ name }) => isDrawn(name)) ?? []) {
      const { name } = defect;
      const runs = await planting.run(defect, tests);
      const failed = tests.flatMap((test) => runsOf(test, runs)).filter(({ status }) => status === "failed");
      const verdict = failed[0] ? `found by ${failed[0].titles.at(-1)}` : "NOT FOUND";
      if (!failed[0]) missed.push(`${rule}: ${name}`);
      console.log(`${rule.padEnd(8)} with "${name}": ${verdict}`);
    }
  }
  await planting.close();
  return missed;
}

/** Whether the tests of this file run without processes and the Workers runtime. */
function isPlain(file: string): boolean {
  return !/^test\/(?:whole|workers|asterisk)\//.test(file);
}

const {
  rule,
  defects: planting,
  oneIn,
  seed,
} = command(
  "prove:protocol",
  "Runs, for each rule of docs/protocol.md, the tests that show it; and with defects that break it: one of them must fail then.",
)
  .option("--rule <id>", "this one alone, such as T38 or 4.9")
  .option("--defects", "with the defects alone", false)
  .option("--one-in <number>", "only one in so many defects, drawn by the seed", wholeNumber(1), 1)
  .option("--seed <number>", "draws the defects", wholeNumber(0), 1)
  .parse()
  .opts<{ rule?: string; defects: boolean; oneIn: number; seed: number }>();
exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
const every = protocolPage().shownBy;
const shownBy = new Map([...every].filter(([id]) => rule === undefined || id === rule));
const runs = planting ? [] : await runTests(shownBy);
const faults = planting ? [] : faultsOf(shownBy, runs);
for (const [id, tests] of planting ? [] : shownBy) {
  const count = tests.reduce((sum, test) => sum + runsOf(test, runs).length, 0);
  console.log(`${id.padEnd(8)} ${count} tests ran, under ${tests.length} titles`);
}
const isDrawn = (name: string) => new Draws(seed, name).between(0, oneIn) === 0;
const missed = await provePlanted(shownBy, isDrawn);
for (const line of faults) console.log(line);
console.log(`${shownBy.size} rules, ${faults.length} tests not passed, ${missed.length} defects not found`);
process.exit(faults.length + missed.length === 0 ? 0 : 1);
