import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { prepareWorkerd } from "../../cli/workerd.ts";
import { buildInto } from "../../scripts/build.ts";
import { workerd } from "../../scripts/edge.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { eventually } from "./world.ts";

let folder: string;
let edge: ChildProcess | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-built-"));
});

afterEach(async () => {
  edge?.kill("SIGKILL");
  if (edge?.exitCode === null) await once(edge, "exit");
  rmSync(folder, { recursive: true });
});

test("the built edge says in its metrics which version it is", async () => {
  await buildInto(join(folder, "dist"), "1.2.3");
  const agent = { name: "agent-1", publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" };
  const [port = 0] = await freePorts(1);
  const { command, args, env } = prepareWorkerd({
    workerd,
    worker: readFileSync(join(folder, "dist", "edge", "worker.js")),
    folder: join(folder, "edge"),
    host: "127.0.0.1",
    port,
    variables: { DOMAINS: JSON.stringify({ acme: localDomain({ agents: [agent] }) }), OPERATOR_TOKEN: "token" },
  });
  edge = spawn(command, args, { stdio: "ignore", env: { ...process.env, ...env } });
  const metrics = await eventually("the edge serves", async () => {
    const headers = { authorization: "Bearer token" };
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers }).catch(() => null);
    return answer?.ok ? answer.text() : null;
  });

  expect(metrics).toContain('bridgehead_build_info{version="1.2.3"} 1\n');
});
