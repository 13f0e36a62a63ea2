import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { timers } from "../../bridge-agent/node-ports.ts";
import type { AgentSettingsInput } from "../../bridge-agent/service/settings.ts";
import { type SimulatedBridge, startSimulatedBridge } from "../../simulators/bridge/server.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { type EdgeToAgent, encodeMessage } from "../../src/link/messages.ts";
import { eventually } from "./world.ts";

const create: EdgeToAgent = {
  type: "commands",
  epoch: 1,
  conference: "987654321" as ConfKey,
  commands: [
    { id: "o1" as CommandId, command: { type: "create-conference", maxCallers: null, anonymousId: null } },
    { id: "o2" as CommandId, command: { type: "lock" } },
  ],
};

let folder: string;
let bridge: SimulatedBridge;
let relay: WebSocketServer;
let agent: ChildProcess;
let log: string;
let settings: AgentSettingsInput;
/** How often an agent was welcomed. */
let welcomes: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-signals-"));
  bridge = await startSimulatedBridge(0, "boot", timers);
  bridge.machine.setFaults({ delayMs: 2_000, refuse: [], down: false });
  relay = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(relay, "listening");
  welcomes = 0;
  relay.on("connection", (socket) => {
    welcomes += 1;
    const keypad = { merge: "*1", mute: "*6", askAttendeeId: true };
    const welcome = {
      type: "welcome",
      role: "active",
      activeSince: 1,
      heartbeatMs: 3_000,
      alone: true,
      keypad,
    } as const;
    socket.send(encodeMessage({ ...welcome, epoch: welcomes }));
    socket.send(encodeMessage({ ...create, epoch: welcomes }));
  });
  settings = {
    edge: `ws://127.0.0.1:${(relay.address() as AddressInfo).port}`,
    domain: "local",
    bridge: "simulated",
    agent: "agent-1",
    state: "state",
    listen: { port: 0 },
    driver: { type: "generic", url: `ws://127.0.0.1:${bridge.port}/bridge` },
  };
  writeSettings();
  log = "";
  agent = spawn(process.execPath, ["bridge-agent/main.ts", "run", "--settings", join(folder, "agent.json")]);
  for (const stream of [agent.stdout, agent.stderr]) stream?.on("data", (data) => (log += data));
  await eventually("the bridge is asked to create", async () => bridge.machine.held === 1);
});

function writeSettings(): void {
  writeFileSync(join(folder, "agent.json"), JSON.stringify(settings));
}

afterEach(async () => {
  agent.kill("SIGKILL");
  for (const client of relay.clients) client.terminate();
  relay.close();
  await bridge.close();
  rmSync(folder, { recursive: true });
});

test("finishes the running command after SIGTERM", async () => {
  const exit = once(agent, "exit");
  agent.kill("SIGTERM");
  expect(await exit).toEqual([0, null]);
  expect(bridge.machine.acts.map(({ commandId }) => commandId)).toEqual(["o1"]);
  expect(log).not.toMatch(/Error/);
});
