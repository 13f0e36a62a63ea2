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

test("what was written is there when the file is opened again, under the same journal id", () => {
  const first = journal();
  first.transaction(() => {
    first.keepStanding({ active: true, alone: true, epoch: 1, keypad: { merge: "*1", mute: "*6" } });
    first.keepBootId("boot1");
    first.keepConference(key, record, 0);
    first.take(lock("a"), 0);
    first.take({ ...lock("b"), beginBy: 10_000 }, 0);
    first.take(lock("c"), 0);
    first.enter(key, "b" as CommandId, "begun");
    first.enter(key, "c" as CommandId, "finished");
    first.append(key, { number: 1, report: ended });
  });
  const second = journal();
  expect(second.id()).toBe(first.id());
  expect(second.nextNumber(key)).toBe(2);
  expect(second.load()).toEqual({
    standing: { active: true, alone: true, epoch: 1, keypad: { merge: "*1", mute: "*6" } },
    bootId: "boot1",
    conferences: [{ conference: key, record }],
    tasks: [
      { task: lock("a"), phase: "taken" },
      { task: { ...lock("b"), beginBy: 10_000 }, phase: "begun" },
    ],
    reports: [{ conference: key, reports: [{ number: 1, report: ended }] }],
  });
});

test("another file is another journal", () => {
  expect(openJournal(":memory:").id()).not.toBe(journal().id());
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

test("an unfinished task is not pruned, however old", () => {
  const one = journal();
  one.take(lock("a"), 0);
  one.prune(100 * DAY_MS);
  expect(one.load().tasks).toHaveLength(1);
});

test("report numbers go on after a conference is over, however long ago that was", () => {
  const one = journal();
  one.keepConference(key, { ...record, live: false }, 0);
  one.append(key, { number: 1, report: ended });
  one.taken(key, 1);
  expect(one.load().conferences).toEqual([]);
  one.prune(1_000 * DAY_MS);
  expect(one.nextNumber(key)).toBe(2);
});

test("untaken reports can be numbered anew under another id", () => {
  const one = journal();
  const other = "123" as ConfKey;
  const before = one.id();
  for (const conference of [key, other]) {
    one.keepConference(conference, record, 0);
    one.append(conference, { number: 41, report: ended });
  }
  one.renumber([{ conference: key, reports: [{ number: 1, report: ended }] }]);
  expect(one.id()).not.toBe(before);
  expect(one.load().reports).toEqual([{ conference: key, reports: [{ number: 1, report: ended }] }]);
  expect([one.nextNumber(key), one.nextNumber(other)]).toEqual([2, 1]);
});
