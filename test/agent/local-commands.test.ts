import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { signedRequest } from "../../bridge-agent/service/health.ts";
import { askAgent } from "../../bridge-agent/service/local-commands.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";
import { agentSettings } from "./agent-world.ts";

const state = mkdtempSync(join(tmpdir(), "bridgehead-local-"));
afterAll(() => rmSync(state, { recursive: true }));
const key = agentKey(state);

/** The settings of an agent that answers so. */
async function agentThat(answers: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answers).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { settings: { ...agentSettings, state, listen: { port: (server.address() as AddressInfo).port } } };
}

test("signs requests for calls but not for the status", async () => {
  const asked: string[] = [];
  const { settings } = await agentThat(({ method = "", url = "", headers }, response) => {
    const signed = String(headers["bridgehead-signed"] ?? "nobody");
    const isRight = signedRequest(key, method, url, Number(signed.split(" ")[0]))["bridgehead-signed"] === signed;
    asked.push(`${method} ${url} ${isRight ? "by the agent's key" : signed}`);
    response.end(" said\n");
  });
  expect(await askAgent(settings, "/calls")).toBe("said");
  await askAgent(settings, "/status");
  expect(asked).toEqual(["GET /calls by the agent's key", "GET /status nobody"]);
});

test("explains in one sentence why a port's owner is no agent", async () => {
  const whyOf = async (answers: (request: IncomingMessage, response: ServerResponse) => void, withinMs = 60_000) => {
    const { settings } = await agentThat(answers);
    return askAgent(settings, "/calls", withinMs).catch(({ message }: Error) => message);
  };
  expect(await whyOf((_, response) => response.writeHead(403).end())).toMatch(
    /^the agent on \S+ has another key than \S+: is it an agent with other settings\?$/,
  );
  expect(await whyOf((_, response) => response.writeHead(404).end())).toMatch(/^what listens on \S+ answers 404: /);
  expect(await whyOf(() => {}, 50)).toMatch(/^the agent on \S+ gave no answer within 0\.05 s: look at its log/);
  expect(await whyOf((_, response) => response.destroy())).toMatch(/ broke the connection: look at its log/);
  const flood = Buffer.alloc(65 * 1024 * 1024, "x");
  expect(await whyOf((_, response) => response.end(flood))).toMatch(/ broke the connection: /);
  expect(await whyOf((_, response) => response.end(flood.subarray(0, 9)))).toBe("x".repeat(9));
});

test("reports no agent at port 0", async () => {
  await expect(askAgent({ ...agentSettings, state }, "/status")).rejects.toThrow(/^listen\.port is 0, so /);
});
