import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LogStream } from "../../bridge-agent/log.ts";
import { AgentService } from "../../bridge-agent/service.ts";
import type { AgentSettings } from "../../bridge-agent/settings.ts";

let folder: string;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  folder = mkdtempSync(join(tmpdir(), "bridgehead-service-"));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

test("an agent that cannot start when its journal is there again ends with a sentence", async () => {
  const ends: string[] = [];
  const settings = { state: folder, listen: { port: 0 } } as AgentSettings;
  const log = pino({ enabled: false });
  const service = new AgentService(settings, log, new LogStream(1), (why) => ends.push(why));
  mkdirSync(join(folder, "journal.sqlite-wal")); // Where the journal wants a file.
  await service.start();

  rmdirSync(join(folder, "journal.sqlite-wal"));
  writeFileSync(join(folder, "agent-key.pem"), "no key");
  vi.advanceTimersByTime(5_000);
  await service.stop();

  expect(ends).toEqual([expect.stringMatching(/^agent cannot start: /)]);
});
