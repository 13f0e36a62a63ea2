import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AgentService } from "../../bridge-agent/service.ts";
import type { AgentSettings } from "../../bridge-agent/settings.ts";
import { holdStateFolder } from "../../bridge-agent/state-folder.ts";
import { agentSettings } from "./agent-world.ts";

let folder: string;
let lines: string[];

/** Of a process that does not end. */
function ports() {
  const logStream = { write: (json: string) => void lines.push(JSON.parse(json).msg), dropped: 0 };
  return { logStream, end: expect.unreachable, drained: expect.unreachable };
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

test("two agents on one state folder: the second is refused with a sentence, and gets the folder when the first stops", async () => {
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
    import { holdStateFolder } from "./bridge-agent/state-folder.ts";
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

test("an agent that cannot start when its journal is there again ends with a sentence", async () => {
  const ends: string[] = [];
  const settings = { state: folder, listen: { port: 0 } } as AgentSettings;
  const service = new AgentService(settings, { ...ports(), end: (why) => ends.push(why) });
  mkdirSync(join(folder, "journal.sqlite-wal")); // Where the journal wants a file.
  await service.start();

  rmdirSync(join(folder, "journal.sqlite-wal"));
  writeFileSync(join(folder, "agent-key.pem"), "no key");
  vi.advanceTimersByTime(5_000);
  await service.stop();

  expect(ends).toEqual([expect.stringMatching(/^agent cannot start: /)]);
});
