import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { executionForLog, LogStream } from "../../bridge-agent/log.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";

const conference = "987654321" as ConfKey;
const id = "987654321.2.abc" as CommandId;
const call = "c" as CallId;
const number = { country: "1", area: "408", local: "5551234", extension: "9911" };
const commands: BridgeCommand[] = [
  { type: "move", call: "987654321.3.abc" as CallId, room: "987654321.4.abc" as RoomId },
  { type: "dial", call, number, waitMs: 1 },
  { type: "admit", call, muted: false, joinTone: true, attendeeId: "44455" },
  { type: "create-conference", maxCallers: 5, anonymousId: "77788" },
];

test("the log shows no phone number, attendee ID or key, but two of them can be told apart", () => {
  const shown = commands.map((command) => executionForLog({ id, conference, command }, false));

  expect(shown).toEqual([
    {
      commandId: "*******21.2.abc",
      conference: "*******21",
      command: "move",
      call: "*******21.3.abc",
      room: "*******21.4.abc",
    },
    {
      commandId: "*******21.2.abc",
      conference: "*******21",
      command: "dial",
      call: "c",
      number: "*********34",
      waitMs: 1,
    },
    {
      commandId: "*******21.2.abc",
      conference: "*******21",
      command: "admit",
      call: "c",
      muted: false,
      joinTone: true,
      attendeeId: "***55",
    },
    {
      commandId: "*******21.2.abc",
      conference: "*******21",
      command: "create-conference",
      maxCallers: 5,
      anonymousId: "***88",
    },
  ]);
});

test("where the settings want it, the log shows them as they are", () => {
  const shown = commands.map((command) => executionForLog({ id, conference, command }, true));

  expect(shown).toMatchObject([
    { call: "987654321.3.abc" },
    { number: "14085551234", conference },
    { attendeeId: "44455" },
    { anonymousId: "77788" },
  ]);
});

test("a caller who is in no conference yet has none in the log", () => {
  expect(executionForLog({ id, conference: null, command: { type: "expel", call } }, false)).toEqual({
    commandId: id,
    conference: null,
    command: "expel",
    call: "c",
  });
});

test("a short code is hidden whole", () => {
  const admit: BridgeCommand = { type: "admit", call, muted: false, joinTone: true, attendeeId: "42" };

  expect(executionForLog({ id, conference, command: admit }, false)).toMatchObject({ attendeeId: "**" });
});

test("a log whose disk is full loses its lines, counts them, and holds nobody up", async () => {
  const full = openSync("/dev/full", "w");
  const log = new LogStream(full);
  for (let line = 0; line < 10; line += 1) log.write("one line\n");

  await log.flushed();

  expect(log.dropped).toBe(10);
  closeSync(full);
});

test("a log that is not read keeps what fits into memory, counts the rest, and says so once when it is read again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-log-"));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const log = new LogStream(pipe);
  const line = `${"x".repeat(9_999)}\n`;
  for (let count = 0; count < 300; count += 1) log.write(line);
  expect(log.dropped).toBeGreaterThan(150);

  const received = await readUntil(pipe, (300 - log.dropped) * line.length);
  log.write("again\n");
  const after = await readUntil(pipe, 120);

  expect(received).toBe(line.repeat(300 - log.dropped));
  expect(after.split("\n")).toEqual([expect.stringContaining(`${log.dropped} lines of this log`), "again", ""]);
  closeSync(pipe);
  rmSync(folder, { recursive: true });
});

async function readUntil(pipe: number, length: number): Promise<string> {
  const buffer = Buffer.alloc(65_536);
  let text = "";
  while (text.length < length) {
    try {
      text += buffer.toString("utf8", 0, readSync(pipe, buffer));
    } catch {
      await new Promise((resolve) => setImmediate(resolve)); // Nothing is there yet.
    }
  }
  return text;
}
