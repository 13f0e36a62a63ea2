import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { timers } from "../../bridge-agent/node-ports.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import { freePorts } from "../../simulators/free-ports.ts";
import { parseCommentedJson } from "../../src/foundation/text/parse-json.ts";
import { PostgresOnTest } from "../kit/postgres-on-test.ts";
import { Machine, noMachine } from "./machine.ts";
import { follow } from "./task-page.ts";

const pages = ["install-edge", "install-cloudflare", "install-agent", "high-availability", "backup", "planned-work"];

test.each(pages)("a test runs each named command of docs/%s.md", (page) => {
  const text = readFileSync(`docs/${page}.md`, "utf8");
  const tests = globSync("test/whole/*.test.ts").map((file) => readFileSync(file, "utf8"));
  const names = Array.from(text.matchAll(/^ *```sh (\S+)$/gm), ([, name]) => name);

  expect(names).not.toEqual([]);
  const quoting = tests.filter((test) => test.includes(`"${page}"`));
  expect(names.filter((name) => !quoting.some((test) => test.includes(`"${name}"`)))).toEqual([]);
});

const why = noMachine();
if (why) console.log(`high availability is not installed in a test: ${why}`);

describe.skipIf(why !== null)("two edges by the commands of docs/high-availability.md", () => {
  let folder: string;
  let postgres: PostgresOnTest;
  let bridge: SimulatedBridge;
  let one: Machine;
  let two: Machine;
  let urls: readonly string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "bridgehead-two-machines-"));
    const args = ["scripts/package.ts", "--only", "deb", "--version", "1.0.0", "--out", folder];
    await promisify(execFile)(process.execPath, args);
    postgres = await PostgresOnTest.start();
    bridge = await startSimulatedBridge(0, "boot", timers);
    const [first = 0, second = 0, agentPort = 0] = await freePorts(3);
    urls = [first, second].map((port) => `http://127.0.0.1:${port}`);
    [one, two] = await Promise.all([Machine.start(folder), Machine.start(folder)]);
    for (const machine of [one, two]) await machine.run("apt-get install /shared/bridgehead-edge_*.deb");
    await one.run("apt-get install /shared/bridgehead-agent_*.deb");
    const agent = Object(parseCommentedJson(one.read("/etc/bridgehead/agent.json")));
    agent.edge = urls.map((url) => url.replace("http", "ws"));
    agent.listen.port = agentPort;
    agent.driver.url = `ws://127.0.0.1:${bridge.port}/bridge`;
    one.write("/etc/bridgehead/agent.json", JSON.stringify(agent));
  }, 120_000);

  afterAll(async () => {
    await Promise.all([one?.stop(), two?.stop()]);
    await bridge?.close();
    await postgres?.stop();
    rmSync(folder, { recursive: true });
  });

  /** The settings of the page, with the database, the ports and the agent of this run. */
  async function writeSettings(machine: Machine, name: string, url = ""): Promise<void> {
    const [, block = ""] = /^ *```json\n(.*?)^ *```/ms.exec(readFileSync("docs/high-availability.md", "utf8")) ?? [];
    const { state: _, ...settings } = Object(parseCommentedJson(machine.read("/etc/bridgehead/edge.json")));
    const { acme } = settings.domains;
    acme.adapterSecrets = ["0123456789abcdef012345"];
    acme.bridges[0].agents[0].publicKey = (await one.run("bridgehead-agent key")).trim();
    const own = { host: "127.0.0.1", port: Number(new URL(url).port), state: postgres.url, name, url };
    machine.write("/etc/bridgehead/edge.json", JSON.stringify({ ...settings, ...JSON.parse(block), ...own }));
  }

  function followOn(machine: Machine, name: string): Promise<void> {
    const here = (text: string) =>
      text
        .replaceAll("http://127.0.0.1:8787", urls[machine === one ? 0 : 1] ?? "")
        .replace(/https:\/\/(one|two)\.example\.com/g, (_, name) => urls[name === "one" ? 0 : 1] ?? "")
        .replace(/postgresql:\/\/bridgehead:[^"]*/, postgres.url);
    return follow(machine, "high-availability", name, { folder: "/shared", here, edit: (settings) => settings });
  }

  test("the second edge is standby, and active after the first one has stopped", async () => {
    await followOn(one, "token");
    await two.run("install -o root -g bridgehead-edge -m 0640 /dev/null /etc/bridgehead/operator-token");
    two.write("/etc/bridgehead/operator-token", one.read("/etc/bridgehead/operator-token"));
    await writeSettings(one, "one", urls[0]);
    await writeSettings(two, "two", urls[1]);
    await followOn(one, "pair");
    await followOn(two, "pair");
    await one.run("systemctl start bridgehead-agent");
    await followOn(one, "active");
    await followOn(two, "standby");

    await followOn(one, "hand-over");
    await followOn(two, "then-active");
    if ((await one.attempt("command -v pg_dump")).code !== 0)
      return console.log("no dump is made: there is no pg_dump");
    await followOn(one, "dump");
    for (const machine of [one, two]) await followOn(machine, "stop");
    await followOn(one, "put-back");
    for (const machine of [one, two]) await followOn(machine, "start");
    await followOn(one, "active");
  });
});
