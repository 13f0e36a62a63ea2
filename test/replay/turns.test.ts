import { beforeAll, expect, test } from "vitest";
import type { HistoryRow } from "../../src/replay/history.ts";
import { aboutOf } from "../../src/replay/history.ts";
import { Replay, type Step } from "../../src/replay/replay.ts";
import { replayPage, wirePage } from "../../src/replay/replay-page.ts";
import { GroupedRows, KeptReaders, type ReadRows } from "../../src/replay/rows.ts";
import { TestReader, testRowsPage } from "../../src/replay/test-rows.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { ConferenceWorld, confKey, createConference, extConfId, host } from "../durable-objects/conference-world.ts";
import { historyOf, readerOf } from "./simulated-journals.ts";

const mostBytes = 200_000;
/** Beside the items themselves. */
const aroundBytes = 1_000;
const person = (text: string) => text;

/** A conference of many callers, each of whom is muted again and again. */
let world: ConferenceWorld;
let rows: readonly HistoryRow[];

beforeAll(async () => {
  world = new ConferenceWorld();
  await world.running(60);
  for (let mute = 0; mute < 120; mute += 1) {
    const to = { extConfId, replyTo: host, extCallId: `${1001 + (mute % 60)}` };
    const privilege = mute % 120 < 60 ? "listen" : "speak";
    await world.during(
      world.receive(`t${mute}`, { type: "update-caller", msgId: `m${mute}`, privilege, ...to } as FromWebex),
    );
    await world.allDone();
  }
  rows = [...historyOf(world.stored)];
});

/** Reads as the object does, and counts what is done between two turns of others. */
function watched(): { read: ReadRows; turns: () => number; decided: (step: Step) => void; most: () => number } {
  const read = readerOf(rows);
  let [turns, since, most] = [0, 0, 0];
  return {
    read: async (after) => {
      turns += 1;
      since = 0;
      return read(after);
    },
    turns: () => turns,
    decided: () => {
      since += 1;
      most = Math.max(most, since);
    },
    most: () => most,
  };
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** A replay that says when it decides on a step. */
class WatchedReplay extends Replay {
  onStep: (step: Step) => void = () => {};

  override *steps(transaction: Parameters<Replay["steps"]>[0]): Generator<Step> {
    for (const step of super.steps(transaction)) {
      this.onStep(step);
      yield step;
    }
  }
}

test("each page of a replay is at most 200 kB, and all pages have each row once", async () => {
  const replay = new Replay(aboutOf(confKey, world.domain));
  const seqs: number[] = [];
  for (let from: number | null = 1; from !== null; ) {
    const page: Awaited<ReturnType<typeof replayPage>> = await replayPage(readerOf(rows), replay, person, {
      from,
      limit: 100,
    });
    expect(bytesOf(page)).toBeLessThan(mostBytes + aroundBytes);
    seqs.push(...page.steps.map(({ seq }) => seq));
    from = page.next;
  }

  expect(rows.length).toBeGreaterThan(240);
  expect(seqs).toEqual(rows.map(({ seq }) => seq));
});

test("between two turns of others a replay decides on as many steps as one answer holds, wherever it begins", async () => {
  const replay = new WatchedReplay(aboutOf(confKey, world.domain));
  const { read, turns, decided, most } = watched();
  replay.onStep = decided;
  const page = await replayPage(read, replay, person, { from: rows.length - 1, limit: 100 });

  expect(page.steps.map(({ seq }) => seq)).toEqual([rows.length - 1, rows.length]);
  expect(turns()).toBeGreaterThanOrEqual(Math.ceil(rows.length / 20));
  expect(most()).toBeLessThanOrEqual(2);
});

test("a page goes on where the one before ended, and reads no row before that", async () => {
  const replay = new Replay(aboutOf(confKey, world.domain));
  const first = await replayPage(readerOf(rows), replay, person, { from: 1, limit: 2 });
  const places: number[] = [];
  const read: ReadRows = async (after) => {
    places.push(after);
    return readerOf(rows)(after);
  };
  const second = await replayPage(read, replay, person, { from: first.next ?? 0, limit: 2 });

  expect([first.next, places[0]]).toEqual([3, 2]);
  expect(second.previous).toBe(2);
  const anew = new Replay(aboutOf(confKey, world.domain));
  expect(await replayPage(readerOf(rows), anew, person, { from: 3, limit: 2 })).toEqual(second);
});

test("what goes over the wire is read from the rows themselves, and not from the first row on", async () => {
  const places: number[] = [];
  const read: ReadRows = async (after) => {
    places.push(after);
    return readerOf(rows)(after);
  };
  const wire = await wirePage(read, world.domain, person, [rows.length, 200, 201]);

  expect(wire.map(({ seq }) => seq)).toEqual([200, 201, rows.length]);
  expect(places[0]).toBe(199);
});

/** The same rows again and again, as a long journal has them: nothing here reads the states between them. */
function again(times: number): readonly HistoryRow[] {
  const shifted = (by: number) => rows.map((row) => ({ ...row, seq: row.seq + by, at: row.at + by }));
  return Array.from({ length: times }, (_, index) => shifted(index * rows.length)).flat();
}

test("the wire of many rows is at most 200 kB, too", async () => {
  const many = again(3);
  const wanted = many.map(({ seq }) => seq);
  const wire = await wirePage(readerOf(many), world.domain, person, wanted);

  expect(bytesOf(wire)).toBeLessThan(mostBytes + aroundBytes);
  expect(wire.length).toBeLessThan(wanted.length);
  expect(wire.map(({ seq }) => seq)).toEqual(wanted.slice(0, wire.length));
});

test("a step that is longer than a page has what changed, and the first of each list", async () => {
  const large = new ConferenceWorld();
  await large.running(400);
  const next = { msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" } as never;
  await large.during(large.receive("t-create", createConference(next)));
  const all = [...historyOf(large.stored)];
  const replay = new Replay(aboutOf(confKey, large.domain));
  const from = all.findLast(({ input }) => input?.type === "webex")?.seq ?? 0;
  const { steps } = await replayPage(readerOf(all), replay, person, { from, limit: 1 });

  expect(bytesOf(steps)).toBeLessThan(mostBytes);
  expect(steps[0]).toMatchObject({ isCut: true, verdict: { is: "same" } });
  expect(steps[0]?.messages).toHaveLength(50);
});

test("the rows of a test come in pages of at most 200 kB, with the same made-up values in all", async () => {
  const many = again(3);
  const reader = new TestReader(world.domain);
  const numbers = new Set<string>();
  const seqs: number[] = [];
  let pages = 0;
  for (let from: number | null = 1; from !== null; pages += 1) {
    const page: Awaited<ReturnType<typeof testRowsPage>> = await testRowsPage(readerOf(many), confKey, reader, from);
    expect(bytesOf(page)).toBeLessThan(mostBytes + aroundBytes);
    seqs.push(...page.rows.map(({ seq }) => seq));
    for (const [number] of JSON.stringify(page).matchAll(/1408\d{7}/g)) numbers.add(number);
    from = page.next;
  }

  expect(pages).toBeGreaterThan(1);
  expect(seqs).toEqual(many.map(({ seq }) => seq));
  expect([...numbers]).toEqual(["14085550001"]);
});

test("of the readers that were kept, the nearest one before a row goes on, and nobody else has it meanwhile", () => {
  const kept = new KeptReaders<{ readonly next: number }>(2);
  for (const next of [9, 5, 20]) kept.keep({ next });

  expect(kept.handOut(12)).toEqual({ next: 5 });
  expect(kept.handOut(12)).toBeNull();
  expect(kept.handOut(20)).toEqual({ next: 20 });
});

test("facts for which a row had no room are of its transaction", () => {
  const row = (seq: number, more: Partial<HistoryRow>): HistoryRow => ({
    ...{ seq, at: 1, input: { type: "time", at: 1 }, changes: null, facts: [] },
    ...{ progress: { bridge: null, serial: 1 }, ...more },
  });
  const journal = [
    row(1, {}),
    row(2, { changes: [] }),
    row(3, { input: null }),
    row(4, { input: null, changes: [] }),
    row(5, { at: 2 }),
    row(6, { at: 3, changes: [] }),
  ];
  const grouped = new GroupedRows();
  const transactions = [...journal.flatMap((one) => grouped.add(one)), ...grouped.rest()];

  expect(transactions.map((all) => all.map(({ seq }) => seq))).toEqual([[1, 2, 3], [4], [5], [6]]);
});
