import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { removeFolder, temporaryFolder } from "../../../scripts/at-exit.ts";
import { freePorts } from "../../../simulators/free-ports.ts";
import { serveNode } from "../../../src/node.ts";
import { localDomain } from "../../../src/settings/local-domain.ts";

test("an edge whose machine has no battery starts, and its clock may be set while the state is read", async () => {
  const folder = temporaryFolder("runtime");
  onTestFinished(() => removeFolder(folder));
  const [port = 0] = await freePorts(1);
  const lines: string[] = [];
  const { now } = Date;
  let asked = 0;
  // The first two looks at the clock are before the state is read.
  vi.spyOn(Date, "now").mockImplementation(() => (asked++ < 2 ? asked : now()));
  onTestFinished(() => void vi.restoreAllMocks());
  const start = () => {
    asked = 0;
    return serveNode({
      variables: { DOMAINS: "{}", OPERATOR_TOKEN: "" },
      state: { file: join(folder, "state.db") },
      host: "127.0.0.1",
      port,
      write: (_, line) => lines.push(line),
    });
  };
  // Without a state, and with one.
  for (let life = 0; life < 2; life += 1) {
    const edge = await start();
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    await edge.stop();
  }
  expect(lines.filter((line) => line.includes("time-skipped"))).toEqual([]);
});

test("how long a document waits for its Confirmation goes by what passes, whoever sets the clock", async () => {
  const folder = temporaryFolder("runtime");
  onTestFinished(() => removeFolder(folder));
  const [port = 0] = await freePorts(1);
  const token = "a-token-that-nobody-guesses";
  const publicKey = "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw";
  const DOMAINS = JSON.stringify({ local: localDomain({ agents: [{ name: "agent-1", publicKey }] }) });
  const edge = await serveNode({
    variables: { DOMAINS, OPERATOR_TOKEN: token },
    state: { file: join(folder, "state.db") },
    host: "127.0.0.1",
    port,
    write: () => {},
  });
  onTestFinished(() => edge.stop());
  const { now } = Date;
  let looks = 0;
  vi.spyOn(Date, "now").mockImplementation(() => now() + 60_000 * looks++);
  onTestFinished(() => void vi.restoreAllMocks());

  const confirmed = await fetch(`http://127.0.0.1:${port}/tsp/local`, { method: "POST", body: "no document" });

  expect([await confirmed.text(), looks > 1]).toEqual([expect.stringContaining("<Confirmation "), true]);
  const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const [, seconds] = /^bridgehead_confirm_seconds_sum\{domain="local"\} (\S+)$/m.exec(await metrics.text()) ?? [];
  expect(Number(seconds)).toBeLessThan(30);
});

test("lines of the log that could not be written are in the metrics", async () => {
  const folder = temporaryFolder("runtime");
  onTestFinished(() => removeFolder(folder));
  const [port = 0] = await freePorts(1);
  const token = "a-token-that-nobody-guesses";
  const edge = await serveNode({
    variables: { DOMAINS: "{}", OPERATOR_TOKEN: token },
    state: { file: join(folder, "state.db") },
    host: "127.0.0.1",
    port,
    write: () => {},
  });
  onTestFinished(() => edge.stop());

  edge.countLostLines(2);
  edge.countLostLines(1);

  const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  expect(await metrics.text()).toContain('\nbridgehead_log_lines_dropped_total{event="log-lines-lost"} 3\n');
});
