import { beforeAll, expect, test } from "vitest";
import { JournalReaders } from "../../durable-objects/conference/journal-readers.ts";
import { type HistoryRow, transactionsIn } from "../../src/replay/history.ts";
import { Replay, type ReplayedStep } from "../../src/replay/replay.ts";
import { replayPage, wirePage } from "../../src/replay/replay-page.ts";
import type { ReplayPage } from "../../src/rpc/replay.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { ConferenceWorld, confKey, createConference, extConfId, host } from "../durable-objects/conference-world.ts";
import { historyOf, readersOf, testPages } from "./simulated-journals.ts";

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
    await world.received(`t${mute}`, { type: "update-caller", msgId: `m${mute}`, privilege, ...to } as FromWebex);
    await world.allDone();
  }
  rows = [...historyOf(world.stored)];
});

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}

/** A replay that says when it decides on a step. */
class WatchedReplay extends Replay {
  onStep: (step: ReplayedStep) => void = () => {};

  override *steps(transaction: Parameters<Replay["steps"]>[0]): Generator<ReplayedStep> {
    for (const step of super.steps(transaction)) {
      this.onStep(step);
      yield step;
    }
  }
}

/** A page of a replay, as `readers` has it. */
function pageOf(
  readers: ReturnType<typeof readersOf>,
  from: number,
  limit: number,
  begin = () => new Replay({ confKey, domain: world.domain }),
): Promise<ReplayPage | null> {
  const asked = { name: "replay", settings: null, before: from, begin: () => [begin(), 1] as const };
  return readers.use(asked, (replay, transactions) => replayPage(transactions, replay, person, { from, limit }));
}

test("each page of a replay is at most 200 kB, and all pages have each row once", async () => {
  const readers = readersOf(rows);
  const seqs: number[] = [];
  for (let from: number | null = 1; from !== null; ) {
    const page: ReplayPage | null = await pageOf(readers, from, 100);
    expect(bytesOf(page)).toBeLessThan(mostBytes + aroundBytes);
    seqs.push(...(page?.steps ?? []).map(({ seq }) => seq));
    from = page?.next ?? null;
  }

  expect(rows.length).toBeGreaterThan(240);
  expect(seqs).toEqual(rows.map(({ seq }) => seq));
});

test("between two turns of others a replay decides on as many steps as one answer holds, wherever it begins", async () => {
  let [turns, since, most] = [0, 0, 0];
  const readers = readersOf(rows, () => {
    turns += 1;
    since = 0;
  });
  const page = await pageOf(readers, rows.length - 1, 100, () => {
    const replay = new WatchedReplay({ confKey, domain: world.domain });
    replay.onStep = () => {
      since += 1;
      most = Math.max(most, since);
    };
    return replay;
  });

  expect(page?.steps.map(({ seq }) => seq)).toEqual([rows.length - 1, rows.length]);
  expect(turns).toBe(Math.ceil(rows.length / 20) - 1);
  expect(most).toBeLessThanOrEqual(2);
});

test("where the platform says when to go on, it is asked before each transaction, and before what has none before it", async () => {
  let asked = 0;
  const giveWay = async () => {
    asked += 1;
  };
  const after = () => {
    throw new Error("nobody waits for a timer");
  };
  const readers = new JournalReaders({ after, now: () => 0, giveWay }, () => rows);
  const read: number[] = [];
  for await (const [first] of readers.transactions(1)) {
    read.push(first.seq);
    expect(asked).toBe(read.length + 1);
  }
  expect(read).toHaveLength([...transactionsIn(rows)].length);
});

test("a page goes on where the one before ended, and reads no row before that", async () => {
  const places: number[] = [];
  const readers = readersOf(rows, undefined, (after) => places.push(after));
  const first = await pageOf(readers, 1, 2);
  const second = await pageOf(readers, first?.next ?? 0, 2);

  expect([first?.next, places]).toEqual([3, [0, 2]]);
  expect(second?.previous).toBe(2);
  expect(await pageOf(readersOf(rows), 3, 2)).toEqual(second);
});

test("who asks for a reader that is in use waits for it, and one that stands behind the wanted row is left alone", async () => {
  const places: number[] = [];
  const readers = readersOf(rows, undefined, (after) => places.push(after));
  const [early, late, again] = await Promise.all([
    pageOf(readers, 5, 2),
    pageOf(readers, rows.length, 2),
    pageOf(readers, 1, 2),
  ]);

  expect([early, late, again].map((page) => page?.steps[0]?.seq)).toEqual([5, rows.length, 1]);
  expect(places.toSorted()).toEqual([0, 0, 6]);
});

test("a reader that broke is not used again", async () => {
  const readers = readersOf(rows);
  const broken = pageOf(readers, 3, 2, () => {
    const replay = new WatchedReplay({ confKey, domain: world.domain });
    replay.onStep = () => {
      throw new Error("it broke");
    };
    return replay;
  });

  await expect(broken).rejects.toThrow("it broke");
  expect((await pageOf(readers, 3, 2))?.steps.map(({ seq }) => seq)).toEqual([3, 4]);
});

test("what goes over the wire is read from the rows themselves, and not from the first row on", async () => {
  const places: number[] = [];
  const readers = readersOf(rows, undefined, (after) => places.push(after));
  const wanted = [rows.length, 200, 201];
  const wire = await wirePage((row) => readers.transactions(row), world.domain, person, wanted);

  expect(wire.map(({ seq }) => seq)).toEqual([200, 201, rows.length]);
  expect(places).toEqual([199, rows.length - 1]);
});

/** The same rows again and again, as a long journal has them: nothing here reads the states between them. */
function again(times: number): readonly HistoryRow[] {
  const shifted = (by: number) => rows.map((row) => ({ ...row, seq: row.seq + by, at: row.at + by }));
  return Array.from({ length: times }, (_, index) => shifted(index * rows.length)).flat();
}

test("the wire of many rows is at most 200 kB, too", async () => {
  const many = again(3);
  const wanted = many.map(({ seq }) => seq);
  const wire = await wirePage((row) => readersOf(many).transactions(row), world.domain, person, wanted);

  expect(bytesOf(wire)).toBeLessThan(mostBytes + aroundBytes);
  expect(wire.length).toBeLessThan(wanted.length);
  expect(wire.map(({ seq }) => seq)).toEqual(wanted.slice(0, wire.length));
});

test("a step that is longer than a page has what changed, and the first of each list", async () => {
  const large = await ConferenceWorld.running(400);
  const next = { msgId: "m2", replyTo: "localhost:8802", extConfId: "7002" } as never;
  await large.received("t-create", createConference(next));
  const all = [...historyOf(large.stored)];
  const replay = new Replay({ confKey, domain: large.domain });
  const from = all.findLast(({ input }) => input?.type === "webex")?.seq ?? 0;
  const { steps } = await replayPage(readersOf(all).transactions(1), replay, person, { from, limit: 1 });

  expect(bytesOf(steps)).toBeLessThan(mostBytes);
  expect(steps[0]).toMatchObject({ isCut: true, verdict: { is: "same" } });
  expect(steps[0]?.messages).toHaveLength(50);
});

test("the rows of a test come in pages of at most 200 kB, with the same made-up values in all", async () => {
  const many = again(3);
  const pages = await testPages(many, { confKey, domain: world.domain });
  const numbers = new Set(JSON.stringify(pages).match(/1408\d{7}/g));
  for (const page of pages) expect(bytesOf(page)).toBeLessThan(mostBytes + aroundBytes);

  expect(pages.length).toBeGreaterThan(1);
  expect(pages.flatMap((page) => page.rows.map(({ seq }) => seq))).toEqual(many.map(({ seq }) => seq));
  expect([...numbers]).toEqual(["14085550001"]);
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

  expect([...transactionsIn(journal)].map((all) => all.map(({ seq }) => seq))).toEqual([[1, 2, 3], [4], [5], [6]]);
});
