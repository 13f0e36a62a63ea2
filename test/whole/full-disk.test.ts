import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { WebexServer } from "../../simulators/webex/server.ts";
import type { ConfKey, ExtConfId } from "../../src/foundation/ids.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { eventually } from "./world.ts";

let folder: string;
let settings: string;
let port: number;
let bridge: SimulatedBridge;
let edge: ChildProcess;
let log: string;
const agents: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-full-disk-"));
  settings = join(folder, "edge.json");
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

test("a full disk: posts are refused and an alert says so at once; with room again all goes on within five seconds", async () => {
  write({ acme: domainOf([keyOf("agent-1")]) });
  edge = run(["scripts/bridgehead.ts", "serve", "--settings", settings]);
  await eventually("the edge serves", async () => (await readyz()) !== null, 20_000);
  const agent = startAgent("agent-1");
  await eventually("the agent serves", async () => (await readyz())?.ready);
  const webex = new WebexServer({ adapterUrl: `http://127.0.0.1:${port}/tsp/acme`, attempts: 1, retryMs: 100 });
  await webex.start();
  onTestFinished(() => webex.stop());
  let key = 900_000_000;
  const create = () => {
    key += 1;
    const handles = { extConfId: `E${key}` as ExtConfId, replyTo: webex.host };
    const msgId = webex.client.msgId();
    return webex.client.post({
      type: "create-conference",
      msgId,
      confKey: `${key}` as ConfKey,
      maxCallers: 5,
      ...handles,
    });
  };
  expect((await create()).result).toBe(0);

  // No file may grow; what is written in place fits until the log does not.
  const limit = (bytes: string) => execFileSync("prlimit", ["--pid", String(edge.pid), `--fsize=${bytes}:unlimited`]);
  limit("0");
  await expect(create()).rejects.toThrow("status 503");
  const failing = await readyz();
  expect(failing?.ready).toBe(false);
  expect(failing?.alerts).toContainEqual(expect.objectContaining({ kind: "disk" }));
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(503);
  expect(await metrics()).toContain("bridgehead_storage_up 0\n");
  expect(log).toContain('"storage-fails"');

  limit("unlimited");
  const since = performance.now();
  await eventually("the disk is right again", async () => {
    const { alerts = [] } = (await readyz()) ?? {};
    return alerts.every(({ kind }) => kind !== "disk");
  });
  expect(performance.now() - since).toBeLessThan(5_000);
  expect(await metrics()).toContain("bridgehead_storage_up 1\n");
  await eventually("the agent serves again", async () => (await readyz())?.ready);
  expect((await create()).result).toBe(0);
  expect([edge.exitCode, agent.log.includes("ECONNREFUSED")]).toEqual([null, false]);
});

test("a state that is no database is one line on standard error, and the exit code 1", async () => {
  write({ acme: domainOf([keyOf("agent-1")]) });
  mkdirSync(join(folder, "edge", "edge"), { recursive: true });
  writeFileSync(join(folder, "edge", "format"), "1");
  writeFileSync(join(folder, "edge", "edge", "state.db"), "no database".repeat(100));
  edge = run(["scripts/bridgehead.ts", "serve", "--settings", settings]);
  await once(edge, "exit");
  expect(edge.exitCode).toBe(1);
  expect(JSON.parse(log.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
    event: "start-refused",
    msg: expect.stringMatching(/^cannot read or write the state in \S+state\.db \(file is not a database\)$/),
  });
});

function keyOf(name: string): { readonly name: string; readonly publicKey: string } {
  mkdirSync(join(folder, name), { recursive: true });
  return { name, publicKey: agentKey(join(folder, name)).publicKey };
}

function domainOf(agents: readonly { readonly name: string; readonly publicKey: string }[]) {
  return localDomain({ agents });
}

function write(domains: object): void {
  writeFileSync(settings, JSON.stringify({ port, state: "edge", domains }));
}

function run(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (log += data));
  return child;
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

interface Readyz {
  readonly ready: boolean;
  readonly disk?: string;
  readonly alerts?: readonly { readonly kind: string }[];
  readonly domains: Readonly<Record<string, Readonly<Record<string, { readonly ready: boolean }>>>>;
}

/** As operators see it; `null`: the edge does not answer. */
async function readyz(): Promise<Readyz | null> {
  const token = join(folder, "edge", "operator-token");
  const headers = { authorization: `Bearer ${existsSync(token) ? readFileSync(token, "utf8") : ""}` };
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { headers }).catch(() => null);
  return answer ? ((await answer.json()) as Readyz) : null;
}

async function metrics(): Promise<string> {
  const token = readFileSync(join(folder, "edge", "operator-token"), "utf8");
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return answer.text();
}
