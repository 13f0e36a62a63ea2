import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Stryker } from "@stryker-mutator/core";
import { InvalidArgumentError } from "commander";
import { exitOnSignals, temporaryFolder } from "../../scripts/at-exit.ts";
import { command, wholeNumber } from "../../scripts/command.ts";
import { type Drawn, drawnVariable } from "./left-out.ts";

/** Mutations that usually do not compile or change only a log line or a shown text. */
const noise = ["StringLiteral", "ObjectLiteral", "ArrayDeclaration", "ArrowFunction"];
const foundBy: Readonly<Record<string, boolean>> = { Killed: true, Timeout: true, Survived: false, NoCoverage: false };

/** From 1. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** The fields that are read of Stryker's report. */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly ReportedMutant[] }>>;
}

interface ReportedMutant {
  readonly location: { readonly start: Place; readonly end: Place };
  readonly replacement?: string;
  readonly status: string;
}

interface Mutant {
  readonly file: string;
  readonly start: Place;
  readonly was: string;
  readonly becomes: string;
  readonly isFound: boolean;
}

interface Options {
  readonly concurrency: number;
  readonly least: number;
  readonly oneIn: number;
  readonly seed: number;
}

const program = command(
  "mutate",
  "Changes the sources in one place at a time and lists the changes that no test in memory finds. Tests in memory are those of the project pure that start no process, without worlds of the simulation.",
)
  .argument("<paths...>", "files and folders of the product, such as src/conference", path)
  .option("--one-in <number>", "change only one in so many functions, chosen by the seed", wholeNumber(1), 1)
  .option("--seed <number>", "choose the functions", wholeNumber(0), 1)
  .option("--least <percent>", "exit with 1 if a smaller share of a path is found", wholeNumber(0), 0)
  .option("--concurrency <processes>", "how many mutants are tested at once", wholeNumber(1), availableParallelism())
  .parse();
const paths = program.processedArgs[0] as readonly string[];
const { concurrency, least, oneIn, seed } = program.opts<Options>();

exitOnSignals("SIGINT", "SIGTERM", "SIGHUP");
process.env[drawnVariable] = JSON.stringify({ oneIn, seed } satisfies Drawn);
const files = paths.flatMap((one) => (statSync(one).isDirectory() ? sourcesIn(one) : [one]));
// vitest.config.ts reads this variable in Stryker's processes.
process.env.MUTATION_FILES = JSON.stringify(files);
const mutants = await mutantsOf(files);
const shares = paths.map((one) =>
  shown(
    one,
    mutants.filter(({ file }) => file === one || file.startsWith(`${one}/`)),
  ),
);
process.exit(shares.every((share) => share >= least) ? 0 : 1);

function path(text: string, before: readonly string[] = []): readonly string[] {
  if (!existsSync(text)) throw new InvalidArgumentError("There is no such file or folder.");
  return [...before, text.replace(/\/$/, "")];
}

function sourcesIn(folder: string): readonly string[] {
  return globSync(`${folder}/**/*.{ts,tsx}`).filter((file) => !/\.(?:d|test)\.ts$/.test(file));
}

/** Prints the mutants of a path. Returns the percentage found. */
function shown(one: string, all: readonly Mutant[]): number {
  const left = all.filter(({ isFound }) => !isFound);
  const share = all.length === 0 ? 100 : (100 * (all.length - left.length)) / all.length;
  console.log(`${one}: ${all.length} mutants, ${all.length - left.length} found, ${share.toFixed(1)} %`);
  for (const { file, start, was, becomes } of left) {
    console.log(`  ${file}:${start.line}  ${short(was)}  →  ${short(becomes) || "nothing"}`);
  }
  return share;
}

function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

/** Tests the mutants of these files. Ignores mutants that cannot run. */
async function mutantsOf(mutate: readonly string[]): Promise<readonly Mutant[]> {
  const folder = temporaryFolder("mutation");
  const report = join(folder, "report.json");
  await new Stryker({
    concurrency,
    mutate: [...mutate],
    mutator: { excludedMutations: noise },
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner", join(process.cwd(), "test/mutation/left-out.ts")],
    ignorers: ["left-out"],
    vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
    coverageAnalysis: "perTest",
    dryRunTimeoutMinutes: 60,
    // There is none: Stryker would read it with a compiler that TypeScript 7 has no more.
    tsconfigFile: "none.json",
    disableTypeChecks: false,
    ignorePatterns: [".asterisk", ".chromium", ".promtool", "docs/screens", "dist"],
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: report },
    // By the type a member of an enum that no package of ours exports.
    ...({ logLevel: "error" } as object),
    tempDirName: join(folder, "copy"),
  }).runMutationTest();
  const { files } = JSON.parse(readFileSync(report, "utf8")) as Report;
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants.flatMap(({ location: { start, end }, replacement = "", status }): Mutant[] => {
      const isFound = foundBy[status];
      if (isFound === undefined) return [];
      return [{ file, start, was: between(lines, start, end), becomes: replacement, isFound }];
    });
  });
}

function between(lines: readonly string[], start: Place, end: Place): string {
  const part = lines.slice(start.line - 1, end.line);
  part.push((part.pop() ?? "").slice(0, end.column - 1));
  return [(part.shift() ?? "").slice(start.column - 1), ...part].join(" ");
}
