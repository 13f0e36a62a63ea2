#!/usr/bin/env node
// Runs a TypeScript file of this project: `node scripts/run.mjs FILE [ARGUMENTS]`.
// Installs what package-lock.json names if that is missing or older, and takes the Node that was installed with it.
// Plain JavaScript, because it runs on the Node of the machine (20 or newer), which need not know TypeScript.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const project = dirname(dirname(fileURLToPath(import.meta.url)));
const installed = join(project, "node_modules");
const bin = join(installed, ".bin");

const [file, ...rest] = process.argv.slice(2);
if (!file) fail("usage: node scripts/run.mjs FILE [ARGUMENTS]");
await install();
run(chooseNode(), [join(project, file), ...rest]);

async function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(project, "package-lock.json")))
    .digest("hex");
  const stamp = join(installed, ".lock-sha256");
  const isInstalled = () => existsSync(stamp) && readFileSync(stamp, "utf8") === lock;
  if (isInstalled()) return;
  const release = await becomeInstaller();
  if (isInstalled()) return release();
  console.error("installing the packages of package-lock.json (once, about 15 s) …");
  let seconds = 0;
  const progress = setInterval(() => {
    seconds += 30;
    console.error(`still installing, ${seconds} s …`);
  }, 30_000);
  // Without a network, npm's own patience is minutes.
  const patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=500"];
  const args = [
    "ci",
    "--include=dev",
    "--include=optional",
    ...patience,
    "--loglevel=error",
    // The machine's Node may be older than `engines` requires.
    "--no-engine-strict",
    "--no-audit",
    "--no-fund",
  ];
  const npm = spawn("npm", args, { cwd: project, stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  npm.stderr.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const fault = await new Promise((done) => {
    npm.on("error", (error) => done(error.message));
    npm.on("close", (code) => done(code === 0 ? null : whyOf(output)));
  });
  clearInterval(progress);
  if (fault !== null) fail(`the packages cannot be installed: ${fault}; \`npm ci\` says more`);
  writeFileSync(stamp, lock);
  release();
}

/** Two commands of a fresh checkout would break each other's installation: one waits until the other has installed the packages. */
async function becomeInstaller() {
  const file = join(project, ".installing");
  for (let isTold = false; ; await pause(200)) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      const deleteFile = () => rmSync(file, { force: true });
      process.on("exit", deleteFile);
      return () => {
        process.off("exit", deleteFile);
        deleteFile();
      };
    } catch (error) {
      if (error.code !== "EEXIST") fail(`the packages cannot be installed: ${error.message}`);
    }
    const pid = Number(existsSync(file) && readFileSync(file, "utf8"));
    if (pid > 0 && !isAlive(pid)) rmSync(file, { force: true });
    if (!isTold)
      console.error(`process ${pid || "?"} installs the packages; waiting for it … If it does not, delete ${file}`);
    isTold = true;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** The first line of npm's error that is more than a code. */
function whyOf(output) {
  const lines = Array.from(output.matchAll(/^npm (?:error|ERR!) (?:network )?(.*)$/gm), ([, line]) => line.trim());
  return lines.find((line) => line !== "" && !/^(code|syscall|errno|path|dest) /.test(line)) ?? "npm ci failed";
}

function chooseNode() {
  const own = join(bin, "node");
  if (existsSync(own)) return own;
  const { engines } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const least = Number.parseInt(engines.node.replace(">=", ""), 10);
  if (Number.parseInt(process.versions.node, 10) >= least) return process.execPath;
  fail(`Node ${process.versions.node} is too old; on this platform, install Node ${least} or newer.`);
}

function run(node, args) {
  const child = spawn(node, args, {
    stdio: "inherit",
    env: {
      // Node keeps there what it has compiled, TypeScript above all: with it a program starts at half the cost.
      NODE_COMPILE_CACHE: join(installed, ".cache", "node"),
      ...process.env,
      PATH: `${bin}:${process.env.PATH ?? ""}`,
      STOP_WITH_PARENT: "1",
    },
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
