import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { agentSettings } from "./agent-world.ts";

let folder: string;
let settings: string;
let port: number;
let bridge: SimulatedBridge;
let agent: ChildProcess | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-disks-"));
  bridge = await startSimulatedBridge(0, "boot", timers);
  port = await freePort();
  settings = join(folder, "agent.json");
  const driver = { type: "generic", url: `ws://127.0.0.1:${bridge.port}/bridge` };
  writeFileSync(settings, JSON.stringify({ ...agentSettings, state: "state", listen: { port }, driver }));
});

afterEach(async () => {
  agent?.kill("SIGKILL");
  await bridge.close();
  rmSync(folder, { recursive: true });
});

test("serves with a full log disk until SIGTERM", async () => {
  const full = openSync("/dev/full", "w");
  agent = spawn(process.execPath, ["bridge-agent/main.ts", "run", "--settings", settings], {
    stdio: ["ignore", full, full],
  });
  closeSync(full);

  await until(async () => (await answerOf("readyz"))?.includes('"bridgeUp":true'));

  const exit = once(agent, "exit");
  agent.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
});

test("refuses to start with a full journal disk, in one line", async () => {
  const run = ["bridge-agent/main.ts", "run", "--settings", settings];
  const start = ["--fsize=20000:unlimited", process.execPath, ...run];
  const refused = spawnSync("prlimit", start, { encoding: "utf8" });
  expect(refused.stderr).toMatch(/^agent cannot start: journal \S+journal\.sqlite cannot be written: [^\n]*\n$/);
  expect(refused.status).toBe(1);
});

test("ends with an error line when the journal's disk fills up", async () => {
  await bridge.close();
  const running = spawn(process.execPath, ["bridge-agent/main.ts", "run", "--settings", settings]);
  agent = running;
  let log = "";
  for (const stream of [running.stdout, running.stderr]) stream.on("data", (data) => (log += data));
  await until(async () => (await answerOf("healthz")) === "ok\n");
  const exit = once(running, "exit");

  execFileSync("prlimit", ["--pid", String(running.pid), "--fsize=1000:unlimited"]);
  bridge = await startSimulatedBridge(bridge.port, "boot", timers); // The journal keeps its boot.

  expect(await exit).toEqual([1, null]);
  expect(log.match(/"event":"journal"/g)).toHaveLength(1);
  expect(JSON.parse(log.trim().split("\n").at(-1) ?? "")).toMatchObject({ level: "error", agent: "agent-1" });
});

test("replaces a key that a full disk cut short", () => {
  const key = ["bridge-agent/main.ts", "key", "--settings", settings];

  const full = spawnSync("prlimit", ["--fsize=0:unlimited", process.execPath, ...key], { encoding: "utf8" });
  const left = readdirSync(join(folder, "state"));
  const roomy = spawnSync(process.execPath, key, { encoding: "utf8" });

  expect(full.status).toBe(1);
  expect(full.stderr).toMatch(/^state: nothing can be written in [^\n]*\n$/);
  expect(left).toEqual(["journal.sqlite"]);
  expect(roomy).toMatchObject({ status: 0, stderr: "", stdout: `${agentKey(join(folder, "state")).publicKey}\n` });
  expect(readdirSync(join(folder, "state"))).toEqual(["agent-key.pem", "journal.sqlite"]);
});

async function answerOf(path: string): Promise<string | null> {
  return fetch(`http://127.0.0.1:${port}/${path}`)
    .then((response) => response.text())
    .catch(() => null);
}

async function until(holds: () => Promise<boolean | undefined>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
