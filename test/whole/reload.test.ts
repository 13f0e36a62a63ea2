import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { freePorts } from "../../simulators/free-ports.ts";
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
  folder = mkdtempSync(join(tmpdir(), "bridgehead-reload-"));
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

test("SIGHUP: new domains serve at once, removed agents are turned away, wrong settings change nothing, and a crash goes on with the last good ones", async () => {
  const [first, second] = [keyOf("agent-1"), keyOf("agent-2")];
  write({ acme: domainOf([first, second]) });
  edge = run(["scripts/bridgehead.ts", "serve", "--settings", settings]);
  await eventually("the edge serves", async () => (await readyz()) !== null, 20_000);
  const one = startAgent("agent-1");
  await eventually("the first agent serves", async () => (await readyz())?.ready);
  const two = startAgent("agent-2");
  await eventually("the second agent stands by", async () => two.log.includes("standby"));
  const pid = workerdPid();

  // Another domain, and one agent less.
  write({ acme: domainOf([second]), beta: domainOf([first]) });
  edge.kill("SIGHUP");
  await eventually("domains are read", async () => log.includes("domains read again"));
  expect(Object.keys((await readyz())?.domains ?? {})).toEqual(["acme", "beta"]);
  await eventually("the removed agent hears why", async () => one.log.includes("not in this domain"));
  await eventually("the other one has taken over", async () => (await readyz())?.domains.acme?.simulated?.ready);
  expect(two.log).toContain("other settings for this bridge");

  // Wrong settings.
  write({ acme: { ...domainOf([second]), createTimeoutMs: 0 } });
  edge.kill("SIGHUP");
  await eventually("a complaint", async () => log.includes("settings stay as they were"));
  expect(log.match(/settings stay as they were.*/)?.[0]).toContain("DOMAINS.acme.createTimeoutMs must be at least 1");
  expect(Object.keys((await readyz())?.domains ?? {})).toEqual(["acme", "beta"]);
  expect(workerdPid()).toBe(pid);

  // A crash.
  process.kill(pid, "SIGKILL");
  await eventually("another process", async () => workerdPid() !== pid);
  await eventually("the last good settings", async () => Object.keys((await readyz())?.domains ?? {}).includes("beta"));
  expect(edge.exitCode).toBeNull();
});

test("strangers cannot hand over domains", async () => {
  write({ acme: domainOf([keyOf("agent-1")]) });
  edge = run(["scripts/bridgehead.ts", "serve", "--settings", settings]);
  await eventually("the edge serves", async () => (await readyz()) !== null, 20_000);
  const body = JSON.stringify({ evil: domainOf([keyOf("agent-1")]) });

  for (const authorization of ["", "Bearer x", "Bearer undefined"]) {
    const answer = await fetch(`http://127.0.0.1:${port}/reload`, { method: "POST", body, headers: { authorization } });
    expect(answer.status).toBe(404);
  }
  expect(Object.keys((await readyz())?.domains ?? {})).toEqual(["acme"]);
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
  readonly domains: Readonly<Record<string, Readonly<Record<string, { readonly ready: boolean }>>>>;
}

/** As operators see it; `null`: the edge does not answer. */
async function readyz(): Promise<Readyz | null> {
  const token = join(folder, "edge", "operator-token");
  const headers = { authorization: `Bearer ${existsSync(token) ? readFileSync(token, "utf8") : ""}` };
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { headers }).catch(() => null);
  return answer ? ((await answer.json()) as Readyz) : null;
}

/** Throws before the first start: 0 would be our own process group. */
function workerdPid(): number {
  const pid = Number(
    log
      .match(/"msg":"process \d+"/g)
      ?.at(-1)
      ?.match(/\d+/)?.[0],
  );
  if (!pid) throw new Error(`no start in the log:\n${log}`);
  return pid;
}
