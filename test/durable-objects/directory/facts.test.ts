import { expect, test } from "vitest";
import { Draws } from "../../../simulators/draws.ts";
import type { WebexHost } from "../../../src/foundation/ids.ts";
import type { ConferenceRecord } from "../../../src/records/conference-record.ts";
import type { DirectoryFact } from "../../../src/records/directory-facts.ts";
import type { FactPage, FeedAnswer } from "../../../src/rpc/directory-feed.ts";
import { Database } from "../../kit/database.ts";
import { worldBegins } from "../../kit/world-begins.ts";
import { testDomain } from "../../local-domain.ts";
import { aConferenceRecord } from "../../records/a-record.ts";
import { callerEntered, callerLeft, confKey } from "../conference-world.ts";
import { aPage } from "../fact-page.ts";
import { call, DirectoryWorld, domain, ended, list, personEntered } from "./world.ts";

test("a conference costs two rows and a call one, each page that counts one, and one each five seconds in which it changes", async () => {
  const world = new DirectoryWorld();
  const conference = world.conference();
  await conference.running(3);
  await conference.reported(callerLeft(0));
  await conference.time.pass(5_000);
  await world.time.pass(5_000);
  await conference.reported(callerLeft(1));
  await conference.reported(ended);
  await conference.time.pass(5_000);
  await world.time.pass(5_000);

  expect((await world.all()).map(({ kind }) => kind)).toEqual(["call", "call", "call", "conference"]);
  expect(world.written.filter((verb) => verb === "INSERT INTO counted")).toHaveLength(3);
  expect(world.written.filter((verb) => verb !== "INSERT INTO counted")).toEqual([
    "INSERT INTO about",
    "INSERT INTO record",
    // A call is over; who is in has changed; then two more and the conference.
    "INSERT INTO record",
    "INSERT INTO last_report",
    "INSERT INTO record",
    "INSERT INTO record",
    "UPDATE record",
    "DELETE FROM last_report",
  ]);
});

test("a conference writes one row for the directory's sake, when all is posted behind its end", async () => {
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

  expect(rows[0]).toBe((rows[1] ?? 0) + 1);
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
  // And that they were posted together.
  expect(conference.pages.at(-1)?.facts).toHaveLength(51);
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
  expect(await world.directory.list.rebuild(domain, null)).toEqual({ reported: 1, failed: [], next: null });
  await world.directory.list.rebuild(domain, null);
  world.start();
  await world.directory.list.rebuild(domain, null);

  expect(await world.all()).toEqual(before);
});

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
  expect(mostBytes).toBeLessThan(8_000);
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

test("pages that overlap add each record once, though the directory knows how far it got", async () => {
  const world = new DirectoryWorld();
  const first = aPage({ running: {}, records: [call("c1")] });
  const [record] = first.facts;
  if (!record) return expect.unreachable();
  const { row } = record;
  await world.directory.follow({ ...first, upTo: row });
  const { view: _, ...rest } = first;
  const next = { ...record, row: row + 1, fact: { ...record.fact, record: call("c2") } } as typeof record;
  await world.directory.follow({ ...rest, after: row - 1, upTo: row + 1, facts: [record, next] });

  expect((await world.all()).map((one) => one.kind === "call" && one.call)).toEqual(["c1", "c2"]);
  expect((await world.directory.countTotals()).outcomes["call-left"]).toBe(2);
});

test("a conference that began again and is in doubt is asked how it is, and not to tell again what it has told since its end", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ key: "other", running: {} }));
  await world.directory.follow(aPage());
  const again = aPage({ running: { life: 2 }, records: [call("c1")] });
  const { place } = await world.directory.follow(again);
  await world.directory.notReached([again.key]);
  const { view: _, upTo, ...rest } = again;
  const next = { ...rest, place, after: upTo, upTo: upTo + 1, facts: [] };
  expect(await world.directory.follow(next)).toMatchObject({ row: null });
});

test("of a page that could not be kept nothing is known, and all of it is kept when it comes again", async () => {
  const world = new DirectoryWorld();
  const { exec } = world.sql;
  let fails = "";
  world.sql.exec = (query, ...bindings) => {
    if (fails !== "" && query.startsWith(fails)) throw new Error("database or disk is full");
    return exec.call(world.sql, query, ...bindings);
  };
  const givenUp = {
    kind: "post-given-up",
    transId: "1",
    host: "tsp1",
    attempts: 3,
    why: "away",
    messages: [],
    owed: true,
  } as object as DirectoryFact;
  const waiting = [{ host: "tsp1" as WebexHost, documents: 2, oldestAt: worldBegins, failure: null }];
  const facts = [givenUp];
  for (const [page, lastWrite] of [
    [aPage({ key: "1", running: {}, facts, records: [call("c1", { conference: "1" })] }), "INSERT INTO record (id, at"],
    [{ ...aPage({ key: "2", facts, records: [call("c2", { conference: "2" })] }), waiting }, "INSERT INTO counted"],
  ] as const) {
    const known = async () => {
      const { waiting, givenUp } = await world.directory.knownTrouble.trouble(domain);
      const { posts, outcomes } = await world.directory.countTotals();
      return { waiting, givenUp, posts, outcomes, records: (await world.all()).length };
    };
    const before = await known();
    fails = lastWrite;
    await expect(world.directory.follow(page)).rejects.toThrow("full");
    fails = "";
    expect(await known()).toEqual(before);

    const { place } = await world.directory.follow(page);
    const after = await known();
    expect([after.records, place.id]).toEqual([before.records + 1, before.records + 1]);
    expect(after.outcomes["call-left"]).toBe((before.outcomes["call-left"] ?? 0) + 1);
    expect(after.givenUp[0]?.count).toBe((before.givenUp[0]?.count ?? 0) + 1);
    world.start();
    expect(await known()).toEqual(after);
  }
  expect((await world.directory.knownTrouble.trouble(domain)).waiting).toEqual(waiting);
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
  const anew = aPage({
    running: { life: 2, createdAt: worldBegins + 1, callers: [{ number: "44200001", attendeeId: "" }] },
  });
  await world.directory.follow({ ...anew, journal: "2", upTo: 2 });
  expect((await list(world, { number: "44200001" })).conferences).toMatchObject([{ createdAt: worldBegins + 1 }]);
  await world.restart();
  expect(await list(world)).toMatchObject({ total: 1, conferences: [{ createdAt: worldBegins + 1 }] });
});

test("the end of a conference is that of its own life: another one that runs stays, and one that a late page began goes", async () => {
  const world = new DirectoryWorld();
  const ended = (life: number) => aConferenceRecord({ conference: confKey, life, createdAt: worldBegins });
  const listed = async () => {
    await world.restart();
    const { conferences, total } = await list(world);
    return [total, ...conferences.map(({ life }) => life)];
  };
  for (const life of [1, 2]) await world.directory.follow(aPage({ running: { life } }));
  expect(await listed()).toEqual([1, 2]);
  await world.directory.follow(aPage({ running: { life: 2 }, records: [ended(1)] }));
  expect(await listed()).toEqual([1, 2]);

  const late = aPage({ running: { life: 2 } });
  const end = aPage({ records: [ended(2)] });
  await world.directory.follow(end);
  expect(await listed()).toEqual([0]);
  await world.directory.follow(late);
  expect(await listed()).toEqual([1, 2]);
  await world.directory.follow(end);
  expect(await listed()).toEqual([0]);
  expect((await world.all()).map(({ life }) => life)).toEqual([1, 2]);
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

test("all conferences together send a page every 8 ms at most, each its next one soon where fewer come", async () => {
  const world = new DirectoryWorld();
  const { time: clock } = world;
  let answer: FeedAnswer | undefined;
  const follow = async (key: string) => {
    answer = await world.directory.follow(aPage({ key, running: {} }));
    return answer.pauseMs;
  };
  for (let key = 0; key < 4_000; key++) await follow(String(key));
  expect(answer).toMatchObject({ isWatched: false, pauseMs: 32_000, allMs: 32_000 });
  clock.now += 10_000;
  expect(await follow("1")).toBe(22_008);
  clock.now -= 3_600_000;
  expect(await follow("2")).toBe(32_000);
  clock.now += 3_600_000 + 60_000;
  for (let second = 0; second < 20; second++) {
    for (let page = 0; page < 124; page++) expect(await follow(String(page))).toBe(1_000);
    clock.now += 1_000;
  }
  expect(answer).toMatchObject({ allMs: 32_000 });
  await list(world, { begins: "3999", isWatched: true });
  for (let page = 0; page < 300; page++) await follow("5");
  expect(answer).toMatchObject({ isWatched: false, pauseMs: 2_400 });
  await follow("3999");
  expect(answer).toMatchObject({ isWatched: true, pauseMs: 1_000 });
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
      if (draws.chance(0.2)) void list(world, { isWatched: true });
      await conference.time.pass(draws.between(0, 3_000));
    }
    conference.follow = (one) => world.directory.follow(one);
    await conference.time.pass(10 * 60_000);
    void list(world);
    await conference.time.pass(2_000);

    const calls = Array.from({ length: 60 }, (_, call) => call);
    const isFound = async (call: number) =>
      (await list(world, { number: String(44_200_000 + call) })).conferences.length === 1;
    const found = await Promise.all(calls.map(isFound));
    expect(calls.filter((call) => found[call])).toEqual([...inside].sort((one, other) => one - other));
  },
);

test("watchers are told of a change behind its commit, and of none that failed", async () => {
  const world = new DirectoryWorld();
  await world.directory.follow(aPage({ running: {} }));
  expect(world.changes).toEqual([1]);
  world.sql.exec("CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(ABORT, 'full'); END");
  await expect(world.directory.follow(aPage({ running: {}, records: [call("c1")] }))).rejects.toThrow();
  expect(world.changes).toEqual([1]);
  expect(world.directory.list.unknown).toBe(1);
  // What needs no row is told, too.
  await world.directory.follow(aPage({ running: { callers: 4 } }));
  expect(world.changes).toEqual([1, 1]);
  expect(await list(world)).toMatchObject({ total: 1, bridges: [{ bridge: "simulated", callers: 4 }] });
});
