import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Stryker } from "@stryker-mutator/core";
import { temporaryFolder } from "../../scripts/at-exit.ts";
import type { Folder } from "./folders.ts";
import { type MutantResult, mutantsIn, type Report } from "./mutant.ts";
import { type Part, partVariable } from "./part.ts";

const kept = ".mutation";
/** Without a word of types: a text or an object that is emptied is mostly what the compiler refuses, or a line of a log or for people. */
const noise = ["StringLiteral", "ObjectLiteral", "ArrayDeclaration", "ArrowFunction"];

interface Kept {
  /** Of what its result depends on: with another one, everything is run anew. */
  readonly around: string;
  /** Of the folder and its near tests: what a change of these can change, Stryker finds by itself. */
  readonly own: string;
  readonly mutants: readonly MutantResult[];
}

/** Runs the near tests against each mutant of a folder, or takes what a run before has kept of the same files. */
export async function runFolder(name: string, folder: Folder, concurrency: number): Promise<readonly MutantResult[]> {
  const file = join(kept, `${name.replaceAll("/", "+")}.json`);
  const incrementalFile = join(kept, "stryker", `${name.replaceAll("/", "+")}.json`);
  const hashes = hashesOf(folder);
  const before: Kept | null = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
  const isSame = before?.around === hashes.around;
  if (isSame && before.own === hashes.own) return before.mutants;
  if (!isSame) rmSync(incrementalFile, { force: true });
  else forgetSurvivors(incrementalFile);
  mkdirSync(dirname(incrementalFile), { recursive: true });
  const mutants = await mutate(folder.files, folder.tests, { concurrency, incremental: true, incrementalFile });
  writeFileSync(file, JSON.stringify({ ...hashes, mutants } satisfies Kept));
  return mutants;
}

/** Of what is run as a module is read, Stryker does not know which tests see it, and would take a survivor for one again. */
function forgetSurvivors(file: string): void {
  if (!existsSync(file)) return;
  const report: Report = JSON.parse(readFileSync(file, "utf8"));
  const files = Object.entries(report.files).map(([name, { mutants, ...rest }]) => {
    return [name, { ...rest, mutants: mutants.filter(({ status }) => status === "Killed" || status === "Timeout") }];
  });
  writeFileSync(file, JSON.stringify({ ...report, files: Object.fromEntries(files) }));
}

/** A part of a folder, of which nothing is kept. */
export function runPart({ files, tests }: Folder, part: Part, concurrency: number) {
  process.env[partVariable] = JSON.stringify(part);
  return mutate(files, tests, { concurrency, incremental: false });
}

interface Options {
  readonly concurrency: number;
  readonly incremental: boolean;
  readonly incrementalFile?: string;
}

async function mutate(
  files: readonly string[],
  tests: readonly string[],
  options: Options,
): Promise<readonly MutantResult[]> {
  const folder = temporaryFolder("mutation");
  const report = join(folder, "report.json");
  // The configuration of vitest reads it in Stryker's own processes.
  process.env.NEAR_TESTS = JSON.stringify(tests);
  await new Stryker({
    ...options,
    mutate: [...files],
    mutator: { excludedMutations: noise },
    testRunner: "vitest",
    plugins: [
      "@stryker-mutator/vitest-runner",
      ...["unreachable", "part"].map((name) => join(process.cwd(), `test/mutation/${name}.ts`)),
    ],
    ignorers: ["unreachable", "part"],
    vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
    coverageAnalysis: "perTest",
    // There is none: Stryker would read it with a compiler that TypeScript 7 has no more.
    tsconfigFile: "none.json",
    disableTypeChecks: false,
    ignorePatterns: [kept, ".asterisk", ".chromium", ".promtool", "docs/screens", "dist"],
    reporters: ["json"],
    jsonReporter: { fileName: report },
    // By the type a member of an enum that no package of ours exports.
    ...({ logLevel: "error" } as object),
    tempDirName: join(folder, "copy"),
  }).runMutationTest();
  return mutantsIn(JSON.parse(readFileSync(report, "utf8")) as Report);
}

/** Beside tests lies what they read, such as transcripts. */
function hashesOf({ files, tests }: Folder): Pick<Kept, "around" | "own"> {
  const own = [...found(files), ...found(tests)];
  const beside = found([...new Set(found(tests).map((file) => join(dirname(file), "*.txt")))]);
  const around = withImports(own).filter((file) => !own.includes(file));
  return {
    around: hashOf([...around, ...beside, "package-lock.json", "test/mutation/unreachable.ts"], String(noise)),
    own: hashOf(own, ""),
  };
}

function found(globs: readonly string[]): readonly string[] {
  return globs.flatMap((glob) => globSync(glob));
}

/** These files, and all that they import by a path. */
function withImports(files: readonly string[]): readonly string[] {
  const all = new Set(files);
  for (const file of all) {
    const text = readFileSync(file, "utf8");
    const paths = Array.from(text.matchAll(/(?:from|import) ?\(?"(\.[^"]+)"/g), ([, path = ""]) =>
      join(dirname(file), path),
    );
    // A test may have the text of another program, whose paths begin elsewhere.
    for (const path of paths) if (existsSync(path)) all.add(path);
  }
  return [...all];
}

function hashOf(files: readonly string[], more: string): string {
  const hash = createHash("sha256").update(more);
  for (const file of files.toSorted()) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}
