import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import { bundleCommand, prepareNode } from "../../scripts/edge.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { eventually } from "./world.ts";

let folder: string;
let port: number;
let bridge: SimulatedBridge;
let edge: ChildProcess;
let log: string;
const agents: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-full-disk-"));
  [port = 0] = await freePorts(1);
  bridge = await startSimulatedBridge(0, "boot", timers);
  log = "";
});

afterEach(async () => {
  for (const process of [edge, ...agents.splice(0)]) {
    process.kill("SIGTERM");
    if (process.exitCode === null) await once(process, "exit");
  }
  await bridge.close();
  rmSync(folder, { recursive: true });
});

test("an edge that starts on a full disk says so, and serves within ten seconds of room", async () => {
  edge = await serve("--fsize=0:unlimited");
  await eventually("it says why", async () => /^the state cannot be written \(/.test(await why()), 20_000);
  expect([await status("/readyz"), await status("/healthz")]).toEqual([503, 503]);
  expect(await status("/tsp/acme", "POST")).toBe(503);
  const agent = startAgent("agent-1");

  limit(edge, "unlimited");
  const since = performance.now();
  await eventually("the agent serves", async () => (await status("/readyz")) === 200);
  expect(performance.now() - since).toBeLessThan(10_000);
  expect(await status("/healthz")).toBe(200);
  expect([edge.exitCode, agent.log.includes("ECONNREFUSED")]).toEqual([null, false]);
});

test("a flush that fails ends the process with one line, and the next one has all that was confirmed", async () => {
  edge = await serve();
  startAgent("agent-1");
  await eventually("the agent serves", async () => (await status("/readyz")) === 200, 20_000);
  const webex = new WebexServer({ adapterUrl: `http://127.0.0.1:${port}/tsp/acme`, attempts: 1, retryMs: 100 });
  await webex.start();
  onTestFinished(() => webex.stop());
  const create = (key: string) => {
    const handles = { extConfId: `E${key}` as ExtConfId, replyTo: webex.host };
    const msgId = webex.client.msgId();
    return webex.client.post({ type: "create-conference", msgId, confKey: key as ConfKey, maxCallers: 5, ...handles });
  };
  expect((await create("900000001")).result).toBe(0);

  limit(edge, "0");
  const ended = once(edge, "exit");
  await expect(create("900000002")).rejects.toThrow();
  await ended;
  expect(edge.exitCode).toBe(1);
  expect(lastLine()).toMatchObject({
    event: "edge-ended",
    msg: expect.stringMatching(/^ends: the state cannot be written \(.*\)$/),
  });

  edge = await serve();
  await eventually("the agent serves again", async () => (await status("/readyz")) === 200, 20_000);
  expect(await status("/api/v1/domains/acme/conferences/900000001")).toBe(200);
  expect((await create("900000002")).result).toBe(0);
});

test("a state that is no database is one line on standard error, and the exit code 1", async () => {
  mkdirSync(join(folder, "edge"));
  writeFileSync(join(folder, "edge", "state.db"), "no database".repeat(100));
  edge = await serve();
  await once(edge, "exit");
  expect(edge.exitCode).toBe(1);
  expect(lastLine()).toMatchObject({
    event: "start-refused",
    msg: expect.stringMatching(/^cannot read or write the state in \S+state\.db \(file is not a database\)$/),
  });
});

const token = "f4Kp9-sVq2LmX7_bT0hWcZ1nRy";

/** Starts the edge, as packages do, with these limits. */
async function serve(limits = "--nofile"): Promise<ChildProcess> {
  const variables = { DOMAINS: JSON.stringify({ acme: localDomain({ agents: [keyOf("agent-1")] }) }) };
  const options = { folder: join(folder, "edge"), host: "127.0.0.1", port, variables };
  const { command, args, env } = prepareNode(await bundleCommand(join(folder, "bin")), options);
  writeFileSync(join(folder, "operator-token"), token);
  const child = spawn("prlimit", [limits, command, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (log += data));
  return child;
}

/** No file may grow beyond this; what is written in place fits until the log does not. */
function limit({ pid }: ChildProcess, bytes: string): void {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}

function lastLine(): unknown {
  return JSON.parse(log.trimEnd().split("\n").at(-1) ?? "");
}

function keyOf(name: string): { readonly name: string; readonly publicKey: string } {
  mkdirSync(join(folder, name), { recursive: true });
  return { name, publicKey: agentKey(join(folder, name)).publicKey };
}

function startAgent(name: string): { log: string } {
  const file = join(folder, `${name}.json`);
  writeFileSync(
    file,
    JSON.stringify({
      edge: `ws://127.0.0.1:${port}`,
      domain: "acme",
      bridge: "simulated",
      agent: name,
      state: name,
      listen: { port: 0 },
      driver: { type: "generic", url: `ws://127.0.0.1:${bridge.port}/bridge` },
    }),
  );
  const child = spawn(process.execPath, ["bridge-agent/main.ts", "run", "--settings", file]);
  agents.push(child);
  const agent = { log: "" };
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (agent.log += data));
  return agent;
}

function ask(path: string, method = "GET"): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
}

/** 0: it does not answer. */
async function status(path: string, method = "GET"): Promise<number> {
  const answer = await ask(path, method).catch(() => null);
  await answer?.body?.cancel();
  return answer?.status ?? 0;
}

/** Empty: it does not answer. */
async function why(): Promise<string> {
  const answer = await ask("/readyz").catch(() => null);
  return answer ? ((await answer.json()) as { readonly why: string }).why : "";
}
