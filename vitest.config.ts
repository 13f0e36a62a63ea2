import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { domains, operatorToken } from "./test/workers/test-domains.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "pure",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workers/**", "test/whole/**", "node_modules/**"],
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
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
