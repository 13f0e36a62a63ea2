import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { domains, operatorToken } from "./test/workers/test-domains.ts";

export default defineConfig({
  test: {
    // More than two cores have: some files mostly wait for processes of their own.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: "pure",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workers/**", "test/whole/**", "test/asterisk/**", "node_modules/**"],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { cf: false, bindings: { DOMAINS: JSON.stringify(domains), OPERATOR_TOKEN: operatorToken } },
          }),
        ],
        test: { name: "workers", setupFiles: ["./test/workers/setup.ts"], include: ["test/workers/**/*.test.ts"] },
      },
      {
        test: {
          name: "whole",
          environment: "node",
          include: ["test/whole/**/*.test.ts"],
          // Each of its files has processes of its own, which mostly wait.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "asterisk",
          environment: "node",
          include: ["test/asterisk/**/*.test.ts"],
          globalSetup: ["./test/asterisk/setup.ts"],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
    ],
  },
});
