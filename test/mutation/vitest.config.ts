import { globSync, readFileSync } from "node:fs";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import root from "../../vitest.config.ts";

/** The first failure ends a run, so what failed for the change before comes first, and then what takes the least time. */
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
const worlds = "test/simulation/simulation.test.ts";
/** A change is seen only in this process. Tests of the sources' text see Stryker's own. */
const leftOut = [
  worlds,
  ...["test/structure/*.test.ts", "test/protocol/{page,proof}.test.ts"],
  ...globSync("{test,*/test}/**/*.test.ts").filter((file) => readFileSync(file, "utf8").includes("process.execPath")),
];

export default defineConfig({
  ...pure,
  test: {
    ...pure.test,
    root: process.cwd(),
    ...(process.env.MUTATION_BY === "worlds"
      ? { include: [worlds] }
      : // A change by which something never comes costs this.
        { exclude: [...(pure.test?.exclude ?? []), ...leftOut], testTimeout: 90_000 }),
    setupFiles: ["./test/patience.ts", "./test/mutation/setup.ts"],
    sequence: { sequencer: QuickestFirst },
  },
});
