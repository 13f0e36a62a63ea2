import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { healthServer, type LocalAgent, metricsText, signedRequest } from "../../bridge-agent/service/health.ts";
import { agentKey } from "../../bridge-agent/service/state-folder.ts";

const status = {
  role: "active",
  edgeUp: true,
  bridgeUp: true,
  bridgeTrouble: null,
  ports: null,
  calls: 0,
  running: 0,
  inDoubt: 0,
  unacknowledged: 0,
  draining: false,
} as const;

const folder = mkdtempSync(join(tmpdir(), "bridgehead-health-"));
afterAll(() => rmSync(folder, { recursive: true }));

const call = {
  call: "c1",
  number: "*********34",
  conference: "*******21",
  room: "main",
  muted: false,
  stage: "entered",
  since: "2026-11-21T09:00:00.000Z",
} as const;

const key = agentKey(folder);
const unfinished = { running: 1, inDoubt: 0, unacknowledged: 2 };
const agent: LocalAgent = {
  names: { domain: "acme", bridge: "main", agent: "agent-1" },
  health: () => ({ status, journal: null, counters: null, logLinesDropped: 0 }),
  calls: () => [call],
  drain: async () => unfinished,
  key: () => key,
};

test.each([
  ["/healthz?from=probe", 200],
  ["//", 404],
  ["///healthz", 404],
  ["http://[", 404],
  ["/%", 404],
])("whatever anybody on the machine asks for is answered: %s with %i", async (target, code) => {
  const server = await healthServer(() => agent, 0);
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");

  socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);

  expect(await text(socket)).toMatch(`HTTP/1.1 ${code} `);
  server.close();
});

test("calls and drain are for who can read the agent's key", async () => {
  let drains = 0;
  const drain = async () => {
    drains += 1;
    return unfinished;
  };
  const server = await healthServer(() => ({ ...agent, drain }), 0);
  const { port } = server.address() as AddressInfo;
  const other = agentKey(join(folder, "other"));
  const ask = async (method: string, path: string, headers: Readonly<Record<string, string>>) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    return [response.status, (await response.text()).trim()];
  };

  expect(await ask("GET", "/calls", signedRequest(key, "GET", "/calls"))).toEqual([200, JSON.stringify([call])]);
  for (const headers of [{}, signedRequest(other, "GET", "/calls"), signedRequest(key, "POST", "/drain")]) {
    expect(await ask("GET", "/calls", headers)).toEqual([403, "use `bridgehead-agent calls`, which signs"]);
  }
  const old = signedRequest(key, "POST", "/drain", Date.now() - 11_000);
  expect((await ask("POST", "/drain", old))[0]).toBe(403);
  expect((await ask("POST", "/drain", signedRequest(key, "GET", "/calls")))[0]).toBe(403);
  expect(drains).toBe(0);
  expect((await ask("GET", "/drain", signedRequest(key, "GET", "/drain")))[0]).toBe(405);
  const drained = await ask("POST", "/drain", signedRequest(key, "POST", "/drain"));
  expect(drained).toEqual([200, JSON.stringify(unfinished)]);
  expect(drains).toBe(1);
  server.close();
});

test("an agent that cannot write its journal is not healthy, and says why", async () => {
  const why = "journal /x cannot grow: make room";
  const health = () => ({ ...agent.health(), journal: why });
  const server = await healthServer(() => ({ ...agent, health }), 0);
  const { port } = server.address() as AddressInfo;
  const answerOf = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.text()] as const;
  };

  expect(await answerOf("/healthz")).toEqual([503, `${why}\n`]);
  const [code, ready] = await answerOf("/readyz");
  expect([code, JSON.parse(ready)]).toEqual([503, { ready: false, edgeUp: true, bridgeUp: true, journal: why }]);
  expect(JSON.parse((await answerOf("/status"))[1])).toMatchObject({ journal: why });
  expect((await answerOf("/metrics"))[1]).toContain("\nbridgehead_agent_journal_up 0\n");
  expect(metricsText(agent.health())).toContain("\nbridgehead_agent_journal_up 1\n");
  server.close();
});

test("calls that the agent does not know are no 0", () => {
  const of = (calls: number | null) => metricsText({ ...agent.health(), status: { ...status, calls } });

  expect(of(0)).toContain("\nbridgehead_agent_calls 0\n");
  expect(of(null)).not.toMatch(/^bridgehead_agent_calls /m);
});

test("an agent that is about to end is not ready", async () => {
  const health = () => ({ ...agent.health(), status: { ...status, draining: true } });
  const server = await healthServer(() => ({ ...agent, health }), 0);
  const { port } = server.address() as AddressInfo;

  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
  server.close();
});

test("a drain that fails is answered", async () => {
  const drain = () => Promise.reject(new Error("the driver is broken"));
  const server = await healthServer(() => ({ ...agent, drain }), 0);
  const { port } = server.address() as AddressInfo;
  const headers = signedRequest(key, "POST", "/drain");

  const response = await fetch(`http://127.0.0.1:${port}/drain`, { method: "POST", headers });

  expect([response.status, await response.text()]).toEqual([500, "the driver is broken\n"]);
  server.close();
});
