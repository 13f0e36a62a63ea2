import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildInto } from "../../scripts/build.ts";
import { prepareEdge } from "../../scripts/edge.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { eventually } from "./world.ts";

let folder: string;
let edge: ChildProcess | null = null;

/** One that `serve` takes. */
const strongToken = "fYq8-2mWc-Zr7K-Lh4x";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-built-"));
});

afterEach(async () => {
  edge?.kill("SIGKILL");
  if (edge?.exitCode === null) await once(edge, "exit");
  edge = null;
  rmSync(folder, { recursive: true });
});

test("the built edge says in its metrics which version it is", async () => {
  const dist = join(folder, "dist");
  await buildInto(dist, "1.2.3");
  const agent = { name: "agent-1", publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" };
  const [port = 0] = await freePorts(1);
  const settings = join(folder, "edge.json");
  const domains = { acme: localDomain({ agents: [agent] }) };
  writeFileSync(join(folder, "token"), strongToken);
  writeFileSync(settings, JSON.stringify({ port, state: "state", operatorTokenFile: "token", domains }));
  // Away from the project, where no other package is found.
  const args = [join(dist, "bridgehead.mjs"), "serve", "--settings", settings];
  edge = spawn(process.execPath, args, { stdio: "ignore", cwd: folder });
  const metrics = await eventually("the edge serves", async () => {
    const headers = { authorization: `Bearer ${strongToken}` };
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers }).catch(() => null);
    return answer?.ok ? answer.text() : null;
  });

  expect(metrics).toContain('bridgehead_build_info{version="1.2.3"} 1\n');
});

test("on a Node that is too old, each program says so and does nothing else", async () => {
  const dist = join(folder, "dist");
  await buildInto(dist, "1.2.3");
  const older = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.9.1" } });
    // Hide all imports of programs from Node.
    process.getBuiltinModule("node:module").registerHooks({ resolve(name, { parentURL, ...context }, next) {
      if (parentURL !== undefined) throw new Error(name + " is not there");
      return next(name, context);
    } });`;
  const ended = async (program: string) => {
    const args = ["--import", `data:text/javascript,${encodeURIComponent(older)}`, join(dist, program), "--help"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => said.push(text));
    await once(child, "close");
    return [child.exitCode, said.join("")];
  };
  const sentence = "Node 24 or newer is required; this is Node 20.9.1\n";

  expect(await ended("bridgehead.mjs")).toEqual([1, sentence]);
  expect(await ended("bridgehead-agent.mjs")).toEqual([1, sentence]);
  expect(await ended("driver-suite.mjs")).toEqual([1, sentence]);
  // There 1 would be a verdict.
  expect(await ended("bridgehead-conformance.mjs")).toEqual([2, sentence]);
});

test("what ships is no larger than it was when somebody last looked at what it is made of", async () => {
  const dist = join(folder, "dist");
  await buildInto(dist, "1.2.3");
  await prepareEdge({ folder, host: "127.0.0.1", port: 8787, variables: {} });
  const most = {
    [join(folder, "worker.js")]: 1.7,
    [join(dist, "edge", "node.mjs")]: 2.02,
    [join(dist, "bridgehead.program.mjs")]: 1.24,
    [join(dist, "bridgehead-agent.program.mjs")]: 0.58,
    [join(dist, "bridgehead-conformance.program.mjs")]: 0.36,
  };
  const large = Object.entries(most).flatMap(([file, megabytes]) => {
    const size = statSync(file).size / 1e6;
    return size > megabytes
      ? [`${basename(file)} has ${size.toFixed(3)} MB, and at most ${megabytes} are expected`]
      : [];
  });

  expect(large).toEqual([]);
});
