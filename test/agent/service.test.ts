import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AgentService } from "../../bridge-agent/service/service.ts";
import { watchdogMs } from "../../bridge-agent/service/service-manager.ts";
import type { AgentSettings } from "../../bridge-agent/service/settings.ts";
import { agentKey, holdStateFolder } from "../../bridge-agent/service/state-folder.ts";
import { agentSettings } from "./agent-world.ts";

let folder: string;
let lines: string[];

/** Of a process that does not end. */
function ports() {
  const logDestination = { write: (json: string) => void lines.push(JSON.parse(json).msg), dropped: 0 };
  return { logDestination, fail: expect.unreachable };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  lines = [];
  folder = mkdtempSync(join(tmpdir(), "bridgehead-service-"));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test.each([
  [undefined, null],
  ["0", null],
  ["30000000", 15_000],
])("notifies a systemd watchdog of %s µs every %s ms", (microseconds, ms) => {
  vi.stubEnv("WATCHDOG_USEC", microseconds);
  expect(watchdogMs()).toBe(ms);
  vi.unstubAllEnvs();
});

test("refuses a second agent on the same state folder", async () => {
  const settings = { ...agentSettings, state: folder } as AgentSettings;
  const service = () => new AgentService(settings, ports());
  const [first, second, third] = [service(), service(), service()];
  await first.start();

  await expect(second.start()).rejects.toThrow(
    /^state: \S+ is in use by another agent: stop that one, or give this one/,
  );
  vi.useRealTimers();
  await first.stop();
  await third.start();

  await third.stop();
});

test("the folder of an agent that was killed is free", async () => {
  const script = `
    import { holdStateFolder } from "./bridge-agent/service/state-folder.ts";
    globalThis.release = holdStateFolder(${JSON.stringify(folder)});
    console.log("held");
    setInterval(() => {}, 1_000);`;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(agent.stdout, "data");
  expect(() => holdStateFolder(folder)).toThrow(/is in use/);
  const exit = once(agent, "exit");
  agent.kill("SIGKILL");
  await exit;

  holdStateFolder(folder)();
});

test("does not start with a folder in its journal's place", async () => {
  agentKey(folder);
  rmSync(join(folder, "journal.sqlite"));
  mkdirSync(join(folder, "journal.sqlite"));
  const service = new AgentService({ ...agentSettings, state: folder }, ports());
  await expect(service.start()).rejects.toThrow(/^state: \S+journal\.sqlite is a folder, and the journal is a file/);
});

test.each([
  [
    "is damaged",
    (file: string) => writeFileSync(file, "no database, and longer than its header is".repeat(4)),
    /journal\.sqlite is damaged/,
  ],
  [
    "is of another format",
    (file: string) => {
      using other = new DatabaseSync(file);
      other.exec("CREATE TABLE fact (name TEXT)");
    },
    /journal\.sqlite is of format 0/,
  ],
] as const)("refuses to start if its journal %s", async (_, make, says) => {
  make(join(folder, "journal.sqlite"));
  const service = new AgentService({ ...agentSettings, state: folder }, ports());
  await expect(service.start()).rejects.toThrow(says);
});
