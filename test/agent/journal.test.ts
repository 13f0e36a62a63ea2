import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Boot, journalFault, openJournal } from "../../bridge-agent/core/journal.ts";
import type { OpenCommand } from "../../bridge-agent/core/pending-commands.ts";
import type { PromptCall } from "../../src/bridge/prompt-call.ts";
import type { CallId, CommandId, ConfKey } from "../../src/foundation/ids.ts";
import { openedJournal } from "./agent-world.ts";

const key = "987654321" as ConfKey;
const DAY_MS = 86_400_000;
let folder = "";
let open: ReturnType<typeof openedJournal>[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-journal-"));
  open = [];
});

afterEach(() => {
  for (const journal of open) journal.close();
  rmSync(folder, { recursive: true });
});

function journal() {
  const opened = openedJournal(join(folder, "journal.sqlite"));
  open.push(opened);
  return opened;
}

function lock(id: string): OpenCommand {
  return { conference: key, id: id as CommandId, origin: "edge", command: { type: "lock" } };
}

const record = { anonymousId: "999", locked: false, live: true, since: null };
const story: PromptCall = {
  ...{ call: "c1" as CallId, number: "14085551234", dialled: "", at: 4, steps: [] },
  end: { at: 5, why: "hung-up" },
};
const ended = { type: "event", event: { type: "conference-ended" } } as const;

test("what was deleted is in no file of the journal any more once it is cleaned", () => {
  const written = journal();
  const number = { country: "1", area: "408", local: "5559876", extension: "" };
  const dial = { type: "dial", call: "o1" as CallId, number, waitMs: 1 } as const;
  const withNumber = () =>
    readdirSync(folder).filter((name) => /5559876|14085551234/.test(readFileSync(join(folder, name), "latin1")));
  written.transaction(() => {
    for (let id = 0; id < 200; id += 1) {
      const command = { conference: key, id: `${id}` as CommandId, origin: "edge", command: dial } as const;
      written.addCommand(command, 1);
      written.setPhase(key, command.id, "finished");
    }
    written.savePromptCall(1, story);
  });
  expect(withNumber()).not.toEqual([]);

  written.transaction(() => {
    written.prune(2 * DAY_MS);
    written.deletePromptCall(story);
  });
  expect(withNumber()).not.toEqual([]);
  written.clean();

  expect(withNumber()).toEqual([]);
  expect(written.load()).toMatchObject({ commands: [], promptCalls: [] });
});

test("a journal that somebody reads is cleaned the next time", () => {
  const written = journal();
  const reader = new DatabaseSync(join(folder, "journal.sqlite"), { readOnly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM fact").all();
  written.transaction(() => written.savePromptCall(1, story));
  written.transaction(() => written.deletePromptCall(story));
  const logHasNumber = () => readFileSync(join(folder, "journal.sqlite-wal"), "latin1").includes(story.number);

  written.clean();
  expect(logHasNumber()).toBe(true);
  reader.close();
  written.clean();

  expect(logHasNumber()).toBe(false);
});

test("what was written is there when the file is opened again", () => {
  const first = journal();
  let stream: string = "";
  first.transaction(() => {
    first.saveAssignment({ active: true, alone: true, epoch: 1, keypad: { merge: "*1", mute: "*6" } });
    first.saveBootId("boot1");
    stream = first.beginStream(key, { ...record, locked: true });
    first.saveConference(key, record);
    first.addCommand(lock("a"), 0);
    first.addCommand({ ...lock("b"), begin: { from: 0, before: 10_000 } }, 0);
    first.addCommand(lock("c"), 0);
    first.setPhase(key, "b" as CommandId, "begun");
    first.setPhase(key, "c" as CommandId, "finished");
    first.appendReport(key, { number: 1, report: ended });
    first.saveDials([1, 2]);
    for (const name of ["call a", "call b"]) first.saveStart(name, 3);
    first.deleteStart("call a");
    first.savePromptCall(1, { ...story, end: null });
    first.savePromptCall(2, story);
    first.savePromptCall(3, { ...story, at: 5 });
    first.deletePromptCall({ ...story, at: 5 });
    first.saveDroppedPromptCalls({ journal: "j", count: 5, acknowledged: 2 });
    first.saveIdLimit("other", { place: 1, by: "a" });
    for (const place of [2, 3]) first.saveIdLimit("local", { place, by: "b" });
    for (const epoch of [6, 7]) first.saveEdgeEpoch("local", epoch);
  });
  const second = journal();
  expect(second.load()).toEqual({
    assignment: { active: true, alone: true, epoch: 1, keypad: { merge: "*1", mute: "*6" } },
    bootId: "boot1",
    conferences: [{ conference: key, record, stream, next: 2, reports: [{ number: 1, report: ended }] }],
    commands: [
      { pending: lock("a"), phase: "received" },
      { pending: { ...lock("b"), begin: { from: 0, before: 10_000 } }, phase: "begun" },
    ],
    dials: [1, 2],
    starts: [{ name: "call b", at: 3 }],
    promptCalls: [{ number: 2, call: story }],
    droppedPromptCalls: { journal: "j", count: 5, acknowledged: 2 },
    edgeEpochs: new Map([["local", 7]]),
    idLimits: new Map([
      ["other", { place: 1, by: "a" }],
      ["local", { place: 3, by: "b" }],
    ]),
  });
});

const unknown: Boot = { id: null, at: 1_000 };
const monday: Boot = { id: "monday", at: 1_000 };
test.each([
  ["was set in one life", unknown, { ...unknown, at: 500 }, 7_000],
  ["was set in one life, before its machine began anew,", monday, { id: "tuesday", at: 90_000 }, 7_000],
  ["was set in one life, or between two of one boot,", monday, { id: "monday", at: 8_000 }, 7_000],
  ["is as it was, but for some milliseconds, between two lives of one boot", monday, { ...monday, at: 1_010 }, 0],
])("a machine's clock that %s moves all that lasts, once, into the next one", (_, before, boot, movedMs) => {
  const first = journal();
  first.beginLife(before);
  first.transaction(() => {
    const stream = first.beginStream(key, { ...record, since: 1_000 });
    first.beginStream("2" as ConfKey, record);
    expect(stream).toBeTruthy();
    first.addCommand({ ...lock("b"), begin: { from: 0, before: 10_000 } }, 0);
    first.addCommand(lock("c"), 500);
    first.saveDials([1, 2]);
    first.saveStart("call a", 3);
    first.saveClockSet(-200);
    first.saveClockSet(7_000);
  });
  for (const one of [journal(), journal()]) {
    one.beginLife(boot);
    const { conferences, commands, dials, starts } = one.load();
    const [at, since] = [movedMs, 1_000 + movedMs];
    expect(conferences.map((conference) => conference.record.since)).toEqual([null, since]);
    expect(commands.map(({ pending: { begin } }) => begin)).toEqual([{ from: at, before: at + 10_000 }, undefined]);
    expect([dials, starts]).toEqual([[at + 1, at + 2], [{ name: "call a", at: at + 3 }]]);
  }
});

test("calls that were seen to enter are measured on by the next life of one boot, and by none of another", () => {
  const namesAfter = (boot: Boot) => {
    const one = journal();
    one.beginLife(boot);
    return one.load().starts.map(({ name }) => name);
  };
  const first = journal();
  first.beginLife(monday);
  first.transaction(() => {
    for (const name of ["inside found", "entered seen", "entered entered "]) first.saveStart(name, 1);
  });
  expect(namesAfter(monday)).toEqual(["entered entered ", "entered seen", "inside found"]);
  expect(namesAfter({ ...monday, id: "tuesday" })).toEqual(["inside entered ", "inside found", "inside seen"]);
  expect(namesAfter({ ...monday, id: "tuesday" })).toEqual(["inside entered ", "inside found", "inside seen"]);
  first.saveStart("entered seen", 1);
  namesAfter(unknown);
  expect(namesAfter(unknown)).not.toContain("entered seen"); // It may be another boot.
});

test("a turn is on the disk before anything follows from it: a loss of power takes nothing back", () => {
  const db = new DatabaseSync(join(folder, "journal.sqlite"));
  const opened = openJournal(join(folder, "journal.sqlite"), () => db);
  const [FULL, WAL] = [2, "wal"];
  expect(db.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: FULL });
  expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: WAL });
  if (opened.ok) opened.value.close();
});

test("a turn that fails leaves nothing behind", () => {
  const one = journal();
  expect(() =>
    one.transaction(() => {
      one.addCommand(lock("a"), 0);
      throw new Error("no space left");
    }),
  ).toThrow("no space left");
  expect(one.load().commands).toEqual([]);
  expect(one.addCommand(lock("a"), 0)).toBe(true);
});

test("a command is added once, also when it is long finished, and again only after a day", () => {
  const one = journal();
  expect(one.addCommand(lock("a"), 0)).toBe(true);
  one.setPhase(key, "a" as CommandId, "finished");
  one.prune(DAY_MS);
  expect(one.addCommand(lock("a"), DAY_MS)).toBe(false);
  one.prune(DAY_MS + 1);
  expect(one.addCommand(lock("a"), DAY_MS + 1)).toBe(true);
});

test("a command whose result may be unacknowledged is known however old it is: the edge may tell it again", () => {
  const one = journal();
  one.beginStream(key, record);
  one.addCommand(lock("a"), 0);
  one.setPhase(key, "a" as CommandId, "finished");
  one.appendReport(key, { number: 1, report: { type: "result", id: "a" as CommandId, result: { done: true } } });
  one.prune(100 * DAY_MS);
  expect(one.addCommand(lock("a"), 100 * DAY_MS)).toBe(false);
  one.deleteReports(key, 1);
  one.prune(100 * DAY_MS);
  expect(one.addCommand(lock("a"), 100 * DAY_MS)).toBe(true);
});

test("a keypad's commands are pruned also while reports wait: their ids never come again", () => {
  const one = journal();
  one.beginStream(key, record);
  one.appendReport(key, { number: 1, report: ended });
  for (const [id, origin] of [
    ["a", "keypad"],
    ["b", "edge"],
  ] as const) {
    one.addCommand({ ...lock(id), origin } as OpenCommand, 0);
    one.setPhase(key, id as CommandId, "finished");
  }
  one.prune(100 * DAY_MS);
  const isForgotten = (id: string) => one.addCommand(lock(id), 0);
  expect([isForgotten("a"), isForgotten("b")]).toEqual([true, false]);
});

test("an unfinished command is not pruned, however old", () => {
  const one = journal();
  for (const phase of ["received", "begun", "ringing"] as const) {
    one.addCommand(lock(phase), 0);
    one.setPhase(key, phase as CommandId, phase);
  }
  one.prune(100 * DAY_MS);
  expect(one.load().commands.map(({ phase }) => phase)).toEqual(["received", "begun", "ringing"]);
});

test("of finished commands the last 200,000 are known: no edge fills the disk in a day", () => {
  const one = journal();
  const db = new DatabaseSync(join(folder, "journal.sqlite"));
  db.exec(`INSERT INTO command (conference, id, origin, command, phase, at)
    WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 200002)
    SELECT '1', n, 'edge', 'null', 3, 0 FROM number`);
  one.prune(0);
  expect(db.prepare("SELECT count(*) AS count, min(seq) AS first FROM command").get()).toEqual({
    ...{ count: 200_000, first: 3 },
  });
  db.close();
});

test("a command that is begun begins no other one", () => {
  const one = journal();
  for (const id of ["a", "b"]) one.addCommand(lock(id), 0);
  one.addCommand({ ...lock("b"), conference: "123" as ConfKey }, 0);
  one.begin(lock("b"));
  expect(one.load().commands.map(({ phase }) => phase)).toEqual(["received", "begun", "received"]);
});

test("reports that are acknowledged go, the others stay in order, and no number is given again, also over a restart", () => {
  const loaded = () => journal().load().conferences;
  const one = journal();
  one.beginStream(key, record);
  for (const number of [1, 2, 3]) one.appendReport(key, { number, report: ended });
  one.deleteReports(key, 1);
  expect(loaded()).toMatchObject([{ next: 4, reports: [{ number: 2 }, { number: 3 }] }]);
  one.deleteReports(key, 3);
  one.deleteReports(key, 1);
  expect(loaded()).toMatchObject([{ next: 4, reports: [] }]);
});

test("a stream that begins anew has another name, and no reports", () => {
  const one = journal();
  const other = "123" as ConfKey;
  const names = [key, other, key].map((conference) => {
    const stream = one.beginStream(conference, record);
    one.appendReport(conference, { number: 1, report: ended });
    return stream;
  });
  expect(new Set(names).size).toBe(3);
  one.beginStream(key, record);
  expect(one.load().conferences).toMatchObject([
    { conference: other, next: 2, reports: [{ number: 1, report: ended }] },
    { conference: key, next: 1, reports: [] },
  ]);
});

test("of a conference that is deleted only its commands are known", () => {
  const one = journal();
  one.beginStream(key, record);
  one.appendReport(key, { number: 1, report: ended });
  one.addCommand(lock("a"), 0);
  one.deleteReports(key, 1);
  one.deleteConference(key);
  expect(one.load()).toMatchObject({ conferences: [], commands: [{ phase: "received" }] });
});

test("who looks at a journal that a kill has left leaves no copy of it behind", () => {
  journal().addCommand(lock("a"), 0);
  const [killed, temporary] = ["killed", "temporary"].map((name) => join(folder, name)) as [string, string];
  for (const each of [killed, temporary]) mkdirSync(each);
  for (const end of ["", "-wal"])
    copyFileSync(join(folder, `journal.sqlite${end}`), join(killed, `journal.sqlite${end}`));
  vi.stubEnv("TMPDIR", temporary);
  expect(journalFault(join(killed, "journal.sqlite"))).toBeNull();
  vi.unstubAllEnvs();
  expect([readdirSync(temporary), readdirSync(killed)]).toEqual([[], ["journal.sqlite", "journal.sqlite-wal"]]);
});

test("a -shm that was left behind says nothing of a journal that nobody has open", () => {
  journal().close();
  open = [];
  const file = join(folder, "journal.sqlite");
  writeFileSync(`${file}-shm`, "stale");
  const before = readdirSync(folder);
  expect(journalFault(file)).toBe(null);
  expect(readdirSync(folder)).toEqual(before);
});

test("a journal of another format is refused with a line that says what to do, and left as it is", () => {
  const file = join(folder, "journal.sqlite");
  const before = new DatabaseSync(file);
  before.exec("CREATE TABLE fact (name TEXT)");

  const opened = openJournal(file);

  expect(opened).toMatchObject({ ok: false, error: { kind: "other-format" } });
  const sentence = /^journal \S+ is of format 0, and .* reads format 1 alone\. With the agent stopped, move it away/;
  expect(opened.ok || opened.error.sentence).toMatch(sentence);
  expect(journalFault(file)?.sentence).toMatch(sentence);
  expect(before.prepare("SELECT name FROM sqlite_master").all()).toEqual([{ name: "fact" }]);
  before.close();
});

test.each([
  ["as a running agent has it", ["", "-shm", "-wal"]],
  ["with its last writes in a file beside it, as from a backup", ["", "-wal"]],
  ["of an agent that has ended", [""]],
])("a journal is read without leaving a file behind: %s", (_, ends) => {
  journal().saveBootId("boot-1");
  const [from, to] = [join(folder, "journal.sqlite"), join(folder, "copy")];
  mkdirSync(to);
  for (const end of ends) copyFileSync(`${from}${end}`, join(to, `journal.sqlite${end}`));
  const before = readdirSync(to);

  expect(journalFault(join(to, "journal.sqlite"))).toBe(null);

  expect(readdirSync(to)).toEqual(before);
});
