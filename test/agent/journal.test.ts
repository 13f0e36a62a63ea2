import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { journalFault, openJournal } from "../../bridge-agent/core/journal.ts";
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
  call: "c1" as CallId,
  number: "14085551234",
  dialled: "",
  at: 4,
  steps: [],
  end: { at: 5, why: "hung-up" },
};

test("removes deleted data from all files of the journal", () => {
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

test("syncs each turn to disk before it acts", () => {
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

test("recognizes a finished command for a day", () => {
  const one = journal();
  expect(one.addCommand(lock("a"), 0)).toBe(true);
  one.setPhase(key, "a" as CommandId, "finished");
  one.prune(DAY_MS);
  expect(one.addCommand(lock("a"), DAY_MS)).toBe(false);
  one.prune(DAY_MS + 1);
  expect(one.addCommand(lock("a"), DAY_MS + 1)).toBe(true);
});

test("recognizes a command forever while its result is unacknowledged", () => {
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

test("an unfinished command is not pruned, however old", () => {
  const one = journal();
  for (const phase of ["received", "begun", "ringing"] as const) {
    one.addCommand(lock(phase), 0);
    one.setPhase(key, phase as CommandId, phase);
  }
  one.prune(100 * DAY_MS);
  expect(one.load().commands.map(({ phase }) => phase)).toEqual(["received", "begun", "ringing"]);
});

test("keeps the last 200,000 finished commands", () => {
  const one = journal();
  one.transaction(() => {
    for (let id = 1; id <= 200_002; id += 1) {
      one.addCommand(lock(`${id}`), 0);
      one.setPhase(key, `${id}` as CommandId, "finished");
    }
  });
  one.prune(0);
  expect(one.addCommand(lock("3"), 0)).toBe(false);
  expect(one.addCommand(lock("2"), 0)).toBe(true);
});

test("checks a killed agent's journal without leaving a copy", () => {
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

test("ignores a stale -shm file of a closed journal", () => {
  journal().close();
  open = [];
  const file = join(folder, "journal.sqlite");
  writeFileSync(`${file}-shm`, "stale");
  const before = readdirSync(folder);
  expect(journalFault(file)).toBe(null);
  expect(readdirSync(folder)).toEqual(before);
});

test("refuses a journal of another format and leaves it unchanged", () => {
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
