import { globSync, readFileSync } from "node:fs";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import root from "../../vitest.config.ts";
import { reachedFrom } from "../structure/imports.ts";

/** Files that failed last come first, then the fastest, since the first failure ends a run. */
class QuickestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const costs = new Map(
      files.map((file) => {
        const { failed, duration } = this.ctx.cache.getTestSpecificationResult(file) ?? { failed: false, duration: 0 };
        return [file, failed ? -1 : duration];
      }),
    );
    return files.toSorted((one, other) => (costs.get(one) ?? 0) - (costs.get(other) ?? 0));
  }
}

const { plugins: _, ...pure } = (root.test?.projects ?? []).find(
  (project): project is TestProjectInlineConfiguration =>
    typeof project === "object" && "test" in project && project.test?.name === "pure",
) as TestProjectInlineConfiguration;
const mutated: readonly string[] = JSON.parse(process.env.MUTATION_FILES ?? "[]");
const isLeftOut = (file: string) =>
  // These read the sources' text, which Stryker has changed, or run too many worlds.
  /^test\/(?:structure|simulation\/(?:simulation|defects|scale)|protocol\/(?:page|proof))\b/.test(file) ||
  // Other processes run without the change.
  readFileSync(file, "utf8").includes("process.execPath");
/** The tests that load one of the changed files. */
const tests = globSync(pure.test?.include ?? [], { exclude: pure.test?.exclude ?? [] }).filter((file) => {
  const reached = reachedFrom([file], ({ typeOnly }) => !typeOnly);
  return !isLeftOut(file) && mutated.some((one) => reached.has(one));
});

export default defineConfig({
  ...pure,
  test: {
    ...pure.test,
    root: process.cwd(),
    include: tests,
    setupFiles: ["./test/patience.ts", "./test/mutation/setup.ts"],
    sequence: { sequencer: QuickestFirst },
  },
});
