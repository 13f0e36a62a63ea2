import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-run-"));
  mkdirSync(join(folder, "scripts"));
  copyFileSync("scripts/run.mjs", join(folder, "scripts", "run.mjs"));
  writeFileSync(join(folder, "package-lock.json"), "{}");
  copyFileSync("package.json", join(folder, "package.json"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a failed installation ends with npm's own words and one sentence", () => {
  writeFileSync(join(folder, "npm"), '#!/bin/sh\necho "npm error reason: getaddrinfo ENOTFOUND x" >&2\nexit 1', {
    mode: 0o700,
  });
  const run = [join(folder, "scripts", "run.mjs"), "x.ts"];
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const { stderr, status, stdout } = spawnSync(process.execPath, run, { encoding: "utf8", env });

  expect({ status, stdout, lines: stderr.trim().split("\n").slice(1) }).toEqual({
    ...{ status: 1, stdout: "" },
    lines: [
      "npm error reason: getaddrinfo ENOTFOUND x",
      "the packages cannot be installed: npm ci failed, and said why",
    ],
  });
  expect(existsSync(join(folder, ".installing"))).toBe(false);
});

test("one of two first starts installs the packages; the other waits", async () => {
  writeFileSync(join(folder, ".installing"), String(spawnSync("true").pid));
  // As npm does: what it finds it deletes, and it breaks where another one does the same.
  const npm = [
    "#!/bin/sh",
    "mkdir node_modules || exit 1",
    "echo once >> installed",
    "until [ -e go ]; do sleep 0.05; done",
  ];
  writeFileSync(join(folder, "npm"), npm.join("\n"), { mode: 0o700 });
  writeFileSync(join(folder, "x.mjs"), "console.log('runs'); process.stdin.resume();");
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  const starts = [1, 2].map(() => spawn(process.execPath, [join(folder, "scripts", "run.mjs"), "x.mjs"], { env }));
  const outputs = Promise.all(starts.map(({ stdout }) => text(stdout)));
  const told = Promise.all(starts.map(({ stderr }) => text(stderr)));
  await Promise.all(starts.map(({ stderr }) => once(stderr, "data")));
  const running = Promise.all(starts.map(({ stdout }) => once(stdout, "data")));
  writeFileSync(join(folder, "go"), "");
  await running;
  for (const { stdin } of starts) stdin.end();

  expect(await outputs).toEqual(["runs\n", "runs\n"]);
  expect((await told).filter((lines) => lines.includes("waiting for it")).length).toBeGreaterThanOrEqual(1);
  expect(readFileSync(join(folder, "installed"), "utf8")).toBe("once\n");
  expect(existsSync(join(folder, ".installing"))).toBe(false);
});

test("names the required Node version on an older machine", () => {
  mkdirSync(join(folder, "node_modules"));
  writeFileSync(join(folder, "node_modules", ".lock-sha256"), createHash("sha256").update("{}").digest("hex"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ engines: { node: ">=99" } }));
  const { stderr, status } = spawnSync(process.execPath, [join(folder, "scripts", "run.mjs"), "x.mts"], {
    encoding: "utf8",
  });

  expect(stderr).toMatch(/^Node 99 or newer is required; this is Node \S+; install it on this platform\n$/);
  expect(status).toBe(1);
});

test("requires the same Node in every manifest", () => {
  const files = ["package.json", "conformance/package.json", "webex-interfaces/package.json"];
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const asked = files.map((file) => JSON.parse(readFileSync(file, "utf8")).engines);

  expect([...asked, packages[""].engines]).toEqual(Array(4).fill({ node: ">=24" }));
});
