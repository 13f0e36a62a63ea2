import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-run-"));
  mkdirSync(join(folder, "scripts"));
  copyFileSync("scripts/run.mjs", join(folder, "scripts", "run.mjs"));
  writeFileSync(join(folder, "package-lock.json"), "{}");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What a first start says where npm writes these lines and then does that. */
function firstStart(lines: readonly string[], then: string): readonly string[] {
  const npm = ["#!/bin/sh", ...lines.map((line) => `echo "${line}" >&2`), then].join("\n");
  writeFileSync(join(folder, "npm"), npm, { mode: 0o700 });
  const run = [join(folder, "scripts", "run.mjs"), "x.ts"];
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const { stderr, status } = spawnSync(process.execPath, run, { encoding: "utf8", env });
  expect(status).toBe(1);
  return stderr.trim().split("\n").slice(1);
}

const lost = (name: number) =>
  `npm http fetch GET https://registry.example.com/p${name} attempt 1 failed with ENOTFOUND`;
const warning = "npm warn EBADENGINE Unsupported engine {";

test("without a network the first start gives up early, and says so in one sentence", () => {
  const lines = [warning, ...Array.from({ length: 10 }, (_, name) => lost(name))];

  expect(firstStart(lines, "exec sleep 600")).toEqual([
    "the packages cannot be installed: https://registry.example.com/p0 does not answer (ENOTFOUND); `npm ci` says more",
  ]);
});

test.each([
  [
    "npm error 403 403 Forbidden - GET https://registry.example.com/p1",
    "403 Forbidden - GET https://registry.example.com/p1",
  ],
  [
    "npm error FetchError: request to https://x/p1 failed, reason: timeout",
    "request to https://x/p1 failed, reason: timeout",
  ],
  ["npm error The lock file is of another version", "The lock file is of another version"],
])("what npm ends with is one sentence: %s", (line, why) => {
  const lines = [warning, "npm error code E1", line, "npm error A complete log is in x"];

  expect(firstStart(lines, "exit 1")).toEqual([`the packages cannot be installed: ${why}; \`npm ci\` says more`]);
});
