import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forPeople, lineOf, lineOfCommand, writeLines } from "../../bridge-agent/service/log.ts";
import { LogDestination } from "../../bridge-agent/service/log-destination.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";
import { masked, type Person, persons } from "../../src/foundation/shown.ts";

const conference = "987654321" as ConfKey;
const id = "987654321.2.abc" as CommandId;
const call = "c" as CallId;
const number = { country: "1", area: "408", local: "5551234", extension: "9911" };
const accessCodes = { subscriber: "314159", participant: "271828" };
const commands: BridgeCommand[] = [
  { type: "move", call: "987654321.3.abc" as CallId, room: "987654321.4.abc" as RoomId },
  { type: "dial", call, number, waitMs: 1 },
  { type: "admit", call, muted: false, joinTone: true, attendeeId: "44455" },
  { type: "create-conference", maxCallers: 5, anonymousId: "77788", accessCodes },
];
const secrets = { anonymousId: "(secret)", accessCodes: { subscriber: "(secret)", participant: "(secret)" } };

function logged(command: BridgeCommand, person: Person, of: ConfKey | null = conference): object {
  const isSecret = (text: string) => text === "77788";
  return lineOfCommand({ id, conference: of, command }, { done: true }, person, isSecret).details;
}

test("masks numbers, attendee IDs and keys, and hides access codes", () => {
  const about = { commandId: "*******21.2.abc", conference: "*******21", result: { done: true } };

  expect(commands.map((command) => logged(command, masked))).toEqual([
    { ...about, command: "move", call: "*******21.3.abc", room: "*******21.4.abc" },
    { ...about, command: "dial", call: "c", number: "*********34", waitMs: 1 },
    { ...about, command: "admit", call: "c", muted: false, joinTone: true, attendeeId: "***55" },
    { ...about, command: "create-conference", maxCallers: 5, ...secrets },
  ]);
});

test("shows personal data on request, but no access code", () => {
  expect(commands.map((command) => logged(command, persons.full))).toMatchObject([
    { call: "987654321.3.abc" },
    { number: "14085551234", conference },
    { attendeeId: "44455" },
    secrets,
  ]);
});

test("hides an attendee ID that equals a secret", () => {
  const admit: BridgeCommand = { type: "admit", call, muted: true, joinTone: false, attendeeId: "77788" };

  expect(logged(admit, persons.full)).toMatchObject({ attendeeId: "(secret)" });
});

test.each([
  ["its disk is full", () => openSync("/dev/full", "w")],
  ["its pipe is not read", () => openPipe(constants.O_RDWR)],
  ["its pipe has no reader", () => openPipe(constants.O_WRONLY)],
])("drops and counts lines while %s, and still closes", async (_, open) => {
  const log = new LogDestination(open());
  for (let count = 0; count < 300; count += 1) log.write(`${"x".repeat(9_999)}\n`);

  await log.close();

  expect(log.dropped).toBeGreaterThan(150);
});

test("writes all kept lines, then the number of dropped ones", async () => {
  const pipe = openPipe(constants.O_RDWR);
  const log = new LogDestination(pipe);
  const line = `${"x".repeat(9_999)}\n`;
  for (let count = 0; count < 300; count += 1) log.write(line);
  const kept = 300 - log.dropped;

  const received = await readUntil(pipe, kept * line.length + 100);
  log.write("again\n");

  expect(received.slice(0, kept * line.length)).toBe(line.repeat(kept));
  const notice = received.slice(kept * line.length);
  expect(JSON.parse(notice)).toMatchObject({ level: "warn", msg: expect.stringMatching(`^${log.dropped} lines of`) });
  expect(await readUntil(pipe, 6)).toBe("again\n");
  await log.close();
});

/** A pipe that does not block; with `O_WRONLY`, its reader is closed. */
function openPipe(flags: number): number {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-log-"));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const pipe = openSync(path, flags | constants.O_NONBLOCK);
  closeSync(reader);
  rmSync(folder, { recursive: true });
  return pipe;
}

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

test("writes lines as JSON and as text", () => {
  const lines: string[] = [];
  const note = { level: "info", event: "wrong-keys", text: "a caller hung up" } as const;
  const about = { call: "987654321.3.abc" as CallId, commandId: id, conference, number: "14085551234", unknown: 1 };
  const write = writeLines({ write: (json) => lines.push(json) });

  write(lineOf({ ...note, ...about }, masked));
  write(lineOf({ ...note, ...about }, persons.full));

  const [hidden = "", plain = ""] = lines;
  expect(JSON.parse(hidden)).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    event: "wrong-keys",
    call: "*******21.3.abc",
    commandId: "*******21.2.abc",
    conference: "*******21",
    number: "*********34",
    unknown: 1,
    msg: "a caller hung up",
  });
  expect(JSON.parse(plain)).toMatchObject(about);
  expect(forPeople(hidden)).toMatch(
    /^\S+Z {2}info {3}a caller hung up {2}call=\S+ {2}commandId=\S+ {2}conference=\*{7}21 {2}number=\S+ {2}unknown=1\n$/,
  );
  expect(forPeople(JSON.stringify({ msg: "", level: "warn", call: null }))).toBe("  warn   \n");
  expect(forPeople(JSON.stringify({ msg: "what a bridge says \x1b[2J", result: { done: true } }))).toBe(
    '  undefined  what a bridge says \\u001b[2J  result={"done":true}\n',
  );
});
