import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeFolder, temporaryFolder } from "../../scripts/at-exit.ts";
import { bundleCommand, type EdgeOptions, prepareEdge, prepareNode } from "../../scripts/edge.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { localDomain } from "../../src/settings/local-domain.ts";
import { eventually } from "./world.ts";

let folder: string;
let edge: ChildProcess | null = null;

beforeEach(() => {
  folder = temporaryFolder("bridgehead-late-");
});

afterEach(async () => {
  edge?.kill("SIGKILL");
  if (edge?.exitCode === null && edge.signalCode === null) await once(edge, "exit");
  edge = null;
  removeFolder(folder);
});

const runtimes = {
  "the Workers runtime": prepareEdge,
  "plain Node": async (options: EdgeOptions) => prepareNode(await bundleCommand(folder), options),
};

test.each(Object.entries(runtimes))(
  "on %s, parts that are loaded late answer all who ask at once",
  async (_, prepare) => {
    const [port = 0] = await freePorts(1);
    const agent = { name: "agent-1", publicKey: "_FHNjmIYoaONpH7QAjDwWAgW7RO6MwOsXeuRFUiQgCU" };
    const domains = { acme: localDomain({ agents: [agent] }) };
    const variables = { DOMAINS: JSON.stringify(domains), OPERATOR_TOKEN: "token" };
    const { command, args, env } = await prepare({ folder: join(folder, "edge"), host: "127.0.0.1", port, variables });
    edge = spawn(command, args, { env: { ...process.env, ...env }, stdio: "ignore" });
    const status = async (path: string) => {
      const headers = { authorization: "Bearer token" };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      await answer.text();
      return answer.status;
    };
    await eventually("the edge answers", async () => (await status("/healthz")) === 200, 20_000);
    const paths = ["/api/v1/openapi.json", "/healthz"];
    const answers = await Promise.all(Array.from({ length: 30 }, () => paths.map(status)).flat());

    expect(answers).toEqual(answers.map(() => 200));
  },
);
