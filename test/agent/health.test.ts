import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { Counters } from "../../bridge-agent/run.ts";
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
const agent: LocalAgent = {
  names: { domain: "acme", bridge: "main", agent: "agent-1" },
  health: () => ({ status, counters: new Counters(), logLinesDropped: 0 }),
  calls: () => [call],
  key,
};

test.each([
  ["/healthz?from=probe", 200],
  ["//", 404],
  ["///healthz", 404],
  ["http://[", 404],
  ["/%", 404],
])("answers %s with %i", async (target, code) => {
  const server = await healthServer(agent, 0);
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");

  socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);

  expect(await text(socket)).toMatch(`HTTP/1.1 ${code} `);
  server.close();
});

test("serves calls only to holders of the agent's key", async () => {
  const other = agentKey(join(folder, "other"));
  const ask = async (headers: Readonly<Record<string, string>>) => {
    const { code, said } = await asked({}, "/calls", { headers });
    return [code, said.trim()];
  };

  expect(await ask(signedRequest(key, "GET", "/calls"))).toEqual([200, JSON.stringify([call])]);
  const refused = [403, "use `bridgehead-agent calls`, which signs"];
  expect(await ask({})).toEqual(refused);
  expect(await ask(signedRequest(other, "GET", "/calls"))).toEqual(refused);
  expect(await ask(signedRequest(key, "POST", "/calls"))).toEqual(refused);
});

test("calls that the agent does not know are no 0", () => {
  const of = (calls: number | null) => metricsText({ ...agent.health(), status: { ...status, calls } });

  expect(of(0)).toContain("\nbridgehead_agent_calls 0\n");
  expect(of(null)).not.toMatch(/^bridgehead_agent_calls /m);
});

/** Asks a health server of this agent; its answer is over with the server. */
async function asked(of: Partial<LocalAgent>, path: string, init: RequestInit = {}) {
  const server = await healthServer({ ...agent, ...of }, 0);
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
  const said = await response.text();
  server.close();
  return { code: response.status, said };
}

test("accepts a signed request for ten seconds", async () => {
  const at = Date.now();
  const codeAt = async (signed: Readonly<Record<string, string>>) =>
    (await asked({}, "/calls?from=a", { headers: signed })).code;
  const codes = [-11_000, -9_000, 9_000, 11_000].map((ms) => codeAt(signedRequest(key, "GET", "/calls", at + ms)));
  expect(await Promise.all(codes)).toEqual([403, 200, 200, 403]);
  const { "bridgehead-signed": signed = "" } = signedRequest(key, "GET", "/calls", at);
  const [time = "", signature = ""] = signed.split(" ");
  const noTime = key.sign(["bridgehead-agent's own machine", "GET", "/calls", "NaN"].join("\n"));
  for (const wrong of [time, `${time} `, ` ${signature}`, `${time} ${signature}x`, `NaN ${noTime}`])
    expect(await codeAt({ "bridgehead-signed": wrong }), wrong).toBe(403);
});

test.each([
  [{}, 200],
  [{ edgeUp: false }, 503],
  [{ bridgeUp: false }, 503],
  [{ draining: true }, 503],
])("is ready only with edge and bridge and while it runs: %j", async (change, code) => {
  const health = () => ({ ...agent.health(), status: { ...status, ...change } });
  const ready = await asked({ health }, "/readyz");
  const { edgeUp, bridgeUp } = { ...status, ...change };
  expect(ready.code).toEqual(code);
  expect(JSON.parse(ready.said)).toEqual({ ready: code === 200, edgeUp, bridgeUp });
  expect((await asked({ health }, "/healthz")).code).toBe(200);
});

test("reports the agent's stats, which begin at 0", () => {
  const counters = new Counters();
  counters.turns = 7;
  counters.edgeMessages.sent = 3;
  counters.policyActs["prompt-calls"] = 2;
  const figures = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/^bridgehead_agent_(\S+) (\S+)$/gm)].map(([, name = "", value = ""]) => [name, Number(value)]),
    );
  const busy = { ...status, role: "standby" as const, edgeUp: false, running: 4, unacknowledged: 5, calls: 6 };
  expect(figures(metricsText({ status: busy, counters, logLinesDropped: 8 }))).toMatchObject({
    turns_total: 7,
    'edge_messages_total{way="sent"}': 3,
    'policy_acts_total{reason="prompt-calls"}': 2,
    edge_up: 0,
    bridge_up: 1,
    active: 0,
    calls: 6,
    commands_running: 4,
    reports_unacknowledged: 5,
    log_lines_dropped_total: 8,
  });
  const begun = figures(metricsText(agent.health()));
  expect(begun).toMatchObject({ turns_total: 0, active: 1, edge_up: 1 });
  expect(Math.abs((begun.start_time_seconds ?? 0) - (Date.now() / 1_000 - process.uptime()))).toBeLessThan(2);
  expect(begun.cpu_seconds_total).toBeCloseTo((process.cpuUsage().user + process.cpuUsage().system) / 1e6, 0);
});

test("closes a connection after one answer", async () => {
  let asked = 0;
  const health = () => {
    asked += 1;
    return agent.health();
  };
  const server = await healthServer({ ...agent, health }, 0);
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  socket.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1_000));
  expect((await text(socket)).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
  expect(asked).toBe(1);
  server.close();
});

test("answers while a client holds many connections", async () => {
  const server = await healthServer(agent, 0);
  const { port } = server.address() as AddressInfo;
  const held = Array.from({ length: 120 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  for (const socket of held) socket.write("GET /healthz HTTP/1.1\r\n");
  await expect.poll(() => held.filter(({ closed }) => closed).length).toBe(70);

  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: "close" } })).text()).toBe(
    "ok\n",
  );
  await expect.poll(() => held.findIndex(({ closed }) => !closed)).toBe(71);
  for (const socket of held) socket.destroy();
  server.close();
});
