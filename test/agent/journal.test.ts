import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openJournal } from "../../bridge-agent/journal.ts";
import type { Task } from "../../bridge-agent/task.ts";
import type { CommandId, ConfKey } from "../../src/foundation/ids.ts";

const key = "987654321" as ConfKey;
const DAY_MS = 86_400_000;
let folder = "";
let open: ReturnType<typeof openJournal>[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bridgehead-journal-"));
  open = [];
});

afterEach(() => {
  for (const journal of open) journal.close();
  rmSync(folder, { recursive: true });
});

function journal() {
  const opened = openJournal(join(folder, "journal.sqlite"));
  open.push(opened);
  return opened;
}

function lock(id: string): Task {
  return { conference: key, id: id as CommandId, by: "edge", work: { type: "lock" } };
}

const record = { anonymousId: "999", locked: false, live: true };
const ended = { type: "event", event: { type: "conference-ended" } } as const;

test("what was written is there when the file is opened again", () => {
  const first = journal();
  let stream: string = "";
  first.transaction(() => {
    first.keepStanding({ active: true, alone: true, epoch: 1, keypad: { merge: "*1", mute: "*6" } });
    first.keepBootId("boot1");
    stream = first.beginStream(key, { ...record, locked: true });
    first.keepConference(key, record);
    first.take(lock("a"), 0);
    first.take({ ...lock("b"), toBegin: { from: 0, before: 10_000 } }, 0);
    first.take(lock("c"), 0);
    first.enter(key, "b" as CommandId, "begun");
    first.enter(key, "c" as CommandId, "finished");
    first.append(key, { number: 1, report: ended });
  });
  const second = journal();
  expect(second.load()).toEqual({
    standing: { active: true, alone: true, epoch: 1, keypad: { merge: "*1", mute: "*6" } },
    bootId: "boot1",
    conferences: [{ conference: key, record, stream, next: 2, untaken: [{ number: 1, report: ended }] }],
    tasks: [
      { task: lock("a"), phase: "taken" },
      { task: { ...lock("b"), toBegin: { from: 0, before: 10_000 } }, phase: "begun" },
    ],
  });
});

test("a turn that fails leaves nothing behind", () => {
  const one = journal();
  expect(() =>
    one.transaction(() => {
      one.take(lock("a"), 0);
      throw new Error("no space left");
    }),
  ).toThrow("no space left");
  expect(one.load().tasks).toEqual([]);
  expect(one.take(lock("a"), 0)).toBe(true);
});

test("a task is taken once, also when it is long finished, and again only after a day", () => {
  const one = journal();
  expect(one.take(lock("a"), 0)).toBe(true);
  one.enter(key, "a" as CommandId, "finished");
  one.prune(DAY_MS);
  expect(one.take(lock("a"), DAY_MS)).toBe(false);
  one.prune(DAY_MS + 1);
  expect(one.take(lock("a"), DAY_MS + 1)).toBe(true);
});

test("a task whose result may be untaken is known however old it is: the edge may tell it again", () => {
  const one = journal();
  one.beginStream(key, record);
  one.take(lock("a"), 0);
  one.enter(key, "a" as CommandId, "finished");
  one.append(key, { number: 1, report: { type: "result", id: "a" as CommandId, result: { done: true } } });
  one.prune(100 * DAY_MS);
  expect(one.take(lock("a"), 100 * DAY_MS)).toBe(false);
  one.taken(key, 1);
  one.prune(100 * DAY_MS);
  expect(one.take(lock("a"), 100 * DAY_MS)).toBe(true);
});

test("an unfinished task is not pruned, however old", () => {
  const one = journal();
  one.take(lock("a"), 0);
  one.prune(100 * DAY_MS);
  expect(one.load().tasks).toHaveLength(1);
});

test("a stream that begins anew has another name, and nothing untaken", () => {
  const one = journal();
  const other = "123" as ConfKey;
  const names = [key, other, key].map((conference) => {
    const stream = one.beginStream(conference, record);
    one.append(conference, { number: 1, report: ended });
    return stream;
  });
  expect(new Set(names).size).toBe(3);
  one.beginStream(key, record);
  expect(one.load().conferences).toMatchObject([
    { conference: other, next: 2, untaken: [{ number: 1, report: ended }] },
    { conference: key, next: 1, untaken: [] },
  ]);
});

test("of a conference that is forgotten only its tasks are known", () => {
  const one = journal();
  one.beginStream(key, record);
  one.append(key, { number: 1, report: ended });
  one.take(lock("a"), 0);
  one.taken(key, 1);
  one.forget(key);
  expect(one.load()).toMatchObject({ conferences: [], tasks: [{ phase: "taken" }] });
});
