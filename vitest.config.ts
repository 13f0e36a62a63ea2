import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/longest-first.ts";
import { domains, operators, operatorToken, webhookSecret } from "./test/workers/test-domains.ts";

/** These set the umask, which a thread cannot. */
const ownProcess = ["test/agent/commands.test.ts", "test/agent/init.test.ts"];
/** Long tests, and tests that need plain Node. `npm run test:night` runs them. */
const atNight = [
  ...["history", "orphans", "packages", "task-pages", "two-edges", "two-machines"].map(
    (name) => `test/whole/${name}.test.ts`,
  ),
  "test/bridge/python-example.test.ts",
];
const left = process.env.NIGHT ? [] : atNight;
/** On real sockets, by a driver that gives up a bridge that is silent for two seconds. */
const realTime = ["test/bridge/generic-conformance.test.ts"];
/** What a test waits for has a limit of its own where time matters; this one must suffice on a busy machine. */
const testTimeout = 180_000;
/** Telephones, browsers and other processes have clocks of their own: where the machine stands still for a moment, a test tries once more, and `npm test` says so. */
const retry = 1;
/** What a test waits for; a limit of its own is only what it tests. */
const patient = { setupFiles: ["./test/patience.ts"], expect: { poll: { timeout: 15_000, interval: 10 } } };
/** Runtime of the edge in whole tests. Tests of plain Node by day choose it themselves. */
const env = { BRIDGEHEAD_EDGE: process.env.BRIDGEHEAD_EDGE ?? "workers" };
/** As tsconfig.base.json has it for the other bundlers. */
const jsx = {
  oxc: { jsx: { runtime: "automatic", importSource: "hono/jsx" } },
  // The other bundlers take `with { type: "text" }`.
  resolve: {
    alias: { "idiomorph/dist/idiomorph.min.js": import.meta.resolve("idiomorph/dist/idiomorph.min.js?raw").slice(7) },
  },
} as const;

export default defineConfig({
  test: {
    // One more than two cores have, since what computes also waits now and then; beside it run four files that mostly wait (`npm test`).
    maxWorkers: Math.max(3, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        ...jsx,
        test: {
          name: "pure",
          ...patient,
          environment: "node",
          // A thread starts with half the work of a process.
          pool: "threads",
          // Modules are read once a thread, not once a file; what a test leaves in one, the next file finds there.
          isolate: false,
          include: ["{test,*/test}/**/*.test.ts"],
          exclude: [
            "test/workers/**",
            "{test,*/test}/whole/**",
            "test/asterisk/**",
            "test/browser/**",
            ...ownProcess,
            ...realTime,
            ...left,
            "node_modules/**",
          ],
          testTimeout,
        },
      },
      {
        ...jsx,
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              cf: false,
              bindings: {
                DOMAINS: JSON.stringify(domains),
                OPERATOR_TOKEN: operatorToken,
                OPERATORS: JSON.stringify(operators),
                WEBHOOK_SECRET_HARBOUR: webhookSecret,
              },
            },
          }),
        ],
        test: {
          name: "workers",
          ...patient,
          setupFiles: [...patient.setupFiles, "./test/workers/setup.ts"],
          include: ["test/workers/**/*.test.ts"],
          testTimeout,
          hookTimeout: testTimeout,
        },
      },
      {
        test: {
          name: "whole",
          ...{ ...patient, env },
          environment: "node",
          include: ["{test,*/test}/whole/**/*.test.ts", ...ownProcess, ...realTime],
          exclude: [...left, "node_modules/**"],
          // Each of its files has processes of its own, which mostly wait.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          ...{ testTimeout: 120_000, hookTimeout: 120_000, retry },
        },
      },
      {
        test: {
          name: "asterisk",
          ...{ ...patient, env },
          environment: "node",
          include: ["test/asterisk/**/*.test.ts"],
          globalSetup: ["./test/asterisk/setup.ts"],
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          ...{ testTimeout: 20_000, hookTimeout: 90_000, retry },
        },
      },
      {
        ...jsx,
        test: {
          name: "browser",
          ...{ ...patient, env },
          environment: "node",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: ["./test/browser/setup.ts"],
          // Each of its files has a browser of its own.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
          ...{ testTimeout, hookTimeout: testTimeout, retry },
        },
      },
    ],
  },
});
