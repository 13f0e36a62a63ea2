#!/usr/bin/env node
// Runs a TypeScript file of this project: `node scripts/run.mjs FILE [ARGUMENTS]`.
// Installs what package-lock.json names if that is missing or older, and takes the Node that was installed with it.
// Plain JavaScript, because it runs on the Node of the machine (20 or newer), which need not know TypeScript.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(project, "node_modules");
const bin = join(installed, ".bin");
const lock = createHash("sha256")
  .update(readFileSync(join(project, "package-lock.json")))
  .digest("hex");
const stamp = join(installed, ".lock-sha256");
const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === lock;

const [file, ...rest] = process.argv.slice(2);
if (!file) fail("usage: node scripts/run.mjs FILE [ARGUMENTS]");
if (!isInstalled()) await install();
run(chooseNode(), [join(project, file), ...rest]);

/** Two commands of a fresh checkout would break each other's installation: one waits until the other has installed the packages. */
async function install() {
  const held = join(project, ".installing");
  for (let isTold = false; !hold(held); isTold = true) {
    const pid = Number(existsSync(held) && readFileSync(held, "utf8"));
    if (!isTold) console.error(`process ${pid || "?"} installs the packages; waiting for it …`);
    if (pid > 0 && !isAlive(pid)) rmSync(held, { force: true });
    await pause(200);
  }
  const fault = isInstalled() ? null : installPackages();
  rmSync(held, { force: true });
  if (fault !== null) fail(`the packages cannot be installed: ${fault}`);
}

function installPackages() {
  console.error("installing the packages of package-lock.json (once, about 15 s) …");
  const options = [
    ...["--include=dev", "--include=optional", "--loglevel=error", "--no-audit", "--no-fund"],
    // Without a network, npm's own patience is minutes. The machine's Node may be older than `engines` requires.
    ...["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--no-engine-strict"],
  ];
  const { status, error } = spawnSync("npm", ["ci", ...options], { cwd: project, stdio: ["ignore", 2, 2] });
  if (status !== 0) return error?.message ?? "npm ci failed, and said why";
  writeFileSync(stamp, lock);
  return null;
}

function hold(held) {
  try {
    writeFileSync(held, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    return fail(`the packages cannot be installed: ${error.message}`);
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}

function chooseNode() {
  const own = join(bin, "node");
  if (existsSync(own)) return own;
  const { engines } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const least = Number.parseInt(engines.node.replace(">=", ""), 10);
  if (Number.parseInt(process.versions.node, 10) >= least) return process.execPath;
  return fail(`Node ${least} or newer is required; this is Node ${process.versions.node}; install it on this platform`);
}

function run(node, args) {
  const env = {
    // Node keeps there what it has compiled, TypeScript above all: with it a program starts at half the cost.
    NODE_COMPILE_CACHE: join(installed, ".cache", "node"),
    ...process.env,
    PATH: `${bin}:${process.env.PATH ?? ""}`,
    STOP_WITH_PARENT: "1",
  };
  const child = spawn(node, args, { stdio: "inherit", env });
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
