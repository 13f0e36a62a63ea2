#!/usr/bin/env node
// Runs a TypeScript file of this project: `node scripts/run.mjs FILE [ARGUMENTS]`.
// Installs what package-lock.json names if that is missing or older, and takes the Node that was installed with it.
// Plain JavaScript, because it runs on the Node of the machine (20 or newer), which need not know TypeScript.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(project, "node_modules");
const bin = join(installed, ".bin");

const [file, ...rest] = process.argv.slice(2);
if (!file) fail("usage: node scripts/run.mjs FILE [ARGUMENTS]");
install();
run(chooseNode(), [join(project, file), ...rest]);

function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(project, "package-lock.json")))
    .digest("hex");
  const stamp = join(installed, ".lock-sha256");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("installing the packages of package-lock.json (once, about 15 s) …");
  const result = spawnSync("npm", ["ci", "--include=dev", "--include=optional"], {
    cwd: project,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
  });
  if (result.status !== 0) {
    fail(
      `npm ci failed; run it by hand once the cause is gone:\n${result.stdout ?? ""}${result.stderr ?? result.error}`,
    );
  }
  writeFileSync(stamp, lock);
}

function chooseNode() {
  const own = join(bin, "node");
  if (existsSync(own)) return own;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  fail(
    `Node ${process.versions.node} cannot run TypeScript; this platform needs Node 22.18 or newer (24 is what we test).`,
  );
}

function run(node, args) {
  const child = spawn(node, args, {
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}`, STOP_WITH_PARENT: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // A killed npm sends no signal; the only sign is that our parent has changed.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) {
    setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
  }
  child.on("error", (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
