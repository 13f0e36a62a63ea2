import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type AgentLogLine,
  forPeople,
  lineOf,
  lineOfCommand,
  RepeatLimit,
  writeLines,
} from "../../bridge-agent/service/log.ts";
import { LogStream } from "../../bridge-agent/service/log-stream.ts";
import type { BridgeCommand } from "../../src/bridge/commands.ts";
import type { CallId, CommandId, ConfKey, RoomId } from "../../src/foundation/ids.ts";
import { masked, type Person, persons } from "../../src/foundation/shown.ts";
import { Clock } from "../simulation/clock.ts";

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

test("the log shows no phone number, attendee ID or key, but two of them can be told apart; and no access code at all", () => {
  const about = { commandId: "*******21.2.abc", conference: "*******21", result: { done: true } };

  expect(commands.map((command) => logged(command, masked))).toEqual([
    { ...about, command: "move", call: "*******21.3.abc", room: "*******21.4.abc" },
    { ...about, command: "dial", call: "c", number: "*********34", waitMs: 1 },
    { ...about, command: "admit", call: "c", muted: false, joinTone: true, attendeeId: "***55" },
    { ...about, command: "create-conference", maxCallers: 5, ...secrets },
  ]);
});

test("where the settings want it, the log shows them as they are, but for what lets somebody in", () => {
  expect(commands.map((command) => logged(command, persons.full))).toMatchObject([
    { call: "987654321.3.abc" },
    { number: "14085551234", conference },
    { attendeeId: "44455" },
    secrets,
  ]);
});

test("what a caller keyed as its attendee ID is not shown where it makes a silent monitor or leads in", () => {
  const admit: BridgeCommand = { type: "admit", call, muted: true, joinTone: false, attendeeId: "77788" };

  expect(logged(admit, persons.full)).toMatchObject({ attendeeId: "(secret)" });
});

test("a caller who is in no conference yet has none in the log", () => {
  expect(logged({ type: "expel", call }, masked, null)).toEqual({
    ...{ commandId: id, conference: null, command: "expel", call: "c", result: { done: true } },
  });
});

test("a short attendee ID is hidden whole", () => {
  const admit: BridgeCommand = { type: "admit", call, muted: false, joinTone: true, attendeeId: "42" };

  expect(logged(admit, masked)).toMatchObject({ attendeeId: "**" });
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

/** A log that goes into a pipe; nobody reads it while `reader` is closed. */
function pipedLog(path: string) {
  execFileSync("mkfifo", [path]);
  const open = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const reader = open();
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const log = new LogStream(writer);
  const read = (from: number) => {
    const buffer = Buffer.alloc(300_000);
    return buffer.toString("utf8", 0, readSync(from, buffer));
  };
  return { log, reader, writer, open, read };
}

test("lines that are lost are said once, with how many, in front of the next line that is written", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-log-"));
  const { log, reader, writer, open, read } = pipedLog(join(folder, "pipe"));
  closeSync(reader);
  for (const line of ["lost\n", "lost with the notice of the first\n"]) {
    log.write(line);
    await log.flushed();
  }
  log.write("x".repeat(1024 * 1024 + 1)); // More than may wait.
  expect(log.dropped).toBe(3);
  const again = open();
  for (const line of ["one\n", "two\n"]) log.write(line);
  await log.flushed();
  const [notice = "", ...others] = read(again).split("\n");
  expect(JSON.parse(notice)).toMatchObject({ level: "warn", msg: expect.stringMatching(/^3 lines of this log could/) });
  expect(others).toEqual(["one", "two", ""]);
  for (const one of [again, writer]) closeSync(one);
  rmSync(folder, { recursive: true });
});

test("a line that was cut short has an end of its own before the next one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bridgehead-log-"));
  const { log, reader, writer, open, read } = pipedLog(join(folder, "pipe"));
  log.write(`${"x".repeat(200_000)}\n`);
  await new Promise((resolve) => setTimeout(resolve, 50)); // What the pipe holds is in it by then.
  closeSync(reader);
  await log.flushed();
  expect(log.dropped).toBe(1);
  const again = open();
  expect(read(again)).toMatch(/^x+$/);
  for (const line of ["next\n", "more\n"]) {
    log.write(line);
    await log.flushed();
  }
  expect(read(again).split("\n")).toEqual(["", expect.stringContaining("1 lines of this log"), "next", "more", ""]);
  for (const one of [again, writer]) closeSync(one);
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

const text = "bridge disconnected: the bridge is lost";
const line: AgentLogLine = { level: "warn", event: "bridge-disconnected", text, details: {} };

test("what is repeated within a minute is one line, and then one a minute with its count", () => {
  const clock = new Clock();
  const lines: [number, object][] = [];
  const limit = new RepeatLimit(clock, ({ details }) => lines.push([clock.now, details]));

  for (let second = 0; second < 150; second += 1) {
    limit.put(line);
    clock.advance(1_000);
  }
  clock.advance(120_000);
  limit.put(line);

  expect(lines).toEqual([
    [0, {}],
    [60_000, { repeated: 59 }],
    [120_000, { repeated: 60 }],
    [180_000, { repeated: 30 }],
    [270_000, {}],
  ]);
});

/** What is written of these lines when each comes a second after the one before, and the log then ends. */
function written(...lines: readonly AgentLogLine[]): readonly string[] {
  const clock = new Clock();
  const passed: string[] = [];
  const limit = new RepeatLimit(clock, ({ text, details }) =>
    passed.push("repeated" in details ? `${text} (${details.repeated} more)` : text),
  );
  for (const line of lines) {
    limit.put(line);
    clock.advance(1_000);
  }
  limit.end();
  clock.advance(120_000);
  return passed;
}

test.each([
  ["bridge-connected", "bridge-disconnected"],
  ["edge-connected", "edge-trouble"],
  ["active", "standby"],
] as const)("%s and %s in turn are a line each: the last one says what holds", (one, other) => {
  const lineOf = (event: AgentLogLine["event"]): AgentLogLine => ({ level: "info", event, text: event, details: {} });
  const [up, down] = [lineOf(one), lineOf(other)];

  expect(written(down, up, down, up, down)).toEqual([other, one, other, one, other]);
  expect(written(up, up, up, down, up)).toEqual([one, `${one} (2 more)`, other, one]);
});

test.each(["bridge-disconnected", "edge-trouble"] as const)(
  "that this agent acts is a line again after %s",
  (event) => {
    const acts: AgentLogLine = { level: "info", event: "active", text: "acts", details: {} };

    expect(written(acts, acts, { ...line, event }, acts)).toEqual(["acts", "acts (1 more)", text, "acts"]);
  },
);

test("two reasons for one trouble, in turn, are two lines with their counts, which are written when the log ends", () => {
  const other = { ...line, text: "bridge disconnected: it does not answer" };

  expect(written(line, other, line, other, line)).toEqual([
    text,
    other.text,
    `${text} (2 more)`,
    `${other.text} (1 more)`,
  ]);
});

test("a log that ends says what it has counted until then, once", () => {
  const passed: object[] = [];
  const clock = new Clock();
  const limit = new RepeatLimit(clock, ({ details }) => passed.push(details));
  for (let times = 0; times < 3; times += 1) limit.put(line);
  limit.end();
  expect([passed, clock.due()]).toEqual([[{}, { repeated: 2 }], []]);
});

test("a journal that fails again and again is told each time", () => {
  const full: AgentLogLine = { ...line, event: "journal", text: "journal cannot be written" };
  const again: AgentLogLine = { ...full, text: "journal can be written again" };

  expect(written(full, again, full)).toEqual([full.text, again.text, full.text]);
});

test("two conferences whose keys look alike when they are masked are two lines", () => {
  const disagree = (key: string) =>
    lineOf({ level: "warn", event: "reports-disagree", text: "they disagree", conference: key as ConfKey }, masked);

  expect(written(disagree("987654321"), disagree("123454321"))).toHaveLength(2);
});

test("what happened to two calls, or two commands, is two lines, and so are two reloads", () => {
  const lines: AgentLogLine[] = [];
  const limit = new RepeatLimit(new Clock(), (line) => lines.push(line));
  const about = [{ call: "c1" }, { call: "c2" }, { commandId: "1" }, { commandId: "2" }];

  for (const details of about) limit.put({ ...line, details });
  for (let reload = 0; reload < 2; reload += 1) limit.put({ ...line, event: "settings" });

  expect(lines.map(({ details }) => details)).toEqual([...about, {}, {}]);
});

test("a line has its time, the level in a word and what it is about, as JSON or for people", () => {
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
