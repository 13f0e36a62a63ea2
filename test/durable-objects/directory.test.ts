import { describe, expect, test } from "vitest";
import { Directory } from "../../durable-objects/directory/directory.ts";
import { Measures } from "../../durable-objects/platform/measures.ts";
import { Draws } from "../../simulators/draws.ts";
import type { Report } from "../../src/bridge/events.ts";
import type { ConfKey, DomainName, WebexHost } from "../../src/foundation/ids.ts";
import { masked } from "../../src/foundation/shown.ts";
import { dayMs } from "../../src/foundation/time/timers.ts";
import { type AuditEntry, unknownOutcome } from "../../src/operators/audit.ts";
import { type ActivityMinute, noPosts } from "../../src/records/activity.ts";
import type { CallRecord } from "../../src/records/call-record.ts";
import type { ConferenceRecord } from "../../src/records/conference-record.ts";
import type { DirectoryFact } from "../../src/records/directory-facts.ts";
import type { RebuildPage } from "../../src/rpc/directory.ts";
import type { FactPage, FeedAnswer } from "../../src/rpc/directory-feed.ts";
import type { Holder } from "../../src/rpc/id-allocator.ts";
import type { Domain } from "../../src/settings/load.ts";
import type { FromWebex } from "../../src/tsp/messages.ts";
import { testDomain } from "../local-domain.ts";
import { aCallRecord } from "../records/a-record.ts";
import { Clock } from "../simulation/clock.ts";
import { worldBegins } from "../simulation/context.ts";
import { Database } from "../simulation/database.ts";
import {
  ConferenceWorld,
  callerEntered,
  callerLeft,
  confKey,
  createConference,
  extConfId,
  host,
} from "./conference-world.ts";
import { aPage } from "./fact-page.ts";

const domain = "local" as DomainName;

/** A directory and its disk; each life of the object is another one over it. */
class DirectoryWorld {
  readonly time = new Clock(worldBegins);
  sql = new Database();
  domain: Domain | null = testDomain();
  alarmAt: number | null = null;
  deleted = 0;
  /** Rows that were written, by what wrote them. */
  readonly written: string[] = [];
  readonly asked: string[] = [];
  /** The rows on disk at each change that watchers are told of. */
  readonly changes: number[] = [];
  /** The conferences that were allocated ids, the latest first. */
  holders: readonly Holder[] = [{ key: confKey, place: 1, at: worldBegins }];
  feedDirectory: (key: ConfKey, isWatched: boolean) => Promise<boolean> = async () => false;
  directory: Directory;
  #nonces = 0;

  constructor() {
    this.directory = this.start();
  }

  start(): Directory {
    this.directory = new Directory({
      sql: {
        exec: (query, ...bindings) => {
          const [, verb] =
            /^(INSERT INTO record|UPDATE record|DELETE FROM record|INSERT INTO about|INSERT INTO audit|INSERT INTO activity)/.exec(
              query,
            ) ?? [];
          if (verb) this.written.push(verb);
          return this.sql.exec(query, ...bindings);
        },
        transaction: (work) => this.sql.transaction(work),
      },
      now: () => this.time.now,
      after: (ms, run) => this.time.after(ms, run),
      log: () => {},
      domain: () => this.domain,
      conference: (_, key) => ({
        feedDirectory: async (isWatched) => {
          this.asked.push(key);
          return this.feedDirectory(key, isWatched);
        },
      }),
      conferencesOf: async (_, __, before) => ({
        holders: this.holders.filter(({ place }) => before === null || place < before),
        next: null,
      }),
      changed: () => {
        this.changes.push(Number(this.sql.exec("SELECT count(*) AS rows FROM record")[0]?.rows));
      },
      measures: new Measures(),
      post: async () => ({ kind: "failed", reason: "nobody listens" }),
      secret: () => undefined,
      nonce: () => String(++this.#nonces),
      setAlarm: async (at) => {
        this.alarmAt = at;
      },
      getAlarm: async () => this.alarmAt,
      deleteAll: async () => {
        this.deleted += 1;
      },
    });
    return this.directory;
  }

  async all(): Promise<readonly (CallRecord | ConferenceRecord)[]> {
    const { records } = await this.directory.records({ domain, cursor: null, order: "oldest", limit: 1_000 });
    return records.map(({ record }) => record);
  }

  /** A conference that tells this directory. */
  conference(): ConferenceWorld {
    const world = new ConferenceWorld();
    world.follow = (page) => this.directory.follow(page);
    this.feedDirectory = (_, isWatched) => world.conference.feedDirectory(isWatched);
    return world;
  }
}

const ended = { type: "event", event: { type: "conference-ended" } } as const;

function call(name: string, more: Partial<CallRecord> = {}): CallRecord {
  const times = { answeredAt: worldBegins, enteredAt: worldBegins, endedAt: worldBegins };
  return aCallRecord({ conference: confKey, call: name, ...times, ...more });
}

const list = (world: DirectoryWorld, more: object = {}) =>
  world.directory.running({ domain, after: null, limit: 100, ...more });

test("a conference costs two rows and a call one, and what changes meanwhile none", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(3);
  await conference.reported(callerLeft(0));
  await conference.time.pass(5_000);
  await conference.reported(callerLeft(1));
  await conference.reported(ended);
  await conference.time.pass(5_000);

  expect((await world.all()).map(({ kind }) => kind)).toEqual(["call", "call", "call", "conference"]);
  expect(world.written).toEqual([
    "INSERT INTO about",
    "INSERT INTO record",
    ...["INSERT INTO record", "INSERT INTO record", "INSERT INTO record"],
    "UPDATE record",
  ]);
});

test("a conference writes no row for the directory's sake", async () => {
  const rows: number[] = [];
  for (const answers of [true, false]) {
    const conference = new DirectoryWorld().conference();
    if (!answers) conference.follow = () => new Promise(() => {});
    conference.answer = async ({ transId }) => {
      await conference.time.wait(20);
      return conference.confirmed(transId);
    };
    await conference.running(3);
    await conference.reported(callerLeft(0));
    await conference.time.pass(8_000);
    await conference.reported(callerLeft(1));
    await conference.reported(ended);
    await conference.time.pass(8_000);
    rows.push(conference.sql.rowsWritten + conference.alarmsSet);
    const { told, upTo } = conference.stored.progress.telling ?? {};
    expect((told ?? 0) >= (upTo ?? 0)).toBe(answers);
  }

  expect(rows[0]).toBe(rows[1]);
});

test("a conference tells nothing on the way of a Confirmation, and many changes at once", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  const before = conference.pages.length;
  await conference.reported(...Array.from({ length: 50 }, (_, index) => callerEntered(index)));
  expect(conference.pages).toHaveLength(before);
  await conference.time.pass(1_000);

  expect(conference.pages).toHaveLength(before + 1);
  expect(conference.pages.at(-1)?.facts).toHaveLength(50);
});

test("what the directory took although its answer was lost is kept once, after a restart of either side, too", async () => {
  for (const dies of ["conference", "directory", "neither"]) {
    const world = new DirectoryWorld();
    const conference = world.conference();
    await conference.running(2);
    const { follow } = conference;
    conference.follow = async (one) => {
      await follow(one);
      throw new Error("the answer was lost");
    };
    await conference.reported(callerLeft(0));
    await conference.reported(ended);
    await conference.time.pass(500);
    conference.follow = follow;
    if (dies === "conference") conference.start();
    if (dies === "directory") world.start();
    await conference.time.pass(10 * 60_000);

    expect((await world.all()).map(({ kind }) => kind)).toEqual(["call", "call", "conference"]);
    const before = conference.pages.length;
    conference.start();
    await conference.time.pass(60_000);
    expect(conference.pages).toHaveLength(before);
  }
});

test("a conference that died before it told of its end tells in its next life", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { follow } = conference;
  await conference.running(1);
  conference.follow = () => Promise.reject(new Error("it did not arrive"));
  await conference.reported(ended);
  conference.follow = follow;
  conference.start();
  await conference.time.pass(1_000);

  expect((await world.all()).map(({ kind }) => kind)).toEqual(["call", "conference"]);
  expect((await list(world)).total).toBe(0);
});

test("a directory that is away is told by and by", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { follow } = conference;
  conference.follow = () => Promise.reject(new Error("it is away"));
  await conference.running(1);
  await conference.reported(ended);
  await conference.time.pass(3_600_000);
  expect(conference.pages.length).toBeLessThan(30);
  conference.follow = follow;
  await conference.time.pass(6 * 60_000);

  expect((await world.all()).map(({ kind }) => kind)).toEqual(["call", "conference"]);
});

test("a directory that was away for long, and asks, is told of what comes next at once", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { follow } = conference;
  await conference.running(0);
  conference.follow = () => Promise.reject(new Error("it is away"));
  await conference.reported(callerEntered(1));
  await conference.time.pass(3_600_000);
  conference.follow = follow;
  world.start();
  await list(world);
  await conference.time.pass(10);
  await conference.reported(callerEntered(2));
  await conference.time.pass(2_000);

  expect((await list(world)).conferences).toMatchObject([{ now: { callers: 2 } }]);
});

test("a directory that was lost has all records again with the next page of a conference, though nobody rebuilds it", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(3);
  await conference.reported(callerLeft(0));
  await conference.time.pass(5_000);
  const before = await world.all();
  world.sql = new Database();
  world.start();
  await conference.reported(callerEntered(7));
  await conference.time.pass(5_000);
  expect(await world.all()).toEqual(before);
  expect((await list(world)).conferences).toMatchObject([{ now: { callers: 3 } }]);

  // It dies in the middle of that.
  world.sql = new Database();
  world.start();
  const { follow } = conference;
  let pages = 0;
  conference.follow = async (page) => {
    const answer = await follow(page);
    if (++pages === 2) throw new Error("the answer was lost");
    return answer;
  };
  await conference.reported(callerLeft(1));
  await conference.time.pass(1_000);
  conference.start();
  world.start();
  await conference.time.pass(60_000);
  expect((await world.all()).map((record) => record.kind === "call" && record.call)).toEqual(["c0", "c1"]);
});

test("a directory that was lost has all records again when it is rebuilt, and rebuilding twice adds none", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(2);
  await conference.reported(callerLeft(0));
  await conference.reported(ended);
  await conference.time.pass(5_000);
  const before = await world.all();
  world.sql = new Database();
  world.start();
  expect(await world.all()).toEqual([]);
  expect(await world.directory.rebuild(domain, null)).toEqual({ told: 1, failed: [], next: null });
  await world.directory.rebuild(domain, null);
  world.start();
  await world.directory.rebuild(domain, null);

  expect(await world.all()).toEqual(before);
});

test("the list is whole after a restart of the directory, and those who run are asked how they are once somebody looks", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(2);
  world.start();
  expect(world.asked).toEqual([]);

  expect(await list(world)).toMatchObject({ total: 1, unknown: 1, conferences: [{ key: confKey, now: null }] });
  await conference.time.pass(1_000);
  expect(world.asked).toEqual([confKey]);
  expect(await list(world)).toMatchObject({ total: 1, unknown: 0, conferences: [{ now: { callers: 2 } }] });
});

test("after a restart those on the page are asked first, and the rest in portions, so that pages need not wait for all", async () => {
  const world = new DirectoryWorld();
  const keys = Array.from({ length: 50 }, (_, index) => String(100 + index) as ConfKey);
  for (const key of keys) await world.directory.follow(aPage({ key, running: {} }));
  world.start();
  await list(world, { begins: "10", isWatched: true });
  await world.time.pass(1);
  const [shown, rest] = [keys.slice(0, 10), keys.slice(10)];
  expect(world.asked).toEqual([...shown, ...rest.reverse().slice(0, 10)].map((key) => key));

  await world.time.pass(20);
  expect(world.asked).toHaveLength(40);
  await world.time.pass(20);
  expect(world.asked).toHaveLength(50);
  expect(new Set(world.asked).size).toBe(50);
});

test("a conference that hangs when asked after a restart holds the next ones up for a second alone", async () => {
  const world = new DirectoryWorld();
  const keys = Array.from({ length: 30 }, (_, index) => String(100 + index) as ConfKey);
  for (const key of keys) await world.directory.follow(aPage({ key, running: {} }));
  world.start();
  world.feedDirectory = (key) => (key === "129" ? new Promise(() => {}) : Promise.resolve(true));
  await list(world);
  await world.time.pass(900);
  expect(world.asked).toHaveLength(20);
  await world.time.pass(200);
  expect(world.asked).toHaveLength(30);
});

test("a conference that tells nothing when asked is asked once a minute, however often people look", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ running: {} }));
  for (let second = 0; second < 130; second++) {
    await list(world, { isWatched: true });
    await world.time.pass(1_000);
  }

  expect(world.asked).toEqual(Array(3).fill(confKey));
});

test("the list comes in pages by key, and by how a key begins", async () => {
  const world = new DirectoryWorld();
  for (const key of ["30", "11", "12", "20"]) await world.directory.follow(aPage({ key, running: {} }));

  const first = await list(world, { limit: 3 });
  expect(first.conferences.map(({ key }) => key)).toEqual(["11", "12", "20"]);
  const second = await list(world, { limit: 3, after: first.next });
  expect([second.conferences.map(({ key }) => key), second.next]).toEqual([["30"], null]);
  expect((await list(world, { begins: "1" })).conferences.map(({ key }) => key)).toEqual(["11", "12"]);
});

test("a running conference is found by the number or attendee ID of somebody in it, as far as the settings let it be", async () => {
  for (const [recordsPersonal, found] of [
    ["full", [1, 1, 1, 0, 0, 1]],
    ["masked", [1, 1, 1, 1, 0, 1]],
    ["none", [0, 0, 0, 0, 0, 1]],
  ] as const) {
    const world = new DirectoryWorld();
    const conference = world.conference();
    conference.domain = testDomain({ recordsPersonal });
    await conference.running(1);
    const identified = { type: "attendee-identified", id: "k1", call: "c0", attendeeId: "4711" };
    await conference.reported({ type: "event", event: identified } as never);
    await conference.time.pass(2_000);
    const count = async (query: object) => (await list(world, query)).conferences.length;

    expect([
      await count({ number: "14085551234" }),
      await count({ attendeeId: "4711" }),
      await count({ number: "14085551234", attendeeId: "4711" }),
      await count({ number: "14085550034" }),
      await count({ number: "14085551235" }),
      await count({}),
    ]).toEqual(found);
  }
});

test("who has left is not found, nor one half of one person with the other half of another", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  const entered = (call: string, number: string, attendeeId: string) => {
    const caller = { call, number, attendeeId, muted: false, silent: false, room: "main" };
    return { type: "event", event: { type: "caller-entered", caller } } as never;
  };
  await conference.reported(entered("c1", "4420", "1"), entered("c2", "4421", "2"));
  await conference.time.pass(2_000);
  const keys = async (query: object) => (await list(world, query)).conferences.map(({ key }) => key);
  expect(await keys({ number: "4421" })).toEqual([confKey]);
  expect(await keys({ number: "4421", attendeeId: "1" })).toEqual([]);

  const left = { type: "caller-left", call: "c2", reason: "hung-up" };
  await conference.reported({ type: "event", event: left } as never, entered("c3", "4422", "3"));
  await conference.time.pass(2_000);
  expect([await keys({ number: "4421" }), await keys({ attendeeId: "3" })]).toEqual([[], [confKey]]);
});

describe("who speaks in a running conference", () => {
  const speaks = (call: string, speaking: boolean) =>
    ({ type: "event", event: { type: "speaking-changed", call, speaking } }) as never;
  const speakersIn = async (world: DirectoryWorld, query: object = { isWatched: true }) =>
    (await list(world, query)).conferences[0]?.now?.speakers;

  /** A conference with three callers, in which WebEx wants to know who speaks. */
  async function reporting(world: DirectoryWorld, settings: object = {}): Promise<ConferenceWorld> {
    const conference = world.conference();
    conference.domain = testDomain({ recordsPersonal: "full", ...settings });
    await conference.running(3);
    const report = { type: "update-conference", msgId: "m", replyTo: host, extConfId, action: "report-speakers" };
    await conference.during(conference.receive("report", report as FromWebex));
    await conference.allDone();
    await conference.time.pass(2_000);
    return conference;
  }

  /** The directory is quick, and its answers come late. */
  function answersLate(conference: ConferenceWorld, world: DirectoryWorld): void {
    conference.follow = async (page) => {
      const answer = await world.directory.follow(page);
      await conference.time.wait(300);
      return answer;
    };
  }

  test("is told within a second of each change while people look at the list, and else of no change", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    const before = conference.pages.length;
    await conference.reported(speaks("c1", true));
    await conference.time.pass(5_000);
    expect(conference.pages).toHaveLength(before);
    expect(await speakersIn(world, {})).toEqual([]);

    await speakersIn(world);
    await conference.time.pass(100);
    expect(await speakersIn(world)).toEqual([{ number: "14085551234", attendeeId: "" }]);
    await conference.time.pass(5_000);
    for (const speaking of [true, false]) {
      await conference.reported(speaks("c2", speaking));
      await conference.time.pass(1_000);
      expect(await speakersIn(world)).toHaveLength(speaking ? 2 : 1);
    }

    await world.time.pass(6 * 60_000);
    await conference.reported(speaks("c1", false));
    await conference.time.pass(5_000);
    const after = conference.pages.length;
    await conference.reported(speaks("c2", true));
    await conference.time.pass(5_000);
    expect(conference.pages).toHaveLength(after);
  });

  test("is told by the next life of a conference where people look, and by none where nobody does", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    const before = conference.pages.length;
    conference.kill();
    conference.start();
    await conference.reported(speaks("c1", true));
    await conference.time.pass(5_000);
    expect(conference.pages).toHaveLength(before);

    await speakersIn(world);
    await conference.time.pass(100);
    conference.kill();
    conference.start();
    await conference.reported(speaks("c2", true));
    await conference.time.pass(1_000);
    expect(await speakersIn(world)).toHaveLength(2);
  });

  test("is told, also what changed while the directory had not answered yet that people look", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    answersLate(conference, world);
    await speakersIn(world);
    await conference.time.pass(100);
    await conference.reported(speaks("c2", true));
    await conference.time.pass(2_000);

    expect(await speakersIn(world)).toHaveLength(1);
  });

  test("is told also where people begin to look while the conference tells something else", async () => {
    const world = new DirectoryWorld();
    const conference = await reporting(world);
    answersLate(conference, world);
    await conference.reported(personEntered(9));
    await conference.time.pass(300);
    await speakersIn(world);
    await conference.time.pass(2_000);
    await conference.reported(speaks("c2", true));
    await conference.time.pass(2_000);

    expect(await speakersIn(world)).toHaveLength(1);
  });

  test("is shown as the settings keep people, and whoever has left does not speak", async () => {
    const shown: unknown[] = [];
    for (const recordsPersonal of ["masked", "none"]) {
      const world = new DirectoryWorld();
      const conference = await reporting(world, { recordsPersonal });
      await conference.reported(speaks("c1", true), speaks("c2", true), callerLeft(2));
      await conference.time.pass(1_000);
      await speakersIn(world);
      await conference.time.pass(1_000);
      shown.push(await speakersIn(world));
    }

    expect(shown).toEqual([[{ number: masked("14085551234"), attendeeId: "" }], [{ number: "", attendeeId: "" }]]);
  });
});

test("a directory that was restarted finds people again, and shows nobody in its list", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(1);
  await conference.time.pass(2_000);
  world.start();
  const { conferences, unknown } = await list(world, { number: "14085551234" });
  expect([conferences.length, unknown]).toEqual([1, 0]);
  expect(JSON.stringify(conferences)).not.toContain("14085551234");
});

test("who looks for a person waits for those that do not know yet, whoever has asked them, and not too long", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(1);
  await conference.time.pass(2_000);
  const { feedDirectory } = world;
  const answers = Promise.withResolvers<void>();
  world.start();
  world.feedDirectory = async (key, what) => {
    await answers.promise;
    return feedDirectory(key, what);
  };
  await list(world);
  let isOver = false;
  const both = Promise.all([list(world, { number: "14085551234" }), list(world, { attendeeId: "1" })]);
  const either = Promise.race([list(world, { number: "1" }), both]).then(() => {
    isOver = true;
  });
  await world.time.pass(1_000);
  expect(isOver).toBe(false);
  answers.resolve();
  await either;
  expect((await both).map((page) => [page.conferences.length, page.unknown])).toEqual([
    [1, 0],
    [0, 0],
  ]);
  expect(world.asked).toEqual([confKey]);

  world.start();
  world.feedDirectory = () => new Promise(() => {});
  const late = list(world, { number: "14085551234" });
  await world.time.pass(1_900);
  expect(await late).toMatchObject({ conferences: [], unknown: 1 });
});

function personEntered(call: number): Report {
  const caller = { call: `c${call}`, number: String(44_200_000 + call), attendeeId: null };
  return {
    type: "event",
    event: { type: "caller-entered", caller: { ...caller, muted: false, silent: false, room: "main" } },
  } as Report;
}

test("while a thousand come in one by one, each of them is told once", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  for (let index = 0; index < 1_000; index++) await conference.reported(personEntered(index));
  await conference.time.pass(2_000);

  const entered = conference.pages.flatMap(({ facts }) => facts.filter(({ fact }) => fact.kind === "call-entered"));
  expect(new Set(entered.map(({ row }) => row)).size).toBe(1_000);
  expect(entered).toHaveLength(1_000);
  const mostBytes = Math.max(...conference.pages.map((one) => JSON.stringify(one).length));
  expect(mostBytes).toBeLessThan(6_000);
  expect((await list(world, { number: "44200777" })).conferences).toHaveLength(1);
});

test("a directory that was restarted has all who are inside again with the next change, though nobody looks", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(0);
  await conference.reported(personEntered(1));
  await conference.time.pass(2_000);
  world.start();
  await conference.reported(personEntered(2));
  await conference.time.pass(2_000);

  for (const number of ["44200001", "44200002"]) expect((await list(world, { number })).conferences).toHaveLength(1);
  expect(world.asked).toEqual([]);
});

test("a page that follows what the directory does not have is not kept, and is answered by what it has", async () => {
  const world = new DirectoryWorld();
  const { view: _, ...rest } = aPage({ running: {}, records: [call("c1")] });
  const { place } = await world.directory.follow(aPage({ key: "other", running: {} }));
  const follow = (page: Partial<FactPage>) => world.directory.follow({ ...rest, after: 5, place, ...page });

  expect(await follow({ upTo: 9 })).toMatchObject({ row: null });
  expect(await follow({ upTo: 9, place: { ...place, directory: "lost" } })).toMatchObject({ row: 0 });
  expect(await follow({ upTo: 9, place: { ...place, id: place.id + 1 } })).toMatchObject({ row: 0 });
  expect(await world.all()).toEqual([]);
  const view = aPage({ running: {} }).view ?? null;
  expect(await follow({ view, upTo: 7, facts: [] })).toMatchObject({ row: 7 });
  expect(await follow({ after: 8, upTo: 9 })).toMatchObject({ row: 7 });
  expect(await world.all()).toEqual([]);
});

test("a page that comes late says nothing of how a conference is now, and begins none that is over", async () => {
  const world = new DirectoryWorld();
  const earlier = aPage({ running: { callers: 1, trouble: ["posts"] } });
  const later = aPage({ running: { callers: 2 } });
  await world.directory.follow(later);
  await world.directory.follow(earlier);
  expect((await list(world)).conferences).toMatchObject([{ now: { callers: 2, trouble: [] } }]);

  const over = {
    kind: "conference",
    conference: confKey,
    life: 1,
    createdAt: worldBegins,
  } as unknown as ConferenceRecord;
  const end = aPage({ records: [over] });
  await world.directory.follow(end);
  await world.directory.follow(later);
  expect((await list(world)).conferences).toEqual([]);
  world.start();
  await world.directory.follow(end);
  await world.directory.follow(aPage({ running: { life: 2 } }));
  expect((await list(world)).conferences).toMatchObject([{ life: 2 }]);
  expect(await world.all()).toHaveLength(1);

  // Its object had deleted everything, and counts its rows anew.
  const anew = aPage({ running: { createdAt: worldBegins + 1, callers: [{ number: "44200001", attendeeId: "" }] } });
  await world.directory.follow({ ...anew, journal: "2", upTo: 2 });
  expect((await list(world, { number: "44200001" })).conferences).toMatchObject([{ createdAt: worldBegins + 1 }]);
});

test("a view that is ahead of the facts is not changed by those that it has already", async () => {
  const world = new DirectoryWorld();
  const page = aPage({ running: { callers: 0 } });
  const row = page.upTo;
  const callers = async () => (await list(world)).conferences[0]?.now?.callers;
  await world.directory.follow({ ...page, upTo: row - 5 });
  const entered = aPage({ facts: [{ kind: "call-entered", call: "c1" } as DirectoryFact] }).facts[0];
  if (!entered) return expect.unreachable();
  const { view: _, ...rest } = { ...page, after: row - 5 };
  await world.directory.follow({ ...rest, upTo: row - 3, facts: [{ ...entered, row: row - 3 }] });
  expect(await callers()).toBe(0);
  await world.directory.follow({ ...rest, after: row - 3, upTo: row + 1, facts: [{ ...entered, row: row + 1 }] });
  expect(await callers()).toBe(1);
});

test("four thousand conferences that run send two hundred pages a second at most; those that people look at one each", async () => {
  const world = new DirectoryWorld();
  let answer: FeedAnswer | undefined;
  for (let key = 0; key < 4_000; key++) answer = await world.directory.follow(aPage({ key: String(key), running: {} }));
  expect(answer).toMatchObject({ isWatched: false, pauseMs: 20_000 });
  await list(world, { begins: "3999", isWatched: true });

  expect(await world.directory.follow(aPage({ key: "3999", running: {} }))).toMatchObject({
    ...{ isWatched: true, pauseMs: 1_000 },
  });
  expect(await world.directory.follow(aPage({ key: "3999" }))).toMatchObject({ isWatched: false, pauseMs: 19_995 });
});

test("other settings have all who are inside told anew, as they want people shown", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  conference.domain = testDomain({ recordsPersonal: "full" });
  await conference.running(0);
  await conference.reported(personEntered(1));
  await conference.time.pass(2_000);
  conference.domain = testDomain({ recordsPersonal: "none" });
  await conference.reported(personEntered(2));
  await conference.time.pass(2_000);

  expect((await list(world, { number: "44200001" })).conferences).toEqual([]);
});

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  "whatever is lost, late, twice or restarted, in the end those are found who are inside, and nobody else (%d)",
  async (seed) => {
    const draws = new Draws(seed, "people");
    const world = new DirectoryWorld();
    const conference = world.conference();
    conference.follow = async (one) => {
      const { directory } = world;
      if (draws.chance(0.1)) throw new Error("it did not arrive");
      if (draws.chance(0.1)) await conference.time.wait(draws.between(0, 30_000));
      // What was sent to an object that has died since does not reach the next one.
      if (directory !== world.directory) throw new Error("the directory died");
      const answer = await directory.follow(one);
      const tellTwice = () => directory === world.directory && directory.follow(one);
      if (draws.chance(0.1)) conference.time.after(draws.between(0, 5_000), tellTwice);
      if (draws.chance(0.1)) throw new Error("its answer was lost");
      return answer;
    };
    await conference.running(0);
    const inside = new Set<number>();
    for (let call = 0; call < 60; call++) {
      await conference.reported(personEntered(call));
      inside.add(call);
      const [leaves = 0] = [...inside].slice(draws.between(0, inside.size - 1));
      if (draws.chance(0.4) && inside.delete(leaves)) await conference.reported(callerLeft(leaves));
      if (draws.chance(0.05)) world.start();
      if (draws.chance(0.05)) conference.start();
      if (draws.chance(0.2)) await list(world, { isWatched: true });
      await conference.time.pass(draws.between(0, 3_000));
    }
    conference.follow = (one) => world.directory.follow(one);
    await conference.time.pass(10 * 60_000);
    await list(world);
    await conference.time.pass(2_000);

    const calls = Array.from({ length: 60 }, (_, call) => call);
    const isFound = async (call: number) =>
      (await list(world, { number: String(44_200_000 + call) })).conferences.length === 1;
    const found = await Promise.all(calls.map(isFound));
    expect(calls.filter((call) => found[call])).toEqual([...inside].sort((one, other) => one - other));
  },
);

test("records come in pages in both orders, by time, kind and what stands in them", async () => {
  const world = new DirectoryWorld();
  for (let index = 0; index < 5; index++) {
    await world.directory.follow(aPage({ records: [call(`c${index}`, { number: `1${index % 2}` })] }));
    await world.time.pass(60_000);
  }
  const page = (more: object) => world.directory.records({ domain, cursor: null, order: "oldest", limit: 2, ...more });
  const names = async (more: object) =>
    (await page(more)).records.map(({ record }) => (record.kind === "call" ? record.call : ""));

  expect([await names({}), (await page({})).next]).toEqual([["c0", "c1"], 2]);
  expect(await names({ cursor: 2 })).toEqual(["c2", "c3"]);
  expect((await page({ cursor: 4 })).next).toBeNull();
  expect(await names({ order: "newest" })).toEqual(["c4", "c3"]);
  expect(await names({ order: "newest", cursor: 4 })).toEqual(["c2", "c1"]);
  expect(await names({ since: worldBegins + 60_000, until: worldBegins + 180_000, limit: 9 })).toEqual(["c1", "c2"]);
  expect(await names({ since: worldBegins + 150_000, order: "newest", limit: 9 })).toEqual(["c4", "c3"]);
  expect(await names({ filter: { number: "11" }, limit: 9 })).toEqual(["c1", "c3"]);
  expect(await names({ kind: "conference" })).toEqual([]);
});

test("a clock that is set back puts nothing before a place that was given out", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ records: [call("c1")] }));
  const at = world.time.now;
  await world.time.pass(3_600_000);
  await world.directory.follow(aPage({ records: [call("c2")] }));
  Object.defineProperty(world.time, "now", { value: at, writable: true });
  world.start();
  await world.directory.follow(aPage({ records: [call("c3")] }));

  const { records } = await world.directory.records({ domain, cursor: null, order: "oldest", limit: 9 });
  expect(records.map((one) => one.at - at)).toEqual([0, 3_600_000, 3_600_000]);
});

test("a number is erased from all records that have it, with the attendee ID, and no id changes", async () => {
  const world = new DirectoryWorld();
  const records = ["1", "2", "1"].map((number, index) => call(`c${index}`, { number }));
  await world.directory.follow(aPage({ records }));

  expect(await world.directory.erase(domain, "1", 0)).toEqual({ erased: 2, next: null });
  expect(await world.directory.erase(domain, "1", 0)).toEqual({ erased: 0, next: null });
  expect((await world.all()).map((record) => record.kind === "call" && [record.number, record.attendeeId])).toEqual([
    ["", ""],
    ["2", "77"],
    ["", ""],
  ]);
});

test("an erasure holds nobody up for long: it looks at some records, and says where it goes on", async () => {
  const world = new DirectoryWorld();
  const records = Array.from({ length: 20_100 }, (_, index) => call(`c${index}`, { number: String(index % 1_000) }));
  await world.directory.follow(aPage({ records }));

  expect(await world.directory.erase(domain, "7", 0)).toEqual({ erased: 20, next: 20_000 });
  expect(await world.directory.erase(domain, "7", 20_000)).toEqual({ erased: 1, next: null });
});

test("a rebuild asks some conferences at a time, each once", async () => {
  const world = new DirectoryWorld();
  const keys = Array.from({ length: 50 }, (_, index) => String(index) as ConfKey);
  world.holders = keys.map((key, index) => ({ key, place: 50 - index, at: 0 }));
  const told: number[] = [];
  let next: RebuildPage["next"] = null;
  do {
    const page: RebuildPage = await world.directory.rebuild(domain, next);
    told.push(page.told);
    next = page.next;
  } while (next !== null);

  expect(told).toEqual([20, 20, 10]);
  expect(world.asked).toEqual(keys.map((key) => key));
});

test("records go when they are too old, some at a time, and their ids are never used again", async () => {
  const world = new DirectoryWorld();
  const records = Array.from({ length: 1_500 }, (_, index) => call(`c${index}`));
  await world.directory.follow(aPage({ records, key: "1" }));
  await world.directory.follow(aPage({ key: "2", running: {} }));
  await world.time.pass(399 * dayMs);
  await world.directory.alarm();
  expect((await world.all()).length).toBe(1_000);
  await world.time.pass(2 * dayMs);
  await world.directory.alarm();
  expect(await world.all()).toHaveLength(500);
  expect(world.alarmAt).toBe(world.time.now + 10_000);
  await world.directory.alarm();
  expect(await world.all()).toEqual([]);
  world.start();
  expect((await list(world)).total).toBe(1);

  expect(await world.directory.follow(aPage({ records: [call("new")] }))).toMatchObject({ place: { id: 1_501 } });
});

test("a directory whose domain is gone keeps its records as long as it would have, and then goes itself", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ records: [call("c1")] }));
  world.domain = null;
  await world.directory.alarm();
  await world.time.pass(399 * dayMs);
  await world.directory.alarm();
  expect(world.deleted).toBe(0);
  await world.time.pass(2 * dayMs);
  await world.directory.alarm();

  expect(world.deleted).toBe(1);
});

test("what records show of people is as the domain's settings want it", async () => {
  for (const [recordsPersonal, number] of [
    ["full", "14085551234"],
    ["masked", "*********34"],
    ["none", ""],
  ] as const) {
    const world = new DirectoryWorld();
    const conference = world.conference();
    conference.domain = testDomain({ recordsPersonal });
    await conference.running(1);
    await conference.reported(callerLeft(0));
    await conference.time.pass(1_000);

    expect(await world.all()).toMatchObject([{ number }]);
  }
});

test("the name of a meeting is kept where all of a person is, by WebEx's create or by what its site has said", async () => {
  for (const [recordsPersonal, conferenceName, topic] of [
    ["full", "Berth planning", "Berth planning"],
    ["full", undefined, "As the site has it"],
    ["masked", "Berth planning", ""],
    ["none", undefined, ""],
  ] as const) {
    const world = new DirectoryWorld();
    const conference = world.conference();
    const { settings, ...rest } = testDomain({ recordsPersonal });
    conference.domain = { ...rest, settings: { ...settings, webexSite: {} as never } };
    conference.topics = async () => new Map([[confKey, "As the site has it"]]);
    const named = conferenceName === undefined ? {} : { conferenceName };
    await conference.during(conference.receive("create", createConference(named as never)));
    await conference.allDone();
    await conference.reported(ended);
    await conference.time.pass(1_000);

    expect(await world.all()).toMatchObject([{ kind: "conference", topic }]);
  }
});

test("however many conferences of one key are told anew, the site is asked once", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { settings, ...rest } = testDomain();
  conference.domain = { ...rest, settings: { ...settings, webexSite: {} as never } };
  let asked = 0;
  conference.topics = async () => {
    asked += 1;
    return new Map([[confKey, "Berth planning"]]);
  };
  for (const name of ["one", "two", "three"]) {
    await conference.during(conference.receive(name, createConference({ msgId: name } as never)));
    await conference.allDone();
    await conference.reported(ended);
    await conference.time.pass(5_000);
  }
  world.sql = new Database();
  world.start();
  asked = 0;
  await world.directory.rebuild(domain, null);

  expect((await world.all()).map((record) => record.kind === "conference" && record.topic)).toEqual(
    Array(3).fill("Berth planning"),
  );
  expect(asked).toBe(1);
});

test("a record is not held up by a site that says nothing", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { settings, ...rest } = testDomain();
  conference.domain = { ...rest, settings: { ...settings, webexSite: {} as never } };
  conference.topics = () => new Promise(() => {});
  await conference.running(0);
  await conference.reported(ended);
  await conference.time.pass(1_000);
  expect(await world.all()).toEqual([]);
  await conference.time.pass(2_000);

  expect(await world.all()).toMatchObject([{ kind: "conference", topic: "" }]);
});

test("records that an older version kept have the later columns, empty", async () => {
  const world = new DirectoryWorld();
  const { dialled: _, ...kept } = call("c1");
  await world.directory.follow(aPage({ records: [kept as CallRecord] }));

  expect(await world.start().records({ domain, cursor: null, order: "oldest", limit: 1 })).toMatchObject({
    records: [{ record: { ...kept, dialled: "" } }],
  });
});

test("a conference that wrote more than its journal holds has all its records", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(2);
  const keys = Array.from({ length: 11_000 }, (_, index) => index);
  for (const index of keys) {
    await conference.time.pass(1_000);
    const event = { type: "caller-muted", call: "c0", muted: index % 2 === 0 };
    await conference.report({ type: "event", event } as never);
  }
  conference.start();
  const [oldest] = conference.stored.history();
  expect(oldest?.seq).toBeGreaterThan(100);
  await conference.reported(ended);
  await conference.time.pass(5_000);

  expect(await world.all()).toMatchObject([
    { call: "c0", mutes: 5_500, mutedSeconds: expect.any(Number), extCallId: "1001" },
    { call: "c1", mutes: 0 },
    { kind: "conference", calls: 2 },
  ]);
});

function entry(world: DirectoryWorld, more: Partial<AuditEntry> = {}): AuditEntry {
  return {
    ...{ at: world.time.now, person: "anna", role: "viewer", by: "token", action: "act", about: { confKey } },
    ...{ actionId: "k1", status: 403, refusal: "not allowed", from: "192.0.2.7", ...more },
  };
}

test("what people ask of a domain is kept once, a row each, the latest first, also in a new directory", async () => {
  const world = new DirectoryWorld();
  expect(await world.directory.audit(null, 10)).toEqual({ entries: [], next: null });
  const first = entry(world);
  for (const one of [first, first, entry(world, { actionId: "k2" }), first, entry(world, { person: "boris" })])
    await world.directory.keepAudit(domain, one);
  world.start();

  const page = await world.directory.audit(null, 2);
  expect(page).toEqual({ entries: [entry(world, { person: "boris" }), entry(world, { actionId: "k2" })], next: 2 });
  expect(await world.directory.audit(page.next, 2)).toEqual({ entries: [first], next: null });
  expect(world.written).toEqual(["INSERT INTO about", "INSERT INTO audit", "INSERT INTO audit", "INSERT INTO audit"]);
  expect(world.alarmAt).not.toBeNull();
});

test("what is asked is kept before it is done, and its outcome takes that place, whichever comes first", async () => {
  const world = new DirectoryWorld();
  const keep = (one: AuditEntry) => world.directory.keepAudit(domain, one);
  const [asked, done] = [entry(world, unknownOutcome), entry(world, { status: 202, refusal: null })];
  await keep(asked);
  await keep(entry(world, { ...unknownOutcome, actionId: "k2" }));
  world.start();
  await keep(done);
  await keep(asked);
  const entries = async () => (await world.directory.audit(null, 9)).entries;
  expect(await entries()).toEqual([entry(world, { ...unknownOutcome, actionId: "k2" }), done]);

  await world.time.pass(1);
  const refusedLater = entry(world);
  await keep(refusedLater);
  expect((await entries()).map(({ status }) => status)).toEqual([403, 503, 202]);
});

test("what people have asked goes with the records of its time", async () => {
  const world = new DirectoryWorld();
  for (let index = 0; index < 1_100; index++) await world.directory.keepAudit(domain, entry(world, { status: index }));
  await world.time.pass(399 * dayMs);
  await world.directory.keepAudit(domain, entry(world));
  const left = async () => (await world.directory.audit(null, 1_000)).entries.length;
  await world.directory.alarm();
  expect((await world.directory.audit(null, 1_000)).next).not.toBeNull();
  await world.time.pass(2 * dayMs);
  await world.directory.alarm();
  expect([await left(), world.alarmAt]).toEqual([101, world.time.now + 10_000]);
  await world.directory.alarm();
  expect(await left()).toBe(1);
});

test("the totals are of all that run; those that are not known after a restart are asked, and not waited for too long", async () => {
  const world = new DirectoryWorld();
  const waiting = [{ host: "tsp" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  const all = { 111: {}, 222: { waiting }, 333: { phase: "creating", callers: 0 } } as const;
  const tell = (key: string) => world.directory.follow(aPage({ key, running: all[key as never] }));
  for (const key of Object.keys(all)) await tell(key);
  const totals = { creating: 1, running: 2, callers: 6, documents: 2, oldestAt: worldBegins };
  expect(await world.directory.totals()).toEqual(totals);

  world.start();
  world.feedDirectory = async (key) => {
    await tell(key);
    return true;
  };
  expect(await world.directory.totals()).toEqual(totals);

  world.start();
  world.feedDirectory = () => new Promise(() => {});
  const late = world.directory.totals();
  await world.time.pass(2_000);
  expect(await late).toEqual({ creating: 1, running: 2, callers: 0, documents: 0, oldestAt: null });
});

function minute(at: number, host: string, confirmed: number): ActivityMinute {
  return { at, requests: { confirmed, refused: 1 }, hosts: [{ ...noPosts, host: host as WebexHost, confirmed }] };
}

test("what was asked and posted costs a row a minute, however many tell, and is there after a restart", async () => {
  const world = new DirectoryWorld();
  const begins = world.time.now;
  for (let second = 0; second < 120; second++) {
    await world.directory.count(domain, [minute(begins, "tsp1", 1), minute(begins, "tsp2", 2)]);
    await world.time.pass(1_000);
  }
  expect(world.written).toEqual(["INSERT INTO about", "INSERT INTO activity", "INSERT INTO activity"]);
  const all = [
    { ...noPosts, host: "tsp2", confirmed: 240 },
    { ...noPosts, host: "tsp1", confirmed: 120 },
  ];
  expect((await world.directory.activity()).minutes).toEqual([
    { at: begins, requests: { confirmed: 360, refused: 240 }, hosts: all },
  ]);
  await world.time.pass(60_000);
  await world.directory.count(domain, [minute(begins + 60_000, "tsp1", 1)]);
  const before = await world.directory.activity();
  world.start();
  expect(await world.directory.activity()).toEqual(before);
  expect(before.minutes).toHaveLength(2);
  await world.directory.count(domain, []);
  expect(world.written.length).toBe(4);
});

test("what was posted goes after an hour", async () => {
  const world = new DirectoryWorld();
  await world.directory.count(domain, [minute(world.time.now, "tsp", 1)]);
  await world.time.pass(59 * 60_000);
  expect((await world.directory.activity()).minutes).toHaveLength(1);
  await world.time.pass(60_000);
  expect((await world.directory.activity()).minutes).toEqual([]);
});

test("what was posted and could not be written is not counted twice when it is told again", async () => {
  const world = new DirectoryWorld();
  const { time, sql } = world;
  await world.directory.count(domain, [minute(time.now, "tsp", 1)]);
  await time.pass(60_000);
  const { exec } = sql;
  sql.exec = (query, ...bindings) => {
    if (query.startsWith("INSERT INTO activity")) throw new Error("database or disk is full");
    return exec.call(sql, query, ...bindings);
  };
  const next = [minute(time.now, "tsp", 5)];
  await expect(world.directory.count(domain, next)).rejects.toThrow("full");
  sql.exec = exec;
  await world.directory.count(domain, next);

  const { minutes } = await world.directory.activity();
  expect(minutes.map(({ hosts }) => hosts[0]?.confirmed)).toEqual([1, 5]);
});

test("hosts say what waits for them and since when, and which conferences have trouble; the longest queue first", async () => {
  const world = new DirectoryWorld();
  const tell = (key: string, host: string, documents: number, oldestAt: number, to = host) =>
    world.directory.follow(
      aPage({
        key,
        running: {
          webexHost: host as WebexHost,
          ...(documents > 0 && {
            waiting: [
              {
                host: to as WebexHost,
                documents,
                oldestAt,
                failure: documents > 1 ? `HTTP status 50${documents}` : null,
              },
            ],
          }),
        },
      }),
    );
  await tell("1", "tsp1", 0, 0);
  await tell("2", "tsp2", 2, 2_000);
  await tell("3", "tsp2", 3, 1_000);
  await tell("4", "tsp1", 3, 4_000, "*back-end");
  await tell("5", "tsp1", 0, 0);
  for (let key = 10; key < 14; key++) await tell(String(key), "tsp2", 2, 3_000);
  await tell("14", "tsp2", 1, 3_000);

  const failure = "HTTP status 502";
  const troubled = ["2", "3", "10", "11", "12"];
  expect((await world.directory.activity()).hosts).toEqual([
    { host: "tsp2", conferences: 7, documents: 14, oldestDocumentAt: 1_000, failure, troubled },
    {
      ...{ host: "*back-end", conferences: 0, documents: 3, oldestDocumentAt: 4_000 },
      ...{ failure: "HTTP status 503", troubled: ["4"] },
    },
    { host: "tsp1", conferences: 3, documents: 0, oldestDocumentAt: null, failure: null, troubled: [] },
  ]);
  expect(world.asked).toEqual([]);

  world.start();
  world.feedDirectory = async (key) => {
    if (key === "2") await tell(key, "tsp2", 2, 2_000);
    return key !== "3" || new Promise(() => {});
  };
  const late = world.directory.activity();
  await world.time.pass(2_000);
  expect(await late).toMatchObject({ hosts: [{ host: "tsp2", documents: 2 }, { documents: 0 }], unknown: 9 });
  expect(world.asked).toHaveLength(10);
});

test("documents are told to wait once they do for some seconds or were not confirmed, and no longer than they do", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  const { time } = conference;
  await conference.running(0);
  let takesMs = 500;
  let status = 200;
  conference.answer = async ({ transId }) => {
    await time.wait(takesMs);
    return status === 200 ? conference.confirmed(transId) : { kind: "answered", status, body: new Uint8Array() };
  };
  const waits = async (ms: number) => {
    await time.pass(ms);
    const { documents, oldestDocumentAt, waiting } = (await list(world)).conferences[0]?.now ?? {};
    const age = typeof oldestDocumentAt === "number" ? time.now - oldestDocumentAt : null;
    return [documents, age, waiting?.map(({ host, failure }) => [host, failure])];
  };
  const before = conference.pages.length;
  await conference.reported(callerEntered(1));
  expect(await waits(60_000)).toEqual([0, null, undefined]);
  expect(conference.pages).toHaveLength(before + 1);

  takesMs = 9_000;
  await conference.reported(callerEntered(2));
  await time.pass(6_000);
  await conference.reported(callerEntered(3));
  expect(await waits(500)).toEqual([2, 6_600, [[host, null]]]);
  expect(await waits(60_000)).toEqual([0, null, undefined]);

  [takesMs, status] = [10, 500];
  await conference.reported(callerEntered(4));
  expect(await waits(1_000)).toEqual([1, expect.any(Number), [[host, "HTTP status 500"]]]);
  status = 200;
  expect(await waits(60_000)).toEqual([0, null, undefined]);

  conference.domain = testDomain({ passthroughUrl: "http://127.0.0.1:9/data" });
  conference.answer = async (posted) =>
    posted.url.endsWith("/data") ? { kind: "failed", reason: "nobody listens" } : conference.confirmed(posted.transId);
  await conference.reported(callerEntered(5));
  const data = { type: "passthrough", msgId: "m-data", replyTo: host, extConfId, extCallId: "1001", data: "YQ==" };
  await conference.during(conference.receive("t-data", data as FromWebex));
  expect(await waits(1_000)).toEqual([1, expect.any(Number), [["*back-end", "nobody listens"]]]);
});

test("watchers are told of a change behind its commit, and of none that failed", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ running: {} }));
  expect(world.changes).toEqual([1]);
  world.sql.exec("CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'full'); END");
  await expect(world.directory.follow(aPage({ running: {}, records: [call("c1")] }))).rejects.toThrow();
  expect(world.changes).toEqual([1]);
  // What needs no row is told, too.
  await world.directory.follow(aPage({ running: { callers: 4 } }));
  expect(world.changes).toEqual([1, 1]);
  expect(await list(world)).toMatchObject({ total: 1, bridges: [{ bridge: "main", callers: 4 }] });
});
