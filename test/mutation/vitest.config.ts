import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The first failure ends a run, so what failed for the change before stands first, and then what takes the least time. */
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

/** Only the near tests of a folder are run: with the whole configuration, most mutants would run everything. */
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: {
    root: process.cwd(),
    include: JSON.parse(process.env.NEAR_TESTS ?? "[]"),
    setupFiles: ["./test/patience.ts"],
    environment: "node",
    isolate: false,
    // A change by which something never comes costs this; a test that takes longer has a limit of its own.
    testTimeout: 10_000,
    sequence: { sequencer: QuickestFirst },
  },
});
