import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { freePorts } from "../../../simulators/free-ports.ts";
import { type NodeOptions, serveNode } from "../../../src/node.ts";
import { localDomain } from "../../../src/settings/local-domain.ts";
import { newStateFile } from "./runtime-on-test.ts";

const token = "a-token-that-nobody-guesses";
const publicKey = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
const DOMAINS = JSON.stringify({ local: localDomain({ agents: [{ name: "agent-1", publicKey }] }) });

async function serving(file: string, more: Partial<NodeOptions> = {}) {
  const [port = 0] = await freePorts(1);
  const lines: string[] = [];
  const edge = await serveNode({
    ...{ host: "127.0.0.1", port, state: { file }, variables: { DOMAINS, OPERATOR_TOKEN: token } },
    write: (_, line) => lines.push(line),
    ended: (error) => lines.push(`ended: ${error.message}`),
    ...more,
  });
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await edge.stop();
  };
  let isStopped = false;
  onTestFinished(stop);
  const ask = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` }, ...init });
  return { edge, stop, lines, ask, metrics: async () => (await ask("/metrics")).text() };
}

test("starts, stops, and starts again on its state", async () => {
  const file = newStateFile();
  for (let run = 0; run < 2; run += 1) {
    const { stop, ask, lines } = await serving(file);
    expect((await ask("/healthz")).status).toBe(200);
    expect((await ask("/tsp/local", { method: "POST", body: "no document" })).status).toBe(200);
    await stop();
    expect(lines.filter((line) => line.startsWith("ended"))).toEqual([]);
  }
});

test("refuses a state that needs a person, and leaves its port", async () => {
  const file = newStateFile();
  writeFileSync(file, "hello".repeat(1_000));
  const [port = 0] = await freePorts(1);
  for (let times = 0; times < 2; times += 1)
    await expect(serving(file, { port })).rejects.toMatchObject({ name: "NoState" });
});

test("logs and serves in /readyz why an edge cannot be active", async () => {
  const state = { database: "postgresql://u@127.0.0.1:1/d", name: "edge-1", url: "http://edge-1" };
  const { ask, lines } = await serving("", { state });
  await expect.poll(() => lines.length).toBe(1);
  const { why } = JSON.parse(String(lines[0]));
  expect(why).toMatch(/^the database cannot be used \(.*refused\)$/);
  expect(await (await ask("/readyz")).json()).toMatchObject({ role: "standby", why });
  expect(lines).toHaveLength(1);
});

test("a stop whose last flush fails ends the process", async () => {
  const file = newStateFile();
  const { ask, stop, lines } = await serving(file);
  await ask("/tsp/local", { method: "POST", body: "no document" });
  const other = new DatabaseSync(file);
  other.exec("DROP TABLE meta");
  other.close();
  void stop();
  await expect.poll(() => lines.at(-1)).toBe("ended: the state cannot be written (no such table: meta)");
});

test("measures a Confirmation by time that passes, whoever sets the clock", async () => {
  const { ask, metrics } = await serving(newStateFile());
  const { now } = Date;
  let looks = 0;
  vi.spyOn(Date, "now").mockImplementation(() => now() + 60_000 * looks++);
  onTestFinished(() => void vi.restoreAllMocks());
  const confirmed = await ask("/tsp/local", { method: "POST", body: "no document" });

  expect([await confirmed.text(), looks > 1]).toEqual([expect.stringContaining("<Confirmation "), true]);
  const [, seconds] = /^bridgehead_confirm_seconds_sum\{domain="local"\} (\S+)$/m.exec(await metrics()) ?? [];
  expect(Number(seconds)).toBeLessThan(30);
});

test("counts lines of the log that could not be written", async () => {
  const { edge, metrics } = await serving(newStateFile());
  edge.countLostLines(2);
  edge.countLostLines(1);

  expect(await metrics()).toContain('\nbridgehead_log_lines_dropped_total{event="log-lines-lost"} 3\n');
});
