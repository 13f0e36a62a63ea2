import { defineConfig } from "vitest/config";

/** Only the near tests of a folder are run: with the whole configuration, most mutants would run everything. */
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  test: {
    root: process.cwd(),
    include: JSON.parse(process.env.NEAR_TESTS ?? "[]"),
    setupFiles: ["./test/patience.ts"],
    environment: "node",
    isolate: false,
    testTimeout: 180_000,
  },
});
